"""The slash commands and the context menu: their definitions, and what they become in the core."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any, Final, Protocol

import discord
import structlog
from discord import app_commands

from adapters.discord_app.inbound import PLATFORM, author_of, channel_of, conversation_of, is_thread, place_of, quote_of
from bot.messages import Ask, Control, ControlKind, Quote
from bot.ports import Memory

log = structlog.get_logger(__name__)

# Discord docs, interactions/application-commands.
MAX_CHOICES: Final = 25
_QUESTION_LIMIT: Final = 4_000
_SYNCED: Final = "discord/commands"

_SCOPES: Final = [
    app_commands.Choice(name="this conversation", value="conversation"),
    app_commands.Choice(name="me, everywhere", value="me"),
    app_commands.Choice(name="this channel", value="channel"),
    app_commands.Choice(name="this server", value="server"),
]


AnyCommand = app_commands.Command[Any, ..., None]


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

    def model_names(self, beginning: str) -> list[str]:
        """The models to choose from."""
        ...


def register(tree: app_commands.CommandTree[Any], desk: Desk) -> None:
    """Define all commands on this tree, usable in servers, direct messages and group chats."""
    for command in (_ask(desk), _model(desk), *_plain(desk), _ask_about(desk)):
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
        origin={
            "interaction": str(interaction.id),
            "application": str(interaction.application_id),
            "token": interaction.token,
            "member": "1" if bot_is_there(interaction) else "",
        },
    )


def bot_is_there(interaction: discord.Interaction) -> bool:
    """Whether the bot itself is a member of the place, and may write there of its own accord."""
    if interaction.guild_id is not None:
        return interaction.is_guild_integration()
    return bool(interaction.context.dm_channel and not interaction.context.private_channel)


def _control(interaction: discord.Interaction, kind: ControlKind, *, value: str = "", scope: str = "") -> Control:
    known = is_thread(channel_of(interaction)) or interaction.guild_id is None
    return Control(
        key=f"{PLATFORM}/interaction/{interaction.id}",
        kind=kind,
        conversation=conversation_of(interaction.guild_id, interaction.channel_id or 0) if known else "",
        address=place_of(interaction),
        actor=author_of(interaction.user, interaction.permissions),
        value=value,
        scope=scope,
    )


def _ask(desk: Desk) -> AnyCommand:
    @app_commands.describe(question="What you want to know")
    async def ask(interaction: discord.Interaction, question: app_commands.Range[str, 1, _QUESTION_LIMIT]) -> None:
        await desk.take_ask(interaction, read_ask(interaction, question))

    return AnyCommand(name="ask", description="Ask a question; the answer appears here", callback=ask)


def _ask_about(desk: Desk) -> app_commands.ContextMenu:
    async def ask_about(interaction: discord.Interaction, message: discord.Message) -> None:
        quote = quote_of(message, desk.me)
        ask = read_ask(interaction, "Explain this message.", *([quote] if quote else []))
        await desk.take_ask(interaction, ask)

    return app_commands.ContextMenu(name="Ask about this", callback=ask_about)


def _model(desk: Desk) -> AnyCommand:
    @app_commands.describe(
        name="The model, or “default”; leave it out to see which one is used", scope="For whom; else this conversation"
    )
    @app_commands.choices(scope=_SCOPES)
    async def model(
        interaction: discord.Interaction, name: str = "", scope: app_commands.Choice[str] | None = None
    ) -> None:
        control = _control(interaction, ControlKind.MODEL, value=name)
        chosen = scope.value if scope else ("conversation" if control.conversation else "me")
        await desk.take_control(
            interaction, _control(interaction, ControlKind.MODEL, value=name.strip().lower(), scope=chosen)
        )

    async def names(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        found = [*desk.model_names(current.strip()), "default"][:MAX_CHOICES]
        return [app_commands.Choice(name=name, value=name) for name in found]

    command = AnyCommand(name="model", description="Show or switch the model", callback=model)
    command.autocomplete("name")(names)
    return command


def _plain(desk: Desk) -> list[AnyCommand]:
    kinds = {
        "stop": (ControlKind.STOP, "Stop the answer that is being written"),
        "reset": (ControlKind.RESET, "Start this conversation afresh"),
        "help": (ControlKind.HELP, "What I can do and what is stored"),
    }

    def define(name: str, kind: ControlKind, description: str) -> AnyCommand:
        async def act(interaction: discord.Interaction) -> None:
            await desk.take_control(interaction, _control(interaction, kind))

        return AnyCommand(name=name, description=description, callback=act)

    return [define(name, kind, description) for name, (kind, description) in kinds.items()]
