"""The lanes of the Governor: who waits in one, what is under way in it, and when the next may go.

Lanes whose calls share one limiter in the client form a group. The reserve of a lane is there because of a client such
as discord.py 2.7.1: whoever takes the last call of a bucket is made to sleep until all of it is back, and so is
everybody after them, in every lane of the group. Times are seconds of one monotonic clock.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

from bot.budgets import NEVER, Bucket


class Priority(IntEnum):
    """What a call is for; a lower one goes first."""

    FINAL = 0  # shows a whole answer: nothing of it follows
    FIRST = 1  # after FINAL, since a first post that had to wait until the answer was whole needs no final
    ROLL_OVER = 2
    EDIT = 3
    BACKGROUND = 4


# An answer that is alone in its lane grows this many seconds after its first text and once more, then steadily:
# faster gains nothing, as 5 per 5 s is what a Discord channel gives (reported, discord/discord-api-docs#2761).
_EARLY_GAP = 0.4
EARLY_EDITS = 2
_STEADY_GAP = 1.05
# Where more answers grow than the bucket has finals for, only a text that was unseen for so long is worth an edit.
_CROWDED_GAP = 10.0
# Calls that must remain in the lane's bucket after one of these; after others one more than answers grow in it.
_KEPT = {Priority.FINAL: 1, Priority.FIRST: 1, Priority.ROLL_OVER: 2}
# The client reads the clock so much later than we do, at most.
_CLIENT_LAG = 0.05
# A lane that was silent for so many seconds is forgotten.
_IDLE = 300.0

_Key = tuple[float, float, int]
_Item = TypeVar("_Item")


class Agenda(Generic[_Item]):
    """Items in the order of their keys; moving or removing one leaves its old entry in the heap until it surfaces."""

    def __init__(self) -> None:
        self._heap: list[tuple[_Key, int, _Item]] = []
        self._current: dict[_Item, int] = {}
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._current)

    def __contains__(self, item: _Item) -> bool:
        return item in self._current

    def put(self, item: _Item, key: _Key) -> None:
        """Add an item, or move it."""
        number = self._current[item] = next(self._numbers)
        heapq.heappush(self._heap, (key, number, item))
        if len(self._heap) > 2 * len(self._current) + 16:
            self._heap = [entry for entry in self._heap if self._current.get(entry[2]) == entry[1]]
            heapq.heapify(self._heap)

    def remove(self, item: _Item) -> None:
        """Take an item out, if it is there."""
        self._current.pop(item, None)

    def first(self) -> tuple[_Key, _Item] | None:
        """The item with the smallest key, which stays."""
        while self._heap:
            key, number, item = self._heap[0]
            if self._current.get(item) == number:
                return key, item
            heapq.heappop(self._heap)
        return None


@dataclass(eq=False, slots=True)
class Waiter:
    """A call that has asked and not been made; `exempt` from what counts over all lanes."""

    priority: Priority
    since: float
    key: _Key
    exempt: bool
    granted: asyncio.Future[None]


class Group:
    """The lanes that share one limiter in the client, and what that limiter (discord.http.Ratelimit) believes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lanes: list[Lane] = []
        self.live = 0
        self.early = 0
        self.shown_at = -math.inf
        self._observed = False
        self._limit = 1
        self._left = 1
        self._expires_at = -math.inf

    @property
    def flying(self) -> int:
        """Calls that the platform has not answered."""
        return sum(lane.flying for lane in self.lanes)

    @property
    def waiting(self) -> int:
        """Calls that have asked."""
        return sum(len(lane.waiting) for lane in self.lanes)

    def opens_at(self, flying: int, limit: int, now: float) -> float:
        """When the client would pass on one call more and put none to sleep, if then so many are under way.

        The client takes a bucket to hold one call until its first answer, believes the last answer whichever lane it
        was for, and subtracts the calls under way from it twice.
        """
        crowd = max(1, limit // 2) if self._observed else 1
        if flying > crowd or (flying > 1 and any(lane.left(now) < flying for lane in self.lanes if lane.flying)):
            return NEVER
        return self._expires_at if self._observed and self._left <= 0 else now

    def take(self, now: float) -> None:
        """A call goes to the client."""
        if now >= self._expires_at:
            self._left = self._limit - self.flying
        self._left -= 1

    def return_unused(self) -> None:
        """A call that was let go never went to the client."""
        self._left += 1

    def observe(self, now: float, limit: int, remaining: int, reset_after: float) -> None:
        """An answer reaches the client, while its call is still counted as flying."""
        self._observed = True
        self._limit = limit
        self._left = min(remaining, limit - self.flying)
        self._expires_at = now + reset_after + _CLIENT_LAG


class Lane:
    """The calls of one bucket: those waiting, those under way, and the answers that have not come yet."""

    def __init__(self, name: str, group: Group, bucket: Bucket) -> None:
        self.name = name
        self.group = group
        self.bucket = bucket
        self.waiting: Agenda[Waiter] = Agenda()
        self.open = 0  # permits that are held
        self.flying = 0  # those of them that the platform has not answered
        self.metered = 0  # those of the flying that count over all lanes
        self.crowded = False
        self.blocked_until = -math.inf
        self.touched_at = -math.inf

    def head(self) -> Waiter | None:
        """Whose turn it is in this lane."""
        first = self.waiting.first()
        return first[1] if first else None

    def left(self, now: float) -> int:
        """Calls that may still be made, if none of those under way is counted yet."""
        return math.floor(self.bucket.budget.limit - self.bucket.used(now) - self.flying)

    def due(self, waiter: Waiter, now: float) -> float:
        """When this waiter may go as far as the lane is concerned, NEVER when something must happen first."""
        limit = self.bucket.budget.limit
        flying = self.group.flying + 1
        keep = self._kept(waiter.priority, flying)
        opens_at = self.group.opens_at(flying, limit, now)
        at = max(opens_at, self.blocked_until, self.bucket.at_most(limit - 1 - keep - self.flying, now))
        return max(at, self._paced_until(waiter, keep, now)) if waiter.priority is Priority.EDIT else at

    def closed_until(self, now: float) -> float:
        """When the lane's own budget has room for a call."""
        return max(self.blocked_until, self.bucket.at_most(self.bucket.budget.limit - 1, now))

    def idle(self, now: float) -> bool:
        """Whether nothing is lost by forgetting the lane."""
        return not (self.open or self.waiting or self.group.live) and now >= max(
            self.touched_at + _IDLE, self.blocked_until
        )

    def _kept(self, priority: Priority, flying: int) -> int:
        limit = self.bucket.budget.limit
        if priority is Priority.FINAL and flying == 1 and self._last_hurts_nobody():
            return 0
        return min(max(_KEPT.get(priority, 1 + max(1, self.group.live)), flying), limit - 1)

    def _last_hurts_nobody(self) -> bool:
        """Whether the very last call is better taken than waited for: it is applied at once, and its caller sleeps.

        In a fixed window everybody in this lane would have to wait for the same moment anyway.
        """
        neighbours = self.group.waiting - len(self.waiting)
        alone = self.group.live <= 1 and len(self.waiting) <= 1
        return not neighbours and (alone or self.bucket.budget.sliding is False)

    def _paced_until(self, waiter: Waiter, keep: int, now: float) -> float:
        group, budget = self.group, self.bucket.budget
        if group.early and group.live <= 1:
            return group.shown_at + _EARLY_GAP
        patience = waiter.since + _CROWDED_GAP if group.live >= budget.limit else now
        ends_at = self.bucket.ends_at(now)
        if ends_at > now:
            edits = max(0, self.left(now) - keep)
            gap = (ends_at - group.shown_at) / (edits + 1)
        else:
            gap = _STEADY_GAP * budget.refill
        return max(patience, group.shown_at + max(_STEADY_GAP, gap))
