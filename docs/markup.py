"""The Markdown of generated pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table, line by line; line breaks in a cell are kept."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", "<br>") for cell in row) + " |" for row in lines]


def code(text: object) -> str:
    """A code span, "" for what is empty."""
    return f"`{text}`" if str(text) else ""
