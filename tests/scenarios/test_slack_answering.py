"""Questions on Slack, each answered once, over both ways in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from playground.glm.script import Hold
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, actions, open_slack


@pytest.fixture(params=["socket", "http"])
async def house(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path, over=request.param) as opened:
        yield opened


async def test_a_mention_is_answered_in_its_thread_once(house: SlackHouse) -> None:
    house.glm.script(script("An ", "answer."))
    await house.start()
    question = await house.ann.mention(house.general, "hello")
    [answer] = await house.answered(question)
    assert answer.visible == "An answer."
    assert actions(answer) == ["regenerate", "rate"]
    assert len(house.asked) == 1
    assert answer.thread == question.ts


async def test_a_direct_message_is_answered_by_a_stream(house: SlackHouse) -> None:
    hold = Hold(1)
    house.glm.script(script("First ", "and last.", hold=hold))
    await house.start()
    question = await house.ann.dm_bot("hello")
    await house.until(lambda: "First" in house.text(house.ann.dm, question.ts))
    assert len(house.slack.open_streams()) == 1
    hold.release()
    [answer] = await house.answered(question)
    assert answer.visible == "First and last."
    assert not house.slack.open_streams()
    assert house.slack.sessions()[house.ann.dm.id, question.ts].status == "active"


async def test_the_asker_goes_on_in_the_thread_without_a_mention(house: SlackHouse) -> None:
    for words in ("One.", "Two."):
        house.glm.script(script(words))
    await house.start()
    question = await house.ann.mention(house.general, "first")
    await house.answered(question)
    bob = house.slack.person("bob")
    await bob.say(house.general, "I think so too", thread=question.ts)
    more = await house.ann.say(house.general, "and more?", thread=question.ts)
    messages = await house.answered(more, contains="Two.")
    assert len(messages) == 2
    assert len(house.asked) == 2
    asked = house.asked[-1].messages[-1]["content"]
    assert "I think so too" in asked
    assert "and more?" in asked
