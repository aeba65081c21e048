"""What of a growing Markdown text is code, where Discord and CommonMark agree on it."""

from __future__ import annotations

import re
from typing import Final

# Backticks that make a block.
BLOCK: Final = 3
_LISTED: Final = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_OPENS: Final = re.compile(rf"(?:{_LISTED.pattern})*[ \t>]*")
_CLOSES: Final = re.compile(r"[ \t>]*")
# Not a block to Discord.
_TILDES: Final = re.compile(rf"{_OPENS.pattern}~~~")
# Spaces before a line that is code by these alone, outside of lists.
_INDENTED: Final = 4
# Of a line no more than this is looked at: a deeper nested block is taken for text.
_LINE: Final = 100


class Backticks:
    """Follows a text that is told in pieces: `text` without line ends and backticks, `newline`, and `run` of backticks.

    `unsure` is set for good where the two disagree on what is code: Discord closes a block anywhere in a line and lets
    a span go on over paragraphs, in CommonMark a block ends with the list or quotation that it is in.
    """

    def __init__(self) -> None:
        self.unsure = False
        self.opened = 0
        self._fence = False
        self._first_line = False
        self._closing = False
        self._prefix = ""
        self._listed = False
        self._line = ""

    @property
    def in_block(self) -> bool:
        """Whether all that comes up to the next run of backticks is code."""
        inside = self._fence and not (self._first_line or self._closing or self.unsure)
        return inside and not self._leaves(f"{self._line}x")

    @property
    def may_be_span(self) -> bool:
        """Whether it is code if the run of as many backticks as were `opened` comes in the same line."""
        return self.opened > 0 and not self.unsure and (self._first_line or not self._fence)

    @property
    def outside(self) -> bool:
        """Whether a span of code may be written here."""
        return not (self.opened or self.unsure)

    def text(self, piece: str) -> None:
        """Text goes on."""
        if self._closing and piece.strip():
            self.unsure = True
        self._line = (self._line + piece)[:_LINE]
        self._listed = self._listed or _LISTED.match(self._line) is not None
        if self._fence and not self._first_line:
            self.unsure |= self._leaves(self._line)
        elif not self._fence and _TILDES.match(self._line):
            self.unsure = True

    def newline(self) -> None:
        """A line ends."""
        if self._closing:
            self._fence, self.opened = False, 0
        elif self.opened and not self._fence:
            self.unsure, self.opened = True, 0
        elif self._fence and not self._first_line:
            self.unsure |= self._line.count(">") < self._prefix.count(">")
        self._first_line = self._closing = False
        self._line = ""

    def run(self, size: int) -> None:
        """A run of so many backticks, none before or after it."""
        if self._fence and not self._first_line:
            self._within_block(size)
        elif self.opened:
            self.unsure |= size != self.opened and (size >= BLOCK or self._first_line)
            if size == self.opened:
                self.opened, self._fence, self._first_line = 0, False, False
        else:
            self._open(size)
        self._line = (self._line + "`" * size)[:_LINE]

    def _open(self, size: int) -> None:
        self.opened = size
        self._fence = self._first_line = size >= BLOCK and _OPENS.fullmatch(self._line) is not None
        self._prefix = self._line
        too_deep = self._fence and not self._listed and len(self._line) >= _INDENTED
        self.unsure |= size > BLOCK or too_deep

    def _leaves(self, line: str) -> bool:
        """Whether a line with ink does not belong to the list or the quotation that the block is in."""
        lead = line[: len(line) - len(line.lstrip(" \t>"))]
        if lead == line or not (self._listed or ">" in self._prefix):
            return False
        too_short = len(lead.expandtabs(_INDENTED)) < len(self._prefix)
        return too_short or lead.count(">") != self._prefix.count(">")

    def _within_block(self, size: int) -> None:
        if size < BLOCK:
            self.unsure |= self._leaves(f"{self._line}`")
        elif size == self.opened and _CLOSES.fullmatch(self._line) and not self._closing:
            self._closing = True
        else:
            self.unsure = True
