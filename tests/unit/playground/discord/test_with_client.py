"""The real discord.py must find in the stand-in what it finds at Discord."""

from __future__ import annotations

import asyncio
import io

import discord
import pytest

from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.bot import SMALLEST, running


async def test_a_mention_arrives_with_author_and_mentions(place: DiscordStandIn) -> None:
    alice = place.person("alice")
    async with running(place) as bot:
        sent = await alice.mention(place.channel("general"), "what is this?")
        message = await asyncio.wait_for(bot.heard.get(), 5)
    assert message.id == int(sent.id)
    assert message.content == f"<@{place.bot_user.id}> what is this?"
    assert isinstance(message.author, discord.Member)
    assert [u.id for u in message.mentions] == [int(place.bot_user.id)]


async def test_a_message_is_sent_edited_and_deleted(place: DiscordStandIn) -> None:
    general = place.channel("general")
    async with running(place) as bot:
        channel = bot.get_partial_messageable(int(general.id), guild_id=int(place.guild.id))
        sent = await channel.send("one", nonce="a1")
        await channel.get_partial_message(sent.id).edit(content="two")
        assert [m.content for m in place.messages(general)] == ["two"]
        await channel.get_partial_message(sent.id).delete()
    assert place.messages(general) == []
    assert [c.kind for c in place.journal] == ["post", "edit", "delete"]


async def test_the_same_nonce_makes_one_message(place: DiscordStandIn) -> None:
    general = place.channel("general")
    async with running(place) as bot:
        channel = bot.get_partial_messageable(int(general.id))
        first = await channel.send("one", nonce="same")
        again = await channel.send("one", nonce="same")
        assert first.id == again.id
        place.clock.advance(place.service.nonce_lifetime + 1)
        later = await channel.send("one", nonce="same")
    assert later.id != first.id
    assert len(place.messages(general)) == 2


async def test_a_file_comes_through_both_ways(place: DiscordStandIn) -> None:
    general = place.channel("general")
    async with running(place) as bot:
        channel = bot.get_partial_messageable(int(general.id))
        sent = await channel.send("see", file=discord.File(io.BytesIO(b"text"), "reply.md"))
        assert await sent.attachments[0].read() == b"text"
        place.clock.advance(place.world.link_lifetime + 1)
        with pytest.raises(discord.NotFound):
            await sent.attachments[0].read()
        fresh = await channel.fetch_message(sent.id)
        assert await fresh.attachments[0].read() == b"text"


async def test_a_thread_has_its_messages_id_and_exists_once(place: DiscordStandIn) -> None:
    alice = place.person("alice")
    async with running(place) as bot:
        sent = await alice.mention(place.channel("general"), "start")
        message = await asyncio.wait_for(bot.heard.get(), 5)
        thread = await message.create_thread(name="start")
        assert thread.id == message.id
        with pytest.raises(discord.HTTPException) as refused:
            await message.create_thread(name="again")
        await thread.send("answer")
        await place.wait_for(lambda: bot.count("thread"))
    assert refused.value.code == 160004
    found = place.thread(sent)
    assert found is not None
    assert [m.content for m in place.answers(found)] == ["answer"]


async def test_a_direct_message_arrives_and_is_answered(place: DiscordStandIn) -> None:
    alice = place.person("alice")
    async with running(place, SMALLEST) as bot:
        await alice.dm("hello")
        message = await asyncio.wait_for(bot.heard.get(), 5)
        assert isinstance(message.channel, discord.DMChannel)
        await message.channel.send("hi")
    assert [m.content for m in place.messages(alice.dm_channel)] == ["hello", "hi"]


async def test_the_owner_can_be_told_directly(place: DiscordStandIn) -> None:
    async with running(place) as bot:
        info = await bot.application_info()
        await (await info.owner.create_dm()).send("no key")
    assert [m.content for m in place.messages(place.owner.dm_channel)] == ["no key"]


async def test_closed_direct_messages_refuse(place: DiscordStandIn) -> None:
    alice = place.person("alice")
    alice.user.dms_open = False
    async with running(place) as bot:
        channel = bot.get_partial_messageable(int(alice.dm_channel.id))
        with pytest.raises(discord.Forbidden) as refused:
            await channel.send("hello")
    assert refused.value.code == 50007


async def test_a_wrong_token_is_refused(place: DiscordStandIn) -> None:
    with pytest.raises(discord.LoginFailure):
        async with running(place, token="other"):
            pass


async def test_an_edit_and_a_deletion_by_a_person_arrive(place: DiscordStandIn) -> None:
    alice = place.person("alice")
    async with running(place) as bot:
        sent = await alice.mention(place.channel("general"), "one")
        await alice.edit(sent, "two")
        await alice.delete(sent)
        await asyncio.wait_for(bot.heard.get(), 5)
        marker = await alice.dm("done")
        assert (await asyncio.wait_for(bot.heard.get(), 5)).id == int(marker.id)
    assert [name for name, _ in bot.events if name in ("edit", "delete")] == ["edit", "delete"]
