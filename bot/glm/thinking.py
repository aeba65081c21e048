"""Keeps a model's reasoning apart from its answer where both come in the content, in pieces cut anywhere."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.glm.catalogue import ThinkingStyle

_TAGS = ("<think>", "</think>")
_HEADERS = ("###Thinking", "###Response")
# Of a model that is not known to write headers, one must have its line to itself.
_LINES = ("###Thinking\n", "###Response")
_BOXES = ("<|begin_of_box|>", "<|end_of_box|>")
_FIRST = "<"  # of every marker that is erased
_UNLIMITED = 1 << 30
# Takes content, adds what it knows to the reasoning and to the answer, and returns what the next step is to take.
_Step = Callable[[str, list[str], list[str]], str]


class ThinkSplitter:
    """Splits content into reasoning and answer.

    Blocks of reasoning in either way of writing them are recognised at the start of the content only, one right after
    another, so that an answer may write about them. A model that thinks inline sometimes leaves the opening tag out:
    until the closing one its content is held back. Markers of other models that have strayed into an answer are
    deleted.
    """

    __slots__ = ("_begun", "_close", "_erasers", "_held", "_otherwise", "_pairs", "_step")

    def __init__(self, style: ThinkingStyle, *, boxes: bool = False) -> None:
        self._pairs = (_HEADERS, _TAGS) if style is ThinkingStyle.HEADERS else (_TAGS, _LINES)
        self._close = self._pairs[0][1]
        self._erasers = [_Eraser(_BOXES, _UNLIMITED)] if boxes else []
        self._held = ""
        self._begun = False
        self._step: _Step = self._opening
        self._otherwise: _Step = self._undecided if style is ThinkingStyle.INLINE else self._unopened

    def feed(self, content: str) -> tuple[str, str]:
        """Take more content; return what is known to be (reasoning, answer)."""
        reasoning: list[str] = []
        text: list[str] = []
        while content:
            content = self._step(content, reasoning, text)
        return "".join(reasoning), "".join(text)

    def end(self) -> tuple[str, str]:
        """What was held back, where the model has ended its content."""
        held, self._held = self._held, ""
        if self._step == self._inside:
            return held, ""
        text: list[str] = []
        self._answer(held, [], text)
        rest = ""
        for eraser in self._erasers:
            rest = eraser.feed(rest) + eraser.end()
        return "", "".join(text) + (rest if self._begun else rest.lstrip("\r\n"))

    def cut(self) -> tuple[str, str]:
        """What was held back, where the content breaks off: reasoning, unless the answer has begun."""
        if self._step == self._answer:
            return self.end()
        held, self._held = self._held, ""
        return held, ""

    def _opening(self, content: str, reasoning: list[str], text: list[str]) -> str:
        content = self._held + content
        self._held = ""
        head = content.lstrip()
        for opened, close in self._pairs:
            if head.startswith(opened):
                self._step, self._close = self._inside, close
                return head[len(opened) :]
        if any(opened.startswith(head) for opened, _ in self._pairs):
            self._held = content
            return ""
        self._step = self._otherwise
        return content

    def _unopened(self, content: str, reasoning: list[str], text: list[str]) -> str:
        self._erasers.append(_Eraser(_TAGS[1:], 1))
        self._step = self._answer
        return content

    def _undecided(self, content: str, reasoning: list[str], text: list[str]) -> str:
        seen = max(0, len(self._held) - len(self._close))
        self._held += content
        if self._held.find(self._close, seen) < 0:
            return ""
        held, self._held = self._held, ""
        self._step = self._inside
        return held

    def _inside(self, content: str, reasoning: list[str], text: list[str]) -> str:
        content, closed, rest = (self._held + content).partition(self._close)
        safe = len(content) - (0 if closed else possible_start(content, self._close))
        self._held = content[safe:]
        reasoning.append(content[:safe])
        if closed:
            self._step, self._otherwise = self._opening, self._answer
        return rest

    def _answer(self, content: str, reasoning: list[str], text: list[str]) -> str:
        for eraser in self._erasers:
            content = eraser.feed(content)
        if not self._begun:
            content = content.lstrip("\r\n")
            self._begun = bool(content)
        text.append(content)
        return ""


class _Eraser:
    """Deletes markers, at most so many, and none that follows a backtick: there the answer quotes it."""

    __slots__ = ("_before", "_held", "_left", "_markers", "_pattern")

    def __init__(self, markers: tuple[str, ...], times: int) -> None:
        self._markers = markers
        self._pattern = re.compile("(?<!`)(?:" + "|".join(map(re.escape, markers)) + ")")
        self._left = times
        self._before: str = ""
        self._held: str = ""

    def feed(self, text: str) -> str:
        if not self._left or not text:
            return text
        if not self._held and _FIRST not in text:
            self._before = text[-1]
            return text
        text = self._before + self._held + text
        start = len(self._before)
        kept: list[str] = []
        while self._left and (found := self._pattern.search(text, start)):
            kept.append(text[start : found.start()])
            start = found.end()
            self._left -= 1
        held = max(possible_start(text[start:], marker) for marker in self._markers) if self._left else 0
        safe = len(text) - held
        self._held = text[safe:]
        self._before = text[max(0, safe - 1) : safe]
        return "".join((*kept, text[start:safe]))

    def end(self) -> str:
        held, self._held = self._held, ""
        return held


def possible_start(text: str, marker: str) -> int:
    """How many characters at the end of the text may be the beginning of the marker."""
    start = text.find(marker[0], max(0, len(text) - len(marker) + 1))
    while start >= 0:
        if marker.startswith(text[start:]):
            return len(text) - start
        start = text.find(marker[0], start + 1)
    return 0
