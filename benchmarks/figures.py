"""Numbers from runs: quantiles, and what a perfect schedule would have shown when."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Literal

LIMIT = 5  # calls
WINDOW = 5.0  # seconds
Kind = Literal["fixed", "sliding"]


def complete(times: Sequence[float | None]) -> Sequence[float]:
    """The times as numbers: what never came is infinitely late."""
    return [math.inf if at is None else at for at in times]


def median(values: Sequence[float]) -> float:
    """The median, NaN of nothing."""
    return statistics.median(values) if values else math.nan


def mean(values: Sequence[float]) -> float:
    """The mean, NaN of nothing."""
    return statistics.fmean(values) if values else math.nan


def p95(values: Sequence[float]) -> float:
    """The 95th percentile by nearest rank, NaN of nothing."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1] if values else math.nan


def p99(values: Sequence[float]) -> float:
    """The 99th percentile by nearest rank, NaN of nothing."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1] if values else math.nan


def behind_perfect(ends: Sequence[float], shown: Sequence[float], kind: Kind, travel: float) -> float:
    """How many seconds the worst whole text came after its time in a perfect schedule.

    The perfect schedule finds the lane's bucket full when the first answer ends, and makes one call an answer, which is
    seen after `travel` seconds.
    """
    schedule = _fixed if kind == "fixed" else _sliding
    perfect = [at + travel for at in schedule(sorted(ends))]
    return max((late - due for due, late in zip(perfect, sorted(shown), strict=False)), default=math.nan)


def _fixed(ends: Sequence[float]) -> Sequence[float]:
    calls: list[float] = []
    opened, used = -math.inf, 0
    for end in ends:
        at = max(end, opened + WINDOW if used == LIMIT else opened)
        if at >= opened + WINDOW:
            opened, used = at, 0
        used += 1
        calls.append(at)
    return calls


def _sliding(ends: Sequence[float]) -> Sequence[float]:
    calls: list[float] = []
    refill = WINDOW / LIMIT
    full_at = -math.inf
    for end in ends:
        at = max(end, full_at - (LIMIT - 1) * refill)
        full_at = max(full_at, at) + refill
        calls.append(at)
    return calls


def busiest(times: Sequence[float], width: float) -> int:
    """The most of these times that lie within a window of this width."""
    ordered = sorted(times)
    begin = most = 0
    for end, at in enumerate(ordered):
        while ordered[begin] <= at - width:
            begin += 1
        most = max(most, end - begin + 1)
    return most
