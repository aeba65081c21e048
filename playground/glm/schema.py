"""A small language for the shape of a JSON body; each rule answers with its first complaint, "" for none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast


class Rule(Protocol):
    """Something that a value must obey; no rule but Anything and OrNull takes null."""

    def complaint(self, value: object, path: str) -> str:
        """What is wrong, beginning with the path; "" when nothing is."""
        ...


@dataclass(frozen=True, slots=True)
class Anything:
    """Takes every value."""

    def complaint(self, value: object, path: str) -> str:
        """Never complains."""
        return ""


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""

    def complaint(self, value: object, path: str) -> str:
        """Complain about anything but true and false."""
        return "" if isinstance(value, bool) else f"{path}: not a boolean"


@dataclass(frozen=True, slots=True)
class Number:
    """A number within closed bounds."""

    low: float
    high: float = float("inf")
    whole: bool = False

    def complaint(self, value: object, path: str) -> str:
        """Complain about other types, fractions where whole numbers are asked for, and what is out of bounds."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{path}: not a number"
        if self.whole and not isinstance(value, int):
            return f"{path}: not an integer"
        return "" if self.low <= value <= self.high else f"{path}: not between {self.low} and {self.high}"


@dataclass(frozen=True, slots=True)
class Text:
    """A string of bounded length, perhaps of a pattern."""

    low: int = 0
    high: int | None = None
    pattern: str = ""

    def complaint(self, value: object, path: str) -> str:
        """Complain about other types, lengths and patterns."""
        if not isinstance(value, str):
            return f"{path}: not a string"
        if len(value) < self.low or (self.high is not None and len(value) > self.high):
            return f"{path}: length not between {self.low} and {self.high}"
        return "" if re.search(self.pattern, value) else f"{path}: does not match {self.pattern}"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some strings."""

    values: frozenset[str]

    def complaint(self, value: object, path: str) -> str:
        """Complain about what is not among the values."""
        return "" if isinstance(value, str) and value in self.values else f"{path}: not one of {sorted(self.values)}"


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of bounded length."""

    item: Rule
    low: int = 0
    high: int | None = None

    def complaint(self, value: object, path: str) -> str:
        """Complain about other types, lengths, and the first bad item."""
        if not isinstance(value, list):
            return f"{path}: not a list"
        items = cast("list[object]", value)
        if len(items) < self.low or (self.high is not None and len(items) > self.high):
            return f"{path}: not between {self.low} and {self.high} items"
        complaints = (self.item.complaint(item, f"{path}[{i}]") for i, item in enumerate(items))
        return next((complaint for complaint in complaints if complaint), "")


@dataclass(frozen=True, slots=True)
class Shape:
    """An object; when it is `closed`, with no other keys."""

    required: Mapping[str, Rule] = field(default_factory=dict[str, Rule])
    optional: Mapping[str, Rule] = field(default_factory=dict[str, Rule])
    closed: bool = True

    def complaint(self, value: object, path: str) -> str:
        """Complain about missing keys first, then keys that are not known, then values."""
        if not isinstance(value, dict):
            return f"{path}: not an object"
        entries = cast("dict[str, object]", value)
        if missing := self.missing(entries):
            return f"{_join(path, missing)}: missing"
        rules = {**self.required, **self.optional}
        for key, entry in entries.items():
            if key not in rules and self.closed:
                return f"{_join(path, key)}: not a known field"
            if complaint := rules.get(key, _ANYTHING).complaint(entry, _join(path, key)):
                return complaint
        return ""

    def missing(self, entries: Mapping[str, object]) -> str:
        """The first required key that is not there."""
        return next((key for key in self.required if key not in entries), "")


@dataclass(frozen=True, slots=True)
class Either:
    """Obeys one of the rules."""

    rules: tuple[Rule, ...]

    def complaint(self, value: object, path: str) -> str:
        """Complain as the last rule does when all of them do."""
        complaint = ""
        for rule in self.rules:
            complaint = rule.complaint(value, path)
            if not complaint:
                return ""
        return complaint


@dataclass(frozen=True, slots=True)
class OrNull:
    """Obeys a rule, or is null."""

    rule: Rule

    def complaint(self, value: object, path: str) -> str:
        """Complain as the rule does about anything but null."""
        return "" if value is None else self.rule.complaint(value, path)


@dataclass(frozen=True, slots=True)
class Variant:
    """An object whose shape is told by one of its keys."""

    key: str
    cases: Mapping[str, Rule]

    def complaint(self, value: object, path: str) -> str:
        """Complain about an unknown case, else as that case's rule does."""
        if not isinstance(value, dict):
            return f"{path}: not an object"
        case = cast("dict[str, object]", value).get(self.key)
        if not isinstance(case, str) or case not in self.cases:
            return f"{_join(path, self.key)}: not one of {sorted(self.cases)}"
        return self.cases[case].complaint(cast("object", value), path)


_ANYTHING = Anything()


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def choice(*values: str) -> Choice:
    """One of these strings."""
    return Choice(frozenset(values))
