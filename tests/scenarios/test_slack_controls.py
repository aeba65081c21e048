"""What people do to an answer on Slack: its buttons, words and commands, edits and deletions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from playground.glm import Finish, Hold
from playground.slack.interactions import Clicked
from playground.slack.model import Channel, Message
from playground.slack.people import Person
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, actions, open_slack


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as opened:
        yield opened


async def growing(house: SlackHouse, *, direct: bool = False) -> tuple[Message, Message, Channel]:
    """A question, its answer that has begun and stands still, and where they are."""
    hold = Hold(1)
    house.glm.script(script("Some words", " the rest", hold=hold))
    place = house.ann.dm if direct else house.general
    question = await (house.ann.dm_bot("hello") if direct else house.ann.mention(place, "hello"))
    [answer] = await house.until(lambda: "Some words" in house.text(place, question.ts) and pages(house, question))
    return question, answer, place


def pages(house: SlackHouse, question: Message) -> list[Message]:
    return house.slack.answers(house.slack.world.channels[question.channel], question.ts)


async def stopped(house: SlackHouse, question: Message) -> None:
    """The answer ended with what was written, and nothing goes on behind it."""
    [answer] = await house.answered(question)
    assert answer.visible == "Some words\n_(stopped)_"
    await house.glm.wait_for(lambda: house.asked[-1].client_gone, 10)
    await house.until(lambda: house.slack.sessions()[question.channel, question.ts].status == "active")
    assert not house.slack.open_streams()


async def whispered(house: SlackHouse, person: Person, text: str) -> None:
    """Wait until only this person is told something."""
    await house.until(
        lambda: any(text in said.visible for said in house.slack.ephemerals if said.ephemeral_to == person.id)
    )


# Stop ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direct", [True, False])
async def test_slacks_own_stop_ends_the_answer(house: SlackHouse, direct: bool) -> None:
    await house.start()
    question, _, place = await growing(house, direct=direct)
    await house.ann.press_stop(place, question.ts)
    await stopped(house, question)


async def test_our_stop_button_ends_the_answer(house: SlackHouse) -> None:
    await house.start()
    question, answer, _ = await growing(house)
    assert (await house.ann.click(answer, "Stop")).acked
    await stopped(house, question)


async def test_stop_obeys_only_the_asker_and_admins(house: SlackHouse) -> None:
    await house.start()
    question, answer, _ = await growing(house)
    bob = house.slack.person("bob")
    await bob.click(answer, "Stop")
    await whispered(house, bob, "Only the person who asked")
    assert "stop" in actions(answer)
    await house.slack.person("boss", admin=True).click(answer, "Stop")
    await stopped(house, question)


@pytest.mark.parametrize("direct", [True, False])
async def test_a_word_in_the_thread_ends_the_answer(house: SlackHouse, direct: bool) -> None:
    await house.start()
    place = house.ann.dm if direct else house.general
    for number, words in enumerate(("!stop", f"<@{house.slack.bot_user.id}> stop"), start=1):
        question, _, _ = await growing(house, direct=direct)
        await house.ann.say(place, words, thread=question.ts)
        await house.until(lambda asked=question: "_(stopped)_" in house.text(place, asked.ts))
        if direct:
            await house.until(lambda asked=question: "Stopped." in house.text(place, asked.ts))
        else:
            await house.until(lambda told=number: [m.visible for m in house.slack.ephemerals] == ["Stopped."] * told)
        assert len(house.asked) == number


async def test_a_mention_that_only_begins_with_a_command_is_a_question(house: SlackHouse) -> None:
    house.glm.script(script("As you like."))
    await house.start()
    question = await house.ann.mention(house.general, "stop using tabs")
    await house.answered(question, contains="As you like.")
    assert "stop using tabs" in house.asked[0].question


async def test_glm_stop_ends_what_runs_in_the_channel(house: SlackHouse) -> None:
    await house.start()
    question, _, _ = await growing(house)
    reply = await house.ann.slash("/glm", "stop", house.general)
    assert reply.response == {"response_type": "ephemeral", "text": "Stopped."}
    await stopped(house, question)
    again = await house.ann.slash("/glm", "stop", house.general)
    assert "nothing of yours to stop" in str(again.response)


# Commands --------------------------------------------------------------------------------------------------------


async def test_glm_ask_posts_the_question_and_answers_in_its_thread(house: SlackHouse) -> None:
    house.glm.script(script("An answer."))
    await house.start()
    assert (await house.ann.slash("/glm", "ask what is up?", house.general)).acked
    [question] = await house.until(lambda: house.slack.messages(house.general))
    assert "what is up?" in question.visible
    [answer] = await house.answered(question)
    assert (answer.visible, answer.thread) == ("An answer.", question.ts)
    assert "what is up?" in house.asked[0].question
    # The question says whose it is; that names nobody else.
    assert house.slack.pings == [(question.ts, f"<@{house.ann.id}>")]
    house.slack.pings.clear()


async def test_glm_ask_where_the_bot_is_not_says_so(house: SlackHouse) -> None:
    place = house.slack.channel("elsewhere", member=False)
    place.members.add(house.ann.id)
    await house.start()
    reply = await house.ann.slash("/glm", "ask what is up?", place)
    assert "Invite me" in str(reply.response)
    assert house.asked == []


async def test_glm_without_a_known_word_helps(house: SlackHouse) -> None:
    await house.start()
    for words in ("help", "", "nonsense"):
        reply = await house.ann.slash("/glm", words, house.general)
        assert "What is stored" in str(reply.response)
        assert "/glm model" in str(reply.response)


async def test_a_model_for_me_holds_from_the_next_question_on_and_after_a_restart(house: SlackHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    bot = await house.start()
    assert "glm-4.6" in str((await house.ann.slash("/glm", "model glm-4.6", house.general)).response)
    await bot.terminate()
    await house.start()
    await house.answered(await house.ann.mention(house.general, "hello"))
    assert house.asked[-1].model == "glm-4.6"
    assert "`glm-4.6`" in str((await house.ann.slash("/glm", "model", house.general)).response)


async def test_a_model_for_others_is_for_admins(house: SlackHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    boss = house.slack.person("boss", admin=True)
    for scope, model in (("workspace", "glm-4.7"), ("here", "glm-4.6")):
        refused = await house.ann.slash("/glm", f"model {model} for {scope}", house.general)
        assert "those who may manage it" in str(refused.response)
        await boss.slash("/glm", f"model {model} for {scope}", house.general)
        await house.answered(await house.ann.mention(house.general, "hello"))
        assert house.asked[-1].model == model


async def test_a_model_in_a_thread_is_for_that_thread(house: SlackHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    question = await house.ann.mention(house.general, "hello")
    await house.answered(question)
    await house.ann.say(house.general, "!model glm-4.6", thread=question.ts)
    await whispered(house, house.ann, "`glm-4.6` from the next question on")
    more = await house.ann.say(house.general, "and more?", thread=question.ts)
    await house.until(lambda: len(house.asked) == 2)
    await house.answered(more)
    assert house.asked[-1].model == "glm-4.6"
    await house.ann.dm_bot("elsewhere")
    await house.glm.wait_for(lambda: len(house.asked) == 3, 10)
    assert house.asked[-1].model != "glm-4.6"


async def test_reset_in_a_thread_begins_afresh(house: SlackHouse) -> None:
    for words in ("One.", "Two."):
        house.glm.script(script(words))
    await house.start()
    question = await house.ann.mention(house.general, "old matter")
    await house.answered(question)
    await house.ann.say(house.general, "!reset", thread=question.ts)
    await whispered(house, house.ann, "start afresh")
    more = await house.ann.say(house.general, "new matter", thread=question.ts)
    await house.answered(more, contains="Two.")
    assert "old matter" not in str(house.asked[-1].messages)
    assert "start afresh" in str((await house.ann.slash("/glm", "reset", house.general)).response)
    bob = house.slack.person("bob")
    assert "no conversation" in str((await bob.slash("/glm", "reset", house.general)).response)


async def test_texts_are_chinese_for_a_chinese_client(house: SlackHouse) -> None:
    await house.start()
    wei = house.slack.person("wei", locale="zh-CN")
    await wei.open_home()
    await house.until(wei.home_view)
    assert "存储内容" in str((await wei.slash("/glm", "help", house.general)).response)


# Buttons ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direct", [True, False])
async def test_regenerate_after_a_restart_writes_into_the_same_message(house: SlackHouse, direct: bool) -> None:
    house.glm.script(script("First try."))
    bot = await house.start()
    question = await (house.ann.dm_bot("hello") if direct else house.ann.mention(house.general, "hello"))
    [answer] = await house.answered(question)
    await bot.logged("turn.delivered")
    await bot.terminate()
    await house.start()
    house.glm.script(script("Second try."))
    await house.ann.click(answer, "Regenerate")
    [again] = await house.answered(question, contains="Second try.")
    assert again is answer
    assert again.visible == "Second try."


async def test_an_older_regenerate_button_gets_a_private_note(house: SlackHouse) -> None:
    for words in ("First.", "Second."):
        house.glm.script(script(words))
    await house.start()
    question = await house.ann.mention(house.general, "one")
    [first] = await house.answered(question)
    more = await house.ann.say(house.general, "two", thread=question.ts)
    await house.answered(more, contains="Second.")
    await house.ann.click(first, "Regenerate")
    await whispered(house, house.ann, "conversation has moved on")


@pytest.mark.parametrize("direct", [True, False])
async def test_continue_after_a_length_limit(house: SlackHouse, direct: bool) -> None:
    house.glm.script(script("The first half", ending=Finish("length")))
    house.glm.script(script("and the second."))
    await house.start()
    question = await (house.ann.dm_bot("a lot") if direct else house.ann.mention(house.general, "a lot"))
    [cut] = await house.answered(question)
    assert cut.visible == "The first half\n_(answer cut off at the length limit)_"
    await house.ann.click(cut, "Continue")
    first, second = await house.answered(question, contains="and the second.")
    assert first is cut
    assert second.thread == question.ts
    assert [m["role"] for m in house.asked[-1].messages] == ["system", "user", "assistant", "user"]


async def test_thumbs_are_stored_with_the_turn_and_may_be_changed(house: SlackHouse) -> None:
    house.glm.script(script("An answer."))
    await house.start()
    question = await house.ann.mention(house.general, "hello")
    [answer] = await house.answered(question)
    bob = house.slack.person("bob")
    for person, thumb in ((house.ann, "upvote"), (bob, "upvote"), (house.ann, "downvote")):
        await rate(house, person, answer, thumb)
    asker = f"{house.slack.team.id}.{house.ann.id}"
    scores = dict(house.rows("SELECT author, score FROM rating JOIN turn ON turn.id = rating.turn"))
    assert scores == {asker: -1, f"{house.slack.team.id}.{bob.id}": 1}


async def rate(house: SlackHouse, person: Person, answer: Message, thumb: str) -> None:
    """Press a thumb and wait for the thanks."""
    clicked: Clicked = await person.click(answer, thumb)
    assert clicked.acked
    await house.until(lambda: any("that is noted" in said.visible for said in clicked.later))
