"""From a line of text to an Ask or a Control."""

from __future__ import annotations

from typing import Final

from bot import vocabulary
from bot.messages import Address, Ask, Author, Control
from bot.tool_commands import NO_TOOLS, Tools
from bot.vocabulary import Order

PLATFORM: Final = "console"
HERE: Final = Address(PLATFORM, "", "terminal")


def conversation_of(author: Author) -> str:
    """The one conversation that somebody has here; it goes on after a restart, until /reset."""
    return f"{PLATFORM}/{author.id}"


def read_line(line: str, key: str, author: Author, at: float, tools: Tools = NO_TOOLS) -> Ask | Control:
    """The control that a line with a known command is, else an ask; `at` is in Unix seconds."""
    conversation, words = conversation_of(author), line.strip()
    order = (vocabulary.read(words[1:], tools) if words.startswith("/") else None) or Order(None, words)
    if order.kind is None:
        return order.asked(Ask(f"{PLATFORM}/{key}", conversation, HERE, author, "", at, message=key), order.value)
    return Control(
        f"{PLATFORM}/{key}/{order.kind}",
        order.kind,
        conversation,
        HERE,
        author,
        value=order.value,
        scope=order.scope or "conversation",
    )
