"""The lanes of the Governor: who waits in one, what is under way in it, and when the next may go.

Lanes in which the same answers grow, such as the posts and the edits of one channel, form a group. Each answer needs
its final call, so edits leave as many calls as answers grow. Times are seconds of one monotonic clock.
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
# Calls that must remain in the lane's bucket after one of these; after an edit as many as answers grow in it.
_KEPT = {Priority.FINAL: 0, Priority.FIRST: 0, Priority.ROLL_OVER: 1}
# Of a large bucket, as Slack's are, edits leave this part to the finals of answers that begin later: what was spent
# comes back within a minute, not within seconds.
_LEFT_TO_LATER = 1 / 6
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
    """The lanes in which the same answers grow: how many do, and when one of them was last shown."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lanes: list[Lane] = []
        self.live = 0
        self.early = 0
        self.shown_at = -math.inf


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
        self.told = False  # whether its budget is known: until then its calls go one by one
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
        if self.flying and not self.told:
            return NEVER
        limit = self.bucket.budget.limit
        keep = min(_KEPT.get(waiter.priority, max(1, self.group.live, self._left_to_later)), limit - 1)
        at = max(self.blocked_until, self.bucket.at_most(limit - 1 - keep - self.flying, now))
        return max(at, self._paced_until(waiter, keep, now)) if waiter.priority is Priority.EDIT else at

    def closed_until(self, now: float) -> float:
        """When the lane's own budget has room for a call."""
        return max(self.blocked_until, self.bucket.at_most(self.bucket.budget.limit - 1, now))

    def idle(self, now: float) -> bool:
        """Whether nothing is lost by forgetting the lane."""
        return not (self.open or self.waiting or self.group.live) and now >= max(
            self.touched_at + _IDLE, self.blocked_until
        )

    @property
    def _left_to_later(self) -> int:
        return int(self.bucket.budget.limit * _LEFT_TO_LATER)

    def _paced_until(self, waiter: Waiter, keep: int, now: float) -> float:
        group, budget = self.group, self.bucket.budget
        if group.early and group.live <= 1:
            return group.shown_at + _EARLY_GAP
        patience = waiter.since + _CROWDED_GAP if group.live >= budget.limit else now
        ends_at = self.bucket.ends_at(now)
        gap = steady = _STEADY_GAP * budget.window / (budget.limit - self._left_to_later)
        if ends_at > now:
            edits = max(0, self.left(now) - keep)
            gap = (ends_at - group.shown_at) / (edits + 1)
        return max(patience, group.shown_at + max(min(_STEADY_GAP, steady), gap))
