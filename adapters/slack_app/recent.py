"""What was seen lately: memory that is bounded in number and age."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable


class Recent:
    """The last `limit` keys, each for `within` seconds; `clock` gives seconds."""

    def __init__(self, limit: int, within: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._within = within
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()

    def add(self, key: str) -> bool:
        """Remember a key; whether it is new."""
        if key in self:
            return False
        self._seen[key] = self._clock()
        self._seen.move_to_end(key)
        while len(self._seen) > self._limit:
            self._seen.popitem(last=False)
        return True

    def discard(self, key: str) -> None:
        """Forget a key."""
        self._seen.pop(key, None)

    def __contains__(self, key: str) -> bool:
        return key in self._seen and self._clock() - self._seen[key] < self._within
