"""Takes the markup of tool calls out of a text, in pieces cut anywhere: models write it there when they should not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.completion import Tool, ToolCall
from bot.glm.calls import new_id
from bot.glm.fields import as_list, as_object, as_text, dump, parse
from bot.glm.thinking import possible_start

_CALL: Final = "<tool_call>"
# All that stands between two of these is markup.
_CLOSERS: Final = {_CALL: "</tool_call>", "<arg_key>": "</arg_key>", "<arg_value>": "</arg_value>"}
_TAGS: Final = (*_CLOSERS, *_CLOSERS.values())
# After a backtick the answer writes about the markup.
_TAG: Final = re.compile("(?<!`)(?:" + "|".join(_TAGS) + ")")
_NAME: Final = re.compile(r"\s*([\w.-]{1,64})\s*", re.ASCII)
_PAIR: Final = re.compile(r"<arg_key>([^<>]*)</arg_key>\s*<arg_value>(.*?)</arg_value>\s*", re.DOTALL)


class LeakFilter:
    """Lets a text through without such markup; what may be the beginning of a tag is held back.

    `bodies` are the insides of the calls that were taken out. Markup that is never closed goes to the end.
    """

    __slots__ = ("_before", "_body", "_closer", "_held", "bodies")

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self._body: list[str] | None = None  # of the call that is open, None outside and in other markup
        self._closer = ""
        self._held = ""
        self._before = ""

    def feed(self, text: str) -> str:
        """Take more text; return what is none of it."""
        if not text or not (self._closer or self._held or "<" in text):
            self._before = text[-1:] or self._before
            return text
        text, self._held = self._held + text, ""
        shown: list[str] = []
        while text:
            text = self._inside(text) if self._closer else self._outside(text, shown)
        return "".join(shown)

    def end(self) -> str:
        """What was held back, at the end of the text."""
        held, self._held = self._held, ""
        if not self._closer:
            return held
        self._close(held)
        return ""

    def _outside(self, text: str, shown: list[str]) -> str:
        """Show what comes before the next tag and return what comes after it."""
        found = _TAG.search(self._before + text)
        if found is None:
            safe = len(text) - max(possible_start(text, tag) for tag in _TAGS)
            self._show(text[:safe], shown)
            self._held = text[safe:]
            return ""
        skip = len(self._before)
        self._show(text[: found.start() - skip], shown)
        self._closer = _CLOSERS.get(found.group(), "")
        self._body = [] if found.group() == _CALL else None
        return text[found.end() - skip :]

    def _show(self, text: str, shown: list[str]) -> None:
        shown.append(text)
        self._before = text[-1:] or self._before

    def _inside(self, text: str) -> str:
        body, closer, rest = text.partition(self._closer)
        if closer:
            self._close(body)
            return rest
        safe = len(text) - possible_start(text, self._closer)
        if self._body is not None:
            self._body.append(text[:safe])
        self._held = text[safe:]
        return ""

    def _close(self, rest: str) -> None:
        if self._body is not None:
            self.bodies.append("".join((*self._body, rest)))
        self._body = None
        self._closer = ""
        self._before = ""


def read_leak(body: str, tools: Sequence[Tool]) -> ToolCall | None:
    """The call that the inside of such markup means; None where it is not well formed or names no offered tool."""
    spoken = as_object(parse(body))
    if spoken:
        tool = _offered(as_text(spoken.get("name")), tools)
        arguments = as_object(spoken.get("arguments"))
        return ToolCall(new_id(), tool.name, dump(arguments)) if tool else None
    named = _NAME.match(body)
    tool = _offered(named.group(1), tools) if named else None
    return _call(body[named.end() :], tool) if named and tool else None


def _offered(name: str, tools: Sequence[Tool]) -> Tool | None:
    return next((tool for tool in tools if tool.name == name), None)


def _call(pairs: str, tool: Tool) -> ToolCall | None:
    arguments: dict[str, object] = {}
    position = 0
    while position < len(pairs):
        pair = _PAIR.match(pairs, position)
        if pair is None:
            return None
        key = pair.group(1).strip()
        arguments[key] = _value(pair.group(2), as_object(as_object(tool.parameters.get("properties")).get(key)))
        position = pair.end()
    return ToolCall(new_id(), tool.name, dump(arguments))


def _value(written: str, schema: Mapping[str, Any]) -> object:
    """Strings are written as they are, everything else as JSON."""
    kinds = {as_text(option.get("type")) for option in (schema, *map(as_object, as_list(schema.get("anyOf"))))}
    if written.strip() == "null":
        return None if "null" in kinds or "string" not in kinds else written
    value = None if "string" in kinds else parse(written)
    return written if value is None else value
