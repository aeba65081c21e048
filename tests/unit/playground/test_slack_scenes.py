"""How the Slack scenes know that an answer is whole, in a stand-in without the bot."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_bolt.context.ack.async_ack import AsyncAck

from playground.chronicle import Chronicle
from playground.demo import NotAsScripted
from playground.slack.server import SlackStandIn
from playground.slack_scenes import SlackStage
from tests.fixtures.slack_apps import App, over_socket
from tests.unit.playground.test_slack_view import Watched, buttons


class Theatre(Watched):
    """A stage, and the lines that were written."""

    def __init__(self, slack: SlackStandIn) -> None:
        super().__init__(slack)
        self.lines: list[str] = []
        self.stage = SlackStage(slack, self.view, Chronicle([self.view], self.lines.append), patience=10.0)


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with SlackStandIn() as slack:
        yield Theatre(slack)


async def test_an_answer_is_at_its_end_when_the_last_message_can_be_regenerated(theatre: Theatre) -> None:
    question = await theatre.stage.bob.mention(theatre.general, "x")
    theatre.answer("page 1", thread=question.ts)
    theatre.stage.patience = 0.01
    with pytest.raises(TimeoutError):
        await theatre.stage.answer_to(question)
    theatre.answer("page 2", buttons("Regenerate"), thread=question.ts)
    assert [m.visible for m in await theatre.stage.answer_to(question)] == ["page 1", "page 2"]


async def test_an_answer_is_not_at_its_end_while_the_session_is_at_work(theatre: Theatre) -> None:
    question = await theatre.stage.bob.mention(theatre.general, "x")
    session = theatre.slack.world.session(theatre.general.id, question.ts)
    session.status = "processing"
    theatre.answer("page", buttons("Regenerate"), thread=question.ts)
    theatre.stage.patience = 0.01
    with pytest.raises(TimeoutError):
        await theatre.stage.answer_to(question)
    session.status = "active"
    assert await theatre.stage.answer_to(question)


async def test_the_answer_to_a_follow_up_is_what_came_after_it(theatre: Theatre) -> None:
    question = await theatre.stage.bob.mention(theatre.general, "x")
    theatre.answer("first", buttons("Regenerate"), thread=question.ts)
    more = await theatre.stage.bob.say(theatre.general, "and?", thread=question.ts)
    second = theatre.answer("second", buttons("Regenerate"), thread=question.ts)
    assert await theatre.stage.answer_to(more) == [second]


async def test_the_answer_to_a_command_is_written_and_returned(theatre: Theatre) -> None:
    app = App(theatre.slack)

    async def answer(ack: AsyncAck) -> None:
        await ack(f"You: `glm-4.6`{'.' * 100}")

    app.bolt.command("/glm")(answer)
    async with over_socket(app):
        assert (await theatre.stage.command("model glm-4.6", theatre.stage.bob.dm)).startswith("You: `glm-4.6`")
    given, shown = (line.split(" s  ")[1].split() for line in theatre.lines)
    assert given == ["Slack", "bob", "DM", "interaction", "/glm", "model", "glm-4.6"]
    assert shown[:6] == ["Slack", "bob", "DM", "interaction", "is", "shown:"]
    assert shown[-1].endswith("…")


async def test_a_command_that_nobody_answers_is_not_as_scripted(theatre: Theatre) -> None:
    theatre.slack.deliver.ack_within = 0.01
    with pytest.raises(NotAsScripted):
        await theatre.stage.command("help", theatre.stage.bob.dm)
