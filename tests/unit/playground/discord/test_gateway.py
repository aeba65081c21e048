"""The gateway must keep, replay, filter and refuse as Discord's does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest

from playground.discord.events import Intent
from playground.discord.gateway import Disaster
from playground.discord.model import Json
from playground.discord.permissions import Permission
from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.bot import SMALLEST, Bot, running


@asynccontextmanager
async def line(place: DiscordStandIn) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    """A bare connection that has had its HELLO."""
    async with aiohttp.ClientSession() as http, http.ws_connect(place.gateway.url) as socket:
        assert (await socket.receive_json())["op"] == 10
        yield socket


async def identify(socket: aiohttp.ClientWebSocketResponse, place: DiscordStandIn, **data: Any) -> None:
    await socket.send_json(
        {"op": 2, "d": {"token": place.token, "intents": 1 << 9 | 1 << 15, "properties": {}, **data}}
    )


async def events_until(socket: aiohttp.ClientWebSocketResponse, name: str) -> list[Json]:
    found: list[Json] = []
    while not found or found[-1]["t"] != name:
        found.append(json.loads((await socket.receive(timeout=5)).data))
    return found


async def hear(bot: Bot) -> discord.Message:
    return await asyncio.wait_for(bot.heard.get(), 5)


@pytest.mark.parametrize("disaster", ["abort", "op7", "close-4000"])
async def test_a_client_resumes_and_misses_nothing(place: DiscordStandIn, disaster: Disaster) -> None:
    alice, general = place.person("alice"), place.channel("general")
    async with running(place) as bot:
        await alice.say(general, "before")
        assert (await hear(bot)).content == "before"
        place.disconnect(disaster)
        await place.wait_for(lambda: not place.gateway.connected())
        await alice.say(general, "meanwhile")
        assert (await hear(bot)).content == "meanwhile"
        await place.wait_for(lambda: place.gateway.resumed)
    assert place.gateway.identified == 1


async def test_new_connections_can_be_kept_out(place: DiscordStandIn) -> None:
    place.refuse_gateway(True)
    with pytest.raises(aiohttp.ClientError):
        async with line(place):
            pass
    place.refuse_gateway(False)
    async with line(place):
        pass


async def test_an_invalid_session_is_identified_anew_and_nothing_is_replayed(place: DiscordStandIn) -> None:
    alice, general = place.person("alice"), place.channel("general")
    async with running(place) as bot:
        place.disconnect("invalid")
        await place.wait_for(lambda: place.gateway.identified == 2)
        await alice.say(general, "after")
        assert (await hear(bot)).content == "after"
    assert place.gateway.resumed == 0


async def test_a_silent_line_says_nothing_more(place: DiscordStandIn) -> None:
    async with line(place) as socket:
        await identify(socket, place)
        await events_until(socket, "READY")
        place.disconnect("silent")
        await place.wait_for(lambda: not place.gateway.connected())
        await place.person("alice").say(place.channel("general"), "hello")
        with pytest.raises(asyncio.TimeoutError):
            await socket.receive(timeout=0.05)


async def test_an_intent_that_is_not_switched_on_is_refused() -> None:
    async with DiscordStandIn(privileged_intent=False) as place:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with running(place):
                pass


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 0}}, 4004),
        ({"op": 2, "d": {"token": "stand-in-token", "intents": -1}}, 4013),
        ({"op": 2, "d": {"token": "stand-in-token", "intents": 0, "shard": [2, 2]}}, 4010),
        ({"op": 3, "d": {}}, 4003),
        ({"nothing": 0}, 4002),
    ],
)
async def test_a_bad_payload_closes_the_line_with_its_code(place: DiscordStandIn, payload: Json, code: int) -> None:
    async with line(place) as socket:
        await socket.send_json(payload)
        await socket.receive(timeout=5)
        assert socket.close_code == code


async def test_a_second_identify_on_a_line_is_refused(place: DiscordStandIn) -> None:
    async with line(place) as socket:
        await identify(socket, place)
        await events_until(socket, "READY")
        await identify(socket, place)
        await socket.receive(timeout=5)
        assert socket.close_code == 4005


async def test_identifying_again_too_soon_is_an_invalid_session(place: DiscordStandIn) -> None:
    place.gateway.identify_interval = 5.0
    async with line(place) as first, line(place) as second:
        await identify(first, place)
        await events_until(first, "READY")
        await identify(second, place)
        assert await second.receive_json(timeout=5) == {"op": 9, "d": False, "s": None, "t": None}


async def test_a_session_closed_normally_cannot_be_resumed(place: DiscordStandIn) -> None:
    async with line(place) as socket:
        await identify(socket, place)
        ready = (await events_until(socket, "READY"))[-1]["d"]
        await socket.close(code=1000)
    await place.wait_for(lambda: not place.gateway.connections)
    async with line(place) as socket:
        await socket.send_json({"op": 6, "d": {"token": place.token, "session_id": ready["session_id"], "seq": 1}})
        assert (await socket.receive_json(timeout=5))["op"] == 9


async def test_a_resume_sends_only_what_was_missed(place: DiscordStandIn) -> None:
    alice, general = place.person("alice"), place.channel("general")
    async with line(place) as socket:
        await identify(socket, place)
        ready = (await events_until(socket, "READY"))[-1]["d"]
        await alice.say(general, "seen")
        seen = (await events_until(socket, "MESSAGE_CREATE"))[-1]
        await socket.close(code=4000)
    await place.wait_for(lambda: not place.gateway.connections)
    await alice.say(general, "missed")
    async with line(place) as socket:
        data = {"token": place.token, "session_id": ready["session_id"], "seq": seen["s"]}
        await socket.send_json({"op": 6, "d": data})
        replayed = await events_until(socket, "RESUMED")
    assert [e["d"].get("content") for e in replayed] == ["missed", None]
    assert [e["s"] for e in replayed] == [seen["s"] + 1, seen["s"] + 2]


async def test_events_come_only_for_the_intents_asked_for(place: DiscordStandIn) -> None:
    alice = place.person("alice")
    async with line(place) as socket:
        await identify(socket, place, intents=int(Intent.DIRECT_MESSAGES))
        await events_until(socket, "READY")
        await alice.say(place.channel("general"), "in the server")
        await alice.dm("directly")
        events = await events_until(socket, "MESSAGE_CREATE")
    assert [e["d"]["content"] for e in events] == ["directly"]


async def test_without_content_intent_only_the_documented_messages_are_readable(place: DiscordStandIn) -> None:
    alice, general = place.person("alice"), place.channel("general")
    async with running(place, SMALLEST) as bot:
        own = await bot.get_partial_messageable(int(general.id)).send("mine")
        await hear(bot)
        answer = place.messages(general)[0]
        assert answer.id == str(own.id)
        await alice.say(general, "plain")
        await alice.mention(general, "named")
        await alice.say(general, "with ping", reply_to=answer)
        await alice.say(general, "without ping", reply_to=answer, ping=False)
        await alice.dm("private")
        heard = [(await hear(bot)).content for _ in range(5)]
    assert heard == ["", f"<@{place.bot_user.id}> named", "with ping", "", "private"]


async def test_an_edited_reply_with_a_ping_stays_readable(place: DiscordStandIn) -> None:
    alice, general = place.person("alice"), place.channel("general")
    async with running(place, SMALLEST) as bot:
        await bot.get_partial_messageable(int(general.id)).send("answer")
        reply = await alice.say(general, "thanks", reply_to=place.answers(general)[0])
        await alice.edit(reply, "thanks!")
        await place.wait_for(lambda: len([c for c in place.journal if c.kind == "edit"]))
        await alice.dm("done")
        while (await hear(bot)).content != "done":
            pass
    assert [e.data["content"] for name, e in bot.events if name == "edit"] == ["thanks!"]


async def test_a_quoted_message_of_another_stays_hidden_without_the_intent(place: DiscordStandIn) -> None:
    alice, general = place.person("alice"), place.channel("general")
    async with running(place, SMALLEST) as bot:
        other = await place.person("bob").say(general, "secret")
        await hear(bot)
        await alice.mention(general, "what is this", reply_to=other)
        message = await hear(bot)
    assert message.reference is not None
    assert isinstance(message.reference.resolved, discord.Message)
    assert message.reference.resolved.content == ""


async def test_shards_get_their_own_servers_and_the_first_the_direct_messages(place: DiscordStandIn) -> None:
    alice = place.person("alice")
    mine = (int(place.guild.id) >> 22) % 2
    async with line(place) as zero, line(place) as one:
        await identify(zero, place, shard=[0, 2], intents=1 << 12 | 1 << 9 | 1 << 15)
        await identify(one, place, shard=[1, 2], intents=1 << 12 | 1 << 9 | 1 << 15)
        starts = [(await events_until(s, "READY"))[-1]["d"]["guilds"] for s in (zero, one)]
        await alice.say(place.channel("general"), "server")
        await alice.dm("direct")
        first = (await events_until(zero, "MESSAGE_CREATE"))[-1]["d"]["content"]
    assert [len(g) for g in starts] == ([1, 0] if mine == 0 else [0, 1])
    assert first == ("server" if mine == 0 else "direct")


async def test_what_happens_in_a_channel_that_the_bot_does_not_see_is_not_told(place: DiscordStandIn) -> None:
    hidden = place.add_channel("hidden")
    place.take_from_bot(hidden, Permission.VIEW_CHANNEL)
    async with running(place) as bot:
        await place.person("alice").mention(hidden, "psst")
        marker = await place.person("alice").dm("done")
        assert (await hear(bot)).id == int(marker.id)


async def test_the_bot_is_told_when_it_loses_and_regains_a_channel(place: DiscordStandIn) -> None:
    general = place.channel("general")
    async with line(place) as socket:
        await identify(socket, place, intents=int(Intent.GUILDS))
        await events_until(socket, "GUILD_CREATE")
        await place.person("alice").open_thread(general, "talk")
        place.take_from_bot(general, Permission.VIEW_CHANNEL)
        lost = (await events_until(socket, "CHANNEL_DELETE"))[-1]["d"]
        place.take_from_bot(general, Permission.ATTACH_FILES)
        found = await events_until(socket, "THREAD_LIST_SYNC")
    assert lost["id"] == general.id
    assert [e["t"] for e in found] == ["CHANNEL_CREATE", "THREAD_LIST_SYNC"]
    assert [t["name"] for t in found[-1]["d"]["threads"]] == ["talk"]


async def test_forwards_snapshots_and_stickers_arrive(place: DiscordStandIn) -> None:
    alice, general = place.person("alice"), place.channel("general")
    async with running(place) as bot:
        first = await place.person("bob").say(general, "original")
        await hear(bot)
        await alice.say(general, forward_of=first)
        forward = await hear(bot)
        await alice.say(general, stickers=["wave"])
        sticker = await hear(bot)
        await alice.say(general, voice=True)
        voice = await hear(bot)
    assert forward.message_snapshots[0].content == "original"
    assert forward.content == ""
    assert [s.name for s in sticker.stickers] == ["wave"]
    assert voice.flags.voice
