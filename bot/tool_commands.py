"""Tools as commands: what may be given to them, and how that is written in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.completion import ToolCall

# A call that a person makes is the only one of its turn.
_CALL: Final = "command"
# Characters of words that fit nowhere, as they are told to whoever wrote them.
_STRAY: Final = 40
# So many choices are named where it is said how a command is written.
_FEW: Final = 6


class Type(StrEnum):
    """What a parameter takes, by the words of JSON Schema."""

    TEXT = "string"
    WHOLE = "integer"
    NUMBER = "number"
    FLAG = "boolean"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may be given to a tool under this `name`; the tool itself calls it `argument`.

    One of the `choices` must be given where there are any, `suggestions` are only offered. `least` and `most` bound a
    number, or the length of a text.
    """

    name: str
    argument: str
    type: Type
    description: str
    required: bool = False
    choices: tuple[str | float, ...] = ()
    suggestions: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    def value(self, given: object) -> object:
        """What was given, as the tool takes it; the tool box complains about what cannot be read."""
        if not isinstance(given, str):
            return given
        for choice in self.choices:
            if written(choice).casefold() == given.casefold():
                return choice
        with suppress(ValueError):
            if self.type is Type.WHOLE:
                return int(given)
            if self.type is Type.NUMBER:
                return float(given)
        return given


@dataclass(frozen=True, slots=True)
class ToolCommand:
    """A tool that people call by this `name`; the required ones of its parameters come first."""

    name: str
    tool: str
    description: str
    parameters: tuple[Parameter, ...] = ()

    def call(self, given: Mapping[str, object]) -> ToolCall:
        """The call with these values by the names of the parameters."""
        names = {parameter.name for parameter in self.parameters}
        known = {item.argument: item.value(given[item.name]) for item in self.parameters if item.name in given}
        strays = {name: value for name, value in given.items() if name not in names}
        return ToolCall(_CALL, self.tool, json.dumps(known | strays, ensure_ascii=False))

    def read(self, words: str) -> Mapping[str, str]:
        """What words give: `name:value` pairs, and the text before them to the first parameter that is open for it."""
        pairs = list(self._pair.finditer(words)) if self.parameters else []
        borders = [*(pair.start() for pair in pairs), len(words)]
        given = {pair[1].lower(): words[pair.end() : end].strip() for pair, end in zip(pairs, borders[1:], strict=True)}
        given = {name: value for name, value in given.items() if value}
        free = words[: borders[0]].strip()
        if free:
            given[next((name for name in self._open if name not in given), free[:_STRAY])] = free
        return given

    def shown(self, given: Mapping[str, object]) -> str:
        """The command with these values as one would write it."""
        first = next(iter(self._open), "")
        words = [written(given[first])] if first in given else []
        words += [f"{name}:{written(value)}" for name, value in given.items() if name != first]
        return " ".join([f"/{self.name}", *words])

    @property
    def syntax(self) -> str:
        """How the command is written, with what may follow it."""
        first = next(iter(self._open), "")
        words = [
            (f"<{item.name}>" if item.name == first else f"{item.name}:<{_taken(item)}>", item.required)
            for item in self.parameters
        ]
        return " ".join([self.name, *(word if required else f"[{word}]" for word, required in words)])

    @property
    def _open(self) -> list[str]:
        """The parameters that words without a name may be for, the first text first."""
        texts = [parameter.name for parameter in self.parameters if parameter.type is Type.TEXT]
        return texts + [parameter.name for parameter in self.parameters if parameter.name not in texts]

    @property
    def _pair(self) -> re.Pattern[str]:
        names = "|".join(re.escape(parameter.name) for parameter in self.parameters)
        # People who write Chinese have the wide colon at hand.
        return re.compile(rf"(?<!\S)({names})[:\uff1a]", re.IGNORECASE)


_WORDS: Final[Mapping[Type, str]] = {
    Type.TEXT: "text",
    Type.WHOLE: "number",
    Type.NUMBER: "number",
    Type.FLAG: "yes|no",
}
Tools = Mapping[str, ToolCommand]
NO_TOOLS: Final[Tools] = MappingProxyType({})


def _taken(parameter: Parameter) -> str:
    if 0 < len(parameter.choices) <= _FEW:
        return "|".join(map(written, parameter.choices))
    return _WORDS[parameter.type]


def written(value: object) -> str:
    """A value as one writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
