"""What the GLM clients are asked, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.glm_stage import Asking

# The streams begin within so many seconds; what is measured among them begins a second later.
_RAMP: Final = 3.0
_SPACING: Final = 0.12
_SHORT: Final = 3  # tokens of an answer of which only the first counts
_DELAY: Final = 0.1
_ALONE_SPACING: Final = 0.3
# So long nothing comes to those that wait, whose memory is looked at; all of them ask within a second.
_WAIT: Final = 6.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: streams at once and their tokens, single answers, users and seconds of the storm."""

    streams: int
    tokens: int
    singles: int
    users: int
    seconds: float


FULL: Final = Size(500, 600, 100, 200, 60.0)
QUICK: Final = Size(100, 420, 20, 60, 30.0)


def alone(size: Size) -> Sequence[Asking]:
    """Short answers, one after the other."""
    return [Asking(number * _ALONE_SPACING, _SHORT, _DELAY) for number in range(size.singles)]


def crowd(size: Size) -> Sequence[Asking]:
    """Long answers that run together, and short ones that are asked for among them."""
    streams = [Asking(_RAMP * number / size.streams, size.tokens, _DELAY) for number in range(size.streams)]
    begin = _RAMP + 1.0
    return [*streams, *(Asking(begin + number * _SPACING, _SHORT, _DELAY) for number in range(_among(size)))]


def is_among(asking: Asking) -> bool:
    """Whether it is one of the short ones."""
    return asking.tokens == _SHORT


def _among(size: Size) -> int:
    """As many as fit into the time in which all the long ones run."""
    running = size.tokens / 60.0 - _RAMP - 1.0
    return min(size.singles, int(running / _SPACING))


def waiting(size: Size) -> Sequence[Asking]:
    """Answers that do not begin for a while."""
    return [Asking(number / size.streams, 1, _WAIT) for number in range(size.streams)]
