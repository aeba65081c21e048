"""Cutting a growing Markdown text into messages that each read well by themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wcwidth import grapheme_boundary_before

from bot.markdown import (
    LINES,
    PROSE_LINES,
    SENTENCES,
    WORDS,
    Block,
    Kind,
    blocks,
    carried,
    ink,
    may_cut,
    seams,
    spans,
)
from bot.ports import Limits
from bot.tables import draw

ELLIPSIS = "\n…"
# In columns; about where a code block begins to wrap on a desktop client.
WIDEST_TABLE = 90
# Openings are repeated on every page of a long block, so they may take at most this part of one.
OPENING_SHARE = 4
# A header, its underline and one row must fit on the smallest page.
TABLE_SHARE = 6
DEEPEST_INDENT = 40  # more white space than this indents nothing
# What comes later than so many pages has no say in where a page ends.
HORIZON = 4

_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)+")
_PREFERENCES = {
    Kind.PROSE: (PROSE_LINES, SENTENCES, WORDS),
    Kind.HEADING: (SENTENCES, WORDS),
    Kind.FENCE: (LINES,),
    Kind.TABLE: (LINES,),
}


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a page looks and where it ends, as pure functions of its source, so that a page can always be made again."""

    limits: Limits
    limit: int

    def short(self, opening: str) -> bool:
        return self.limits.size(opening) * OPENING_SHARE <= self.limit

    def blocks(self, source: str) -> list[Block]:
        return blocks(source, self.short)

    def carried(self, source: str) -> str:
        return carried(source, self.short)

    def continued(self, opening: str, rest: str) -> tuple[str, int]:
        """The source of a page that goes on with `rest`, and how much longer than `rest` it is.

        An opening under which nothing comes any more is left out, together with its closing fence.
        """
        source = opening + rest
        first = self.blocks(source)[0] if opening else None
        if first and not source[first.body : first.foot].strip():
            source = source[first.end :]
        return source, len(source) - len(rest)

    def render(self, source: str) -> tuple[str, str]:
        """The body of a page, and the fence that closes it ("" when none is open)."""
        closing, done = "", 0
        parts: list[str] = []
        for block in self.blocks(source):
            closing = block.closing
            if block.kind is Kind.TABLE and self.limits.tables:
                table = draw(source[block.start : block.end], min(WIDEST_TABLE, self.limit // TABLE_SHARE))
                parts += (source[done : block.start], table)
                done = block.end
        return _trimmed("".join((*parts, source[done:]))), closing

    def page(self, source: str) -> str:
        return _closed(*self.render(source))

    def fits(self, source: str, limit: int) -> bool:
        return self.limits.size(self.page(source)) <= limit

    def settled(self, source: str) -> str:
        """A growing page's source without a fence at its end of which only the first line has come."""
        last = next(reversed(self.blocks(source)), None)
        if last and last.closing and not source[last.body :].strip():
            return source[: last.start]
        return source


class _Cut:
    """The places at which one page can end."""

    def __init__(self, layout: _Layout, source: str, lead: int, limit: int) -> None:
        self._layout = layout
        self._source = source
        self._limit = limit
        self._lead = lead
        self._reach = self._furthest()
        found = layout.blocks(source)
        index = next(index for index, block in enumerate(found) if block.end > self._reach)
        self._block = found[index]
        # A heading goes with what it heads.
        while index and found[index - 1].kind is Kind.HEADING:
            index -= 1
        start = found[index].start
        self._before = start if start > lead else max(lead, self._block.start)

    def _furthest(self) -> int:
        low, high = self._lead, len(self._source)
        while high - low > 1:
            middle = (low + high) // 2
            if self._layout.fits(self._source[:middle], self._limit):
                low = middle
            else:
                high = middle
        return low

    def best(self) -> int:
        """The offset in the source at which the page ends: after whole blocks if they half fill it, else in a block.

        Seams of the next lower rank are used only where a piece between two seams is too long for any page.
        """
        if self._moves_whole() and self._fills(self._before):
            return self._before
        latest = self._before
        for patterns in (_PREFERENCES[self._block.kind], (WORDS,)):
            choices = [self._seams(pattern) for pattern in patterns]
            ends = [self._last(offsets) for offsets in choices]
            full = next(filter(self._fills, ends), None)
            if full is not None:
                return full
            latest = max(latest, *ends)
            if latest > self._lead and self._piece_fits(latest, choices):
                return latest
        return self._grapheme(latest)

    def _piece_fits(self, start: int, choices: Sequence[Sequence[int]]) -> bool:
        end = min((offset for offsets in choices for offset in offsets if offset > start), default=self._block.end)
        piece = self._layout.carried(self._source[:start]) + self._source[start:end]
        return self._layout.fits(piece, self._layout.limit)

    def _moves_whole(self) -> bool:
        block = self._block
        if block.kind in (Kind.PROSE, Kind.HEADING):
            return True
        return self._layout.fits(self._source[block.start : block.end], self._layout.limit)

    def _fills(self, offset: int) -> bool:
        """Whether a page that ends here fits and is at least half full."""
        if offset <= self._lead:
            return False
        size = self._layout.limits.size(self._layout.page(self._source[:offset]))
        return self._limit <= 2 * size <= 2 * self._limit

    def _seams(self, pattern: re.Pattern[str]) -> list[int]:
        """Where the straddling block may be cut, on this page or within a page's size after it."""
        block, end = self._block, self._reach + self._layout.limit
        if block.kind is Kind.FENCE or pattern is LINES:
            return seams(pattern, self._source, block, end, ())
        whole = spans(self._source, block.start, min(block.end, end), self._alone)
        return seams(pattern, self._source, block, end, whole)

    def _alone(self, span: str) -> bool:
        return self._layout.limits.size(span) <= self._layout.limit

    def _last(self, offsets: Sequence[int]) -> int:
        """The last of the offsets at which the page can end, `lead` when there is none."""
        within = (offset for offset in reversed(offsets) if self._lead < offset <= self._reach)
        return next((o for o in within if self._layout.fits(self._source[:o], self._limit)), self._lead)

    def _grapheme(self, latest: int) -> int:
        first, last = ink(self._source, self._block)
        least = max(first, latest)
        at = grapheme_boundary_before(self._source, min(self._reach, last - 1) + 1)
        while at > least and not may_cut(self._source, at):
            at = grapheme_boundary_before(self._source, at)
        if at > least:
            return at
        # Here a single grapheme, or an opening, is longer than what is left of the page.
        return latest if latest > self._lead else max(self._reach, self._lead + 1)


class Paginator:
    """Cuts a text that only grows into pages; a sealed page never changes.

    `room` stays free on every page for what is shown below it, in the unit of `limits.page`. With the `seals` of an
    earlier paginator the same text gives the same pages.
    """

    def __init__(self, limits: Limits, *, room: int = 0, seals: Sequence[int] = ()) -> None:
        self._limits = limits
        self._layout = _Layout(limits, limits.page - room)
        self._seals = list(seals)
        self._sealed: list[str] = []
        self._opening = ""
        self._closing = ""

    @property
    def seals(self) -> tuple[int, ...]:
        """The offsets in the text at which the sealed pages end."""
        return tuple(self._seals)

    @property
    def overflowed(self) -> bool:
        """Whether the text needs more pages than there may be: the last one is sealed and ends with "…"."""
        return len(self._seals) >= self._limits.pages

    @property
    def closing(self) -> str:
        """The fence below the last page's body that closes what the text has left open; "" when there is none."""
        return self._closing

    def pages(self, text: str, *, final: bool = False) -> list[str]:
        """The pages to show for a text that extends the one given before; none for white space alone.

        Until the text is `final`, a fence of which only the first line has come is held back.
        """
        for index in range(len(self._sealed), len(self._seals)):
            self._freeze(text, index)
        while not self.overflowed:
            source, lead = self._layout.continued(self._opening, self._rest(text))
            if not final:
                source = self._layout.settled(source)
            body, self._closing = self._layout.render(source)
            page = _closed(body, self._closing)
            if self._limits.size(page) <= self._layout.limit:
                return [*self._sealed, *filter(str.strip, [page])]
            self._seals.append(self._start - lead + _Cut(self._layout, source, max(lead, 0), self._cut_limit).best())
            self._freeze(text, len(self._seals) - 1)
        return [*self._sealed]

    @property
    def _start(self) -> int:
        return self._seals[-1] if self._seals else 0

    def _rest(self, text: str) -> str:
        near = text[self._start : self._start + HORIZON * self._layout.limit]
        if self._start + len(near) == len(text) or self._layout.fits(near, self._layout.limit):
            return text[self._start :]
        return near

    @property
    def _cut_limit(self) -> int:
        is_last = len(self._seals) + 1 == self._limits.pages
        return self._layout.limit - (self._limits.size(ELLIPSIS) if is_last else 0)

    def _freeze(self, text: str, index: int) -> None:
        start = self._seals[index - 1] if index else 0
        source, _ = self._layout.continued(self._opening, text[start : self._seals[index]])
        is_last = index + 1 == self._limits.pages
        self._sealed.append(self._layout.page(source) + (ELLIPSIS if is_last else ""))
        self._opening = self._layout.carried(source)
        self._closing = ""


def _closed(body: str, closing: str) -> str:
    return f"{body}\n{closing}" if closing else body


def _trimmed(page: str) -> str:
    blank = _BLANK_LINES.match(page)
    page = page[blank.end() if blank else 0 :].rstrip()
    indent = len(page) - len(page.lstrip())
    return page if indent <= DEEPEST_INDENT else page[indent:]
