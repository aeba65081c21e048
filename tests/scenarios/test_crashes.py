"""Nothing lost, nothing twice: the process is killed at every point of an answer, and started again."""

from __future__ import annotations

import asyncio

import pytest

from playground.discord import messages
from playground.discord.model import Message
from playground.glm import Hold
from tests.scenarios.house import House, labels, script

TEXT = ("The", " whole", " answer.")


def shown(house: House, place: str) -> list[str]:
    return [message.content for message in house.answers(place)]


async def at_rest_again(house: House, question: Message) -> list[Message]:
    await house.start()
    return await house.answered(question, contains="".join(TEXT))


async def test_the_same_message_three_times_gives_one_answer(house: House) -> None:
    house.glm.script(script(*TEXT), times=None)
    bot = await house.start()
    question = await house.alice.mention(house.general, "hello")
    first = await house.answered(question)
    for _ in range(2):
        messages.announce(house.discord.service, "MESSAGE_CREATE", house.general, question, {})
    await house.alice.dm("a later one")
    await house.at_rest(house.alice.dm_channel)
    assert house.answers(question.id) == first
    assert len(house.asked) == 2
    assert bot.process.returncode is None


async def test_killed_after_accept(house: House) -> None:
    hold = Hold(-1)
    house.glm.script(script(*TEXT, hold=hold))
    house.glm.script(script(*TEXT))
    bot = await house.start()
    question = await house.alice.mention(house.general, "hello")
    await hold.arrived()
    await bot.kill()
    hold.release()
    await at_rest_again(house, question)
    assert shown(house, question.id) == ["".join(TEXT)]


async def test_killed_after_the_first_post_whose_response_is_lost(house: House) -> None:
    hold = Hold(1)
    house.glm.script(script(*TEXT, hold=hold))
    house.glm.script(script(*TEXT))
    bot = await house.start()
    held = house.discord.hold("POST", r"/channels/\d+/messages$", applied=True)
    question = await house.alice.mention(house.general, "hello")
    await held.arrived
    [posted] = await house.until(lambda: house.answers(question.id))
    await bot.kill()
    held.release()
    hold.release()
    [answer] = await at_rest_again(house, question)
    assert answer is posted


async def test_killed_in_mid_answer(house: House) -> None:
    hold = Hold(2)
    house.glm.script(script(*TEXT, hold=hold))
    house.glm.script(script(*TEXT))
    bot = await house.start()
    question = await house.alice.mention(house.general, "hello")
    await house.until(lambda: "The whole" in house.text(question.id))
    [begun] = house.answers(question.id)
    await bot.kill()
    hold.release()
    [answer] = await at_rest_again(house, question)
    assert answer is begun
    assert len(house.asked) == 2


async def test_killed_after_finish_before_the_last_edit(house: House) -> None:
    house.glm.script(script(*TEXT))
    bot = await house.start()
    held = house.discord.hold("PATCH", r"/messages/\d+$", applied=False)
    question = await house.alice.mention(house.general, "hello")
    await held.arrived
    await bot.kill()
    held.release()
    [answer] = await at_rest_again(house, question)
    assert labels(answer)[0] == "Regenerate"
    assert len(house.asked) == 1, "a finished turn is only ever delivered again"


async def test_killed_after_the_last_edit(house: House) -> None:
    house.glm.script(script(*TEXT))
    bot = await house.start()
    held = house.discord.hold("PATCH", r"/messages/\d+$", applied=True)
    question = await house.alice.mention(house.general, "hello")
    await held.arrived
    await bot.kill()
    held.release()
    [answer] = await at_rest_again(house, question)
    assert answer.content == "".join(TEXT)
    assert len(house.asked) == 1


async def test_killed_in_the_middle_of_several_pages(house: House) -> None:
    paragraph = "word " * 300 + "\n\n"
    text = [paragraph] * 4
    hold = Hold(3)
    house.glm.script(script(*text, hold=hold))
    house.glm.script(script(*text))
    bot = await house.start()
    question = await house.alice.mention(house.general, "much, please")
    await house.until(lambda: len(house.answers(question.id)) >= 2)
    begun = [message.id for message in house.answers(question.id)]
    await bot.kill()
    hold.release()
    await house.start()
    pages = await house.answered(question)
    assert [page.id for page in pages][: len(begun)] == begun
    assert "".join(page.content for page in pages).count("word") == 1200


async def test_after_three_claims_the_turn_fails_in_words_and_can_be_asked_again(house: House) -> None:
    question: Message | None = None
    for _ in range(3):
        hold = Hold(-1)
        house.glm.script(script(*TEXT, hold=hold))
        bot = await house.start()
        question = question or await house.alice.mention(house.general, "hello")
        await hold.arrived()
        await bot.kill()
        hold.release()
    assert question is not None
    house.glm.script(script(*TEXT))
    await house.start()
    [note] = await house.answered(question)
    assert "interrupted each time" in note.content
    await house.alice.click(note, "Regenerate")
    [answer] = await house.answered(question, contains="".join(TEXT))
    assert answer is note


@pytest.mark.parametrize("answers", [10])
async def test_sigterm_hands_running_answers_back_and_they_are_finished_after_the_start(
    house: House, answers: int
) -> None:
    holds = [Hold(1) for _ in range(answers)]
    for hold in holds:
        house.glm.script(script(*TEXT, hold=hold))
    bot = await house.start()
    places = [house.discord.add_channel(f"room-{number}") for number in range(answers)]
    questions = [await house.alice.mention(place, "hello") for place in places]
    await house.until(lambda: all("The" in house.text(question.id) for question in questions))
    assert await bot.terminate() == 0
    assert all("finish this in a moment" in house.text(question.id) for question in questions)
    begun = [house.answers(question.id)[0].id for question in questions]
    for hold in holds:
        hold.release()
    for _ in holds:
        house.glm.script(script(*TEXT))
    await house.start()
    for question in questions:
        [answer] = await house.answered(question, contains="".join(TEXT))
        assert answer.id in begun
        assert answer.content == "".join(TEXT)


async def test_sigterm_lets_an_answer_that_is_about_to_end_end(house: House) -> None:
    hold = Hold(1)
    house.glm.script(script(*TEXT, hold=hold))
    bot = await house.start()
    question = await house.alice.mention(house.general, "hello")
    await hold.arrived()
    ending = asyncio.create_task(bot.terminate())
    await bot.logged("service.draining")
    hold.release()
    assert await ending == 0
    assert shown(house, question.id) == ["".join(TEXT)]
