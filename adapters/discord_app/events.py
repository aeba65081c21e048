"""Messages, their edits and deletions, as they come from the gateway or are read after an absence."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any, Final, Protocol

import discord
import structlog

from adapters.discord_app import inbound
from adapters.discord_app.catchup import CatchUp
from adapters.discord_app.courtesy import Courtesy
from bot import texts
from bot.errors import GlimmerError
from bot.messages import Ask, Control, ControlKind
from bot.ports import Inbox

log = structlog.get_logger(__name__)

# Before a message is refused because it could not be stored, this many tries, and seconds between them.
_TRIES: Final = 3
_BETWEEN_TRIES: Final = 0.2


class Connection(Protocol):
    """What events need from the adapter."""

    @property
    def me(self) -> discord.ClientUser:
        """The bot's own user."""
        ...

    @property
    def inbox(self) -> Inbox:
        """Where events go."""
        ...


class Events:
    """Handlers of discord.py's message events, named as it names them."""

    def __init__(self, connection: Connection, catchup: CatchUp, courtesy: Courtesy) -> None:
        self._connection = connection
        self._catchup = catchup
        self._courtesy = courtesy
        self._parents: dict[int, int | None] = {}
        self.closed = False

    async def on_message(self, message: discord.Message) -> None:
        """Take in a message that is for the bot, or was said in one of its threads."""
        await self._take(message, time.time())

    async def on_missed(self, message: discord.Message) -> bool:
        """Take in what was said while the bot was away, dated back to then; whether it was addressed to the bot."""
        return await self._take(message, message.created_at.timestamp())

    async def _take(self, message: discord.Message, at: float) -> bool:
        """Whether the message was addressed to the bot."""
        if self.closed:
            return False
        if not inbound.is_person(message) and not inbound.is_other_bot(message, self._connection.me):
            self._catchup.saw(message.id)
            return False
        parent = await self._parent(message.channel)
        await self._complete(message)
        ask = inbound.read_message(message, self._connection.me, parent, at)
        concerns_us = ask.addressed or (parent is not None and bool(ask.text or ask.attachments))
        if concerns_us and message.guild is not None and not ask.address.category:
            category = await self._category(message.guild, parent or message.channel.id)
            ask = replace(ask, address=replace(ask.address, category=category))
        if not concerns_us or await self._store(ask):
            self._catchup.saw(message.id)
        else:
            self._catchup.missed(message.id)
        return ask.addressed

    async def _complete(self, message: discord.Message) -> None:
        """Look up what a reply answers where Discord did not tell; a message that was deleted is told to be so."""
        reference = message.reference
        if message.type is not discord.MessageType.reply or reference is None or reference.message_id is None:
            return
        if reference.resolved is None:
            reference.resolved = await self._courtesy.message(message.channel.id, reference.message_id)

    async def _store(self, ask: Ask) -> bool:
        """Store an ask; after several failures tell the asker."""
        for trial in range(1, _TRIES + 1):
            try:
                await self._connection.inbox.ask(ask)
            except GlimmerError as error:
                log.error("ask.not_stored", key=ask.key, trial=trial, reason=str(error))  # noqa: TRY400  # it has no news
                await asyncio.sleep(_BETWEEN_TRIES)
            else:
                return True
        if ask.addressed:
            await self._courtesy.tell(ask, texts.say("not_stored", ask.address.locale))
        return False

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """An edited question changes what is asked, if it is not yet being answered."""
        message = event.message
        # Without the privileged intent the content of most edits is not told: then nothing is known to have changed.
        if inbound.is_person(message) and message.content:
            text = inbound.clean(message, self._connection.me)
            await self._steer(ControlKind.QUESTION_EDITED, inbound.message_key(event.message_id), text)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A deleted question is withdrawn, a deleted answer is stopped."""
        await self._deleted(event.message_id)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Many messages were deleted at once."""
        for message_id in event.message_ids:
            await self._deleted(message_id)

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        """A thread was deleted: what is being written there ends with its next call, nothing new is looked up."""
        self._parents.pop(event.thread_id, None)

    async def _deleted(self, message_id: int) -> None:
        await self._steer(ControlKind.QUESTION_DELETED, inbound.message_key(message_id))
        await self._steer(ControlKind.ANSWER_DELETED, str(message_id))

    async def _steer(self, kind: ControlKind, target: str, value: str = "") -> None:
        address = inbound.address_of(None, discord.Object(0), None)
        actor = inbound.author_of(self._connection.me)
        await self._connection.inbox.control(Control(f"{kind}/{target}", kind, "", address, actor, target, value))

    async def _category(self, guild: discord.Guild, channel_id: int) -> str:
        """The category of a channel of which discord.py has not heard yet; of all others it knows theirs."""
        known = guild.get_channel(channel_id) or await self._courtesy.channel(channel_id)
        return str(getattr(known, "category_id", None) or "")

    async def _parent(self, channel: Any) -> int | None:
        """The channel of a thread, None for anything else; looked up once where discord.py has no cache."""
        if isinstance(channel, discord.Thread):
            return channel.parent_id
        if not isinstance(channel, discord.PartialMessageable) or channel.guild_id is None:
            return None
        if channel.id not in self._parents:
            found = await self._courtesy.channel(channel.id)
            self._parents[channel.id] = found.parent_id if isinstance(found, discord.Thread) else None
        return self._parents[channel.id]
