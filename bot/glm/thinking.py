"""Keeps a model's reasoning apart from its answer where both come in the content, in pieces cut anywhere."""

from __future__ import annotations

import re

from bot.glm.catalogue import ThinkingStyle

_TAGS = ("<think>", "</think>")
_HEADERS = ("###Thinking", "###Response")
_BOXES = ("<|begin_of_box|>", "<|end_of_box|>")
_FIRST = "<"  # of every marker that is erased
_UNLIMITED = 1 << 30


class ThinkSplitter:
    """Splits content into reasoning and answer.

    A block of reasoning is recognised at the start of the content only, so that an answer may write about the tags. A
    model that thinks inline sometimes leaves the opening tag out: until the closing one its content is held back.
    Markers of other models that have strayed into an answer are deleted.
    """

    __slots__ = ("_begun", "_close", "_erasers", "_held", "_open", "_step", "_withholds")

    def __init__(self, style: ThinkingStyle, *, boxes: bool = False) -> None:
        self._open, self._close = _HEADERS if style is ThinkingStyle.HEADERS else _TAGS
        self._withholds = style is ThinkingStyle.INLINE
        self._erasers = [_Eraser(_BOXES, _UNLIMITED)] if boxes else []
        self._held = ""
        self._begun = False
        self._step = self._start

    def feed(self, content: str) -> tuple[str, str]:
        """Take more content; return what is known to be (reasoning, answer)."""
        return self._step(content)

    def end(self) -> tuple[str, str]:
        """What was held back, at the end of the content."""
        held, self._held = self._held, ""
        if self._step == self._inside:
            return held, ""
        text = self._answer(held)[1]
        rest = ""
        for eraser in self._erasers:
            rest = eraser.feed(rest) + eraser.end()
        return "", text + (rest if self._begun else rest.lstrip("\r\n"))

    def _start(self, content: str) -> tuple[str, str]:
        self._held += content
        head = self._held.lstrip()
        if self._open.startswith(head):
            if head != self._open:
                return "", ""
        elif not head.startswith(self._open):
            return self._no_block()
        self._held = ""
        self._step = self._inside
        return self._inside(head[len(self._open) :])

    def _no_block(self) -> tuple[str, str]:
        held, self._held = self._held, ""
        self._step = self._undecided if self._withholds else self._answer
        if not self._withholds:
            self._erasers.append(_Eraser(_TAGS[1:], 1))
        return self._step(held)

    def _undecided(self, content: str) -> tuple[str, str]:
        seen = max(0, len(self._held) - len(self._close))
        self._held += content
        return self._until_close(self._held) if self._held.find(self._close, seen) >= 0 else ("", "")

    def _inside(self, content: str) -> tuple[str, str]:
        content = self._held + content
        if self._close in content:
            return self._until_close(content)
        safe = len(content) - possible_start(content, self._close)
        self._held = content[safe:]
        return content[:safe], ""

    def _until_close(self, content: str) -> tuple[str, str]:
        reasoning, _, rest = content.partition(self._close)
        self._held = ""
        self._step = self._answer
        return reasoning, self._answer(rest)[1]

    def _answer(self, content: str) -> tuple[str, str]:
        for eraser in self._erasers:
            content = eraser.feed(content)
        if not self._begun:
            content = content.lstrip("\r\n")
            self._begun = bool(content)
        return "", content


class _Eraser:
    """Deletes markers, at most so many, and none that follows a backtick: there the answer quotes it."""

    __slots__ = ("_before", "_held", "_left", "_markers", "_pattern")

    def __init__(self, markers: tuple[str, ...], times: int) -> None:
        self._markers = markers
        self._pattern = re.compile("(?<!`)(?:" + "|".join(map(re.escape, markers)) + ")")
        self._left = times
        self._before = ""
        self._held = ""

    def feed(self, text: str) -> str:
        if not self._left or not text:
            return text
        if not self._held and _FIRST not in text:
            self._before = text[-1]
            return text
        text = self._before + self._held + text
        text, found = self._pattern.subn("", text, count=self._left)
        self._left -= found
        held = max(possible_start(text, marker) for marker in self._markers) if self._left else 0
        safe = len(text) - held
        self._held = text[safe:]
        skip, self._before = len(self._before), text[max(0, safe - 1) : safe]
        return text[skip:safe]

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
