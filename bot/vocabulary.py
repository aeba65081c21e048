"""The commands, defined once for all platforms, and how they are given in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot import texts
from bot.completion import Thinking
from bot.messages import ControlKind


class Takes(StrEnum):
    """What an option takes: a QUESTION is asked, a SCOPE says whom a setting is for, all others are the value."""

    QUESTION = "question"
    MODEL = "model"
    CHOICE = "choice"
    NUMBER = "number"
    SCOPE = "scope"


@dataclass(frozen=True, slots=True)
class Option:
    """What may follow a command; only a question must. In words a NUMBER comes after the option's name."""

    name: str
    takes: Takes
    description: str
    choices: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether the command says nothing without it."""
        return self.takes is Takes.QUESTION


@dataclass(frozen=True, slots=True)
class Command:
    """A command: the control that it is, or a question; `text` names the sentence in `bot.texts` about what it does.

    The first option is the question or the value, a second one is the scope.
    """

    name: str
    text: str
    kind: ControlKind | None = None
    options: tuple[Option, ...] = ()
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a setting is for: how it is offered in a list, and by what words it is named."""

    label: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """A command as it was given: without a `kind` it asks what `value` says; `scope` is "" when none was named."""

    kind: ControlKind | None
    value: str = ""
    scope: str = ""
    deferred: bool = False


SCOPES: Final[Mapping[str, Scope]] = {
    "conversation": Scope("this conversation", ("thread", "conversation")),
    "me": Scope("me, everywhere", ("me",)),
    "channel": Scope("this channel", ("here", "channel")),
    "server": Scope("this server", ("workspace", "server")),
}
# What takes a choice back, for the model and for the thinking.
DEFAULT: Final = "default"
SHOW: Final = "show"
HIDE: Final = "hide"
ON: Final = "on"

_QUESTION: Final = Option("question", Takes.QUESTION, "What you want to know")
_SCOPE: Final = Option("scope", Takes.SCOPE, "For whom; else this conversation")
_MODEL: Final = Option("name", Takes.MODEL, "The model, or “default”; leave it out to see which one is used")
_LEVEL: Final = Option(
    "level",
    Takes.CHOICE,
    "How much, or whether I show what I thought; leave it out to see what is chosen",
    (*Thinking, ON, DEFAULT, SHOW, HIDE),
)
_CANCEL: Final = Option("cancel", Takes.NUMBER, "The number of one that is not needed any more")

COMMANDS: Final = (
    Command("ask", "command_ask", None, (_QUESTION,)),
    Command("background", "command_background", None, (_QUESTION,), deferred=True),
    Command("model", "command_model", ControlKind.MODEL, (_MODEL, _SCOPE)),
    Command("thinking", "command_thinking", ControlKind.THINKING, (_LEVEL, _SCOPE)),
    Command("usage", "command_usage", ControlKind.USAGE),
    Command("jobs", "command_jobs", ControlKind.JOBS, (_CANCEL,)),
    Command("stop", "command_stop", ControlKind.STOP),
    Command("reset", "command_reset", ControlKind.RESET),
    Command("help", "command_help", ControlKind.HELP),
)
NAMES: Final = tuple(command.name for command in COMMANDS)
HELP: Final = Order(ControlKind.HELP)

_BY_NAME: Final = {command.name: command for command in COMMANDS}
_SCOPE_OF: Final = {word: name for name, scope in SCOPES.items() for word in scope.words}
_SPACE: Final = re.compile(r"\s+")


def read(text: str) -> Order | None:
    """The command that a text begins with, None when it begins with none; what makes no sense asks for help."""
    first, _, rest = _SPACE.sub(" ", text.strip(), count=1).partition(" ")
    command = _BY_NAME.get(first.lower())
    return None if command is None else _order(command, rest) or HELP


def read_whole(text: str) -> Order | None:
    """The command that a text is and nothing else; None for what may as well be a question."""
    return read(text.rstrip(".!")) if _WHOLE.fullmatch(text) else None


def syntax(command: Command) -> str:
    """How a command is written, with what may follow it."""
    return " ".join([command.name, *map(_placeholder, command.options)])


def listed(locale: str) -> str:
    """All commands with what they do, one on each line."""
    return "\n".join(f"**/{command.name}** {texts.say(command.text, locale)}" for command in COMMANDS)


def _order(command: Command, rest: str) -> Order | None:
    if not command.options:
        return Order(command.kind)
    first, *others = command.options
    if first.takes is Takes.QUESTION:
        return Order(None, rest, deferred=command.deferred) if rest else None
    words = rest.lower().split()
    value = _take_value(first, words)
    scope = " ".join(words).removeprefix("for ")
    if scope and not (others and scope in _SCOPE_OF):
        return None
    return Order(command.kind, value, _SCOPE_OF.get(scope, ""))


def _take_value(option: Option, words: list[str]) -> str:
    """Take the value off the words, which may as well begin with the scope."""
    if option.takes is Takes.NUMBER:
        if len(words) < 2 or words[0] != option.name:
            return ""
        del words[0]
    elif not words or words[0] == "for" or words[0] in _SCOPE_OF:
        return ""
    return words.pop(0)


def _placeholder(option: Option) -> str:
    inner = {
        Takes.QUESTION: f"<{option.name}>",
        Takes.MODEL: f"[{option.name}]",
        Takes.CHOICE: f"[{'|'.join(option.choices)}]",
        Takes.NUMBER: f"[{option.name} <number>]",
        Takes.SCOPE: f"[for {'|'.join(scope.words[0] for scope in list(SCOPES.values())[1:])}]",
    }
    return inner[option.takes]


def _pattern(command: Command) -> str:
    """What a whole text must look like to be this command."""
    if not command.options:
        return command.name
    first, *others = command.options
    values = {
        # The models' names have a digit, words of a question mostly do not.
        Takes.MODEL: rf"{DEFAULT}|[\w./:-]*\d[\w./:-]*",
        Takes.CHOICE: "|".join(first.choices),
        Takes.NUMBER: rf"{first.name}\s+\d+",
    }
    scope = r"(\s+for\s+\w+)?" if others else ""
    return rf"{command.name}(\s+({values[first.takes]}){scope})?"


_WHOLE: Final = re.compile(
    rf"({'|'.join(_pattern(command) for command in COMMANDS if command.kind is not None)})[.!]?", re.IGNORECASE
)
