"""One answer each: copies, repetitions and echoes of a message are the same message."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from playground.glm import Hold
from playground.slack.delivery import MentionOrder
from playground.slack.events import message_event
from playground.slack.model import Message
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, open_slack


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as opened:
        yield opened


async def only(house: SlackHouse, question: Message, text: str, *, asks: int = 1, requests: int = 0) -> Message:
    """The one answer to a question, when nothing more is on its way to the bot.

    So many asks were taken in so far, and the model was asked as often, or in so many requests.
    """
    [answer] = await house.answered(question, contains=text)
    await house.quiet()
    assert answer.visible == text
    assert house.rows("SELECT state FROM ask") == [("asked",)] * asks
    assert len(house.asked) == (requests or asks)
    return answer


async def sent_again(house: SlackHouse, *, times: int) -> None:
    """Send every event that there was again, as Slack does when it has missed the acknowledgement."""
    for delivered in list(house.slack.deliver.log) * times:
        assert (await house.slack.deliver.again(delivered)).acked_at is not None


ORDERS: tuple[MentionOrder, ...] = ("message", "app_mention", "only_message", "only_app_mention")


@pytest.mark.parametrize("over", ["socket", "http"])
async def test_the_two_copies_of_a_mention_are_answered_once(tmp_path: Path, over: str) -> None:
    async with open_slack(tmp_path, over=over) as house:
        house.glm.script(script("An answer."), times=None)
        await house.start()
        for number, order in enumerate(ORDERS, start=1):
            house.slack.deliver.mention_order = order
            question = await house.ann.mention(house.slack.channel(order), "hello")
            await only(house, question, "An answer.", asks=number)


@pytest.mark.parametrize("files_in_both", [True, False])
async def test_the_files_of_a_mention_are_read_whichever_copy_comes_first(
    house: SlackHouse, files_in_both: bool
) -> None:
    house.slack.deliver.mention_files = files_in_both
    house.glm.script(script("Read."), times=None)
    await house.start()
    for number, order in enumerate(ORDERS[:2], start=1):
        house.slack.deliver.mention_order = order
        file = await house.ann.upload("notes.txt", "text/plain", b"the secret is 4711")
        question = await house.ann.mention(house.slack.channel(order), "what is the secret?", files=[file])
        await only(house, question, "Read.", asks=number)
        assert "the secret is 4711" in house.asked[-1].question


async def test_files_that_come_when_the_model_has_already_been_asked_are_read(house: SlackHouse) -> None:
    hold = Hold()
    house.glm.script(script("Nothing was attached.", hold=hold))
    house.glm.script(script("Read."))
    await house.start()
    house.slack.deliver.mention_order = "only_app_mention"
    file = await house.ann.upload("notes.txt", "text/plain", b"the secret is 4711")
    question = await house.ann.mention(house.general, "what is the secret?", files=[file])
    await hold.arrived()
    house.slack.deliver.mention_order = "only_message"
    fuller = message_event(house.slack.world, question)
    house.slack.deliver.announce(house.slack.team, fuller, channel=house.general)
    await only(house, question, "Read.", requests=2)
    assert "4711" not in house.asked[0].question
    assert "the secret is 4711" in house.asked[1].question


async def test_the_same_event_three_times_is_answered_once(house: SlackHouse) -> None:
    hold = Hold(1)
    house.glm.script(script("An ", "answer.", hold=hold))
    await house.start()
    question = await house.ann.mention(house.general, "hello")
    await hold.arrived()
    await sent_again(house, times=2)
    hold.release()
    await only(house, question, "An answer.")


async def test_the_same_direct_message_three_times_is_answered_once(house: SlackHouse) -> None:
    house.glm.script(script("An answer."))
    await house.start()
    question = await house.ann.dm_bot("hello")
    await house.answered(question)
    await sent_again(house, times=2)
    await only(house, question, "An answer.")


async def test_a_redelivery_after_a_minute_is_not_answered_again(house: SlackHouse) -> None:
    house.glm.script(script("An answer."))
    await house.start()
    house.slack.clock.advance(-70.0)
    question = await house.ann.mention(house.general, "hello")
    house.slack.clock.advance(70.0)
    await house.answered(question)
    await sent_again(house, times=1)
    await only(house, question, "An answer.")


@pytest.mark.parametrize("over", ["socket", "http"])
async def test_a_redelivery_after_a_restart_is_not_answered_again(tmp_path: Path, over: str) -> None:
    async with open_slack(tmp_path, over=over) as house:
        house.glm.script(script("An answer."))
        bot = await house.start()
        question = await house.ann.mention(house.general, "hello")
        await house.answered(question)
        await house.quiet()
        await bot.kill()
        await house.start()
        await sent_again(house, times=1)
        await only(house, question, "An answer.")


async def test_what_was_never_acknowledged_is_answered_after_the_restart(house: SlackHouse) -> None:
    house.glm.script(script("An answer."))
    bot = await house.start()
    await bot.kill()
    await house.until(lambda: not house.slack.deliver.connected())
    question = await house.ann.mention(house.general, "hello")
    await house.start()
    await only(house, question, "An answer.")


async def test_echoes_of_our_own_edits_are_no_questions(house: SlackHouse) -> None:
    hold = Hold(1)
    house.glm.script(script("An ", "answer.", hold=hold))
    await house.start()
    question = await house.ann.mention(house.general, "hello")
    await house.until(lambda: "An" in house.text(house.general, question.ts))
    hold.release()
    answer = await only(house, question, "An answer.")
    echoes = [sent.event for sent in house.slack.deliver.log if sent.event.get("subtype") == "message_changed"]
    assert answer.ts in [echo["message"]["ts"] for echo in echoes]


async def test_previews_of_links_change_nothing(house: SlackHouse) -> None:
    hold = Hold(1)
    house.glm.script(script("An ", "answer.", hold=hold))
    await house.start()
    question = await house.ann.mention(house.general, "what does https://example.org say?")
    await house.until(lambda: "An" in house.text(house.general, question.ts))
    [growing] = house.slack.answers(house.general, question.ts)
    house.slack.deliver.touch(question)
    house.slack.deliver.touch(growing)
    hold.release()
    await house.answered(question)
    house.slack.deliver.touch(question)
    house.slack.deliver.touch(growing)
    await only(house, question, "An answer.")


@pytest.mark.parametrize("mentions", [True, False])
async def test_a_reply_that_is_also_sent_to_the_channel_is_answered_once(house: SlackHouse, mentions: bool) -> None:
    house.glm.script(script("One."))
    house.glm.script(script("Two."))
    await house.start()
    question = await house.ann.mention(house.general, "first")
    await house.answered(question)
    bot = f"<@{house.slack.bot_user.id}> " if mentions else ""
    await house.ann.say(house.general, f"{bot}and for all to see?", thread=question.ts, broadcast=True)
    _, second = await house.answered(question, contains="Two.")
    assert second.thread == question.ts
    assert not second.broadcast
    await house.quiet()
    assert len(house.asked) == 2
