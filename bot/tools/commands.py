"""Makes commands of tools: their options follow from the arguments, as JSON Schema tells them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from bot.errors import OperatorError
from bot.tool_commands import Parameter, ToolCommand, Tools, Type
from bot.tools.registry import ToolFunction
from bot.vocabulary import NAMES

# Discord docs, interactions/application-commands: what a command may be called and how long it may be described, how
# many options it may have, how long what is offered for one may be, how many characters a definition and how many
# commands an application may have.
_NAME: Final = re.compile(r"[-_\w]{1,32}")
_DESCRIPTION: Final = 100
_OPTIONS: Final = 25
_OFFERED: Final = 100
_CHARACTERS: Final = 8_000
_COMMANDS: Final = 100

Schema = Mapping[str, Any]


def as_commands(tools: Sequence[ToolFunction]) -> Tools:
    """The tools that people may call themselves as commands by name; raises OperatorError for what can be none."""
    made: dict[str, ToolCommand] = {}
    for tool in tools:
        if not tool.command:
            continue
        command = _command(tool)
        if command.name in NAMES or command.name in made:
            raise _mistake(tool, "there is a command of that name already; give it another one")
        made[command.name] = command
    if len(made) + len(NAMES) > _COMMANDS:
        raise OperatorError(f"{len(made)} tools are commands; {_COMMANDS - len(NAMES)} at most may be (`command=True`)")
    return made


def _command(tool: ToolFunction) -> ToolCommand:
    name = tool.name.lower()
    if not _NAME.fullmatch(name):
        raise _mistake(tool, "the name of a command may have 32 characters at most; give it another one")
    required = set(cast("Sequence[str]", tool.schema.get("required", ())))
    found = [
        parameter
        for argument, schema in cast("Mapping[str, Schema]", tool.schema.get("properties", {})).items()
        if (parameter := _parameter(argument, _resolved(schema, tool.schema), required=argument in required))
    ]
    offered = sorted(found, key=lambda parameter: not parameter.required)[:_OPTIONS]
    missing = required - {parameter.argument for parameter in offered}
    if missing:
        raise _mistake(tool, f"a command cannot be given its parameter {min(missing)!r}; give it a default")
    if len({parameter.name for parameter in offered}) < len(offered):
        raise _mistake(tool, "the names of two of its parameters differ by capital letters only")
    command = ToolCommand(name, tool.name, _short(tool.description), tuple(offered))
    if _characters(command) > _CHARACTERS:
        raise _mistake(tool, f"its names, descriptions and choices are longer than {_CHARACTERS} characters")
    return command


def _mistake(tool: ToolFunction, what: str) -> OperatorError:
    return OperatorError(f"the tool {tool.name!r} ({tool.body.__module__}): {what}, or leave out `command=True`")


def _resolved(schema: Schema, root: Schema) -> Schema:
    """A parameter's schema by itself: without references, and of alternatives the one that can be written."""
    if "$ref" in schema:
        inner = cast("Schema", root.get("$defs", {}).get(str(schema["$ref"]).rpartition("/")[2], {}))
        return _resolved({**inner, **{key: value for key, value in schema.items() if key != "$ref"}}, root)
    if "anyOf" not in schema:
        return schema
    outer = {key: value for key, value in schema.items() if key != "anyOf"}
    # Null is what is not given.
    ways = [_resolved(way, root) for way in cast("Sequence[Schema]", schema["anyOf"]) if way.get("type") != "null"]
    if len(ways) == 1:
        return {**ways[0], **outer}
    return {"type": "string", **outer} if any(way.get("type") == Type.TEXT for way in ways) else outer


def _parameter(argument: str, schema: Schema, *, required: bool) -> Parameter | None:
    """What people may give for an argument, None for what cannot be written in one value."""
    choices = tuple(cast("Sequence[Any]", schema.get("enum") or ([schema["const"]] if "const" in schema else ())))
    kind = schema.get("type", Type.TEXT if choices else "")
    if kind not in list(Type) or not _NAME.fullmatch(argument):
        return None
    offered = all(isinstance(choice, str | float | int) and 0 < len(str(choice)) <= _OFFERED for choice in choices)
    least, most = _bounds(schema, Type(kind))
    return Parameter(
        argument.lower(),
        argument,
        Type(kind),
        _short(str(schema.get("description") or argument.replace("_", " "))),
        required,
        choices if offered else (),
        tuple(str(example) for example in schema.get("examples", ()) if 0 < len(str(example)) <= _OFFERED),
        least,
        most,
    )


def _bounds(schema: Schema, kind: Type) -> tuple[float | None, float | None]:
    if kind is Type.TEXT:
        return schema.get("minLength"), schema.get("maxLength")
    least, most = schema.get("minimum"), schema.get("maximum")
    if kind is Type.WHOLE:
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        least = above + 1 if above is not None else least
        most = below - 1 if below is not None else most
    return least, most


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _DESCRIPTION else f"{line[: _DESCRIPTION - 1]}…"


def _characters(command: ToolCommand) -> int:
    words = [command.name, command.description]
    for parameter in command.parameters:
        # A choice is sent as what is shown and as what is meant.
        words += [parameter.name, parameter.description, *(str(choice) * 2 for choice in parameter.choices)]
    return sum(map(len, words))
