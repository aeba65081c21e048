"""What can be said to the bot besides questions: `/glm …`, and in threads `!model …` or "@bot stop"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bot.messages import Address, ControlKind

_KINDS: Final = {
    "model": ControlKind.MODEL,
    "stop": ControlKind.STOP,
    "reset": ControlKind.RESET,
    "help": ControlKind.HELP,
}
_ASK: Final = "ask"
# What people call a scope, and its name in the core.
_SCOPES: Final = {
    "me": "me",
    "here": "channel",
    "channel": "channel",
    "workspace": "server",
    "thread": "conversation",
    "conversation": "conversation",
}
# A mention is a command only as a whole; the models' names have a digit, words of a question mostly do not.
_WHOLE: Final = re.compile(
    r"(stop|reset|help)[.!]?|model(\s+(default|[\w./:-]*\d[\w./:-]*)(\s+for\s+\w+)?)?", re.IGNORECASE
)


_SPACE: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it was given: without a `kind` it asks what `value` says; `scope` is "" when none was named."""

    kind: ControlKind | None
    value: str = ""
    scope: str = ""


_HELP: Final = Command(ControlKind.HELP)


def read_command(text: str) -> Command:
    """What follows `/glm`; no word, an unknown one and anything that makes no sense ask for help."""
    return _known(text) or _HELP


def read_words(text: str, *, mentioned: bool) -> Command | None:
    """The command that a message is, None for a question; without a "!" it must mention the bot, and that is all."""
    if text.startswith("!"):
        return _known(text[1:])
    if mentioned and _WHOLE.fullmatch(text):
        return read_command(text.rstrip(".!"))
    return None


def scope_at(scope: str, address: Address) -> str:
    """The core's scope for what was said at this place; alone with the bot, the place is oneself."""
    if address.direct and scope in {"", "channel"}:
        return "me"
    return scope or ("conversation" if address.thread else "me")


def _known(text: str) -> Command | None:
    first, _, rest = _SPACE.sub(" ", text.strip(), count=1).partition(" ")
    name = first.lower()
    if name == _ASK:
        return Command(None, rest) if rest else _HELP
    if name == "model":
        return _model(rest.lower().split())
    return Command(_KINDS[name]) if name in _KINDS else None


def _model(words: list[str]) -> Command:
    """`[name] [for scope]`, with or without the "for"."""
    name = words.pop(0) if words and words[0] != "for" and words[0] not in _SCOPES else ""
    scope = " ".join(words).removeprefix("for ")
    if scope and scope not in _SCOPES:
        return _HELP
    return Command(ControlKind.MODEL, name, _SCOPES.get(scope, ""))
