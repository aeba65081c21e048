"""A small bot on the real discord.py, run against the stand-in in the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from playground.discord.server import DiscordStandIn

SMALLEST = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
WITH_CONTENT = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=True)


class Bot(discord.Client):
    """Keeps what arrives; `tree` holds the commands that a test gives it."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(
            intents=intents,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0,
        )
        self.tree = app_commands.CommandTree(self)
        self.events: list[tuple[str, Any]] = []
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.clicks: asyncio.Queue[discord.Interaction] = asyncio.Queue()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not wait five seconds before a second IDENTIFY."""

    async def on_ready(self) -> None:
        self.events.append(("ready", None))

    async def on_resumed(self) -> None:
        self.events.append(("resumed", None))

    async def on_message(self, message: discord.Message) -> None:
        self.heard.put_nowait(message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type == discord.InteractionType.component:
            self.clicks.put_nowait(interaction)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self.events.append(("edit", payload))

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        self.events.append(("delete", payload.message_id))

    async def on_thread_create(self, thread: discord.Thread) -> None:
        self.events.append(("thread", thread))

    def count(self, kind: str) -> int:
        """How many events of a kind there were."""
        return sum(1 for name, _ in self.events if name == kind)


@asynccontextmanager
async def running(
    place: DiscordStandIn, intents: discord.Intents = WITH_CONTENT, token: str = ""
) -> AsyncGenerator[Bot]:
    """A bot that is ready, and closed afterwards."""
    bot = Bot(intents)
    try:
        await log_in(bot, place, token)
        task = asyncio.create_task(bot.connect())
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED, timeout=5)
        if task.done():
            ready.cancel()
            task.result()
        yield bot
        await bot.close()
        await task
    finally:
        await bot.close()


async def log_in(bot: Bot, place: DiscordStandIn, token: str = "") -> None:
    """The way in which one points discord.py elsewhere."""
    Route.BASE = place.url
    await bot.login(token or place.token)
    _, url, _ = await bot.http.get_bot_gateway()
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
