"""One timer for all the reads of a stream: one for each read costs as much as decoding what was read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self


class Watchdog:
    """Ends a read that lasts until `due`, in the loop's time, which may be moved between reads; use with `with`."""

    __slots__ = ("_late", "_loop", "_reader", "_timer", "due")

    def __init__(self, due: float) -> None:
        self.due = due
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._reader: asyncio.Task[Any] | None = None
        self._late = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def read(self, stream: AsyncIterator[bytes]) -> bytes:
        """The next bytes, b"" at the end; raises TimeoutError."""
        self._reader = task = asyncio.current_task()
        assert task is not None
        cancelled = task.cancelling()
        if self._timer is None or self._timer.when() > self.due:
            self._set()
        try:
            return await anext(stream, b"")
        except asyncio.CancelledError:
            if self._late and task.uncancel() <= cancelled:
                raise TimeoutError from None
            raise
        finally:
            self._reader = None

    def _set(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self.due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._reader is None:
            # Whoever has the last bytes is still busy with them; the next read sets the timer again.
            return
        if self._loop.time() < self.due:
            self._set()
        else:
            self._late = True
            self._reader.cancel()
