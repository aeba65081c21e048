"""How a message is drawn in a terminal: its Markdown, who says it where, and the buttons under it."""

from __future__ import annotations

import re
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from playground.feed import Card

INDENT: Final = 2
TITLE: Final = 28  # characters of a thread's name
# Beside line feeds and tabs, control characters could drive the terminal.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FENCE: Final = re.compile(r"^\s*(`{3,}|~{3,})")
_LINE_STYLES: Final = (
    (re.compile(r"^#{1,3} +(?=\S)"), "bold underline"),
    (re.compile(r"^-# +(?=\S)"), "dim"),
    (re.compile(r"^(?=> )"), "italic"),
)
_SPANS: Final = re.compile(
    r"(?P<code>`+)(?P<in_code>.+?)(?P=code)"
    r"|\*\*(?P<bold>.+?)\*\*"
    r"|~~(?P<strike>.+?)~~"
    r"|(?<!\w)(?P<mark>[*_])(?P<italic>(?![\s*_]).+?)(?P=mark)(?!\w)"
    r"|(?P<link>\[[^\]\n]+\]\(<?https?://[^)\s]+\))"
)
_SPAN_STYLES: Final = {"in_code": "cyan", "bold": "bold", "strike": "strike", "italic": "italic", "link": "underline"}


class Indented:
    """Texts with a margin at the left, wrapped lines too, and no blanks at the right that a selection would catch."""

    def __init__(self, *parts: RenderableType) -> None:
        self._parts = parts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        narrower = options.update_width(max(1, options.max_width - INDENT))
        for line in console.render_lines(Group(*self._parts), narrower, pad=False):
            yield Segment(" " * INDENT)
            yield from line
            yield Segment.line()


def harmless(text: str) -> str:
    """A text without the characters that could drive a terminal."""
    return _CONTROLS.sub("", text)


def shortened(name: str) -> str:
    """The title of a thread, as much of it as there is room for."""
    return name if len(name) <= TITLE else name[: TITLE - 1].rstrip() + "…"


def draw(card: Card, *, remark: str = "") -> RenderableType:
    """A whole message with who wrote it where; `remark` is said beside that."""
    heading = Text(card.author, style="bold magenta" if card.ours else "bold green")
    remarks = [remark, "only you see this" if card.private else ""]
    aside = "".join(f" ({r})" for r in remarks if r)
    heading.append(f"  {card.platform} {card.place}{aside}", style="not bold dim")
    body = [markdown(card.text)] if card.text else []
    body += [Text(f"file: {name} ({size:,} bytes)", style="blue") for name, size in card.files]
    if card.buttons:
        body.append(Text(" ".join(f"[{label}: /click {label.lower()}]" for label in card.buttons), style="yellow"))
    return Group(heading, Indented(*body))


def markdown(text: str) -> Text:
    """A text with the marks of Markdown turned into styles."""
    drawn, fence = list[Text](), ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if fence:
            drawn.append(Text(line, style="dim cyan" if _closes(line, fence) else "cyan"))
            fence = "" if _closes(line, fence) else fence
        elif mark:
            drawn.append(Text(line, style="dim cyan"))
            fence = mark[1]
        else:
            drawn.append(_line(line))
    return Text("\n").join(drawn)


def _closes(line: str, fence: str) -> bool:
    found = line.strip()
    return len(found) >= len(fence) and set(found) == {fence[0]}


def _line(line: str) -> Text:
    for pattern, style in _LINE_STYLES:
        if pattern.match(line):
            whole = _spans(pattern.sub("", line))
            whole.stylize(style)
            return whole
    return _spans(line)


def _spans(line: str) -> Text:
    drawn, done = Text(), 0
    for match in _SPANS.finditer(line):
        drawn.append(line[done : match.start()])
        kind = next(name for name in _SPAN_STYLES if match[name])
        drawn.append(match[kind], style=_SPAN_STYLES[kind])
        done = match.end()
    drawn.append(line[done:])
    return drawn
