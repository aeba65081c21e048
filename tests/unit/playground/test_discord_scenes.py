"""How the Discord scenes know that an answer is whole, in a stand-in without a bot."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from playground.chronicle import Chronicle
from playground.demo import NotAsScripted
from playground.discord.model import Json
from playground.discord.server import DiscordStandIn
from playground.discord_scenes import DiscordStage
from tests.unit.playground.test_discord_view import STOP, Watched

REGENERATE: list[Json] = [
    {"type": 1, "components": [{"type": 2, "style": 2, "label": "Regenerate", "custom_id": "again"}]}
]


class Theatre(Watched):
    """A stage, and the lines that were written."""

    def __init__(self, discord: DiscordStandIn) -> None:
        super().__init__(discord)
        self.lines: list[str] = []
        self.stage = DiscordStage(discord, self.view, Chronicle([self.view], self.lines.append), patience=10.0)


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with DiscordStandIn() as discord:
        yield Theatre(discord)


async def test_an_answer_is_at_its_end_when_the_last_message_can_be_regenerated(theatre: Theatre) -> None:
    question = await theatre.stage.alice.mention(theatre.discord.channel("general"), "x")
    theatre.answer("page 1")
    theatre.stage.patience = 0.01
    with pytest.raises(TimeoutError):
        await theatre.stage.answer_to(question)
    theatre.answer("page 2", REGENERATE)
    assert [m.content for m in await theatre.stage.answer_to(question)] == ["page 1", "page 2"]


async def test_a_command_that_nobody_answers_is_not_as_scripted(theatre: Theatre) -> None:
    theatre.discord.interactions.answer_within = 0.01
    message = theatre.answer("x", STOP)
    with pytest.raises(NotAsScripted):
        await theatre.stage.reply_to(await theatre.stage.alice.click(message, "Stop"))


async def test_what_alice_does_is_written_where_she_does_it(theatre: Theatre) -> None:
    theatre.stage.act(theatre.stage.direct, "presses [Stop]")
    assert theatre.lines[-1].split(" s  ")[1].split() == ["Discord", "alice", "DM", "interaction", "presses", "[Stop]"]
