"""Who is answered on Slack: the rules, the quotas, and what those are told who are not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from playground.slack.people import Person
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, open_slack


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as opened:
        yield opened


async def command(house: SlackHouse, person: Person, text: str) -> str:
    reply = await person.slash("/glm", text, house.general)
    return str((reply.response or {}).get("text", ""))


async def whispered(house: SlackHouse, person: Person, text: str) -> None:
    """Wait until only this person is told something."""
    await house.until(
        lambda: any(text in said.visible for said in house.slack.ephemerals if said.ephemeral_to == person.id)
    )


async def test_an_admin_of_the_workspace_says_who_is_answered(house: SlackHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    boss, bob = house.slack.person("boss", admin=True), house.slack.person("bob")
    assert "for my admins" in await command(house, house.ann, "access deny channel:here")
    denied = await command(house, boss, f"access deny user:{house.ann.id}")
    assert f".{house.ann.id}`: – → deny" in denied
    await house.ann.mention(house.general, "hello")
    await whispered(house, house.ann, "You may not use me here")
    assert "You may not use me here" in await command(house, house.ann, "ask hello")
    await house.answered(await bob.mention(house.general, "hello"))
    assert len(house.asked) == 1
    assert [message.visible for message in house.slack.answers(house.general) if "hello" in message.visible] == []
    assert ".boss" not in await command(house, boss, "access log")
    assert f".{boss.id}`" in await command(house, boss, "access log")
    await command(house, boss, f"access clear user:{house.ann.id}")
    await house.answered(await house.ann.mention(house.general, "hello"))


async def test_a_quota_counts_a_message_and_its_copies_once(house: SlackHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start(QUOTAS="user 1 requests")
    question = await house.ann.mention(house.general, "hello")
    await house.answered(question)
    await house.quiet()
    assert list(house.slack.ephemerals) == []
    again = await house.ann.mention(house.general, "once more")
    await whispered(house, house.ann, "Your quota for today is used up (1 requests)")
    assert len(house.asked) == 1
    assert house.slack.answers(house.general, again.ts) == []


async def test_a_denied_channel_is_silent_and_a_direct_message_is_answered(house: SlackHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    bot = await house.start()
    boss = house.slack.person("boss", admin=True)
    await command(house, boss, "access deny channel:here")
    await house.ann.mention(house.general, "hello")
    await bot.logged("ask.refused")
    await house.answered(await house.ann.dm_bot("hello"))
    assert len(house.asked) == 1
    assert list(house.slack.ephemerals) == []
    assert "I may not answer in this channel" in await command(house, house.ann, "ask hello")


async def test_a_tool_that_is_not_for_somebody_is_refused_before_the_others_see_a_question(house: SlackHouse) -> None:
    bot = await house.start()
    boss = house.slack.person("boss", admin=True)
    await command(house, boss, f"access deny user:{house.ann.id} tool:calculate")
    assert "You may not use this tool here" in await command(house, house.ann, "calculate 6*7")
    assert house.slack.answers(house.general) == []
    # What was said for all to see is refused as well, to its author alone.
    await house.ann.mention(house.general, "hello")
    said = await house.ann.say(house.general, "!calculate 6*7", thread=house.slack.messages(house.general)[0].ts)
    await whispered(house, house.ann, "You may not use this tool here")
    assert (await bot.logged("ask.refused"))["reason"] == "tool"
    assert "42" not in house.text(house.general, said.thread)
    assert await command(house, boss, "calculate 6*7") == ""
    await house.until(lambda: any("42" in m.visible for m in house.general.messages.values()))
    house.slack.pings.clear()
