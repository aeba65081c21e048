"""Tells the operator what only they can mend, once per incident."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog

from bot import texts
from bot.ports import Adapter

log = structlog.get_logger(__name__)

# The same problem is told again after this many seconds.
INCIDENT = 3600.0


class Alarms:
    """Tells the operator through the adapters; the same problem once an hour."""

    def __init__(self, adapters: Sequence[Adapter], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._adapters = adapters
        self._clock = clock
        self._told: dict[str, tuple[float, bool]] = {}

    async def tell(self, problem: str) -> bool:
        """Tell the operator; whether a message has reached them, now or earlier in this incident."""
        at, reached = self._told.get(problem, (float("-inf"), False))
        if self._clock() - at < INCIDENT:
            return reached
        self._told[problem] = (self._clock(), False)
        log.error("operator.needed", problem=problem)
        for adapter in self._adapters:
            if await adapter.tell_operator(texts.say("operator", problem=problem)):
                self._told[problem] = (self._clock(), True)
                return True
        return False
