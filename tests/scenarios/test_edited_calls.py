"""Questions that are calls of tools, said in other words afterwards: what the edit says is what is called."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from playground.glm import Hold
from playground.slack.model import Message
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, actions, open_slack


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as opened:
        yield opened


def last(house: SlackHouse, root: Message) -> Message:
    """The newest answer in a thread."""
    return [message for message in house.slack.answers(house.general, root.ts) if message.ts != root.ts][-1]


async def shown(house: SlackHouse, root: Message, text: str) -> Message:
    """Wait until the newest answer in a thread is this one, and at rest."""

    def final() -> Message | None:
        answer = last(house, root)
        return answer if text in answer.visible and "regenerate" in actions(answer) else None

    return await house.until(final)


async def begun(house: SlackHouse) -> Message:
    """A thread in which the bot has answered."""
    house.glm.script(script("Hello."))
    root = await house.ann.mention(house.general, "hello")
    await house.answered(root)
    return root


async def edited(house: SlackHouse, message: Message, text: str) -> None:
    await house.ann.edit(message, text)
    await house.quiet()


async def test_a_call_that_waits_is_made_as_it_was_edited(house: SlackHouse) -> None:
    await house.start()
    root = await begun(house)
    hold = Hold(1)
    house.glm.script(script("One", " moment.", hold=hold))
    await house.ann.say(house.general, "a long one?", thread=root.ts)
    await house.until(lambda: "One" in house.text(house.general, root.ts))
    waiting = await house.ann.say(house.general, "!calculate 6*7", thread=root.ts)
    await house.quiet()
    await edited(house, waiting, "!calculate 100+1")
    hold.release()
    await shown(house, root, "101")
    assert "42" not in house.text(house.general, root.ts)


async def test_regenerate_calls_what_the_answered_question_says_now(house: SlackHouse) -> None:
    await house.start()
    root = await begun(house)
    question = await house.ann.say(house.general, "!calculate 6*7", thread=root.ts)
    answer = await shown(house, root, "42")
    await edited(house, question, "!calculate 100+1")
    await house.ann.click(answer, "Regenerate")
    await shown(house, root, "101")
    house.glm.script(script("A hundred and one."))
    await edited(house, question, "what is 100+1?")
    await house.ann.click(answer, "Regenerate")
    await shown(house, root, "A hundred and one.")
    assert house.asked[-1].body["messages"][-1]["content"].endswith("what is 100+1?")
    await edited(house, question, "!calculate 2*4")
    await house.ann.click(answer, "Regenerate")
    await shown(house, root, "8")
    assert len(house.asked) == 2


async def test_an_edit_reaches_no_tool_that_is_not_for_its_author(house: SlackHouse) -> None:
    await house.start(ACCESS_DENY="")
    root = await begun(house)
    boss = house.slack.person("boss", admin=True)
    await boss.slash("/glm", f"access deny user:{house.ann.id} tool:calculate", house.general)
    question = await house.ann.say(house.general, "!time UTC", thread=root.ts)
    answer = await shown(house, root, "UTC")
    await edited(house, question, "!calculate 6*7")
    await house.until(lambda: any("You may not use this tool" in said.visible for said in house.slack.ephemerals))
    await house.ann.click(answer, "Regenerate")
    await shown(house, root, "UTC")
    assert "42" not in house.text(house.general, root.ts)


async def test_what_would_steer_the_bot_is_only_words_in_an_edit(house: SlackHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    root = await house.ann.mention(house.general, "hello")
    answer, *_ = await house.answered(root)
    await edited(house, root, f"<@{house.slack.bot_user.id}> !forget everything yes")
    await house.ann.click(answer, "Regenerate")
    await house.until(lambda: len(house.asked) == 2)
    assert house.asked[-1].body["messages"][-1]["content"].endswith("!forget everything yes")
    assert house.rows("SELECT count(*) FROM turn WHERE forgotten") == [(0,)]
