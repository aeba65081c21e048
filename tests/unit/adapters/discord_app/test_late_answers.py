"""Answers from the background: they come long after their question, when its interaction is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.messages import Ask, ControlKind, Outcome, OutcomeKind
from bot.reply import Reply
from playground.discord.journal import Change
from playground.discord.model import Channel
from playground.discord.server import DiscordStandIn
from storage.memory import MemoryStore
from tests.fixtures.platforms import OnDiscord, Recorder

pytestmark = pytest.mark.usefixtures("silence")

PATIENCE = 20.0


@asynccontextmanager
async def running() -> AsyncGenerator[tuple[OnDiscord, Recorder]]:
    async with DiscordStandIn() as place:
        platform, inbox = OnDiscord(place), Recorder()
        run = asyncio.create_task(platform.adapter.run(inbox))
        try:
            await place.connected()
            yield platform, inbox
        finally:
            await platform.adapter.close()
            await asyncio.wait_for(run, PATIENCE)


async def by_command(platform: OnDiscord, inbox: Recorder, channel: Channel) -> Ask:
    await platform.alice.slash("ask", {"question": "why?"}, channel=channel)
    return await asyncio.wait_for(inbox.asks.get(), PATIENCE)


async def by_mention(platform: OnDiscord, inbox: Recorder, channel: Channel) -> Ask:
    await platform.alice.mention(channel, "why?")
    return await asyncio.wait_for(inbox.asks.get(), PATIENCE)


async def answer(platform: OnDiscord, ask: Ask) -> None:
    """Bring the answer of a job that this ask began."""
    store, adapter = MemoryStore(), platform.adapter
    await store.accept(replace(ask, key="job/1", alone=True, job=1), wakes=True, limit=5)
    claim = await store.claim("owner", 30.0)
    assert claim is not None
    surface = adapter.surface(claim.turn)
    reply = Reply(surface, adapter.governor, store, claim, on_lost=lambda: None)
    reply.finish(Outcome(OutcomeKind.ANSWERED, "why?", "Because.", controls=(ControlKind.REGENERATE,)))
    await asyncio.wait_for(reply.paint(), PATIENCE)
    await surface.close()


def notifying(place: DiscordStandIn) -> list[Change]:
    return [change for change in place.journal if change.actor == place.bot_user.id and change.notified]


async def test_a_command_is_answered_by_a_message_of_its_own_that_mentions_the_asker() -> None:
    async with running() as (platform, inbox):
        place, general = platform.place, platform.general
        await answer(platform, await by_command(platform, inbox, general))
        assert [message.content for message in place.answers(general)] == [f"Because.\n-# <@{platform.alice.id}>"]
        [told] = notifying(place)
        assert (told.kind, told.channel_id, told.notified) == ("post", general.id, {platform.alice.id})
        assert not [request for request in place.requests if "@original" in request.path]


async def test_in_a_direct_message_it_is_a_message_too() -> None:
    async with running() as (platform, inbox):
        place, direct = platform.place, platform.alice.dm_channel
        await answer(platform, await by_command(platform, inbox, direct))
        assert [message.content for message in place.answers(direct)] == ["Because."]
        assert notifying(place)[-1].content.startswith("Because.")


async def test_a_message_is_answered_where_its_thread_is() -> None:
    async with running() as (platform, inbox):
        place = platform.place
        ask = await by_mention(platform, inbox, platform.general)
        await answer(platform, ask)
        await answer(platform, ask)
        signed = f"Because.\n-# <@{platform.alice.id}>"
        assert [message.content for message in place.answers(ask.message)] == [signed] * 2
        assert [change.notified for change in notifying(place)] == [{platform.alice.id}] * 2


async def test_what_else_is_said_about_it_is_not_said_through_the_interaction() -> None:
    async with running() as (platform, inbox):
        ask = await by_command(platform, inbox, platform.general)
        await platform.adapter.tell(replace(ask, job=1), "stopped")
        assert [message.content for message in platform.place.answers(platform.general)] == ["stopped"]
