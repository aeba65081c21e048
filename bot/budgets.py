"""How many calls a platform allows: what is learned of a lane's budget, and the limit over all lanes.

All times are seconds of one monotonic clock. A platform counts in one of two ways: a fixed window starts with a call
and gives everything back at its end; a sliding (leaky) bucket gives one call back each refill interval. Both tell how
much remains and after what time all of it is back, so the end of that time tells them apart: it stands still in a fixed
window and moves on with each call in a sliding bucket. Until that is known calls are counted in a log, which is careful
enough for either.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

NEVER = math.inf

# Answers travel for different times, so two of one window seem to end up to this many seconds apart.
_JITTER = (0.1, 0.25)
# Learned without headers: a refusal leaves at least this part of the limit.
_SHRINK = 3 / 4
# Learned without headers: after so many seconds with no refusal one call more is tried.
_RECOVERY = 60.0


@dataclass(frozen=True, slots=True)
class Budget:
    """So many calls in so many seconds; `sliding` is None while it is unknown how they come back."""

    limit: int
    window: float
    sliding: bool | None = None

    @property
    def refill(self) -> float:
        """Seconds in which one call comes back, on average."""
        return self.window / self.limit


@dataclass(frozen=True, slots=True)
class Overall:
    """Calls over all lanes: at most `limit` arrive in any `window` of seconds, however long they are under way."""

    limit: int
    window: float


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the headers of one answer said."""

    limit: int
    used: int
    at: float
    end: float

    @property
    def refill(self) -> float:
        """The least that the refill interval of a sliding bucket can be, as what remains is rounded down."""
        return (self.end - self.at) / max(1, self.used)

    @property
    def refill_bound(self) -> float:
        """What the refill interval of a sliding bucket stays below."""
        return (self.end - self.at) / (self.used - 1) if self.used > 1 else NEVER


class _Model(Protocol):
    """How calls count and come back; `alone` says that no other call of the lane was under way with it."""

    @property
    def window(self) -> float: ...
    def used(self, now: float) -> float: ...
    def at_most(self, used: int, now: float) -> float: ...
    def ends_at(self, now: float) -> float: ...
    def spend(self, now: float) -> None: ...
    def see(self, answer: _Answer, *, alone: bool) -> None: ...
    def drain(self, now: float, retry_after: float, limit: int) -> None: ...


class _Log:
    """What an answer said counts until its end, whichever way calls come back; each call since for a whole window."""

    def __init__(self, window: float) -> None:
        self.window = window
        self._calls: deque[float] = deque()
        self._told = 0
        self._told_until = -math.inf

    def used(self, now: float) -> float:
        while self._calls and self._calls[0] + self.window <= now:
            self._calls.popleft()
        return len(self._calls) + (self._told if now < self._told_until else 0)

    def at_most(self, used: int, now: float) -> float:
        surplus = int(self.used(now)) - used
        if surplus <= 0:
            return now
        times = [call + self.window for call in self._calls]
        times += [self._told_until] * (self._told if now < self._told_until else 0)
        return sorted(times)[surplus - 1]

    def ends_at(self, now: float) -> float:
        return now

    def spend(self, now: float) -> None:
        self._calls.append(now)

    def see(self, answer: _Answer, *, alone: bool) -> None:
        self.window = max(self.window, answer.end - answer.at)
        if alone:
            self._calls.clear()
            self._told, self._told_until = answer.used, answer.end
        else:
            self._told = max(answer.used, self._told if answer.at < self._told_until else 0)
            self._told_until = max(self._told_until, answer.end)

    def drain(self, now: float, retry_after: float, limit: int) -> None:
        self._told, self._told_until = limit, now + retry_after


class _Fixed:
    """What was used counts until the end of the window."""

    def __init__(self, window: float) -> None:
        self.window = window
        self._used = 0
        self._end = -math.inf

    def used(self, now: float) -> float:
        return self._used if now < self._end else 0

    def at_most(self, used: int, now: float) -> float:
        return now if self.used(now) <= used else self._end

    def ends_at(self, now: float) -> float:
        return max(now, self._end)

    def spend(self, now: float) -> None:
        # A call that nothing is known of and that came near the end may already count in the next window.
        if now >= self._end - _JITTER[1]:
            self._used = int(self.used(now))
            self._end = now + self.window
        self._used += 1

    def see(self, answer: _Answer, *, alone: bool) -> None:
        length = answer.end - answer.at
        self.window = length if answer.used == 1 and length > 0 else max(self.window, length)
        if abs(answer.end - self._end) <= _JITTER[1]:
            self._used = answer.used if alone else max(self._used, answer.used)
            self._end = min(self._end, answer.end)
        elif alone or answer.end > self._end:
            self._used, self._end = answer.used, answer.end

    def drain(self, now: float, retry_after: float, limit: int) -> None:
        self._used, self._end = limit, max(self._end, now + retry_after)


class _Sliding:
    """One call comes back each refill interval until `_full_at`."""

    def __init__(self, limit: int, refill: float) -> None:
        self._limit = limit
        self._refill = refill
        self._full_at = -math.inf

    @property
    def window(self) -> float:
        return self._refill * self._limit

    def used(self, now: float) -> float:
        return max(0.0, self._full_at - now) / self._refill

    def at_most(self, used: int, now: float) -> float:
        return max(now, self._full_at - used * self._refill)

    def ends_at(self, now: float) -> float:
        return now

    def spend(self, now: float) -> None:
        self._full_at = max(self._full_at, now) + self._refill

    def see(self, answer: _Answer, *, alone: bool) -> None:
        if answer.used and answer.end > answer.at:
            changed = answer.limit != self._limit or answer.refill_bound < self._refill * 0.98
            self._refill = answer.refill if changed else max(self._refill, answer.refill)
        self._limit = answer.limit
        # The time to full never goes back, so the latest end is the true one whatever the order of the answers.
        self._full_at = answer.end if alone else max(self._full_at, answer.end)

    def drain(self, now: float, retry_after: float, limit: int) -> None:
        self._full_at = max(self._full_at, now + retry_after + (limit - 1) * self._refill)


def _model(budget: Budget) -> _Model:
    if budget.sliding is None:
        return _Log(budget.window)
    return _Sliding(budget.limit, budget.refill) if budget.sliding else _Fixed(budget.window)


class Bucket:
    """What is known of one lane's budget; calls under way are the caller's to count.

    `budget` is what new lanes of the same kind may start from; `most` is how far a limit that was learned from refusals
    alone may recover.
    """

    def __init__(self, budget: Budget, *, most: int) -> None:
        self.budget = budget
        self._most = most
        self._model = _model(budget)
        self._last: _Answer | None = None
        self._adjusted_at = -math.inf

    def used(self, now: float) -> float:
        """How many calls count now."""
        return self._model.used(now)

    def at_most(self, used: int, now: float) -> float:
        """The time from which no more than `used` calls count, NEVER for less than none."""
        return self._model.at_most(used, now) if used >= 0 else NEVER

    def ends_at(self, now: float) -> float:
        """The end of the fixed window that is running, `now` when there is none."""
        return self._model.ends_at(now)

    def spend(self, now: float) -> None:
        """Count a call whose answer said nothing."""
        self._model.spend(now)
        if self._last is None and self.budget.limit < self._most and now >= self._adjusted_at + _RECOVERY:
            self._adjust(now, self.budget.limit + 1)

    def observe(self, now: float, *, limit: int, remaining: int, reset_after: float, alone: bool) -> None:
        """Learn from the headers of an answer."""
        limit = max(1, limit)
        answer = _Answer(limit, max(0, limit - remaining), now, now + max(0.0, reset_after))
        sliding = self._evidence(answer)
        if sliding is not None and sliding != self.budget.sliding:
            first = self._last or answer
            self._model = _Sliding(limit, first.refill) if sliding else _Fixed(self.budget.window)
            alone = True
        else:
            sliding = self.budget.sliding
        self._model.see(answer, alone=alone or limit != self.budget.limit)
        self._last = answer
        self.budget = Budget(limit, self._model.window, sliding)

    def refuse(self, now: float, retry_after: float) -> None:
        """Learn from a refusal; without any headers so far the limit shrinks."""
        if self._last is None:
            # Others may use the same limit, or a process before us did: one refusal alone says little.
            least = math.floor(self.budget.limit * _SHRINK)
            self._adjust(now, min(self.budget.limit - 1, max(math.ceil(self._model.used(now)), least)))
        self._model.drain(now, retry_after, self.budget.limit)

    def _evidence(self, answer: _Answer) -> bool | None:
        """Whether the bucket slides, None when the two last answers do not tell."""
        last = self._last
        low, high = _JITTER
        jitter = min(high, max(low, 0.4 * answer.refill))
        if last is None or last.limit != answer.limit or answer.at >= last.end - jitter:
            return None
        shift = answer.end - last.end
        if shift > jitter:
            return True
        return False if shift >= -jitter and answer.used > last.used else None

    def _adjust(self, now: float, limit: int) -> None:
        self.budget = replace(self.budget, limit=max(1, limit))
        self._adjusted_at = now


class Meter:
    """Counts the calls over all lanes so that a server never sees more than the limit in any window.

    A call counts from its grant until a window after its answer: whenever it arrived, that covers the window it is in.
    """

    def __init__(self, overall: Overall | None) -> None:
        self._limit = overall.limit if overall else math.inf
        self._window = overall.window if overall else 0.0
        self._under_way = 0
        self._answered: deque[float] = deque()
        self._stopped_until = -math.inf

    @property
    def spacing(self) -> float:
        """Seconds between calls that are spread evenly over the whole budget."""
        return self._window / self._limit

    def opens_at(self, share: float, now: float) -> float:
        """When a call may go that leaves this share of the budget to others; NEVER when an answer must come first."""
        while self._answered and self._answered[0] + self._window <= now:
            self._answered.popleft()
        surplus = self._under_way + len(self._answered) + 1 - max(1.0, self._limit * (1 - share))
        if surplus <= 0:
            return max(now, self._stopped_until)
        index = math.ceil(surplus) - 1
        freed = self._answered[index] + self._window if index < len(self._answered) else NEVER
        return max(freed, self._stopped_until)

    def take(self) -> None:
        """A call goes."""
        self._under_way += 1

    def return_unused(self) -> None:
        """A call that was let go was never made."""
        self._under_way -= 1

    def answered(self, now: float) -> None:
        """A call was answered, or given up."""
        self._under_way -= 1
        self._answered.append(now)

    def refused(self, now: float) -> None:
        """A call was refused; it stays under way, since it is tried again, and its first try counts too."""
        self._answered.append(now)

    def stop(self, until: float) -> None:
        """Nothing goes before this time."""
        self._stopped_until = max(self._stopped_until, until)
