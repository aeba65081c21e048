"""Categories: channels of a kind of their own, in which other channels are."""

from __future__ import annotations

import asyncio

import discord
import pytest

from playground.discord.refusals import Impossible
from playground.discord.server import DiscordStandIn
from playground.discord.world import MAX_IN_CATEGORY
from tests.unit.playground.discord.api import Api
from tests.unit.playground.discord.bot import Bot, running


async def category_of(bot: Bot, place: DiscordStandIn, name: str) -> str | None:
    """The name of a channel's category as discord.py knows it, once it has heard all that went before."""
    await place.person("alice").mention(place.channel("general"), "news?")
    await asyncio.wait_for(bot.heard.get(), 5)
    channel = bot.get_channel(int(place.channel(name).id))
    assert isinstance(channel, discord.TextChannel)
    return channel.category.name if channel.category else None


async def test_a_channel_knows_its_category_from_the_start_and_when_it_is_moved(place: DiscordStandIn) -> None:
    attic, hall = place.add_category("attic"), place.add_category("hall")
    room = place.add_channel("room", category=attic)
    async with running(place) as bot:
        assert await category_of(bot, place, "room") == "attic"
        place.move(room, hall)
        assert await category_of(bot, place, "room") == "hall"
        place.move(room, None)
        assert await category_of(bot, place, "room") is None
        place.add_channel("new", category=attic)
        assert await category_of(bot, place, "new") == "attic"


async def test_the_channels_of_a_category_that_is_deleted_stay(place: DiscordStandIn) -> None:
    attic = place.add_category("attic")
    place.add_channel("room", category=attic)
    async with running(place) as bot:
        assert await category_of(bot, place, "room") == "attic"
        place.remove_channel(attic)
        assert await category_of(bot, place, "room") is None
        assert bot.get_channel(int(attic.id)) is None


async def test_nothing_can_be_said_in_a_category(place: DiscordStandIn, api: Api) -> None:
    attic, alice = place.add_category("attic"), place.person("alice")
    assert (await api.post(attic.id, {"content": "x"})).code == 50008
    assert (await api.call("POST", f"/channels/{attic.id}/threads", {"name": "n"})).code == 50024
    with pytest.raises(Impossible):
        await alice.say(attic, "hello")
    with pytest.raises(Impossible):
        await alice.open_thread(attic, "a thread")


async def test_it_looks_as_at_discord(place: DiscordStandIn, api: Api) -> None:
    attic = place.add_category("attic")
    room = place.add_channel("room", category=attic)
    shown = (await api.call("GET", f"/channels/{attic.id}")).body
    assert (shown["type"], shown["parent_id"], "last_message_id" in shown) == (4, None, False)
    assert (await api.call("GET", f"/channels/{room.id}")).body["parent_id"] == attic.id


def test_what_discord_would_not_put_into_a_category() -> None:
    place = DiscordStandIn()
    attic, general = place.add_category("attic"), place.channel("general")
    for inner, outer in (
        (place.add_category("cellar"), attic),
        (general, place.add_channel("no category")),
        (place.add_channel("elsewhere", guild=place.add_guild("another")), attic),
    ):
        with pytest.raises(Impossible):
            place.move(inner, outer)
    for number in range(MAX_IN_CATEGORY):
        place.add_channel(f"room-{number}", category=attic)
    with pytest.raises(Impossible):
        place.move(general, attic)
