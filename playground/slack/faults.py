"""Failures on demand: answers that are errors, that get lost, or that wait until they are released."""

from __future__ import annotations

from dataclasses import dataclass

from playground import faults
from playground.slack.calls import Call


@dataclass(eq=False)
class Fault:
    """What happens to the next `times` calls of a Web API method.

    `applied` says whether the call takes effect before it is lost or held. A `status` from 500 is answered with text.
    `shows` picks the calls in whose arguments this text stands, "" picks all.
    """

    method: str
    mode: faults.Mode
    times: int = 1
    applied: bool = True
    error: str = "internal_error"
    status: int = 200
    retry_after: float | None = None
    shows: str = ""

    def meets(self, call: Call) -> bool:
        """Whether this call is one of those."""
        return self.method == call.method and self.shows in str(call.args)


class Hold(Fault, faults.Gate):
    """A call that waits: `await hold.arrived` until it is there, then `hold.release()`."""

    def __init__(self, method: str, *, applied: bool, times: int = 1, shows: str = "") -> None:
        Fault.__init__(self, method, "hold", times, applied, shows=shows)
        faults.Gate.__init__(self)


class Faults(faults.Faults[Fault]):
    """The faults that are armed, taken by a call and its arguments."""

    def take(self, call: Call) -> Fault | None:
        """The fault for this call, counted as used."""
        return self.use(lambda fault: fault.meets(call))
