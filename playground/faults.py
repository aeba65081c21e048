"""Failures on demand, as both platforms have them: the faults that are armed, and the gate of a call that is held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, Literal, Protocol, TypeVar

Mode = Literal["answer", "lose", "hold"]


class Fault(Protocol):
    """What happens to the next `times` calls; a platform's own says which calls and what."""

    times: int


F = TypeVar("F", bound=Fault)


class Gate:
    """Where calls wait: `await gate.arrived` until one is there, then `gate.release()`; part of a fault."""

    times: int

    def __init__(self) -> None:
        self.arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let the calls go on; later ones pass."""
        self.times = 0
        self._released.set()

    async def wait(self) -> None:
        """Say that a call is here, and wait for the release."""
        if not self.arrived.done():
            self.arrived.set_result(None)
        await self._released.wait()


class Faults(Generic[F]):
    """The faults that are armed, first come first served."""

    def __init__(self) -> None:
        self._armed: list[F] = []

    def arm(self, fault: F) -> F:
        """Add a fault; its `times` go down to 0 as it happens."""
        self._armed.append(fault)
        return fault

    def use(self, meets: Callable[[F], bool]) -> F | None:
        """The first fault with calls left that meets the one at hand, counted as used."""
        for fault in self._armed:
            if fault.times > 0 and meets(fault):
                fault.times -= 1
                return fault
        return None

    def clear(self) -> None:
        """Disarm all faults and let the held calls go on."""
        for fault in self._armed:
            fault.times = 0
            if isinstance(fault, Gate):
                fault.release()
        self._armed.clear()
