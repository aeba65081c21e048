"""What can be said to the bot besides questions: `/glm …`, and in threads `!model …` or "@bot stop"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bot import vocabulary
from bot.messages import Address, Author, ControlKind
from bot.tool_commands import NO_TOOLS, Tools
from bot.vocabulary import Order

# Slack docs, messaging/formatting-message-text: mentions; an id alone may follow the word for what it is.
_REFERENCE: Final = re.compile(
    r"(?P<kind>user|channel):(?P<bare>[A-Z][A-Z0-9]+)\b(?!\.)|(?:\w+:)?<(?P<mark>[@#])(?P<marked>[A-Z0-9]+)(?:\|[^<>]*)?>"
)
_REFERRED: Final = {"@": "user", "#": "channel"}


def read_command(text: str, tools: Tools = NO_TOOLS) -> Order:
    """What follows `/glm`; no word and an unknown one ask for help."""
    return vocabulary.read(text, tools) or vocabulary.HELP


def read_words(text: str, tools: Tools = NO_TOOLS, *, mentioned: bool) -> Order | None:
    """The command that a message is, None for a question; without a "!" it must mention the bot, and that is all."""
    if text.startswith("!"):
        return vocabulary.read(text[1:], tools)
    return vocabulary.read_whole(text) if mentioned else None


def rule_words(order: Order, address: Address, author: Author) -> str:
    """The value of an order; people and channels of its giver's workspace that it names, as the core calls them."""
    if order.kind is not ControlKind.ACCESS:
        return order.value
    homes = {"user": author.id.rpartition(".")[0], "channel": address.workspace}
    return _REFERENCE.sub(lambda match: _scoped(match, homes), order.value)


def _scoped(match: re.Match[str], homes: Mapping[str, str]) -> str:
    kind = _REFERRED.get(match["mark"] or "", match["kind"])
    return f"{kind}:{homes[kind]}.{match['marked'] or match['bare']}"


def scope_at(scope: str, address: Address) -> str:
    """The core's scope for what was said at this place; alone with the bot, the place is oneself."""
    if address.direct and scope in {"", "channel"}:
        return "me"
    return scope or ("conversation" if address.thread else "me")
