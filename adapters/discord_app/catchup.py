"""What was said while the bot was away: found through the stored cursor, taken in through the same inbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import discord
import structlog

from adapters.discord_app.failures import translated
from bot.errors import PlatformError
from bot.messages import AGE_BOUND
from bot.pacing import Governor, Priority
from bot.ports import Memory

log = structlog.get_logger(__name__)

# Takes a message in and says whether it was addressed to the bot.
Take = Callable[[discord.Message], Awaitable[bool]]

_CURSOR: Final = "discord/seen"
# Messages that arrived out of order around the cursor are read again, this many seconds; the inbox knows them.
OVERLAP: Final = timedelta(seconds=60)
# How far back is looked at all, how many channels are read and how many messages in each (100 a request).
HORIZON: Final = timedelta(days=2)
CHANNELS: Final = 60
MESSAGES: Final = 300
# Direct messages are looked for in conversations that were active within these days.
ACTIVE: Final = timedelta(days=30)

_TEXT = (discord.TextChannel, discord.Thread, discord.VoiceChannel, discord.StageChannel)


class CatchUp:
    """Keeps the cursor (the newest message that was taken in, over all channels) and reads what came after it.

    Message ids are ordered by time, so one cursor serves all channels. While something is still to be read the cursor
    stays where it is.
    """

    def __init__(self, memory: Memory, governor: Governor) -> None:
        self._memory = memory
        self._governor = governor
        self._seen = self._stored = self._after = 0
        self._behind: int | None = None
        self._reading = 0

    async def load(self) -> None:
        """Read the stored cursor; without one everything up to now counts as seen."""
        stored = await self._memory.recall(_CURSOR)
        if stored is None:
            stored = str(discord.utils.time_snowflake(datetime.now(UTC)))
            await self._memory.remember(_CURSOR, stored)
        self._seen = self._stored = int(stored)

    def saw(self, message_id: int) -> None:
        """Note that a message has been dealt with."""
        self._seen = max(self._seen, message_id)

    def missed(self, message_id: int) -> None:
        """Note that a message could not be taken in: the cursor stays behind it."""
        self._behind = min(self._behind or message_id, message_id)

    async def store(self) -> None:
        """Store the cursor if it may move."""
        cursor = min(self._seen, self._behind - 1) if self._behind else self._seen
        if cursor > self._stored and not self._reading:
            await self._memory.remember(_CURSOR, str(cursor))
            self._stored = cursor

    def begin(self) -> None:
        """A session has begun: from now on what came after the cursor is read."""
        self._behind = None
        newest = discord.utils.snowflake_time(self._stored) - OVERLAP
        self._after = discord.utils.time_snowflake(max(newest, datetime.now(UTC) - HORIZON))

    async def read_guild(self, guild: discord.Guild, take: Take) -> None:
        """Hand over what was missed in a server, oldest first in each channel."""
        channels: list[Any] = [
            channel
            for channel in (*guild.channels, *guild.threads)
            if isinstance(channel, _TEXT) and (channel.last_message_id or self._after + 1) > self._after
        ]
        # Those that are known to have something new go first; where the last message is not told, it is looked for.
        channels.sort(key=lambda channel: channel.last_message_id or 0, reverse=True)
        await self._read(channels[:CHANNELS], take, guild=guild.id)

    async def read_direct(self, client: discord.Client, take: Take) -> None:
        """Hand over what was missed in direct messages with people whom the bot knows."""
        since = (datetime.now(UTC) - ACTIVE).timestamp()
        known = await self._memory.active_channels("discord", since)
        await self._read([client.get_partial_messageable(int(number)) for number in known[:CHANNELS]], take, guild=0)

    async def _read(self, channels: Sequence[discord.abc.Messageable], take: Take, *, guild: int) -> None:
        found = 0
        self._reading += 1
        try:
            for channel in channels:
                messages = await self._messages(channel)
                found += len(messages)
                await _hand_over(messages, take)
        finally:
            self._reading -= 1
        await self.store()
        log.info("catchup.done", guild=guild, channels=len(channels), messages=found)

    async def _messages(self, channel: Any) -> Sequence[discord.Message]:
        try:
            async with translated(), self._governor.permit(f"read:{channel.id}", Priority.BACKGROUND):
                found = [
                    message async for message in channel.history(after=discord.Object(self._after), limit=MESSAGES)
                ]
        except PlatformError as error:
            log.info("catchup.channel_unreadable", channel=channel.id, reason=str(error))
            return []
        if len(found) == MESSAGES:
            log.warning("catchup.more_than_read", channel=channel.id, messages=MESSAGES)
        return sorted(found, key=lambda message: message.id)


async def _hand_over(messages: Sequence[discord.Message], take: Take) -> None:
    """All that can still be answered; of what is too old only the last question, which gets a note for all of them."""
    bound = datetime.now(UTC) - timedelta(seconds=AGE_BOUND)
    for message in reversed([message for message in messages if message.created_at < bound]):
        if await take(message):
            break
    for message in messages:
        if message.created_at >= bound:
            await take(message)
