"""Puts tool calls together from the pieces in which providers send them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import uuid4

import structlog

from bot.completion import ToolCall
from bot.glm.fields import as_list, as_object, as_text, dump, parse

log = structlog.get_logger(__name__)

# A guess: several times what anybody runs in one round.
_MOST_CALLS: Final = 64
_FENCE: Final = re.compile(r"\s*```(?:json)?\s*(.*?)\s*```\s*", re.DOTALL)
_TRAILING_COMMA: Final = re.compile(r",\s*}\s*$")
_MARKS: Final = re.compile("[<>]")
# Stands for the index where the older form has one call and none.
_LEGACY: Final = "function_call"


@dataclass(slots=True)
class _Call:
    """A call that may still grow."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])

    def take(self, function: dict[str, Any], id_: str) -> None:
        """Add a piece; the name may come again and again."""
        self.id = self.id or id_
        self.name = self.name or as_text(function.get("name")).strip()
        arguments = function.get("arguments")
        if isinstance(arguments, str):
            self.arguments.append(arguments)
        elif as_object(arguments):
            self.arguments.append(dump(as_object(arguments)))

    @property
    def complete(self) -> bool:
        """Whether nothing can follow what has come of the arguments."""
        return isinstance(parse("".join(self.arguments)), dict)


class CallAssembler:
    """Collects the tool calls of one answer.

    Pieces belong together by their index; without one an unknown id or a name opens a call, and all else belongs to
    the call before. The same index under another id is another call.
    """

    __slots__ = ("_by_index", "_calls")

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[object, _Call] = {}

    def feed(self, piece: dict[str, Any]) -> None:
        """Take what a delta or a message holds of calls, in the present form or in the older one."""
        pieces = [as_object(item) for item in as_list(piece.get("tool_calls"))]
        for position, item in enumerate(pieces):
            index = item.get("index")
            if not isinstance(index, int | str):
                index = position if len(pieces) > 1 else None
            self._take(item, as_object(item.get("function")), index)
        legacy = as_object(piece.get("function_call"))
        if legacy:
            self._take({}, legacy, _LEGACY)

    def calls(self) -> tuple[ToolCall, ...]:
        """All calls, each with an id of its own, without those whose name or argument names are spoilt by markup."""
        done: list[ToolCall] = []
        ids: set[str] = set()
        for call in self._calls:
            arguments = mend_arguments("".join(call.arguments))
            if not call.name or _spoilt(call.name, arguments):
                log.warning("glm.call_rejected")
                continue
            name = call.id if call.id and call.id not in ids else new_id()
            ids.add(name)
            done.append(ToolCall(name, call.name, arguments))
        return tuple(done)

    def _take(self, item: dict[str, Any], function: dict[str, Any], index: int | str | None) -> None:
        id_ = as_text(item.get("id"))
        call = self._find(id_, as_text(function.get("name")), index)
        if call is None and len(self._calls) < _MOST_CALLS:
            call = _Call()
            self._calls.append(call)
        if call is not None:
            if index is not None:
                self._by_index[index] = call
            call.take(function, id_)

    def _find(self, id_: str, name: str, index: int | str | None) -> _Call | None:
        """The call that a piece belongs to, None when it opens one."""
        if index is not None:
            call = self._by_index.get(index)
            return None if call and id_ and call.id and id_ != call.id else call
        if id_:
            return next((call for call in self._calls if call.id == id_), None)
        last = self._calls[-1] if self._calls else None
        return None if last and name and (name != last.name or last.complete) else last


def new_id() -> str:
    """An id for a call that came without one."""
    return f"call_{uuid4().hex}"


def mend_arguments(written: str) -> str:
    """The arguments as the JSON of an object where that is what they mean, else as they were written."""
    fenced = _FENCE.fullmatch(written)
    text = (fenced.group(1) if fenced else written).strip()
    value = parse(text)
    if isinstance(value, str):
        value = parse(value)  # encoded twice
    if value is None:
        value = parse(_TRAILING_COMMA.sub("}", text))
    if not isinstance(value, dict):
        return "{}" if text in ("", "null") else written
    return text if _strict(text) else dump(cast("object", value))


def _strict(text: str) -> bool:
    """Whether everybody reads this text as the same object."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _spoilt(name: str, arguments: str) -> bool:
    keys: Iterable[str] = as_object(parse(arguments))
    return any(map(_MARKS.search, (name, *keys)))
