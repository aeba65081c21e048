"""Tables in the GitHub style: their rows, and their picture for a platform that draws none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from wcwidth import width

Row = list[str]

GAP = "  "
_PIPE = re.compile(r"(?<!\\)\|")
_DELIMITER = re.compile(r"\s*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?\s*")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# The lengths are bounded, since a pair that is never closed would else be sought to the end again and again.
_LITERAL = re.compile(r"\\([!-/:-@\[-`{-~])|(?<!`)(`+)(?!`)(.{1,200}?)(?<!`)\2(?!`)")
# An address is the point of a link, so it survives as text.
_LINK = re.compile(r"!?\[([^\[\]]*)\]\(\s*([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)[^()]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|~~|(?<!\w)_|\*)(?=\S)(.{1,200}?)(?<=\S)\1(?!\w)")
_MARKUP = re.compile(r"[*_~`\[\\]")
_FENCE = re.compile(r"`{3,}")
# How much of a cell's free space is to its left, by the colons at the ends of its delimiter.
_LEFT_SHARE = {(True, True): 0.5, (False, True): 1}


def pipes(line: str) -> int:
    """How many pipes of a line separate cells: those that are not escaped."""
    return len(_PIPE.findall(line))


def cells(line: str) -> Row:
    """The cells of a row as they are written, without the outer pipes and with escaped pipes as plain ones."""
    row = [_BREAK.sub(" ", cell).replace("\\|", "|").strip() for cell in _PIPE.split(line.strip())]
    if len(row) > 1 and not row[0]:
        del row[0]
    if len(row) > 1 and not row[-1]:
        del row[-1]
    return row


def begins_table(header: str, delimiter: str) -> bool:
    """Whether two lines are the beginning of a table: both with pipes, and as many cells in the one as in the other."""
    if "|" not in header or "|" not in delimiter or not _DELIMITER.fullmatch(delimiter):
        return False
    return pipes(header) > 0 and len(cells(header)) == len(cells(delimiter))


def plain(cell: str) -> str:
    """A cell's text without inline markup; a link becomes "text (address)"."""
    if not _MARKUP.search(cell):
        return cell
    # Code and escaped characters are set aside, since what looks like markup in them is none.
    literals: list[str] = []

    def shelve(found: re.Match[str]) -> str:
        literals.append(found[1] or found[3].strip() or found[3])
        return f"\0{len(literals) - 1}\0"

    text = _LINK.sub(r"\1 (\2)", _LITERAL.sub(shelve, cell.replace("\0", "")))
    for _ in range(2):  # bold within italic
        text = _EMPHASIS.sub(r"\2", text)
    text = re.sub(r"\0(\d+)\0", lambda found: literals[int(found[1])], text)
    return _FENCE.sub("", text).strip()


def draw(source: str, widest: int) -> str:
    """Draw a table in a code block, or as a list of records when that needs more than `widest` columns.

    `source` is the table's lines from its header to its last row, which may be unfinished.
    """
    header, delimiter, *rows = [cells(line) for line in source.split("\n") if line.strip()]
    columns = zip_longest(*([plain(cell) for cell in row] for row in (header, *rows)), fillvalue="")
    aligned = [_align(column, mark) for column, mark in zip_longest(columns, delimiter, fillvalue="")]
    lines = [GAP.join(parts) for parts in zip(*aligned, strict=True)]
    if width(lines[0]) > widest:
        return _records(header, rows)
    return "\n".join(("```", *(line.rstrip() for line in lines), "```"))


def _align(column: Sequence[str], mark: str) -> list[str]:
    size = max(1, *map(width, column))
    share = _LEFT_SHARE.get((mark.startswith(":"), mark.endswith(":")), 0)
    header, *rows = (_pad(cell, size - width(cell), share) for cell in column)
    return [header, "-" * size, *rows]


def _pad(cell: str, free: int, share: float) -> str:
    left = int(free * share)
    return " " * left + cell + " " * (free - left)


def _records(header: Row, rows: Sequence[Row]) -> str:
    # Outside of a code block links can be followed and markup is shown, so the cells stay as they were written.
    records = (
        "\n".join(f"{name}: {cell}" if name else cell for name, cell in zip_longest(header, row, fillvalue="") if cell)
        for row in rows
    )
    return "\n\n".join(filter(None, records)) or " | ".join(header)
