"""The script's bookkeeping, in a stand-in without a bot."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from playground.demo import Chronicle, NotAsScripted, Stage, demo
from playground.discord import messages
from playground.discord.model import Json, Message
from playground.discord.server import DiscordStandIn
from tests.unit.playground.test_view import STOP

REGENERATE: list[Json] = [
    {"type": 1, "components": [{"type": 2, "style": 2, "label": "Regenerate", "custom_id": "again"}]}
]


class Theatre:
    """A stage, and the lines that were written."""

    def __init__(self, discord: DiscordStandIn) -> None:
        self.lines: list[str] = []
        self.discord = discord
        self.stage = Stage(discord, Chronicle(discord, self.lines.append), patience=10.0)

    def post(self, text: str, components: list[Json] | None = None) -> Message:
        draft = messages.Draft(self.discord.bot_user, text, components=components or [])
        return messages.post(self.discord.service, self.discord.channel("general"), draft)


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with DiscordStandIn() as discord:
        yield Theatre(discord)


async def test_each_change_is_a_line_with_who_where_what_and_the_end_of_the_text(theatre: Theatre) -> None:
    await theatre.stage.alice.mention(theatre.discord.channel("general"), "a question\nwith two lines")
    messages.edit(theatre.discord.service, theatre.post("x"), {"content": "word " * 300 + "end", "components": STOP})
    theatre.stage.chronicle.catch_up()
    asked, posted, edited = (line.split(" s  ", 1)[1].split() for line in theatre.lines)
    assert asked[:3] == ["alice", "#general", "post"]
    assert asked[5:] == ["@glimmer", "a", "question", "with", "two", "lines"]
    assert posted == ["glimmer", "#general", "post", "1", "characters", "x"]
    assert edited[2:6] == ["edit", "1,503", "characters", "…"]
    assert edited[-2:] == ["end", "[Stop]"]


async def test_an_answer_is_at_its_end_when_the_last_message_can_be_regenerated(theatre: Theatre) -> None:
    question = await theatre.stage.alice.mention(theatre.discord.channel("general"), "x")
    theatre.post("page 1")
    theatre.stage.patience = 0.01
    with pytest.raises(TimeoutError):
        await theatre.stage.answer_to(question)
    theatre.post("page 2", REGENERATE)
    assert [m.content for m in await theatre.stage.answer_to(question)] == ["page 1", "page 2"]


async def test_scenes_that_end_are_a_success(theatre: Theatre) -> None:
    async def scene(stage: Stage) -> str:
        await stage.alice.dm("hi")
        return "said"

    assert await demo(theatre.stage, theatre.lines.append, [("one", scene), ("two", scene)]) == 0
    assert [line.split(" s  ")[-1] for line in theatre.lines if "done" in line] == [
        "done  scene 1, one: said",
        "done  scene 2, two: said",
    ]
    assert sum("DM" in line for line in theatre.lines) == 2
    assert "All 2 scenes" in theatre.lines[-1]


async def test_a_scene_without_an_end_is_a_failure_and_the_next_is_not_played(theatre: Theatre) -> None:
    async def endless(stage: Stage) -> str:
        await stage.wait(lambda: False)
        raise AssertionError

    theatre.stage.patience = 0.01
    assert await demo(theatre.stage, theatre.lines.append, [("one", endless), ("two", endless)]) == 1
    assert "FAILED  scene 1, one" in theatre.lines[-1]
    assert not any("Scene 2" in line for line in theatre.lines)


async def test_a_scene_that_takes_another_course_says_which(theatre: Theatre) -> None:
    async def other(stage: Stage) -> str:
        raise NotAsScripted("it rained")

    assert await demo(theatre.stage, theatre.lines.append, [("one", other)]) == 1
    assert theatre.lines[-1].endswith("FAILED  scene 1, one: it rained")


async def test_a_command_that_nobody_answers_is_not_as_scripted(theatre: Theatre) -> None:
    theatre.discord.interactions.answer_within = 0.01
    message = theatre.post("x", STOP)
    with pytest.raises(NotAsScripted):
        await theatre.stage.reply_to(await theatre.stage.alice.click(message, "Stop"))
