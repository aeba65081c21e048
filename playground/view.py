"""How a message is drawn in a terminal: Discord's Markdown, who says it where, and the buttons under it."""

from __future__ import annotations

import re
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from playground.discord.components import BUTTON, walk
from playground.discord.model import Channel, Json, Message, MessageFlag
from playground.discord.world import World

INDENT: Final = 2
TITLE: Final = 28  # characters of a thread's name
# Beside line feeds and tabs, control characters could drive the terminal.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MENTION: Final = re.compile(r"<@!?(\d+)>")
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


def plain(text: str, world: World) -> str:
    """A text without control characters, and with names in place of mentions."""

    def name(match: re.Match[str]) -> str:
        user = world.users.get(match[1])
        return f"@{user.name}" if user else match[0]

    return _MENTION.sub(name, _CONTROLS.sub("", text))


def where(channel: Channel, world: World) -> str:
    """What people call a place."""
    if channel.is_private:
        return "DM"
    if channel.thread is None:
        return f"#{channel.name}"
    parent = world.channels.get(channel.parent_id)
    return f"#{parent.name if parent else '?'} › {_shortened(plain(channel.name, world))}"


def button_labels(components: list[Json]) -> list[str]:
    """The labels of the buttons that can be pressed."""
    found = (c for c in walk(components) if c.get("type") == BUTTON and c.get("custom_id") and not c.get("disabled"))
    return [str(button.get("label", "")) for button in found]


def is_growing(message: Message) -> bool:
    """Whether the bot is still writing it."""
    return bool(message.flags & MessageFlag.LOADING) or "Stop" in button_labels(message.components)


def card(message: Message, world: World, *, remark: str = "") -> RenderableType:
    """A whole message with who wrote it where; `remark` is said beside that."""
    bot = message.author is world.app.bot
    heading = Text(message.author.name, style="bold magenta" if bot else "bold green")
    remarks = [remark, "only you see this" if message.ephemeral else ""]
    aside = "".join(f" ({r})" for r in remarks if r)
    heading.append(f"  {where(world.channels[message.channel_id], world)}{aside}", style="not bold dim")
    shown = plain(message.content, world) or ("is thinking…" if message.flags & MessageFlag.LOADING else "")
    body = [markdown(shown)] if shown else []
    for attachment in message.attachments:
        name = plain(attachment.name, world)
        body.append(Text(f"file: {name} ({len(attachment.data):,} bytes)", style="blue"))
    if labels := button_labels(message.components):
        body.append(Text(" ".join(f"[{label}: /click {label.lower()}]" for label in labels), style="yellow"))
    return Group(heading, Indented(*body))


def markdown(text: str) -> Text:
    """A text with Discord's marks turned into styles."""
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


def _shortened(name: str) -> str:
    return name if len(name) <= TITLE else name[: TITLE - 1].rstrip() + "…"
