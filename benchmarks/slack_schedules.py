"""When what is asked on Slack."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.slack_stage import Asking

# So many answers at once in one workspace.
COMPANY: Final = 8
_SEED: Final = 20261121
# Ends fall anywhere between two edits when lengths differ by up to an edit's interval, in tokens.
_LENGTHS: Final = (225, 300)
# One answer after the other: each is at rest before the next begins.
_EVERY: Final = 7.0
# The slow answers outlast the minute in which Slack counts: tokens, and how many a second.
_SLOW: Final = (300, 4.0)
SLOW_SECONDS: Final = _SLOW[0] / _SLOW[1]
BUSY: Final = "#busy"
_BUSY_FOR: Final = 63.0
# In how many workspaces the many are.
MANY_WORKSPACES: Final = (1, 4)
# The many write for so many seconds, and begin within so many.
MANY_SECONDS: Final = 20.0
MANY_SPREAD: Final = 5.4


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: answers alone in each kind of place, rounds of eight, slow ones or not, and the many."""

    alone: int
    rounds: int
    slow: bool
    many: int


FULL: Final = Size(6, 2, True, 200)
QUICK: Final = Size(1, 1, False, 60)


def alone(size: Size) -> Sequence[Asking]:
    """One answer after the other, in a channel and directly in turn."""
    chance = random.Random(_SEED)
    places = [place for number in range(size.alone) for place in (f"#alone-{number}", f"@person{number}")]
    return [Asking(_EVERY * number, place, chance.randint(*_LENGTHS)) for number, place in enumerate(places)]


def company(place: str) -> Sequence[Asking]:
    """Eight that begin within a second; the place may have a {} for the number."""
    chance = random.Random(_SEED)
    return [Asking(chance.random(), place.format(number), chance.randint(*_LENGTHS)) for number in range(COMPANY)]


def slow() -> Sequence[Asking]:
    """Eight slow ones in eight channels, and eight directly."""
    chance = random.Random(_SEED)
    places = [place for number in range(COMPANY) for place in (f"#slow-{number}", f"@person{number}")]
    return [Asking(chance.random(), place, *_SLOW) for place in places]


def busy() -> Sequence[Asking]:
    """Eight that begin when a slow one has been growing for more than a minute in another channel."""
    eight = [replace(asking, at=asking.at + _BUSY_FOR) for asking in company("#eight-{}")]
    return [Asking(0.0, BUSY, *_SLOW), *eight]


def many(count: int, workspaces: int) -> Sequence[Asking]:
    """So many, each in a channel of its own and the workspaces in turn, that all write at once for a while."""
    rate, spread = 300 / MANY_SECONDS, MANY_SPREAD / count
    return [Asking(spread * n, f"#{n % workspaces}/many-{n}", 300, rate) for n in range(count)]
