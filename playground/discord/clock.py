"""The stand-in's time, and the ids that are made of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

DISCORD_EPOCH = 1_420_070_400_000  # ms, first millisecond of 2015; Discord docs, reference#snowflakes
_TIMESTAMP_BITS = 22


class Clock:
    """Wall time in Unix seconds that a test may move forward."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once, for ids, nonces, interactions and links; rate limits keep real time."""
        self._offset += seconds


class Snowflakes:
    """Makes ids that rise with time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._past = 0

    def new(self, *, ago: float = 0.0) -> str:
        """A fresh id; `ago` dates it so many seconds back."""
        stamp = (int((self._clock.now() - ago) * 1000) - DISCORD_EPOCH) << _TIMESTAMP_BITS
        if ago:
            self._past += 1
            return str(stamp + self._past)
        self._last = max(stamp, self._last + 1)
        return str(self._last)


def created_at(snowflake: str) -> float:
    """Unix seconds at which an id was made."""
    return ((int(snowflake) >> _TIMESTAMP_BITS) + DISCORD_EPOCH) / 1000


def iso(at: float) -> str:
    """A time as Discord writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
