"""Whether a file is text, and which: decided by its content, since names and media types are often wrong."""

from __future__ import annotations

import codecs
import re
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Nearly all that is written in Chinese is in GB 2312; what merely happens to be valid GB18030 is mostly outside of it.
_COMMON_SHARE: Final = 0.5
# Text has no others than tab, line feed, form feed, carriage return and escape, which colours the output of programs.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def decoded(head: bytes) -> str | None:
    """The text that begins with these bytes, None when it is none: UTF-8, UTF-16 with a mark, GB18030 or Windows-1252.

    A character that the end has cut in two is left out.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return _text(head, encoding)
    if b"\0" in head:
        return None
    text = _text(head, "utf-8")
    if text is None:
        text = _chinese(head)
    return _text(head, "cp1252") if text is None else text


def _chinese(head: bytes) -> str | None:
    text = _text(head, "gb18030")
    if text is None:
        return None
    foreign = [letter for letter in text if not letter.isascii()]
    common = len("".join(foreign).encode("gb2312", "ignore")) / 2
    return text if common >= len(foreign) * _COMMON_SHARE else None


def _text(head: bytes, encoding: str) -> str | None:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None
    return None if _CONTROLS.search(text) else text
