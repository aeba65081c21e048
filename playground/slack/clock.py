"""The stand-in's time, and the timestamps that are the ids of messages."""

from __future__ import annotations

import time

_MICROSECONDS = 1_000_000


class Clock:
    """Wall time in Unix seconds that a test may move forward."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._last = 0

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once, for streams, statuses and response urls; rate limits keep real time."""
        self._offset += seconds

    def ts(self) -> str:
        """A fresh timestamp such as "1700000000.000123", later than all before it."""
        self._last = max(int(self.now() * _MICROSECONDS), self._last + 1)
        seconds, rest = divmod(self._last, _MICROSECONDS)
        return f"{seconds}.{rest:06d}"


def moment(ts: str) -> float:
    """Unix seconds of a timestamp. Raises ValueError when it is none."""
    whole, dot, fraction = ts.partition(".")
    if not (dot and whole.isdecimal() and fraction.isdecimal()):
        raise ValueError(ts)
    return float(ts)
