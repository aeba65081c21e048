"""What was seen lately: memory that is bounded in number and age."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


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


class Kept(Generic[T]):
    """What was last said of each of the last `limit` keys."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[str, T] = OrderedDict()

    def keep(self, key: str, value: T) -> None:
        """Remember a value in the place of an earlier one."""
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._limit:
            self._values.popitem(last=False)

    def get(self, key: str) -> T | None:
        """The value of a key, None when it is not remembered."""
        return self._values.get(key)
