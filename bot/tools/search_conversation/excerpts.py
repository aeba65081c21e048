"""Cuts a text around what was looked for in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_LEFT_OUT: Final = "…"
# Of an excerpt this part stands before the first word that was found.
_BEFORE: Final = 4


def excerpt(text: str, words: Sequence[str], size: int) -> str:
    """The text itself, or so many characters around the first of the words that stands in it, else its beginning."""
    text = text.strip()
    if len(text) <= size:
        return text
    # Some letters become two when their case is folded: then the place is only about right.
    folded = text.casefold()
    places = [at for word in words if (at := folded.find(word.casefold())) >= 0]
    start = min(max(0, min(places, default=0) - size // _BEFORE), len(text) - size)
    end = start + size
    return f"{_LEFT_OUT if start else ''}{text[start:end].strip()}{_LEFT_OUT if end < len(text) else ''}"
