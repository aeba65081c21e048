"""When what is asked; the same for every contender."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks import glm_schedules, slack_schedules
from benchmarks.stage import Asking

# The streams of one lane, and the name under which they are reported.
COMPANIES: Final = (1, 3, 8)
# The 200 and the 500 begin within so many seconds: as long as one answer takes.
SPREAD: Final = 5.4
_SEED: Final = 20261120
# Ends fall anywhere between two edits when lengths differ by up to an edit's interval, in tokens.
_LENGTHS: Final = (225, 300)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    starts: int
    alone: int
    companies: dict[int, int]
    spread: float
    stored: int
    samples: int
    crowd: int
    big_crowd: int
    slack: slack_schedules.Size
    glm: glm_schedules.Size


FULL: Final = Size(5, 3, {1: 30, 3: 10, 8: 4}, 36.0, 10_000, 30, 200, 500, slack_schedules.FULL, glm_schedules.FULL)
QUICK: Final = Size(2, 1, {1: 6, 3: 2, 8: 1}, 6.0, 1_000, 8, 60, 120, slack_schedules.QUICK, glm_schedules.QUICK)


def alone(size: Size) -> Sequence[Asking]:
    """One answer after the other, each in a channel of its own."""
    return [Asking(number * 6.5, f"alone-{number}") for number in range(size.alone)]


def companies(size: Size) -> Sequence[Asking]:
    """Channels with one, three and eight streams that begin within a second, all of it spread over time."""
    chance = random.Random(_SEED)
    asked: list[Asking] = []
    for streams, channels in size.companies.items():
        for number in range(channels):
            begin = size.spread * (number + chance.random()) / channels
            asked += [
                Asking(begin + chance.random(), f"{streams}-{number}", chance.randint(*_LENGTHS))
                for _ in range(streams)
            ]
    return asked


def crowd(count: int) -> Sequence[Asking]:
    """So many answers with starts spread evenly, each in a channel of its own."""
    return [Asking(SPREAD * number / count, f"crowd-{number}") for number in range(count)]
