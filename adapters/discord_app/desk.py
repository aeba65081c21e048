"""The desk: commands and buttons, acknowledged in time and answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Final, Protocol

import aiohttp
import discord
import structlog

from adapters.discord_app import controls
from adapters.discord_app.commands import bot_is_there
from bot import texts
from bot.errors import GlimmerError
from bot.messages import Address, Ask, Author, Control, ControlKind, Reply
from bot.ports import Inbox, Reception
from bot.vocabulary import SLOW

log = structlog.get_logger(__name__)

# Discord docs, interactions/receiving-and-responding: the first response counts within 3 seconds.
ANSWER_WITHIN: Final = 3.0

# What discord.py raises when the acknowledgement is answered without a body: it has been made all the same.
_NO_BODY = (KeyError, TypeError)
# What became of an ask -> the sentence that says so at once.
_NOT_TAKEN: Final = {None: "not_stored", Reception.FULL: "queue_full"}
_UNANSWERED = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)


class Connection(Protocol):
    """What the desk needs from the adapter."""

    @property
    def me(self) -> discord.ClientUser:
        """The bot's own user."""
        ...

    @property
    def inbox(self) -> Inbox:
        """Where asks and controls go."""
        ...


class Desk:
    """Stores what an interaction brings before it is acknowledged; Discord waits 3 seconds for that."""

    def __init__(self, connection: Connection, model_names: Sequence[str]) -> None:
        self._connection = connection
        self._model_names = model_names
        self._tickets: dict[str, asyncio.Future[str]] = {}

    @property
    def me(self) -> discord.ClientUser:
        """The bot's own user."""
        return self._connection.me

    def model_names(self, letters: str) -> Sequence[str]:
        """The models whose names contain these letters."""
        return [name for name in self._model_names if letters.lower() in name]

    async def tool_names(self, address: Address, author: Author) -> Sequence[str]:
        """The tools that somebody may switch."""
        return await self._connection.inbox.tool_names(address, author)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Act on a button; commands go through the tree."""
        if interaction.type is not discord.InteractionType.component:
            return
        control = controls.read_click(interaction)
        if control is None:
            return
        if control.kind is ControlKind.CONTINUE and not bot_is_there(interaction):
            # The rest would be a message of its own, which the bot may not write where it is no member.
            await _respond(interaction, texts.say("only_member", control.address.locale))
        else:
            await self.take_control(interaction, control)

    async def take_ask(self, interaction: discord.Interaction, ask: Ask) -> None:
        """Store an ask and acknowledge the command; its answer waits for the acknowledgement."""
        if ask.deferred and not bot_is_there(interaction):
            # Its answer would come after the command's token has run out, where the bot may not write.
            await _respond(interaction, texts.say("only_member", ask.address.locale))
            return
        await self._promise(interaction, self._store(ask))

    async def _promise(self, interaction: discord.Interaction, storing: Awaitable[tuple[str, bool]]) -> None:
        """Acknowledge a command once it is stored, visibly or not; its answer waits for that.

        What could not be stored has a sentence that says so instead.
        """
        ticket: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._tickets[str(interaction.id)] = ticket
        message_id = ""
        try:
            sentence, hidden = await storing
            if sentence:
                del self._tickets[str(interaction.id)]
                await _respond(interaction, sentence)
            else:
                message_id = await _acknowledge(interaction, ephemeral=hidden)
        except _UNANSWERED as error:
            log.warning("interaction.not_acknowledged", reason=str(error)[:200])
        finally:
            ticket.set_result(message_id)

    async def _store(self, ask: Ask) -> tuple[str, bool]:
        """Store an ask: the sentence when that failed, and whether only its giver shall see what comes."""
        reception = None
        with suppress(GlimmerError):
            # A command can be told at once that it was not stored; who sends it again makes a new one.
            reception = await self._connection.inbox.ask(ask)
        text = _NOT_TAKEN.get(reception)
        # Why it is refused is said by who has refused it, and is nobody else's business.
        return texts.say(text, ask.address.locale) if text else "", reception is Reception.REFUSED

    async def acknowledged(self, interaction: str) -> str:
        """Wait until a command was acknowledged; the id of the message that its answer will be, "" if unknown."""
        ticket = self._tickets.pop(interaction, None)
        return await ticket if ticket is not None else ""

    async def take_control(self, interaction: discord.Interaction, control: Control) -> None:
        """Store a control, act on it and answer."""
        if control.kind in SLOW:
            await self._promise(interaction, self._store_control(control))
        else:
            await _respond(interaction, (await self._act(control)).text)

    async def _store_control(self, control: Control) -> tuple[str, bool]:
        return (await self._act(control)).text, True

    async def _act(self, control: Control) -> Reply:
        try:
            return await self._connection.inbox.control(control)
        except GlimmerError as error:
            log.error("control.not_stored", key=control.key, reason=str(error))  # noqa: TRY400  # it has no news
            return Reply(texts.say("not_stored", control.address.locale))


async def _acknowledge(interaction: discord.Interaction, *, ephemeral: bool) -> str:
    """Show that an answer is coming; the id of its message, "" where Discord does not tell."""
    async with asyncio.timeout(ANSWER_WITHIN):
        with suppress(*_NO_BODY):
            response = await interaction.response.defer(ephemeral=ephemeral, thinking=True)
            return str(response.message_id or "") if response else ""
    return ""


async def _respond(interaction: discord.Interaction, sentence: str) -> None:
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            with suppress(*_NO_BODY):
                if sentence:
                    await interaction.response.send_message(sentence, ephemeral=True)
                else:
                    await interaction.response.defer()
    except _UNANSWERED as error:
        log.warning("interaction.not_acknowledged", reason=str(error)[:200])
