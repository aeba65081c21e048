"""Takes the markup of tool calls out of a text, in pieces cut anywhere: models write it there when they should not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.completion import Tool, ToolCall
from bot.glm.calls import new_id
from bot.glm.fields import as_list, as_object, as_text, dump, parse
from bot.glm.thinking import possible_start

_CALL: Final = "<tool_call>"
_CALL_END: Final = "</tool_call>"


@dataclass(frozen=True, slots=True)
class _Shape:
    """What follows an opening tag that is markup; an answer that only writes about the tag goes on otherwise.

    What matches `sure` needs no more to be known. Else it is markup once the closer has come and all before it matches
    `closed`, and it may still become such while it matches `growing`.
    """

    closer: str
    sure: re.Pattern[str]
    closed: re.Pattern[str]
    growing: re.Pattern[str]


_NEVER: Final = re.compile(r"(?!)")
_KEY: Final = re.compile(r"\s*[\w.-]{0,64}\s*")
_VALUE: Final = re.compile(r".*", re.DOTALL)
_NAME: Final = "[A-Za-z0-9_-]{1,64}"  # docs.z.ai, chat completion, the name of a function
_LINES: Final = rf"\s*{_NAME}[^\S\n]*\n.*"
# Before arguments other words are meant as a name as well, and a call may be all JSON.
_WORD: Final = r"\s*(?:[A-Za-z0-9_.:-]{1,64}\s*)?"
_SHAPES: Final = {
    _CALL: _Shape(
        _CALL_END,
        re.compile(rf"{_WORD}(?:<arg_key>|\{{\s*[\"}}])"),
        re.compile(rf"\s*{_NAME}\s*|{_LINES}", re.DOTALL),
        re.compile(rf"{_WORD}(?:\{{\s*)?|{_LINES}", re.DOTALL),
    ),
    "<arg_key>": _Shape("</arg_key>", _NEVER, _KEY, _KEY),
    "<arg_value>": _Shape("</arg_value>", _NEVER, _VALUE, _VALUE),
}
_TAGS: Final = (*_SHAPES, *(shape.closer for shape in _SHAPES.values()))
_TAG: Final = re.compile("|".join(_TAGS))
_FIRSTS: Final = frozenset(tag[0] for tag in _TAGS)
# Characters for which a text is held back at most while it is not known whether it is markup.
_PATIENCE: Final = 2_000
_NAMED: Final = re.compile(r"\s*([\w.-]{1,64})\s*", re.ASCII)
_PAIR: Final = re.compile(r"<arg_key>([^<>]*)</arg_key>\s*<arg_value>(.*?)</arg_value>\s*", re.DOTALL)
# CommonMark: a fence is at least three backticks, behind nothing but space and the marks of quotes and lists.
_FENCE: Final = 3
_MARGIN: Final = " \t\r>*+-.)0123456789"
_TICKS: Final = re.compile(r"`+|\n")


class LeakFilter:
    """Lets a text through without such markup; what may be the beginning of some is held back.

    `bodies` are the insides of the calls that were taken out. Code, and what an answer writes about the tags, is text.
    A call that is never closed goes to the end.
    """

    __slots__ = ("_body", "_code", "_held", "_tag", "_told", "bodies")

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self._tag = ""  # the one that is open
        self._body: list[str] | None = None  # of an open call that is known to be one
        self._held = ""
        self._told: set[str] = set()  # the closers of tags that were text
        self._code = _Code()

    def feed(self, text: str) -> str:
        """Take more text; return what is none of it."""
        shown: list[str] = []
        self._take(text, shown)
        return "".join(shown)

    def end(self) -> str:
        """What was held back, where the model has ended its text."""
        shown: list[str] = []
        while self._tag and self._body is None:
            held, self._held = self._held, ""
            self._give_back(shown)
            self._take(held, shown)
        held, self._held = self._held, ""
        if self._body is None:
            shown.append(held)
        else:
            self._close(held)
        return "".join(shown)

    def cut(self) -> str:
        """What was held back, where the text breaks off: nothing of what might have become markup."""
        if self._tag and self._body is None:
            self._tag = self._held = ""
        return self.end()

    def _take(self, text: str, shown: list[str]) -> None:
        text, self._held = self._held + text, ""
        while text:
            if self._body is not None:
                text = self._inside(text, self._body)
            else:
                text = self._opened(text, shown) if self._tag else self._outside(text, shown)

    def _outside(self, text: str, shown: list[str]) -> str:
        """Show what comes before the next tag and return what comes after it."""
        found = _TAG.search(text)
        if found is None:
            # Nearly all pieces hold nothing that a tag begins with.
            begun = any(first in text for first in _FIRSTS)
            safe = len(text) - (max(possible_start(text, tag) for tag in _TAGS) if begun else 0)
            self._show(text[:safe], shown)
            self._held = text[safe:]
            return ""
        self._show(text[: found.start()], shown)
        tag = found.group()
        if self._code.inside() or tag in self._told or (_CALL_END in self._told and tag != _CALL):
            self._told.discard(tag)
            self._show(tag, shown)
        elif tag in _SHAPES:
            self._tag = tag
        return text[found.end() :]

    def _opened(self, text: str, shown: list[str]) -> str:
        """Decide whether what follows an opening tag is markup; hold it back while that is not known."""
        shape = _SHAPES[self._tag]
        most = _PATIENCE + len(shape.closer)
        if shape.sure.match(text, 0, most):
            self._body = []
            return text
        end = text.find(shape.closer, 0, most)
        if end >= 0 and shape.closed.fullmatch(text, 0, end):
            self._body = []
            self._close(text[:end])
            return text[end + len(shape.closer) :]
        known = len(text) - max(possible_start(text, tag) for tag in (shape.closer, "<arg_key>"))
        if end < 0 and len(text) < most and shape.growing.fullmatch(text, 0, known):
            self._held = text
            return ""
        self._give_back(shown)
        return text

    def _give_back(self, shown: list[str]) -> None:
        self._told.add(_SHAPES[self._tag].closer)
        self._show(self._tag, shown)
        self._tag = ""

    def _show(self, text: str, shown: list[str]) -> None:
        self._code.feed(text)
        shown.append(text)

    def _inside(self, text: str, body: list[str]) -> str:
        before, closed, rest = text.partition(_CALL_END)
        if closed:
            self._close(before)
            return rest
        safe = len(text) - possible_start(text, _CALL_END)
        body.append(text[:safe])
        self._held = text[safe:]
        return ""

    def _close(self, rest: str) -> None:
        if self._tag == _CALL:
            self.bodies.append("".join((*(self._body or ()), rest)))
        self._body = None
        self._tag = ""


class _Code:
    """Knows whether a text that grows stands inside of Markdown's code at its end.

    Code on a line ends with the line: a backtick that is never closed turns nothing more into code.
    """

    __slots__ = ("_blank", "_closes", "_fence", "_opens", "_run", "_span")

    def __init__(self) -> None:
        self._fence = ""  # the backticks of the fence that was opened on a line above
        self._span = ""  # those that opened code on this line
        self._opens = False  # whether that code is a fence, should it stay open
        self._closes = False  # whether the fence is closed, should nothing follow on this line
        self._blank = True  # whether a fence may stand here
        self._run = ""

    def feed(self, text: str) -> None:
        """Take more text."""
        text = self._run + text
        whole = text.rstrip("`")
        self._run = text[len(whole) :]
        self._read(whole)

    def inside(self) -> bool:
        """Whether what follows, which is no backtick, is code."""
        run, self._run = self._run, ""
        self._read(run)
        return bool(self._fence or self._span)

    def _read(self, text: str) -> None:
        start = 0
        for found in _TICKS.finditer(text):
            self._words(text[start : found.start()])
            start = found.end()
            if found.group() == "\n":
                self._end_line()
            else:
                self._turn(found.group())
        self._words(text[start:])

    def _words(self, words: str) -> None:
        if words.strip(_MARGIN):
            self._blank = self._closes = False

    def _turn(self, run: str) -> None:
        if self._fence:
            self._closes = self._blank and len(run) >= len(self._fence)
        elif not self._span:
            self._span = run
            self._opens = self._blank and len(run) >= _FENCE
        elif run == self._span:
            self._span = ""
        self._blank = False

    def _end_line(self) -> None:
        if self._closes:
            self._fence = ""
        elif self._span and self._opens:
            self._fence = self._span
        self._span = ""
        self._closes = False
        self._blank = True


def read_leak(body: str, tools: Sequence[Tool]) -> ToolCall | None:
    """The call that the inside of such markup means; None where it is not well formed or names no offered tool."""
    spoken = as_object(parse(body))
    if spoken:
        tool = _offered(as_text(spoken.get("name")), tools)
        arguments = as_object(spoken.get("arguments"))
        return ToolCall(new_id(), tool.name, dump(arguments)) if tool else None
    named = _NAMED.match(body)
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
