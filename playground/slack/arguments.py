"""Arguments of Web API methods: written as a table, read from JSON, forms and queries alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from playground.slack.model import Json
from playground.slack.refusals import Refusal

BY_THE_LIBRARY = frozenset({"team_id", "highlight_type"})  # what slack_sdk and bolt add by themselves


@dataclass(frozen=True)
class Argument:
    """An argument's kind and whether it must be there.

    Kinds: text, flag (also "true", "1"), number (also as text), list (also as JSON or with commas), json (an object or
    list, also as text).
    """

    kind: str = "text"
    required: bool = False


def argument_table(notation: str) -> dict[str, Argument]:
    """A table from such as "channel! text blocks:json reply_broadcast:flag", where ! marks what must be there."""
    table: dict[str, Argument] = {}
    for word in notation.split():
        name, _, kind = word.rstrip("!").partition(":")
        table[name] = Argument(kind or "text", word.endswith("!"))
    return table


def unknown(table: Mapping[str, Argument], given: Json) -> list[str]:
    """The arguments that the documentation of the method does not know."""
    return [name for name in given if name not in table and name not in BY_THE_LIBRARY]


def read(table: Mapping[str, Argument], given: Json) -> Json:
    """The arguments in their types, or the refusal of missing and wrong ones; null counts as absent."""
    found = {name: value for name, value in given.items() if name in table and value is not None}
    wrong = [f"missing required field: {n}" for n, a in table.items() if a.required and n not in found]
    result: Json = {}
    for name, value in found.items():
        try:
            result[name] = _READERS[table[name].kind](value)
        except ValueError as error:
            wrong.append(f"{error} [json-pointer:/{name}]")
    if wrong:
        raise Refusal("invalid_arguments", messages=wrong, broken=f"invalid arguments: {'; '.join(wrong)}")
    return result


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")  # noqa: TRY004  # one kind of error for all readers
    return value


def _flag(value: Any) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() not in known:
        raise ValueError("must be a boolean")
    return known[str(value).lower()]


def _number(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError("must be an integer")
    return int(value)


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        value = json.loads(value) if value.startswith("[") else value.split(",")
    if not isinstance(value, list):
        raise ValueError("must be an array")  # noqa: TRY004  # as above
    return cast("list[Any]", value)


def _json(value: Any) -> Any:
    """Blocks, metadata, chunks and views keep what cannot be parsed: their methods have own errors for it."""
    if not isinstance(value, str | list | dict):
        raise ValueError("must be a string or an object")  # noqa: TRY004  # as above
    return cast("Any", value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "flag": _flag,
    "number": _number,
    "list": _list,
    "json": _json,
}
