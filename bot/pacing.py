"""The Governor: who may call the platform now.

A call waits for the budget of its lane and for the one over all lanes together. A lane is named "<kind>:<id>"; what is
learned of one lane is where new lanes of its kind start. All times are seconds of one monotonic clock.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from types import MappingProxyType

from bot.budgets import NEVER, Bucket, Budget, Meter, Overall
from bot.lanes import EARLY_EDITS, Agenda, Group, Lane, Priority, Waiter

__all__ = ["Budget", "Governor", "Overall", "Priority"]

# The share of the overall budget that is left to calls which go before these.
_LEFT_TO_OTHERS = {Priority.EDIT: 1 / 4, Priority.BACKGROUND: 1 / 3}

# Seconds that an answer is believed to take on its way back, at most.
_WAY_BACK = 0.1


class Governor:
    """Grants calls by priority and age within the budgets of their lanes and of all lanes.

    `guess` is a lane's budget before anything is known of its kind, `guesses` those of kinds that are told apart.
    `sharing` names the kinds of lanes in which the same answers grow when their ids are equal. `headers` says whether
    answers tell what remains; else a lane's budget is its guess, until a refusal. `granted`, `refusals` and `waited`
    (seconds) only grow.
    """

    def __init__(
        self,
        *,
        overall: Overall | None,
        guess: Budget = Budget(limit=5, window=5.0),  # noqa: B008  # a frozen value
        clock: Callable[[], float] = time.monotonic,
        guesses: Mapping[str, Budget] = MappingProxyType({}),
        sharing: Collection[str] = ("post", "edit"),
        headers: bool = True,
    ) -> None:
        self.granted = 0
        self.refusals = 0
        self.waited = 0.0
        self._guess = guess
        self._guesses = guesses
        self._clock = clock
        self._sharing = frozenset(sharing)
        self._headers = headers
        self._meter = Meter(overall)
        self._kinds: dict[str, Budget] = dict(guesses)
        self._lanes: dict[str, Lane] = {}
        self._groups: dict[str, Group] = {}
        self._ready: Agenda[Lane] = Agenda()
        self._timed: Agenda[Lane] = Agenda()
        self._edited_at = -math.inf
        self._arrivals = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = -math.inf

    def permit(
        self, lane: str, priority: Priority, *, unseen_since: float = 0.0, exempt: bool = False
    ) -> AbstractAsyncContextManager[None]:
        """Wait until the call may go, and hold it while it is under way; hold it no longer than the one call.

        Of the edits in a lane or over all the one with the smallest `unseen_since` goes first. `exempt` calls do not
        count over all lanes. A cancelled wait costs nothing.
        """
        return self._permit(lane, priority, unseen_since, exempt=exempt)

    def try_permit(self, lane: str) -> AbstractContextManager[None] | None:
        """A background call that goes now, or None when there is no slack; to be entered at once."""
        now = self._clock()
        place = self._lane(lane, now)
        waiter = self._waiter(Priority.BACKGROUND, 0.0, exempt=False)
        if place.waiting or self._ready or max(place.due(waiter, now), self._opens_at(waiter, now)) > now:
            return None
        return self._taken(place, waiter)

    def closed_for(self, lane: str) -> float:
        """Seconds until this lane's own budget, as far as it is known, has room for a call; 0 when it has now."""
        now = self._clock()
        return max(0.0, self._lane(lane, now).closed_until(now) - now)

    def taken(self, lane: str) -> bool:
        """Whether the calls that wait in this lane or are under way take all that is left of its own budget."""
        now = self._clock()
        place = self._lane(lane, now)
        return len(place.waiting) >= place.left(now)

    @contextmanager
    def live(self, lane: str) -> Generator[None]:
        """An answer grows in this lane, until its final call was made: counts for the reserve and the cadence."""
        group = self._lane(lane, self._clock()).group
        group.live += 1
        group.early = EARLY_EDITS if group.live == 1 else 0
        self._arrange(group)
        try:
            yield
        finally:
            group.live -= 1
            self._arrange(group)

    def observe(self, lane: str, *, limit: int, remaining: int, reset_after: float) -> None:
        """Learn from the headers of an answer other than a 429, the moment they arrive."""
        now = self._clock()
        place = self._lane(lane, now)
        place.told = True
        if place.flying:
            self._land(place, now)
        alone = not place.flying and not place.crowded
        place.bucket.observe(now, limit=limit, remaining=remaining, reset_after=reset_after, alone=alone)
        self._learned(place)

    def count(self) -> None:
        """A call for which no permit was asked was answered: it counts over all lanes."""
        self._meter.take()
        self._meter.answered(self._clock())

    def refused(self, lane: str, retry_after: float, *, everywhere: bool) -> None:
        """Learn from a 429, of which the client will try the call again; `everywhere` when it holds for all lanes."""
        now = self._clock()
        place = self._lane(lane, now)
        self.refusals += 1
        if place.metered:
            self._meter.refused(now)
        if everywhere:
            self._meter.stop(now + retry_after)
        else:
            place.blocked_until = max(place.blocked_until, now + retry_after)
            place.bucket.refuse(now, retry_after)
        self._learned(place)

    @asynccontextmanager
    async def _permit(
        self, name: str, priority: Priority, unseen_since: float, *, exempt: bool
    ) -> AsyncGenerator[None]:
        asked_at = self._clock()
        lane = self._lane(name, asked_at)
        waiter = self._waiter(priority, unseen_since if priority is Priority.EDIT else asked_at, exempt=exempt)
        lane.waiting.put(waiter, waiter.key)
        self._arrange(lane.group)
        if not waiter.granted.done():
            try:
                await waiter.granted
            except asyncio.CancelledError:
                self._withdraw(lane, waiter)
                raise
            self.waited += self._clock() - asked_at
        with self._held(lane):
            yield

    def _waiter(self, priority: Priority, since: float, *, exempt: bool) -> Waiter:
        # What is exempt waits for its lane only, so in the queue for the overall budget it is before all others.
        key = (-1.0 if exempt else float(priority), since, next(self._arrivals))
        return Waiter(priority, since, key, exempt, asyncio.get_running_loop().create_future())

    def _lane(self, name: str, now: float) -> Lane:
        lane = self._lanes.pop(name, None) or self._new_lane(name, now)
        lane.touched_at = now
        self._lanes[name] = lane  # the dictionary is in the order of the last use
        return lane

    def _new_lane(self, name: str, now: float) -> Lane:
        self._forget_idle(now)
        kind, _, identity = name.partition(":")
        shared = identity if kind in self._sharing else name
        group = self._groups.setdefault(shared, Group(shared))
        budget = self._kinds.get(kind, self._guess)
        lane = Lane(name, group, Bucket(budget, most=self._guesses.get(kind, self._guess).limit))
        lane.told = not self._headers
        group.lanes.append(lane)
        return lane

    def _forget_idle(self, now: float) -> None:
        # Two out for one in: memory stays near what is in use, and nobody waits for a sweep.
        for lane in list(itertools.islice(self._lanes.values(), 2)):
            if lane.idle(now):
                del self._lanes[lane.name]
                lane.group.lanes.remove(lane)
                if not lane.group.lanes:
                    del self._groups[lane.group.name]

    def _learned(self, lane: Lane) -> None:
        kind = lane.name.partition(":")[0]
        # Kinds in which the same answers grow are likely to have the same numbers, until each has its own.
        for cousin in self._sharing if kind in self._sharing else ():
            self._kinds.setdefault(cousin, lane.bucket.budget)
        self._kinds[kind] = lane.bucket.budget
        self._arrange(lane.group)

    def _arrange(self, group: Group) -> None:
        """Put the lanes of a group where they belong after something has happened to one of them."""
        now = self._clock()
        for lane in group.lanes:
            self._place(lane, now)
        self._advance(now)

    def _place(self, lane: Lane, now: float) -> None:
        self._ready.remove(lane)
        self._timed.remove(lane)
        head = lane.head()
        if head is None:
            return
        due = lane.due(head, now)
        if due <= now:
            self._ready.put(lane, head.key)
        elif due < NEVER:
            self._timed.put(lane, (due, 0.0, 0))

    def _advance(self, now: float) -> None:
        """Grant all that may go now, and set the one timer for what comes next."""
        while (timed := self._timed.first()) and timed[0][0] <= now:
            self._place(timed[1], now)
        wake_at = NEVER
        while ready := self._ready.first():
            lane = ready[1]
            head = lane.head()
            assert head is not None
            if head.granted.cancelled():  # its task has not run since
                lane.waiting.remove(head)
                self._place(lane, now)
                continue
            wake_at = self._opens_at(head, now)
            if wake_at > now:
                break
            wake_at = NEVER
            self._grant(lane, head, now)
        timed = self._timed.first()
        self._wake_at(min(wake_at, timed[0][0]) if timed else wake_at)

    def _opens_at(self, waiter: Waiter, now: float) -> float:
        if waiter.exempt:
            return now
        at = self._meter.opens_at(_LEFT_TO_OTHERS.get(waiter.priority, 0.0), now)
        # Edits are spread, so that those which go before them never find the whole budget spent a moment ago.
        return max(at, self._edited_at + self._meter.spacing) if waiter.priority is Priority.EDIT else at

    def _grant(self, lane: Lane, waiter: Waiter, now: float) -> None:
        lane.waiting.remove(waiter)
        self._take(lane, waiter, now)
        waiter.granted.set_result(None)
        for neighbour in lane.group.lanes:
            self._place(neighbour, now)

    def _take(self, lane: Lane, waiter: Waiter, now: float) -> None:
        self.granted += 1
        lane.open += 1
        lane.crowded = lane.flying > 0
        lane.flying += 1
        if not waiter.exempt:
            lane.metered += 1
            self._meter.take()
            if waiter.priority is Priority.EDIT:
                self._edited_at = now
        if waiter.priority is Priority.EDIT:
            lane.group.early = max(0, lane.group.early - 1)
        if waiter.priority in (Priority.FIRST, Priority.EDIT):
            lane.group.shown_at = now

    @contextmanager
    def _taken(self, lane: Lane, waiter: Waiter) -> Generator[None]:
        self._take(lane, waiter, self._clock())
        with self._held(lane):
            yield

    @contextmanager
    def _held(self, lane: Lane) -> Generator[None]:
        began = self._clock()
        try:
            yield
        finally:
            lane.open -= 1
            if lane.flying > lane.open:
                now = self._clock()
                self._land(lane, now)
                # It was counted when it arrived, on half of its way; where answers say so themselves, that is better.
                back = 0.0 if self._headers else min((now - began) / 2, _WAY_BACK)
                lane.bucket.spend(now - back)
                self._learned(lane)

    def _land(self, lane: Lane, now: float) -> None:
        lane.flying -= 1
        if lane.metered:
            lane.metered -= 1
            self._meter.answered(now)

    def _withdraw(self, lane: Lane, waiter: Waiter) -> None:
        lane.waiting.remove(waiter)
        if not waiter.granted.cancelled():
            self.granted -= 1
            lane.open -= 1
            lane.flying -= 1
            if not waiter.exempt:
                lane.metered -= 1
                self._meter.return_unused()
        self._arrange(lane.group)

    def _wake_at(self, at: float) -> None:
        if self._timer is not None and (at < self._timer_at or at == NEVER):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and at < NEVER:
            self._timer_at = at
            self._timer = asyncio.get_running_loop().call_later(max(0.0, at - self._clock()), self._woken)

    def _woken(self) -> None:
        self._timer = None
        # A timer may fire a rounding error early; as for us its time has come.
        self._advance(max(self._clock(), self._timer_at))
