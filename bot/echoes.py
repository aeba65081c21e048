"""Keeps the instructions that a model was given out of what it says."""

from __future__ import annotations

from typing import Final

# Letters and digits: as many in a row as in the instructions are a repetition, which is noticed from the first so many.
LONGEST: Final = 80
_GRAM: Final = 12
LEFT_OUT: Final = "[…]"


class EchoGuard:
    """Lets a text through without long repetitions of the `secret`; the beginning of one is held back.

    Case, white space, punctuation and what is invisible do not count. A secret of fewer than LONGEST letters has no
    repetition that is long enough: those words are nobody's.
    """

    def __init__(self, secret: str) -> None:
        letters = "".join(filter(str.isalnum, secret.casefold()))
        known = len(letters) >= LONGEST
        self._grams = {letters[at : at + _GRAM] for at in range(len(letters) - _GRAM + 1)} if known else set[str]()
        self._recent = ""
        self._held: list[str] = []
        self._repeated = 0

    def feed(self, text: str) -> str:
        """Take more text; return what is no repetition."""
        if not self._grams or self._is_new(text):
            return text
        return "".join(self._taken(letter) for letter in text)

    def _is_new(self, text: str) -> bool:
        """Whether no repetition goes on or begins in a text, which is then taken in whole: nearly all are such."""
        if self._repeated:
            return False
        letters = self._recent + "".join(filter(str.isalnum, text)).casefold()
        first = max(0, len(self._recent) - _GRAM + 1)
        if any(letters[at : at + _GRAM] in self._grams for at in range(first, len(letters) - _GRAM + 1)):
            return False
        self._recent = letters[-_GRAM:]
        return True

    def end(self) -> str:
        """What was held back, at the end of the text."""
        held, self._held = "".join(self._held), []
        return held

    def _taken(self, letter: str) -> str:
        folded = letter.casefold() if letter.isalnum() else ""
        if not folded:
            return self._kept(letter)
        self._recent = (self._recent + folded)[-_GRAM:]
        if self._recent in self._grams:
            self._repeated = self._repeated + 1 if self._repeated else _GRAM
            return self._kept(letter)
        shown, self._repeated = self.end(), 0
        return shown + letter

    def _kept(self, letter: str) -> str:
        """Nothing while a repetition goes on."""
        if not self._repeated:
            return letter
        if self._repeated < LONGEST:
            self._held.append(letter)
            return ""
        if not self._held:
            return ""
        self._held = []
        return LEFT_OUT
