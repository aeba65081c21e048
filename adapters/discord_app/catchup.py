"""What was said while the bot was away: found through the stored cursor, taken in through the same inbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import discord
import structlog

from adapters.discord_app.failures import translated
from bot.errors import PlatformError
from bot.pacing import Governor, Priority
from bot.ports import Memory

log = structlog.get_logger(__name__)

_CURSOR: Final = "discord/seen"
# Messages that arrived out of order around the cursor are read again, this many seconds; the inbox knows them.
OVERLAP: Final = 60.0
# How far back is looked at all, how many channels are read and how many messages in each (Discord's page holds 100).
HORIZON: Final = timedelta(days=2)
CHANNELS: Final = 60
MESSAGES: Final = 100
# Direct messages are looked for in conversations that were active within these days.
ACTIVE: Final = timedelta(days=30)

_TEXT = (discord.TextChannel, discord.Thread, discord.VoiceChannel, discord.StageChannel)


class CatchUp:
    """Keeps the cursor (the newest message that was taken in, over all channels) and reads what came after it.

    Message ids are ordered by time, so one cursor serves all channels.
    """

    def __init__(self, memory: Memory, governor: Governor) -> None:
        self._memory = memory
        self._governor = governor
        self._seen = 0
        self._stored = 0
        self._behind: int | None = None

    async def load(self) -> None:
        """Read the stored cursor; without one everything up to now counts as seen."""
        stored = await self._memory.recall(_CURSOR)
        self._seen = self._stored = int(stored) if stored else discord.utils.time_snowflake(datetime.now(UTC))

    def saw(self, message_id: int) -> None:
        """Note that a message has been dealt with."""
        self._seen = max(self._seen, message_id)

    def missed(self, message_id: int) -> None:
        """Note that a message could not be taken in: the cursor stays behind it."""
        self._behind = min(self._behind or message_id, message_id)

    async def store(self) -> None:
        """Store the cursor if it has moved."""
        cursor = min(self._seen, self._behind - 1) if self._behind else self._seen
        if cursor > self._stored:
            await self._memory.remember(_CURSOR, str(cursor))
            self._stored = cursor

    async def read(self, client: discord.Client, take: Callable[[discord.Message], Awaitable[None]]) -> int:
        """Hand over all messages since the cursor, oldest first in each channel; how many there were."""
        self._behind = None
        after = self._after()
        found = 0
        for channel in await self._channels(client, after):
            for message in await self._messages(channel, after):
                await take(message)
                found += 1
        await self.store()
        log.info("catchup.done", messages=found)
        return found

    def _after(self) -> int:
        newest = discord.utils.snowflake_time(self._stored) - timedelta(seconds=OVERLAP)
        return discord.utils.time_snowflake(max(newest, datetime.now(UTC) - HORIZON))

    async def _channels(self, client: discord.Client, after: int) -> Sequence[discord.abc.Messageable]:
        candidates: list[Any] = [
            channel
            for guild in client.guilds
            for channel in (*guild.channels, *guild.threads)
            if isinstance(channel, _TEXT) and (channel.last_message_id or 0) > after
        ]
        candidates.sort(key=lambda channel: channel.last_message_id or 0, reverse=True)
        since = (datetime.now(UTC) - ACTIVE).timestamp()
        direct = await self._memory.active_channels("discord", since)
        partial = [client.get_partial_messageable(int(number)) for number in direct]
        return [*candidates[:CHANNELS], *partial[:CHANNELS]]

    async def _messages(self, channel: discord.abc.Messageable, after: int) -> Sequence[discord.Message]:
        lane = f"read:{getattr(channel, 'id', 0)}"
        try:
            async with translated(), self._governor.permit(lane, Priority.BACKGROUND):
                newest = [message async for message in channel.history(after=discord.Object(after), limit=MESSAGES)]
        except PlatformError as error:
            log.info("catchup.channel_unreadable", channel=getattr(channel, "id", 0), reason=str(error))
            return []
        return sorted(newest, key=lambda message: message.id)
