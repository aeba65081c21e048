"""Failures on demand: answers that are errors, that get lost, or that wait until they are released."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Literal

from playground.discord.model import Json

Mode = Literal["answer", "lose", "hold"]


@dataclass(eq=False)
class Fault:
    """What happens to the next `times` calls that match.

    `applied` says whether the call takes effect before it is lost or held.
    """

    method: str
    path: re.Pattern[str]
    mode: Mode
    times: int = 1
    applied: bool = True
    status: int = 500
    body: Json = field(default_factory=dict[str, object])

    def matches(self, method: str, path: str) -> bool:
        """Whether this call is one of those."""
        return self.times > 0 and method == self.method and bool(self.path.search(path))


class Hold(Fault):
    """A call that waits: `await hold.arrived` until it is there, then `hold.release()`."""

    def __init__(self, method: str, path: str, *, applied: bool, times: int = 1) -> None:
        super().__init__(method, re.compile(path), "hold", times, applied)
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


class Faults:
    """The faults that are armed, first come first served."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        """Add a fault."""
        self._armed.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this call, counted as used."""
        for fault in self._armed:
            if fault.matches(method, path):
                fault.times -= 1
                return fault
        return None

    def clear(self) -> None:
        """Disarm all faults and let the held calls go on."""
        for fault in self._armed:
            fault.times = 0
            if isinstance(fault, Hold):
                fault.release()
        self._armed.clear()
