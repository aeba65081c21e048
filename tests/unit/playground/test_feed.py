"""Changes of several platforms, in order and each once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from playground.discord.server import DiscordStandIn
from playground.discord_view import DiscordView
from playground.feed import Feed
from playground.slack.server import SlackStandIn
from playground.slack_view import SlackView


class Places:
    """Both stand-ins, and somebody in each."""

    def __init__(self, discord: DiscordStandIn, slack: SlackStandIn) -> None:
        self.feed = Feed([DiscordView(discord), SlackView(slack)])
        self.discord = discord
        self.slack = slack

    async def on_discord(self, text: str) -> None:
        await self.discord.person("ann").dm(text)

    async def on_slack(self, text: str) -> None:
        await self.slack.person("ann").dm_bot(text)


@pytest.fixture
async def places() -> AsyncIterator[Places]:
    async with DiscordStandIn() as discord, SlackStandIn() as slack:
        yield Places(discord, slack)


async def test_news_of_all_platforms_come_in_the_order_of_time_and_once(places: Places) -> None:
    for speak, text in ((places.on_slack, "1"), (places.on_discord, "2"), (places.on_slack, "3")):
        await speak(text)
    told = [(seen.platform, seen.text) for seen in places.feed.news()]
    assert told == [("Slack", "1"), ("Discord", "2"), ("Slack", "3")]
    await places.on_discord("4")
    assert [seen.text for seen in places.feed.news()] == ["4"]
    assert places.feed.news() == []


async def test_who_follows_is_called_for_news_of_either_platform(places: Places) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    def take() -> None:
        for seen in places.feed.news():
            told.put_nowait(seen.text)

    following = asyncio.create_task(places.feed.follow(take))
    async with asyncio.timeout(10):
        for speak, text in ((places.on_slack, "1"), (places.on_discord, "2"), (places.on_slack, "3")):
            await speak(text)
            assert await told.get() == text
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
