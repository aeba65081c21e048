from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import discord
import pytest

from adapters.discord_app.inbound import is_for_us, is_person, read_message
from bot.messages import Ask
from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.bot import Bot, running


@dataclass
class Ear:
    """The real discord.py at a stand-in, and what it hears."""

    place: DiscordStandIn
    bot: Bot

    @property
    def me(self) -> discord.ClientUser:
        assert self.bot.user is not None
        return self.bot.user

    async def message(self) -> discord.Message:
        """The next message that arrives."""
        return await asyncio.wait_for(self.bot.heard.get(), 10)

    async def ask(self) -> Ask:
        """The next message as an ask."""
        message = await self.message()
        parent = message.channel.parent_id if isinstance(message.channel, discord.Thread) else None
        return read_message(message, self.me, parent, message.created_at.timestamp())

    async def concerns(self) -> tuple[bool, bool]:
        """Whether a person said the next message, and whether it addresses the bot."""
        message = await self.message()
        return is_person(message), is_for_us(message, self.me)


@pytest.fixture
async def ear() -> AsyncGenerator[Ear]:
    async with DiscordStandIn() as place:
        place.limits.lift()
        async with running(place) as bot:
            yield Ear(place, bot)
