"""Marks what strangers wrote as data, so that none of it can pass for our own marks, a role or a call of a tool."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# How a quotation begins: whoever finds this in a prompt knows that strangers have a say in it.
BEGIN: Final = '<quoted author="'
_NAME_LIMIT: Final = 64
_LABEL: Final = 32
_LABEL_WORDS: Final = 5
_WORD: Final = re.compile(r"\w+")

# What cannot be seen and may stand between the letters of a mark; the blocks are Unicode's, DerivedCoreProperties,
# Default_Ignorable_Code_Point.
_UNSEEN: Final = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
# With these a whole text can be written that nobody sees: letters of the block of tags, or long rows of the others.
_HIDDEN: Final = re.compile("[\U000e0000-\U000e0fff]+|[\u200b-\u200f\u2060-\u206f\ufeff]{8,}")
# Our own marks, and those that GLM's template gives a meaning: facts on the GLM API, sections 5 and 13.
_NAMES: Final = ("quoted", "tool_call", "tool_response", "arg_key", "arg_value", "think")


def _spelled(name: str) -> str:
    """A pattern of a name also in full width, and with what cannot be seen in it."""
    letters = (f"[{letter}{chr(ord(letter) + 0xFEE0)}]" for letter in name)
    return f"[\\s{_UNSEEN}]*".join(letters)


_FORGED: Final = re.compile(
    rf"[<＜﹤‹〈⟨《❮](?=[\s{_UNSEEN}]*(?:[/／⁄∕⧸\\]?[\s{_UNSEEN}]*(?:{'|'.join(map(_spelled, _NAMES))})"
    rf"|[|｜][\s{_UNSEEN}]*\w+[\s{_UNSEEN}]*[|｜]))",
    re.IGNORECASE,
)
_QUOTATION: Final = re.compile(rf'{BEGIN}(?P<author>[^"\n]*)">\n(?P<text>.*?)\n</quoted>', re.DOTALL)


class Quotation(NamedTuple):
    """What somebody else wrote, and who or what that was."""

    author: str
    text: str


def quoted(author: str, text: str) -> str:
    """A stranger's text as a quotation that it cannot end."""
    body = _FORGED.sub("&lt;", _HIDDEN.sub("", text))
    return f'{BEGIN}{data(author).replace(chr(34), "")}">\n{body}\n</quoted>'


def data(text: str, limit: int = _NAME_LIMIT) -> str:
    """A stranger's short text on one line, without what could pass for our own marks."""
    return re.sub(r"[\s<>\[\]]+", " ", _HIDDEN.sub("", text)).strip()[:limit] or "?"


def is_label(text: str) -> bool:
    """Whether a stranger's text is too short to be more than a name: 32 bytes and five words at most, both a guess."""
    return len(text.encode("utf-8", "replace")) <= _LABEL and len(_WORD.findall(text)) <= _LABEL_WORDS


def quotations(text: str) -> list[Quotation]:
    """The quotations in a text of ours, in their order."""
    return [Quotation(found["author"], found["text"]) for found in _QUOTATION.finditer(text)]


def unquoted(text: str) -> str:
    """What is left of a text of ours without its quotations."""
    return _QUOTATION.sub("", text)
