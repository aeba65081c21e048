"""What can be said to the bot besides questions: `/glm …`, and in threads `!model …` or "@bot stop"."""

from __future__ import annotations

from bot import vocabulary
from bot.messages import Address
from bot.vocabulary import Order


def read_command(text: str) -> Order:
    """What follows `/glm`; no word and an unknown one ask for help."""
    return vocabulary.read(text) or vocabulary.HELP


def read_words(text: str, *, mentioned: bool) -> Order | None:
    """The command that a message is, None for a question; without a "!" it must mention the bot, and that is all."""
    if text.startswith("!"):
        return vocabulary.read(text[1:])
    return vocabulary.read_whole(text) if mentioned else None


def scope_at(scope: str, address: Address) -> str:
    """The core's scope for what was said at this place; alone with the bot, the place is oneself."""
    if address.direct and scope in {"", "channel"}:
        return "me"
    return scope or ("conversation" if address.thread else "me")
