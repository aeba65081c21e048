"""The category of a place, by which rules may name it: also of places of which discord.py has not heard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator

import pytest

from bot.messages import Ask
from playground.discord.model import Channel
from playground.discord.server import DiscordStandIn
from tests.fixtures.platforms import OnDiscord, Recorder

pytestmark = pytest.mark.usefixtures("silence")
PATIENCE = 10.0


class Rooms:
    """A server with a category, a channel in it that was announced, and one that was not."""

    def __init__(self, platform: OnDiscord, inbox: Recorder) -> None:
        self.platform = platform
        self.alice = platform.alice
        self._inbox = inbox
        place = platform.place
        self.attic = place.add_category("attic")
        self.known = place.add_channel("known", category=self.attic)
        self.unheard = place.world.add_channel(place.guild, "unheard", category=self.attic)

    async def heard(self) -> Ask:
        return await asyncio.wait_for(self._inbox.asks.get(), PATIENCE)

    async def category(self, channel: Channel) -> str:
        """The category of what is said there."""
        await self.alice.mention(channel, "hello")
        return (await self.heard()).address.category


@pytest.fixture
async def rooms() -> AsyncGenerator[Rooms]:
    async with DiscordStandIn() as place:
        platform, inbox = OnDiscord(place), Recorder()
        run = asyncio.create_task(platform.adapter.run(inbox))
        try:
            await place.connected()
            await place.wait_for(lambda: any(call.method == "PUT" for call in place.requests))
            yield Rooms(platform, inbox)
        finally:
            await platform.adapter.close()
            await asyncio.wait_for(run, PATIENCE)


def looked_up(rooms: Rooms) -> list[str]:
    """The channels that were asked for."""
    calls = [call.path for call in rooms.platform.place.requests if call.method == "GET"]
    return [path for path in calls if re.fullmatch(r"/channels/\d+", path)]


async def test_a_channel_and_its_threads_are_in_its_category_without_a_call(rooms: Rooms) -> None:
    thread = await rooms.alice.open_thread(rooms.known, "a thread")
    assert [await rooms.category(place) for place in (rooms.known, thread)] == [rooms.attic.id] * 2
    assert await rooms.category(rooms.platform.general) == ""
    assert looked_up(rooms) == []


async def test_of_a_channel_that_was_not_announced_it_is_asked_for(rooms: Rooms) -> None:
    thread = await rooms.alice.open_thread(rooms.unheard, "a thread")
    assert [await rooms.category(place) for place in (rooms.unheard, thread)] == [rooms.attic.id] * 2
    assert f"/channels/{rooms.unheard.id}" in looked_up(rooms)


async def test_a_channel_that_cannot_be_looked_up_has_none(rooms: Rooms) -> None:
    rooms.platform.place.fail("GET", r"^/channels/\d+$", 403, code=50001, times=9)
    assert await rooms.category(rooms.unheard) == ""


async def test_a_command_brings_the_category_of_its_channel(rooms: Rooms) -> None:
    for channel in (rooms.known, rooms.unheard):
        await rooms.alice.slash("ask", {"question": "why?"}, channel=channel)
        assert (await rooms.heard()).address.category == rooms.attic.id
    assert looked_up(rooms) == []
