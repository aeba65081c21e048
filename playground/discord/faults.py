"""Failures on demand: answers that are errors, that get lost, or that wait until they are released."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playground import faults
from playground.discord.model import Json


@dataclass(eq=False)
class Fault:
    """What happens to the next `times` calls that match.

    `applied` says whether the call takes effect before it is lost or held.
    """

    method: str
    path: re.Pattern[str]
    mode: faults.Mode
    times: int = 1
    applied: bool = True
    status: int = 500
    body: Json = field(default_factory=dict[str, object])

    def matches(self, method: str, path: str) -> bool:
        """Whether this call is one of those."""
        return method == self.method and bool(self.path.search(path))


class Hold(Fault, faults.Gate):
    """A call that waits: `await hold.arrived` until it is there, then `hold.release()`."""

    def __init__(self, method: str, path: str, *, applied: bool, times: int = 1) -> None:
        Fault.__init__(self, method, re.compile(path), "hold", times, applied)
        faults.Gate.__init__(self)


class Faults(faults.Faults[Fault]):
    """The faults that are armed, taken by the method and path of a call."""

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this call, counted as used."""
        return self.use(lambda fault: fault.matches(method, path))
