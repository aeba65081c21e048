"""The commands, defined once for all platforms, and how they are given in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from bot import texts
from bot.completion import Thinking, ToolCall
from bot.messages import Ask, ControlKind
from bot.personas import personas
from bot.tool_commands import NO_TOOLS, ToolCommand, Tools


class Takes(StrEnum):
    """What an option takes: a QUESTION is asked, a SCOPE says whom a setting is for, all others are the value.

    WORDS are all that follows, as they were written, a TOOL is one such word; all else is in lower case. CONFIRM is the
    word that confirms the command.
    """

    QUESTION = "question"
    MODEL = "model"
    CHOICE = "choice"
    NUMBER = "number"
    WORDS = "words"
    TOOL = "tool"
    CONFIRM = "confirm"
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

    The first option is the question or the value, others are the rest of the value, or the scope as the last.
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
    """A command as it was given: without a `kind` it asks what `value` says; `scope` is "" when none was named.

    With a `tool` the value is what that is given.
    """

    kind: ControlKind | None
    value: str = ""
    scope: str = ""
    deferred: bool = False
    tool: ToolCommand | None = None

    def shown(self, words: str) -> str:
        """The question with the value in these words, as others shall see it."""
        return f"/{self.tool.name} {words}".rstrip() if self.tool else words

    def call(self, words: str) -> ToolCall | None:
        """The call of the tool with the value in these words."""
        return self.tool.call(self.tool.read(words)) if self.tool else None

    def asked(self, ask: Ask, words: str) -> Ask:
        """The ask that this order makes of one, with the value in these words."""
        made = replace(ask, text=self.shown(words), addressed=True, deferred=self.deferred)
        return replace(made, alone=True, call=self.call(words)) if self.tool else made


SCOPES: Final[Mapping[str, Scope]] = {
    "conversation": Scope("this conversation", ("thread", "conversation")),
    "me": Scope("me, everywhere", ("me",)),
    "channel": Scope("this channel", ("here", "channel")),
    "server": Scope("this server", ("workspace", "server")),
}
# These may take longer than platforms wait for the answer to a command: it is acknowledged once they are stored.
SLOW: Final = frozenset({ControlKind.EXPORT, ControlKind.FORGET})
# What takes a choice back, for the model, the persona and the thinking.
DEFAULT: Final = "default"
SHOW: Final = "show"
HIDE: Final = "hide"
ON: Final = "on"
OFF: Final = "off"
# What is to be forgotten, and the word that confirms it.
HERE: Final = "here"
EVERYTHING: Final = "everything"
YES: Final = "yes"

_QUESTION: Final = Option("question", Takes.QUESTION, "What you want to know")
_SCOPE: Final = Option("scope", Takes.SCOPE, "For whom; else this conversation")
_MODEL: Final = Option("name", Takes.MODEL, "The model, or “default”; leave it out to see which one is used")
_LEVEL: Final = Option(
    "level",
    Takes.CHOICE,
    "How much, or whether I show what I thought; leave it out to see what is chosen",
    (*Thinking, ON, DEFAULT, SHOW, HIDE),
)
_PERSONA: Final = Option(
    "name", Takes.CHOICE, "Who I shall be; leave it out to see whom you can choose", (*personas(), DEFAULT)
)
_SWITCH: Final = Option("switch", Takes.CHOICE, "On or off; leave it out to see the tools", (ON, OFF))
_TOOL: Final = Option("name", Takes.TOOL, "The tool that is to be switched")
_FORMAT: Final = Option("format", Takes.CHOICE, "Markdown (md) or JSON; else Markdown", ("md", "json"))
_EXTENT: Final = Option("what", Takes.CHOICE, "This conversation, or everything on this platform", (HERE, EVERYTHING))
_CONFIRM: Final = Option("confirm", Takes.CONFIRM, "“yes”: it cannot be undone", (YES,))
_ACTION: Final = Option(
    "action",
    Takes.CHOICE,
    "What to do; leave it out to see the rules",
    (SHOW, "allow", "deny", "clear", "default", "quota", "log"),
)
_RULE: Final = Option("rule", Takes.WORDS, "For instance channel:here, user:@somebody, or user 50 requests")
_CANCEL: Final = Option("cancel", Takes.NUMBER, "The number of one that is not needed any more")

COMMANDS: Final = (
    Command("ask", "command_ask", None, (_QUESTION,)),
    Command("background", "command_background", None, (_QUESTION,), deferred=True),
    Command("model", "command_model", ControlKind.MODEL, (_MODEL, _SCOPE)),
    Command("persona", "command_persona", ControlKind.PERSONA, (_PERSONA, _SCOPE)),
    Command("tools", "command_switch", ControlKind.TOOLS, (_SWITCH, _TOOL, _SCOPE)),
    Command("thinking", "command_thinking", ControlKind.THINKING, (_LEVEL, _SCOPE)),
    Command("usage", "command_usage", ControlKind.USAGE),
    Command("jobs", "command_jobs", ControlKind.JOBS, (_CANCEL,)),
    Command("export", "command_export", ControlKind.EXPORT, (_FORMAT,)),
    Command("forget", "command_forget", ControlKind.FORGET, (_EXTENT, _CONFIRM)),
    Command("access", "command_access", ControlKind.ACCESS, (_ACTION, _RULE)),
    Command("stop", "command_stop", ControlKind.STOP),
    Command("retry", "command_retry", ControlKind.RETRY),
    Command("reset", "command_reset", ControlKind.RESET),
    Command("help", "command_help", ControlKind.HELP),
)
NAMES: Final = tuple(command.name for command in COMMANDS)
HELP: Final = Order(ControlKind.HELP)

# How many tools are listed: with all of them the list might not fit into a message.
_LISTED: Final = 11
_BY_NAME: Final = {command.name: command for command in COMMANDS}
_SCOPE_OF: Final = {word: name for name, scope in SCOPES.items() for word in scope.words}
_SPACE: Final = re.compile(r"\s+")


def read(text: str, tools: Tools = NO_TOOLS) -> Order | None:
    """The command that a text begins with, None when it begins with none; what makes no sense asks for help."""
    first, _, rest = _SPACE.sub(" ", text.strip(), count=1).partition(" ")
    if first.lower() in tools:
        return Order(None, rest, tool=tools[first.lower()])
    command = _BY_NAME.get(first.lower())
    return None if command is None else _order(command, rest) or HELP


def read_whole(text: str) -> Order | None:
    """The command that a text is and nothing else; None for what may as well be a question."""
    return read(text.rstrip(".!")) if _WHOLE.fullmatch(text) else None


def syntax(command: Command) -> str:
    """How a command is written, with what may follow it."""
    return " ".join([command.name, *map(_placeholder, command.options)])


def listed(locale: str, tools: Tools = NO_TOOLS) -> str:
    """All commands with what they do, one on each line, and in a last line the tools."""
    lines = [f"**/{command.name}** {texts.say(command.text, locale)}" for command in COMMANDS]
    if tools:
        names = ", ".join(f"**/{name}**" for name in list(tools)[:_LISTED])
        lines.append(texts.say("command_tools", locale, names=names + ("…" if len(tools) > _LISTED else "")))
    return "\n".join(lines)


def _order(command: Command, rest: str) -> Order | None:
    if not command.options:
        return Order(command.kind)
    first, *others = command.options
    if first.takes is Takes.QUESTION:
        return Order(None, rest, deferred=command.deferred) if rest else None
    if any(option.takes is Takes.WORDS for option in others):
        return Order(command.kind, rest.strip())
    words = rest.split()
    scoped = command.options[-1].takes is Takes.SCOPE
    values = [
        _take_value(option, words, scoped=scoped) for option in command.options if option.takes is not Takes.SCOPE
    ]
    scope = " ".join(words).lower().removeprefix("for ")
    if scope and not (scoped and scope in _SCOPE_OF):
        return None
    return Order(command.kind, " ".join(filter(None, values)), _SCOPE_OF.get(scope, ""))


def _take_value(option: Option, words: list[str], *, scoped: bool) -> str:
    """Take the value off the words, which may as well begin with the scope where the command is `scoped`."""
    first = words[0].lower() if words else ""
    if option.takes is Takes.NUMBER:
        if len(words) < 2 or first != option.name:
            return ""
        del words[0]
    elif not words or (scoped and (first == "for" or first in _SCOPE_OF)):
        return ""
    word = words.pop(0)
    return word if option.takes is Takes.TOOL else word.lower()


def _placeholder(option: Option) -> str:
    inner = {
        Takes.QUESTION: f"<{option.name}>",
        Takes.MODEL: f"[{option.name}]",
        Takes.CHOICE: f"[{'|'.join(option.choices)}]",
        Takes.NUMBER: f"[{option.name} <number>]",
        Takes.WORDS: f"[{option.name}]",
        Takes.TOOL: f"[{option.name}]",
        Takes.CONFIRM: f"[{'|'.join(option.choices)}]",
        Takes.SCOPE: f"[for {'|'.join(scope.words[0] for scope in list(SCOPES.values())[1:])}]",
    }
    return inner[option.takes]


def _pattern(command: Command) -> str:
    """What a whole text must look like to be this command."""
    if not command.options:
        return command.name
    first, *others = command.options
    further = {
        Takes.SCOPE: r"(\s+for\s+\w+)?",
        Takes.TOOL: r"(\s+[\w-]+)?",
        Takes.CONFIRM: rf"(\s+{YES})?",
    }
    values = {
        # The models' names have a digit, words of a question mostly do not.
        Takes.MODEL: rf"{DEFAULT}|[\w./:-]*\d[\w./:-]*",
        Takes.CHOICE: "|".join(first.choices),
        Takes.NUMBER: rf"{first.name}\s+\d+",
    }
    rest = "".join(further.get(option.takes, "") for option in others)
    return rf"{command.name}(\s+({values[first.takes]}){rest})?"


_WHOLE: Final = re.compile(
    rf"({'|'.join(_pattern(command) for command in COMMANDS if command.kind is not None)})[.!]?", re.IGNORECASE
)
