"""How many requests may be under way at once, as the refusals teach it, and the queue of those that wait."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

# More than this many waiting are answered too late in any case.
QUEUE: Final = 1000


@dataclass(eq=False, slots=True)
class Place:
    """A place in the queue, then one among those under way."""

    conversation: str
    admitted: asyncio.Event = field(default_factory=asyncio.Event)


class Limiter:
    """Admits so many at once and serves the conversations that wait in turn.

    It starts at `most`, None for no limit. A refusal lowers the limit to half of what was under way; a whole limit's
    worth of answers raises it by one, at most to `most`.
    """

    def __init__(self, most: int | None) -> None:
        self.limit = most
        self.under_way = 0
        self._most = most
        self._answers = 0
        self._queues: OrderedDict[str, deque[Place]] = OrderedDict()
        self._positions: dict[Place, int] | None = None

    @property
    def full(self) -> bool:
        """Whether nobody more may wait."""
        return sum(map(len, self._queues.values())) >= QUEUE

    @contextmanager
    def place(self, conversation: str, *, had_its_turn: bool = False) -> Generator[Place]:
        """Wait in the queue and be under way, until the end of the `with`, whatever ends it.

        What was refused after it `had_its_turn` waits at the front.
        """
        place = Place(conversation)
        queue = self._queues.setdefault(conversation, deque())
        if had_its_turn:
            queue.appendleft(place)
            self._queues.move_to_end(conversation, last=False)
        else:
            queue.append(place)
        self._admit()
        try:
            yield place
        finally:
            if place.admitted.is_set():
                self.under_way -= 1
            else:
                self._withdraw(place)
            self._admit()

    def position(self, place: Place) -> int:
        """How many are served until it is this one's turn, itself counted; 0 when it does not wait."""
        if self._positions is None:
            self._positions = {waiting: number for number, waiting in enumerate(self._in_turn(), start=1)}
        return self._positions.get(place, 0)

    def refused(self) -> bool:
        """One that is under way is refused as too many; whether that lowers the limit."""
        half = max(1, self.under_way // 2)
        self._answers = 0
        if self.limit is not None and self.limit <= half:
            return False
        self.limit = half
        return True

    def answered(self) -> None:
        """One that is under way has its answer."""
        if self.limit is None or self.limit == self._most:
            return
        self._answers += 1
        if self._answers >= self.limit:
            self.limit, self._answers = self.limit + 1, 0
            self._admit()

    def _admit(self) -> None:
        self._positions = None
        while self._queues and (self.limit is None or self.under_way < self.limit):
            conversation, queue = self._queues.popitem(last=False)
            place = queue.popleft()
            if queue:
                self._queues[conversation] = queue
            self.under_way += 1
            place.admitted.set()

    def _withdraw(self, place: Place) -> None:
        queue = self._queues[place.conversation]
        queue.remove(place)
        if not queue:
            del self._queues[place.conversation]

    def _in_turn(self) -> Iterator[Place]:
        for turn in zip_longest(*self._queues.values()):
            yield from filter(None, turn)
