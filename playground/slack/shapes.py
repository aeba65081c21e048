"""Small rules out of which the shape of a Block Kit object is put together, in Slack's words for what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from playground.slack.model import Json

Rule = Callable[[Any, str], Iterator[str]]
"""Looks at a value at a JSON pointer and says what is wrong with it."""


@dataclass(frozen=True)
class Shape:
    """The fields of an object by their rules; of `one_of` at least one must be there. `free` allows any others."""

    required: Mapping[str, Rule] = field(default_factory=dict[str, Rule])
    optional: Mapping[str, Rule] = field(default_factory=dict[str, Rule])
    one_of: Sequence[str] = ()
    free: bool = False

    def __call__(self, value: Any, at: str) -> Iterator[str]:
        """What is wrong with this object; its type has been looked at before."""
        if not isinstance(value, dict):
            yield _wrong("must be an object", at)
            return
        given = cast("Json", value)
        for name in self.required:
            if given.get(name) is None:
                yield _wrong(f"missing required field: {name}", at)
        if self.one_of and not any(given.get(name) for name in self.one_of):
            yield _wrong(f"must have one of: {', '.join(self.one_of)}", at)
        known = {**self.optional, **self.required}
        for name, part in given.items():
            if name in known and part is not None:
                yield from known[name](part, f"{at}/{name}")
            elif name not in known and name != "type" and not self.free:
                yield _wrong(f"invalid additional property: {name}", at)


def string(most: int, *, least: int = 1) -> Rule:
    """A text of so many characters."""

    def rule(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield _wrong("must be a string", at)
        elif len(value) > most:
            yield _wrong(f"must be less than {most + 1} characters", at)
        elif len(value) < least:
            yield _wrong(f"must be more than {least - 1} characters", at)

    return rule


def text(most: int, *kinds: str) -> Rule:
    """A text object with so many characters; plain_text and mrkdwn unless other kinds are named."""
    allowed = kinds or ("plain_text", "mrkdwn")
    content = string(most)

    def rule(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield _wrong("must be a text object", at)
            return
        given = cast("Json", value)
        if given.get("type") not in allowed:
            yield _wrong(f"must be one of: {', '.join(allowed)}", f"{at}/type")
        yield from content(given.get("text"), f"{at}/text")

    return rule


def plain(most: int) -> Rule:
    """A plain_text object."""
    return text(most, "plain_text")


def choice(*allowed: str) -> Rule:
    """One of these words."""

    def rule(value: Any, at: str) -> Iterator[str]:
        if value not in allowed:
            yield _wrong(f"must be one of: {', '.join(allowed)}", at)

    return rule


def flag(value: Any, at: str) -> Iterator[str]:
    """A boolean."""
    if not isinstance(value, bool):
        yield _wrong("must be a boolean", at)


def anything(_value: Any, _at: str) -> Iterator[str]:
    """Whatever it is."""
    return iter(())


def many(rule: Rule, most: int, *, least: int = 1) -> Rule:
    """A list of so many."""

    def whole(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield _wrong("must be an array", at)
            return
        items = cast("list[Any]", value)
        if len(items) > most:
            yield _wrong(f"no more than {most} items allowed", at)
        if len(items) < least:
            yield _wrong(f"no fewer than {least} items allowed", at)
        for number, item in enumerate(items):
            yield from rule(item, f"{at}/{number}")

    return whole


def typed(table: Mapping[str, Rule]) -> Rule:
    """An object whose `type` chooses its rule."""

    def rule(value: Any, at: str) -> Iterator[str]:
        kind = cast("Json", value).get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in table:
            yield _wrong(f"unsupported type: {json.dumps(kind)}", at)
        else:
            yield from table[kind](value, at)

    return rule


def _wrong(sentence: str, at: str) -> str:
    return f"{sentence} [json-pointer:{at}]"
