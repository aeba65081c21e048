"""The slash commands and the context menu: their definitions, and what they become in the core."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from inspect import Parameter, Signature
from typing import Any, Final, Protocol

import discord
import structlog
from discord import app_commands

from adapters.discord_app.inbound import PLATFORM, author_of, channel_of, conversation_of, is_thread, place_of, quote_of
from bot import texts
from bot.messages import Address, Ask, Author, Control, Quote
from bot.ports import Memory
from bot.vocabulary import COMMANDS, DEFAULT, SCOPES, Command, Option, Takes

log = structlog.get_logger(__name__)

# Discord docs, interactions/application-commands.
MAX_CHOICES: Final = 25
_QUESTION_LIMIT: Final = 4_000
_SYNCED: Final = "discord/commands"

# What an option is in Discord's eyes; all others are words.
_KINDS: Final[Mapping[Takes, object]] = {
    Takes.QUESTION: app_commands.Range[str, 1, _QUESTION_LIMIT],
    Takes.NUMBER: app_commands.Range[int, 1],
}

# Discord docs, reference#message-formatting: mentions, which may follow the word for what they are.
_REFERENCE: Final = re.compile(r"(?:(?P<word>\w+):)?<(?P<mark>@!?|@&|#)(?P<id>\d+)>")
_REFERRED: Final = {"@": "user", "@!": "user", "@&": "role", "#": "channel"}

AnyCommand = app_commands.Command[Any, ..., None]
Suggest = Callable[[discord.Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]


class Desk(Protocol):
    """What commands are handed to."""

    @property
    def me(self) -> discord.ClientUser:
        """The bot's own user."""
        ...

    async def take_ask(self, interaction: discord.Interaction, ask: Ask) -> None:
        """Store an ask and acknowledge the command."""
        ...

    async def take_control(self, interaction: discord.Interaction, control: Control) -> None:
        """Store a control, act on it and answer the command."""
        ...

    def model_names(self, letters: str) -> Sequence[str]:
        """The models whose names contain these letters."""
        ...

    async def tool_names(self, address: Address, author: Author) -> Sequence[str]:
        """The tools that somebody may switch."""
        ...


# What is offered to somebody who has typed so much of an option.
Offer = Callable[[Desk, discord.Interaction, str], Awaitable[Sequence[str]]]


def register(tree: app_commands.CommandTree[Any], desk: Desk, tools: Sequence[AnyCommand] = ()) -> None:
    """Define all commands on this tree, usable in servers, direct messages and group chats."""
    for command in (*(_define(command, desk) for command in COMMANDS), *tools, _ask_about(desk)):
        app_commands.allowed_installs(guilds=True, users=True)(command)
        app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)(command)
        tree.add_command(command)


async def sync(tree: app_commands.CommandTree[Any], memory: Memory, application: int) -> bool:
    """Send the definitions to Discord if they have changed since the last time; whether they had."""
    definitions = sorted((command.to_dict(tree) for command in tree.get_commands()), key=lambda item: str(item["name"]))
    text = json.dumps([application, definitions], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if await memory.recall(_SYNCED) == digest:
        return False
    await tree.sync()
    await memory.remember(_SYNCED, digest)
    log.info("commands.synced", count=len(definitions))
    return True


def read_ask(interaction: discord.Interaction, text: str, *quotes: Quote) -> Ask:
    """The ask that a command is."""
    in_thread = is_thread(channel_of(interaction))
    direct = interaction.guild_id is None
    root = interaction.channel_id if (in_thread or direct) and interaction.channel_id else interaction.id
    return Ask(
        key=f"{PLATFORM}/interaction/{interaction.id}",
        conversation=conversation_of(interaction.guild_id, root),
        address=place_of(interaction),
        author=author_of(interaction.user, interaction.permissions),
        text=text,
        at=time.time(),
        message="",
        alone=True,
        quotes=quotes,
        origin=_origin(interaction) | {"member": "1" if bot_is_there(interaction) else ""},
    )


def bot_is_there(interaction: discord.Interaction) -> bool:
    """Whether the bot itself is a member of the place, and may write there of its own accord."""
    if interaction.guild_id is not None:
        return interaction.is_guild_integration()
    return bool(interaction.context.dm_channel and not interaction.context.private_channel)


def _control(interaction: discord.Interaction, command: Command, given: Mapping[Takes, str]) -> Control:
    assert command.kind is not None
    known = is_thread(channel_of(interaction)) or interaction.guild_id is None
    return Control(
        key=f"{PLATFORM}/interaction/{interaction.id}",
        kind=command.kind,
        conversation=conversation_of(interaction.guild_id, interaction.channel_id or 0) if known else "",
        address=place_of(interaction),
        actor=author_of(interaction.user, interaction.permissions),
        value=" ".join(_read_value(takes, value) for takes, value in given.items() if takes is not Takes.SCOPE),
        scope=given.get(Takes.SCOPE, "conversation" if known else "me"),
        origin=_origin(interaction),
    )


def _origin(interaction: discord.Interaction) -> dict[str, str]:
    """What it takes to answer a command later."""
    return {
        "interaction": str(interaction.id),
        "application": str(interaction.application_id),
        "token": interaction.token,
    }


def _read_value(takes: Takes, value: str) -> str:
    """What was given for an option; mentions among words become what rules call them."""
    if takes is Takes.TOOL:
        return value.strip()
    if takes is not Takes.WORDS:
        return value.strip().lower()
    return _REFERENCE.sub(_named, value.strip())


def _named(match: re.Match[str]) -> str:
    """What rules call what was mentioned; Discord mentions categories as it does channels."""
    kind = _REFERRED[match["mark"]]
    if kind == "channel" and (match["word"] or "").lower() == "category":
        kind = "category"
    return f"{kind}:{match['id']}"


def _define(command: Command, desk: Desk) -> AnyCommand:
    async def run(interaction: discord.Interaction, **options: object) -> None:
        given = {
            option.takes: str(options[option.name])
            for option in command.options
            if options.get(option.name) is not None
        }
        if command.kind is None:
            ask = read_ask(interaction, given[Takes.QUESTION])
            await desk.take_ask(interaction, replace(ask, deferred=command.deferred))
        else:
            await desk.take_control(interaction, _control(interaction, command, given))

    run.__signature__ = _signature(command)  # pyright: ignore[reportFunctionMemberAccess]  # PEP 362: inspect reads it
    app_commands.describe(**{option.name: option.description for option in command.options})(run)
    app_commands.choices(**{option.name: choices for option in command.options if (choices := _choices(option))})(run)
    made = AnyCommand(name=command.name, description=texts.say(command.text), callback=run)
    for option in command.options:
        if option.takes in _OFFERS:
            made.autocomplete(option.name)(_suggest(_OFFERS[option.takes], desk))
    return made


def _signature(command: Command) -> Signature:
    """The parameters from which discord.py reads what a command takes."""
    return Signature(
        [
            Parameter("interaction", Parameter.POSITIONAL_OR_KEYWORD, annotation=discord.Interaction),
            *(
                Parameter(
                    option.name,
                    Parameter.KEYWORD_ONLY,
                    default=Parameter.empty if option.required else None,
                    annotation=_KINDS.get(option.takes, str),
                )
                for option in command.options
            ),
        ]
    )


def _choices(option: Option) -> list[app_commands.Choice[str]]:
    if option.takes is Takes.SCOPE:
        return [app_commands.Choice(name=scope.label, value=name) for name, scope in SCOPES.items()]
    return [app_commands.Choice(name=choice, value=choice) for choice in option.choices]


def _suggest(offered: Offer, desk: Desk) -> Suggest:
    async def suggest(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        found = await offered(desk, interaction, current.strip())
        return [app_commands.Choice(name=name, value=name) for name in found[:MAX_CHOICES]]

    return suggest


async def _models(desk: Desk, interaction: discord.Interaction, letters: str) -> Sequence[str]:
    return [*desk.model_names(letters), DEFAULT]


async def _tools(desk: Desk, interaction: discord.Interaction, letters: str) -> Sequence[str]:
    names = await desk.tool_names(place_of(interaction), author_of(interaction.user, interaction.permissions))
    return [name for name in names if letters.casefold() in name.casefold()]


_OFFERS: Final[Mapping[Takes, Offer]] = {Takes.MODEL: _models, Takes.TOOL: _tools}


def _ask_about(desk: Desk) -> app_commands.ContextMenu:
    async def ask_about(interaction: discord.Interaction, message: discord.Message) -> None:
        quote = quote_of(message, desk.me)
        ask = read_ask(interaction, "Explain this message.", *([quote] if quote else []))
        await desk.take_ask(interaction, ask)

    return app_commands.ContextMenu(name="Ask about this", callback=ask_about)
