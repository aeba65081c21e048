"""The ladder of what Slack lets us do: when a rung breaks the answer is still whole, in one place, and pings nobody."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from playground.glm import Hold
from playground.slack.faults import Fault
from playground.slack.model import Message
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, actions, open_slack

TEXT = ("The", " whole", " answer.")
WHOLE = "".join(TEXT)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as opened:
        yield opened


def methods(house: SlackHouse) -> list[str]:
    return [call.method for call in house.slack.calls if call.method.startswith("chat.")]


async def begun(house: SlackHouse, name: str, *more: Hold) -> tuple[Message, Message, Hold]:
    """Somebody's question in a direct message, its stream that stands still after the first word, and what holds it."""
    hold = Hold(1)
    house.glm.script(script(*TEXT, hold=(hold, *more)))
    question = await house.slack.person(name).dm_bot("hello")
    [message] = await house.until(house.slack.open_streams)
    await house.until(lambda: "The" in message.visible)
    return question, message, hold


async def happened(house: SlackHouse, fault: Fault) -> None:
    """Wait until a fault has met its call."""
    await house.until(lambda: fault.times == 0)


async def shown(house: SlackHouse, question: Message) -> None:
    """Wait for the first word of an answer."""
    channel = house.slack.world.channels[question.channel]
    await house.until(lambda: "The" in house.text(channel, question.ts))


async def whole(house: SlackHouse, question: Message, text: str = WHOLE) -> Message:
    [answer] = await house.answered(question, contains=text)
    assert answer.visible == text
    assert actions(answer) == ["regenerate", "rate"]
    assert not house.slack.open_streams()
    await house.until(lambda: house.slack.sessions()[question.channel, question.ts].status != "processing")
    return answer


# A stream that cannot be begun -----------------------------------------------------------------------------------


async def answered_by_edits(house: SlackHouse, name: str) -> None:
    hold = Hold(1)
    house.glm.script(script(*TEXT, hold=hold))
    question = await house.slack.person(name).dm_bot("hello")
    await shown(house, question)
    assert not house.slack.open_streams()
    hold.release()
    await whole(house, question)


async def test_a_refused_stream_becomes_a_message_that_is_edited(house: SlackHouse) -> None:
    errors = ["channel_type_not_supported", "missing_recipient_team_id", "messages_tab_disabled", "restricted_action"]
    await house.start()
    for error in errors:
        house.slack.fail("chat.startStream", error)
        await answered_by_edits(house, f"one-{error}")
    assert methods(house).count("chat.startStream") == len(errors)


@pytest.mark.parametrize("error", ["unknown_method", "feature_not_enabled", "method_deprecated"])
async def test_what_the_workspace_does_not_have_is_not_tried_again(house: SlackHouse, error: str) -> None:
    await house.start()
    house.slack.fail("chat.startStream", error)
    for name in ("bob", "cem"):
        await answered_by_edits(house, name)
    assert methods(house).count("chat.startStream") == 1


async def test_a_spent_budget_of_starts_makes_edits(house: SlackHouse) -> None:
    house.slack.tiers.set("chat.startStream", per_minute=1)
    await house.start()
    question, _, hold = await begun(house, "ann")
    hold.release()
    await whole(house, question)
    for name in ("bob", "cem"):
        await answered_by_edits(house, name)
    assert methods(house).count("chat.startStream") == 2


async def test_a_workspace_whose_app_is_no_agent_gets_its_answers_all_the_same(tmp_path: Path) -> None:
    async with open_slack(tmp_path, agent=False) as house:
        house.glm.script(script(*TEXT))
        await house.start()
        question = await house.ann.dm_bot("hello")
        [answer] = await house.answered(question)
        assert answer.visible == WHOLE


@pytest.mark.parametrize(("mode", "streams"), [("edit", False), ("native", True)])
async def test_the_operator_decides_how_answers_grow(house: SlackHouse, mode: str, streams: bool) -> None:
    hold = Hold(1)
    house.glm.script(script(*TEXT, hold=hold))
    await house.start(SLACK_STREAM=mode)
    question = await house.ann.mention(house.general, "hello")
    await shown(house, question)
    assert bool(house.slack.open_streams()) is streams
    hold.release()
    await whole(house, question)


# A stream that ends too early ------------------------------------------------------------------------------------


async def test_a_stream_that_slack_closed_goes_on_in_the_same_message(house: SlackHouse) -> None:
    await house.start()
    question, message, hold = await begun(house, "ann")
    house.slack.expire_streams()
    hold.release()
    assert await whole(house, question) is message


@pytest.mark.parametrize("method", ["chat.appendStream", "chat.stopStream"])
async def test_an_append_or_stop_that_is_refused_leaves_a_whole_answer(house: SlackHouse, method: str) -> None:
    await house.start()
    for error in ("msg_too_long", "msg_blocks_too_long", "internal_error", "service_unavailable"):
        last = Hold(2)
        question, message, hold = await begun(house, f"one-{error}", last)
        fault = house.slack.fail(method, error)
        hold.release()
        if method == "chat.stopStream":
            last.release()
        await happened(house, fault)
        last.release()
        assert await whole(house, question) is message


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("method", ["chat.appendStream", "chat.stopStream"])
async def test_a_lost_response_doubles_nothing_of_a_stream(house: SlackHouse, method: str, applied: bool) -> None:
    await house.start()
    last = Hold(2)
    question, message, hold = await begun(house, "ann", last)
    fault = house.slack.lose(method, applied=applied)
    hold.release()
    if method == "chat.stopStream":
        last.release()
    await happened(house, fault)
    last.release()
    assert await whole(house, question) is message


async def test_a_lost_first_response_doubles_nothing(house: SlackHouse) -> None:
    await house.start()
    for method in ("chat.startStream", "chat.postMessage"):
        for applied in (True, False):
            hold = Hold(1)
            house.glm.script(script(*TEXT, hold=hold))
            fault = house.slack.lose(method, applied=applied)
            if method == "chat.startStream":
                question = await house.slack.person(f"one-{applied}").dm_bot("hello")
            else:
                question = await house.ann.mention(house.slack.channel(f"room-{applied}"), "hello")
            channel = house.slack.world.channels[question.channel]
            await house.until(lambda c=channel, q=question: house.slack.answers(c, q.ts))
            await happened(house, fault)
            hold.release()
            await whole(house, question)


async def test_a_lost_edit_doubles_nothing(house: SlackHouse) -> None:
    await house.start()
    for applied in (True, False):
        hold = Hold(1)
        house.glm.script(script(*TEXT, hold=hold))
        question = await house.ann.mention(house.slack.channel(f"room-{applied}"), "hello")
        await shown(house, question)
        fault = house.slack.lose("chat.update", applied=applied)
        hold.release()
        await happened(house, fault)
        await whole(house, question)
