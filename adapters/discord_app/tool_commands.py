"""Slash commands of tools: typed options with their bounds and choices, and what is offered while one types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from inspect import Parameter as Argument
from inspect import Signature
from typing import Any, Final

import discord
from discord import app_commands

from adapters.discord_app.commands import MAX_CHOICES, AnyCommand, Desk, Suggest, read_ask
from bot.tool_commands import Parameter, ToolCommand, Tools, Type, written

# Discord docs, interactions/application-commands: the bounds of what may be given for an option, for a text its length;
# Discord's OpenAPI description, Int53Type: the ends of numbers are one nearer to zero than the text says.
_LARGEST: Final = 2**53 - 1
_BOUNDS: Final[Mapping[Type, tuple[type, int, int]]] = {
    Type.TEXT: (str, 0, 6_000),
    Type.WHOLE: (int, -_LARGEST, _LARGEST),
    Type.NUMBER: (float, -_LARGEST, _LARGEST),
}


def define(tools: Tools, desk: Desk) -> Sequence[AnyCommand]:
    """The commands of these tools."""
    return [_define(command, desk) for command in tools.values()]


def _define(command: ToolCommand, desk: Desk) -> AnyCommand:
    # A parameter may be called by a word that Python keeps for itself.
    slots = {f"option_{number}": parameter for number, parameter in enumerate(command.parameters)}

    async def run(interaction: discord.Interaction, **options: object) -> None:
        given = {slots[slot].name: value for slot, value in options.items() if value is not None}
        ask = read_ask(interaction, command.shown(given))
        await desk.take_ask(interaction, replace(ask, call=command.call(given)))

    run.__signature__ = _signature(slots)  # pyright: ignore[reportFunctionMemberAccess]  # PEP 362: inspect reads it
    app_commands.rename(**{slot: parameter.name for slot, parameter in slots.items()})(run)
    app_commands.describe(**{slot: parameter.description for slot, parameter in slots.items()})(run)
    listed = {slot: _choices(parameter.choices) for slot, parameter in slots.items() if _is_listed(parameter)}
    app_commands.choices(**listed)(run)
    made = AnyCommand(name=command.name, description=command.description, callback=run)
    for slot, parameter in slots.items():
        offered = [written(choice) for choice in parameter.choices] or parameter.suggestions
        if offered and slot not in listed and _annotation(parameter) is not bool:
            made.autocomplete(slot)(_suggest(offered))
    return made


def _signature(slots: Mapping[str, Parameter]) -> Signature:
    """The parameters from which discord.py reads what the command takes."""
    return Signature(
        [
            Argument("interaction", Argument.POSITIONAL_OR_KEYWORD, annotation=discord.Interaction),
            *(
                Argument(
                    slot,
                    Argument.KEYWORD_ONLY,
                    default=Argument.empty if parameter.required else None,
                    annotation=_annotation(parameter),
                )
                for slot, parameter in slots.items()
            ),
        ]
    )


def _annotation(parameter: Parameter) -> Any:
    if parameter.choices:
        return str
    if parameter.type is Type.FLAG:
        return bool
    kind, lowest, highest = _BOUNDS[parameter.type]
    least = lowest if parameter.least is None else min(max(parameter.least, lowest), highest)
    most = highest if parameter.most is None else min(max(parameter.most, lowest), highest)
    # It makes whole numbers of them where the option takes such, but they must be of one type.
    return app_commands.Range[kind, float(least), float(most)]


def _is_listed(parameter: Parameter) -> bool:
    """Whether all choices can be shown; of more than Discord takes the fitting ones are offered while one types."""
    return 0 < len(parameter.choices) <= MAX_CHOICES


def _choices(values: Sequence[object]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=written(value), value=written(value)) for value in values]


def _suggest(offered: Sequence[str]) -> Suggest:
    async def suggest(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        letters = current.strip().casefold()
        return _choices([value for value in offered if letters in value.casefold()][:MAX_CHOICES])

    return suggest
