"""How many requests may be under way at once, as the refusals teach it, and the queue of those that wait."""

from __future__ import annotations

import asyncio
import math
from bisect import insort
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from operator import attrgetter
from typing import Final

from bot.glm.pause import Pause

# More than this many waiting are answered too late in any case.
QUEUE: Final = 1000
# Seconds after the last byte for which a provider may still count a request: observed up to 0.3.
REST: Final = 0.35
# Seconds for which a number of requests that was refused is not tried again.
RECALL: Final = 60.0


@dataclass(eq=False, slots=True)
class Place:
    """A place in the queue, then one among those under way.

    `turn` numbers the places in the order in which they were first taken, `pause` the pause after which it was
    admitted; `tickets` are those of the circuits that it passed. A `hasty` one took a place that had just been left.
    """

    conversation: str
    turn: int
    admitted: asyncio.Event = field(default_factory=asyncio.Event)
    tickets: tuple[int, int] | None = None
    pause: int = 0
    hasty: bool = False
    refused: bool = False


class Limiter:
    """Admits so many at once and serves the conversations that wait in turn.

    It starts at `most`, None for no limit. A refusal lowers the limit to those who are left, and begins a pause; a
    whole limit's worth of answers raises it by one, at most to `most`, and to a number that was refused only after
    RECALL. Once it has been refused, a place that was left stays empty for REST. `passes` is asked last of all for each
    that is admitted, and may say no. Nothing happens by time alone: `admit` is to be called.
    """

    def __init__(
        self, most: int | None, pause: Pause, clock: Callable[[], float], passes: Callable[[Place], bool]
    ) -> None:
        self.limit = most
        self.under_way = 0
        self.pause = pause
        self._most = most
        self._clock = clock
        self._passes = passes
        self._answers = 0
        self._turns = 0
        self._again: list[Place] = []
        self._queues: OrderedDict[str, deque[Place]] = OrderedDict()
        self._positions: dict[Place, int] | None = None
        self._rests = False
        self._resting: deque[float] = deque()
        self._left_at = -math.inf
        self._refused_number = math.inf
        self._recalled_at = -math.inf

    @property
    def full(self) -> bool:
        """Whether nobody more may wait."""
        return len(self._again) + sum(map(len, self._queues.values())) >= QUEUE

    @property
    def admits_in(self) -> float:
        """Seconds until time alone may let somebody in; infinite when only an end can."""
        rest = self._resting[0] - self._clock() if self._resting else math.inf
        return self.pause.left or max(0.0, rest)

    def join(self, conversation: str, turn: int = 0) -> Place:
        """Wait in the queue; with the `turn` of an earlier place before all who have not had theirs."""
        if turn:
            place = Place(conversation, turn)
            insort(self._again, place, key=attrgetter("turn"))
        else:
            self._turns += 1
            place = Place(conversation, self._turns)
            self._queues.setdefault(conversation, deque()).append(place)
        self._positions = None
        self.admit()
        return place

    def leave(self, place: Place) -> None:
        """Give up a place, wherever it is."""
        if not place.admitted.is_set():
            self._withdraw(place)
        else:
            self.under_way -= 1
            if not place.refused:
                self._left_at = self._clock()
                self._resting.extend([self._left_at + REST] * self._rests)
        self.admit()

    def position(self, place: Place) -> int:
        """How many are served until it is this one's turn, itself counted; 0 when it does not wait."""
        if self._positions is None:
            self._positions = {waiting: number for number, waiting in enumerate(self._in_turn(), start=1)}
        return self._positions.get(place, 0)

    def refused(self, place: Place, pace: float, retry_after: float | None) -> bool:
        """One that is under way is refused as too many; whether that lowers the limit."""
        self.pause.refused(place.pause, pace, retry_after)
        place.refused = self._rests = True
        if place.hasty:
            return False
        others = self.under_way - 1
        # Where nobody else was under way, it is not about how many we are.
        self._refused_number = others + 1 if others else math.inf
        self._recalled_at = self._clock() + RECALL
        self._answers = 0
        if self.limit is not None and self.limit <= max(1, others):
            return False
        self.limit = max(1, others)
        return True

    def answered(self) -> None:
        """One that is under way has its answer."""
        self.pause.answered()
        if self.limit is None or self.limit == self._most:
            return
        self._answers += 1
        known = self.limit + 1 >= self._refused_number and self._clock() < self._recalled_at
        if self._answers >= self.limit and not known:
            self.limit, self._answers = self.limit + 1, 0
            self.admit()

    def admit(self) -> None:
        """Let in who may come in now."""
        now = self._clock()
        while self._resting and self._resting[0] <= now:
            self._resting.popleft()
        while (place := self._next()) is not None and self._has_room() and self._passes(place):
            self._withdraw(place)
            if place.conversation in self._queues:
                self._queues.move_to_end(place.conversation)
            self.under_way += 1
            place.pause = self.pause.number
            place.hasty = self.limit is not None and not self._rests and now - self._left_at < REST
            place.admitted.set()

    def _next(self) -> Place | None:
        if self._again:
            return self._again[0]
        return next(iter(self._queues.values()))[0] if self._queues else None

    def _has_room(self) -> bool:
        return not self.pause.left and (self.limit is None or self.under_way + len(self._resting) < self.limit)

    def _withdraw(self, place: Place) -> None:
        self._positions = None
        if place in self._again:
            self._again.remove(place)
            return
        queue = self._queues[place.conversation]
        queue.remove(place)
        if not queue:
            del self._queues[place.conversation]

    def _in_turn(self) -> Iterator[Place]:
        turns = zip_longest(*self._queues.values())
        yield from chain(self._again, (place for turn in turns for place in turn if place is not None))
