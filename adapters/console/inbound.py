"""From a line of text to an Ask or a Control."""

from __future__ import annotations

from typing import Final

from bot.messages import Address, Ask, Author, Control, ControlKind

PLATFORM: Final = "console"
HERE: Final = Address(PLATFORM, "", "terminal")

_COMMANDS: Final = {
    f"/{kind}": kind for kind in (ControlKind.STOP, ControlKind.RESET, ControlKind.MODEL, ControlKind.HELP)
}


def conversation_of(author: Author) -> str:
    """The one conversation that somebody has here; it goes on after a restart, until /reset."""
    return f"{PLATFORM}/{author.id}"


def read_line(line: str, key: str, author: Author, at: float) -> Ask | Control:
    """The control that a line with a known command is, else an ask; `at` is in Unix seconds."""
    conversation = conversation_of(author)
    word, _, value = line.strip().partition(" ")
    kind = _COMMANDS.get(word)
    if kind is None:
        return Ask(f"{PLATFORM}/{key}", conversation, HERE, author, line.strip(), at, message=key)
    return Control(
        f"{PLATFORM}/{key}/{kind}", kind, conversation, HERE, author, value=value.strip(), scope="conversation"
    )
