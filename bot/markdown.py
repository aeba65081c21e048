"""The structure of a Markdown text as far as cutting it needs it: blocks of lines, and seams within a block."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from wcwidth import grapheme_boundary_before

from bot.tables import begins_table, pipes


class Kind(Enum):
    """What a block is; a list or a quotation is prose."""

    PROSE = "prose"
    HEADING = "heading"
    FENCE = "fence"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Block:
    """A block by its offsets: an opening up to `body`, then the content, from `foot` to `end` a closing fence.

    `opening` is what a later page repeats when the block is cut, `closing` the fence that the text still lacks. The
    line break at the end is not part of the block.
    """

    kind: Kind
    start: int
    body: int
    foot: int
    end: int
    opening: str = ""
    closing: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def blank(self) -> bool:
        return not self.text or self.text.isspace()


_MARKER = r"(?:[-*+]|\d{1,9}[.)])(?=[ \t])"
_OPENING = re.compile(rf"(?P<prefix>(?:[ \t]*(?:>|{_MARKER}))*[ \t]*)(?P<marker>`{{3,}}(?=[^`]*$)|~{{3,}})")
_CLOSING = re.compile(r"[ \t>]*(`{3,}|~{3,})\s*$")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")

# A fence or table whose opening is not short is taken as prose: repeating it would leave no room on the page.
Short = Callable[[str], bool]


def blocks(source: str, short: Short) -> list[Block]:
    """The blocks of a text in order; between them is nothing but white space."""
    lines = list(_lines(source))
    found: list[Block] = []
    at = 0
    while at < len(lines):
        if lines[at].blank:
            at += 1
            continue
        block, at = _special(lines, at, short) or _prose(lines, at, short)
        found.append(block)
    return found


def _lines(source: str) -> Iterator[_Line]:
    # Not splitlines(): to it a line also ends at U+2028 and its like.
    start = 0
    for text in source.split("\n"):
        yield _Line(start, text)
        start += len(text) + 1


_Taken = tuple[Block, int]


def _special(lines: Sequence[_Line], at: int, short: Short) -> _Taken | None:
    return _fence(lines, at, short) or _heading(lines, at) or _table(lines, at, short)


def _heading(lines: Sequence[_Line], at: int) -> _Taken | None:
    line = lines[at]
    if "#" not in line.text or not _HEADING.match(line.text):
        return None
    return Block(Kind.HEADING, line.start, line.start, line.end, line.end), at + 1


def _fence(lines: Sequence[_Line], at: int, short: Short) -> _Taken | None:
    text = lines[at].text
    found = _OPENING.match(text) if "```" in text or "~~~" in text else None
    if found is None:
        return None
    # On the next page the fence goes on in the same list item, it does not begin another.
    prefix = re.sub(_MARKER, lambda marker: " " * len(marker[0]), found["prefix"])
    opening = prefix + text[len(found["prefix"]) :].rstrip() + "\n"
    if not short(opening):
        return None
    for index in range(at + 1, len(lines)):
        line = lines[index]
        mark = _CLOSING.match(line.text)
        if mark and mark[1].startswith(found["marker"]):
            return Block(Kind.FENCE, lines[at].start, lines[at].end + 1, line.start, line.end, opening), index + 1
    end = lines[-1].end
    body = min(lines[at].end + 1, end)
    return Block(Kind.FENCE, lines[at].start, body, end, end, opening, prefix + found["marker"]), len(lines)


def _table(lines: Sequence[_Line], at: int, short: Short) -> _Taken | None:
    if at + 1 == len(lines) or not begins_table(lines[at].text, lines[at + 1].text):
        return None
    opening = f"{lines[at].text.rstrip()}\n{lines[at + 1].text.rstrip()}\n"
    if not short(opening):
        return None
    after = at + 2
    while (
        after < len(lines) and pipes(lines[after].text) and not (_fence(lines, after, short) or _heading(lines, after))
    ):
        after += 1
    end = lines[after - 1].end
    return Block(Kind.TABLE, lines[at].start, min(lines[at + 1].end + 1, end), end, end, opening), after


def _prose(lines: Sequence[_Line], at: int, short: Short) -> _Taken:
    after = at + 1
    while after < len(lines) and not lines[after].blank and _special(lines, after, short) is None:
        after += 1
    start, end = lines[at].start, lines[after - 1].end
    return Block(Kind.PROSE, start, start, end, end), after


def carried(source: str, short: Short) -> str:
    """What a page repeats at its top when the page before it ended with `source`: a fence's line, a table's header.

    Within a row the pipes of its finished cells follow, so that the rest of it stays in its columns.
    """
    last = next(reversed(blocks(source, short)), None)
    if last is None or (last.kind is Kind.FENCE and not last.closing):
        return ""
    below = source[last.end :]
    if last.kind is not Kind.TABLE or below:
        return last.opening if below.count("\n") < 2 else ""
    row = source[last.body : last.end].rpartition("\n")[2]
    return last.opening + "|" * (pipes(row) + (not row.lstrip().startswith("|")))


# Seams: a text may be cut at the end of each match ------------------------------------------------------------------

_CJK = (
    r"\u2e80-\u2fff\u3005-\u3007\u3040-\u30fa\u3100-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_CJK_OPEN = r"（【《「『〈〔“‘"
_CJK_CLOSE = r"、。，．：；！？）】》」』〉〕”’…"

LINES = re.compile(r"\n")
# A line of nothing but dashes, pipes and the like belongs to the line above: it may become a table's delimiter row.
PROSE_LINES = re.compile(r"\n(?![ \t]*[-=:|][-=:| \t\r]*(?:\n|\Z))")
SENTENCES = re.compile(rf"(?<![\s\d])[.!?]+[\"'”’)\]*_]*[ \t]+|[。！？；]+[{_CJK_CLOSE}]*[ \t]*")
WORDS = re.compile(
    rf"[ \t\u3000]+(?=\S)|(?<=[{_CJK_CLOSE}])(?=[^\s{_CJK_CLOSE}])|(?<=[{_CJK}])(?=[{_CJK}{_CJK_OPEN}])",
)

_SPANS = re.compile(
    r"(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`|\Z)"
    r"|!?\[(?:[^\[\]\\]|\\.|\[[^\[\]]*\])*\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)"
    r"|!?\[[^\[\]]*\]\(\S*\Z"
    rf"|<[^\s<>]+>|(?:https?://|www\.)[^\s<>{_CJK_OPEN}{_CJK_CLOSE}]+",
    re.DOTALL,
)
# At the end of what has come a code span may still be open, even below a backtick: a second one could follow.
_UNFINISHED = re.compile(r"`.*\Z|!?\[[^\[\]]*\]?\Z", re.DOTALL)
# At the top of a page these would become a fence, a heading, a quotation, a list or a table that the text has not.
_MISLEADING = re.compile(rf"`{{3}}|~{{3}}|#{{1,6}}\s|>|\||{_MARKER}")


def spans(source: str, start: int, end: int, fits: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Code spans, links and addresses that fit on a page and must stay in one piece, also one not yet finished."""
    found = [match.span() for match in _SPANS.finditer(source, start, end)]
    unfinished = _UNFINISHED.search(source, found[-1][1] if found else start, end)
    if unfinished:
        found.append(unfinished.span())
    return [(first, last) for first, last in found if fits(source[first:last])]


def seams(pattern: re.Pattern[str], source: str, block: Block, end: int, whole: Sequence[tuple[int, int]]) -> list[int]:
    """Offsets up to `end` at which a block may be cut: with ink on both sides and outside of the `whole` spans."""
    first, last = ink(source, block)
    offsets = (match.end() for match in pattern.finditer(source, block.body, min(block.foot, end)))
    return [
        offset
        for offset in offsets
        if first < offset < last and may_cut(source, offset) and not any(a < offset < b for a, b in whole)
    ]


def ink(source: str, block: Block) -> tuple[int, int]:
    """Where a block's content begins and ends, white space apart."""
    content = source[block.body : block.foot]
    return block.foot - len(content.lstrip()), block.body + len(content.rstrip())


def may_cut(source: str, offset: int) -> bool:
    """Whether an offset is between graphemes, and what follows would not be taken for something else on a new line."""
    if grapheme_boundary_before(source, offset + 1) != offset:
        return False
    return source[offset - 1] == "\n" or not _MISLEADING.match(source, offset)
