"""Failures on demand: answers that are errors, that get lost, or that wait until they are released."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from playground.slack.calls import Call

Mode = Literal["answer", "lose", "hold"]


@dataclass(eq=False)
class Fault:
    """What happens to the next `times` calls of a Web API method.

    `applied` says whether the call takes effect before it is lost or held. A `status` from 500 is answered with text.
    `shows` picks the calls in whose arguments this text stands, "" picks all.
    """

    method: str
    mode: Mode
    times: int = 1
    applied: bool = True
    error: str = "internal_error"
    status: int = 200
    retry_after: float | None = None
    shows: str = ""

    def meets(self, call: Call) -> bool:
        """Whether it happens to this call."""
        return self.times > 0 and self.method == call.method and self.shows in str(call.args)


class Hold(Fault):
    """A call that waits: `await hold.arrived` until it is there, then `hold.release()`."""

    def __init__(self, method: str, *, applied: bool, times: int = 1, shows: str = "") -> None:
        super().__init__(method, "hold", times, applied, shows=shows)
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

    def arm(self, fault: Fault) -> Fault:
        """Add a fault; its `times` go down to 0 as it happens."""
        self._armed.append(fault)
        return fault

    def take(self, call: Call) -> Fault | None:
        """The fault for this call, counted as used."""
        for fault in self._armed:
            if fault.meets(call):
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
