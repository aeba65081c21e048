"""What the demo writes of both platforms, without a bot."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from playground.chronicle import Chronicle
from playground.discord import messages
from playground.discord.server import DiscordStandIn
from playground.discord_view import DiscordView
from playground.slack.server import SlackStandIn
from playground.slack_view import SlackView
from tests.unit.playground import test_discord_view, test_slack_view
from tests.unit.playground.test_discord_view import STOP


class Scribe:
    """A chronicle of both platforms, and the lines that were written."""

    def __init__(self, discord: DiscordStandIn, slack: SlackStandIn) -> None:
        self.discord = test_discord_view.Watched(discord)
        self.slack = test_slack_view.Watched(slack)
        self.lines: list[str] = []
        self.chronicle = Chronicle([DiscordView(discord), SlackView(slack)], self.lines.append)

    def written(self) -> list[list[str]]:
        """The words of the new lines, without their times."""
        self.chronicle.catch_up()
        lines, self.lines[:] = list(self.lines), []
        return [line.split(" s  ", 1)[1].split() for line in lines]


@pytest.fixture
async def scribe() -> AsyncIterator[Scribe]:
    async with DiscordStandIn() as discord, SlackStandIn() as slack:
        yield Scribe(discord, slack)


async def test_each_change_is_a_line_with_platform_who_where_what_and_the_end_of_the_text(scribe: Scribe) -> None:
    discord, slack = scribe.discord.discord, scribe.slack.slack
    await discord.person("alice").mention(discord.channel("general"), "a question\nwith two lines")
    edited = {"content": "word " * 300 + "end", "components": STOP}
    messages.edit(discord.service, scribe.discord.answer("x"), edited)
    await slack.person("bob").dm_bot("hello")
    lines = scribe.written()
    assert lines[0][:4] == ["Discord", "alice", "#general", "post"]
    assert lines[0][6:] == ["@glimmer", "a", "question", "with", "two", "lines"]
    assert lines[1] == ["Discord", "glimmer", "#general", "post", "1", "characters", "x"]
    assert lines[2][3:7] == ["edit", "1,503", "characters", "…"]
    assert lines[2][-2:] == ["end", "[Stop]"]
    assert lines[3] == ["Slack", "bob", "DM", "post", "5", "characters", "hello"]


async def test_what_is_no_message_is_written_in_its_place(scribe: Scribe) -> None:
    await scribe.slack.slack.person("bob").dm_bot("hello")
    scribe.chronicle.act("Slack", "bob", "DM", "/glm help")
    scribe.chronicle.note("a remark")
    posted, acted, noted = scribe.written()
    assert posted[3] == "post"
    assert acted == ["Slack", "bob", "DM", "interaction", "/glm", "help"]
    assert noted == ["a", "remark"]


async def test_the_summary_counts_what_the_bot_did_on_each_platform(scribe: Scribe) -> None:
    await scribe.slack.slack.person("bob").dm_bot("hello")
    scribe.slack.answer("one")
    scribe.slack.answer("two")
    scribe.chronicle.catch_up()
    assert scribe.chronicle.summary().splitlines() == [
        "The bot on Discord: 0 rate limits (429).",
        "The bot on Slack: 2 posts, 0 rate limits (429).",
    ]
