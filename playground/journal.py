"""What became visible on a platform, in order, and waiting for it without polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

C = TypeVar("C")
T = TypeVar("T")


@dataclass(eq=False)
class _Waiter:
    predicate: Callable[[], Any]
    result: asyncio.Future[Any]


class Journal(Generic[C]):
    """Keeps the changes and wakes those who wait for a state of the world."""

    def __init__(self) -> None:
        self.changes: list[C] = []
        self._waiters: list[_Waiter] = []

    def add(self, change: C) -> None:
        """Record a visible change."""
        self.changes.append(change)
        self.stir()

    def stir(self) -> None:
        """Something changed, visible or not: look at all predicates again."""
        for waiter in list(self._waiters):
            _look(waiter)

    async def wait_for(self, predicate: Callable[[], T], timeout: float) -> T:  # noqa: ASYNC109  # the one who waits has no scope of their own
        """Wait until the predicate returns something true, and return that.

        Raises TimeoutError after `timeout` seconds, and whatever the predicate raises.
        """
        waiter = _Waiter(predicate, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        _look(waiter)
        try:
            async with asyncio.timeout(timeout):
                return await waiter.result
        finally:
            self._waiters.remove(waiter)


def _look(waiter: _Waiter) -> None:
    if waiter.result.done():
        return
    try:
        found = waiter.predicate()
    except Exception as error:  # noqa: BLE001  # the one who waits gets it, whatever it is
        waiter.result.set_exception(error)
        return
    if found:
        waiter.result.set_result(found)
