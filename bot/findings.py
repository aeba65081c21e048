"""What `glimmer doctor` finds: one value for each thing that is missing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be; `about` is the setting or the place, `remedy` what to do.

    One that is not `missing` keeps nothing from working: a hint.
    """

    about: str
    problem: str
    remedy: str
    missing: bool = True

    def __str__(self) -> str:
        return f"{self.about}: {self.problem}; {self.remedy}"
