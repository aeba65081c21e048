"""When tokens are written: an absolute schedule for every stream, and one timer for all of them."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

# Ticks are at least this far apart (seconds): many streams share a wake-up, and no token is later than that.
GRAIN = 0.002


@dataclass(slots=True, eq=False)
class Stream:
    """Frames to be written: the first at `start`, each further one `interval` seconds after the one before."""

    frames: Sequence[bytes]
    write: Callable[[Sequence[bytes], float], None]
    start: float
    interval: float
    written: int = field(default=0, init=False)
    done: asyncio.Future[None] = field(init=False)

    def __post_init__(self) -> None:
        self.done = asyncio.get_running_loop().create_future()

    def due(self) -> float:
        """When the next frame is due."""
        return self.start + self.written * self.interval

    def advance(self, until: float, now: float) -> bool:
        """Write what is due by then in one go; whether that was all."""
        end = len(self.frames)
        if self.interval:
            end = min(end, int((until - self.start) / self.interval + 1e-6) + 1)
        if batch := self.frames[self.written : max(end, self.written + 1)]:
            self.write(batch, now)
        self.written += len(batch)
        return self.written >= len(self.frames)


class Pacer:
    """Plays many streams at once; `after_tick` is called once after each round of writes."""

    def __init__(self, after_tick: Callable[[], None]) -> None:
        self._after_tick = after_tick
        self._heap: list[tuple[float, int, Stream]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._number = 0

    async def play(self, stream: Stream) -> None:
        """Return when all frames are written, at the start when there are none; a cancelled caller's are dropped."""
        self._number += 1
        heapq.heappush(self._heap, (stream.due(), self._number, stream))
        self._arm(0.0)
        await stream.done

    def _arm(self, not_before: float) -> None:
        loop = asyncio.get_running_loop()
        if not self._heap:
            return
        at = max(self._heap[0][0], not_before)
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        # The event loop may run a timer up to its clock's resolution early.
        until = now + GRAIN / 4
        while self._heap and self._heap[0][0] <= until:
            self._step(until, now)
        self._arm(now + GRAIN)
        self._after_tick()

    def _step(self, until: float, now: float) -> None:
        _, number, stream = self._heap[0]
        if stream.done.done():
            heapq.heappop(self._heap)
        elif stream.advance(until, now):
            heapq.heappop(self._heap)
            stream.done.set_result(None)
        else:
            heapq.heapreplace(self._heap, (stream.due(), number, stream))
