"""Nothing lost, nothing twice on Slack: killed at every point of an answer, by edits and by a native stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from playground.glm import Hold
from playground.slack.model import Channel, Message
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, actions, open_slack

TEXT = ("The", " whole", " answer.")
WHOLE = "".join(TEXT)


@dataclass(frozen=True)
class Way:
    """How an answer comes: `begins` and `ends` are the calls for its first and its last text."""

    begins: str
    ends: str


EDITS = Way("chat.postMessage", "chat.update")
STREAM = Way("chat.startStream", "chat.stopStream")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as opened:
        yield opened


@pytest.fixture(params=[EDITS, STREAM], ids=["edits", "stream"])
def way(request: pytest.FixtureRequest) -> Way:
    return request.param


async def ask(house: SlackHouse, way: Way) -> tuple[Message, Channel]:
    """A question that is answered in this way, and where."""
    if way is EDITS:
        return await house.ann.mention(house.general, "hello"), house.general
    return await house.ann.dm_bot("hello"), house.ann.dm


def answers(house: SlackHouse, question: Message) -> list[Message]:
    return house.slack.answers(house.slack.world.channels[question.channel], question.ts)


def pausing(house: SlackHouse, after: int, text: Sequence[str] = TEXT) -> Hold:
    """The model stops after so many pieces of the text, and gives it as a whole when it is asked again."""
    hold = Hold(after)
    house.glm.script(script(*text, hold=hold))
    house.glm.script(script(*text))
    return hold


async def killed_at_the_first_call(house: SlackHouse, way: Way) -> tuple[Message, Message]:
    """The question, and what the call brought about whose response is lost."""
    hold = pausing(house, 1)
    bot = await house.start()
    held = house.slack.hold(way.begins, applied=True)
    question, _ = await ask(house, way)
    await held.arrived
    [begun] = await house.until(lambda: answers(house, question))
    await bot.kill()
    held.release()
    hold.release()
    return question, begun


async def whole_again(house: SlackHouse, question: Message, *, asked: int) -> Message:
    """After a new start: one whole answer, nothing left open, and the model was asked so often in all."""
    bot = await house.start()
    [answer] = await house.answered(question, contains=WHOLE)
    await bot.logged("turn.delivered")
    channel = house.slack.world.channels[question.channel]
    await house.until(lambda: house.slack.sessions()[channel.id, question.ts].status != "processing")
    await house.until(lambda: not house.slack.status_line(channel, question.ts))
    assert answer.visible == WHOLE
    assert actions(answer) == ["regenerate", "rate"]
    assert answers(house, question) == [answer]
    assert not house.slack.open_streams()
    assert len(house.asked) == asked
    return answer


async def test_killed_after_accept(house: SlackHouse, way: Way) -> None:
    hold = pausing(house, -1)
    bot = await house.start()
    question, _ = await ask(house, way)
    await hold.arrived()
    await bot.kill()
    hold.release()
    await whole_again(house, question, asked=2)


async def test_killed_after_the_first_call_whose_response_is_lost(house: SlackHouse, way: Way) -> None:
    question, begun = await killed_at_the_first_call(house, way)
    assert await whole_again(house, question, asked=2) is begun


async def test_killed_in_mid_answer(house: SlackHouse, way: Way) -> None:
    hold = pausing(house, 2)
    bot = await house.start()
    question, place = await ask(house, way)
    await house.until(lambda: "The whole" in house.text(place, question.ts))
    [begun] = answers(house, question)
    await bot.kill()
    hold.release()
    assert await whole_again(house, question, asked=2) is begun


async def test_what_is_taken_up_again_waits_for_the_login(house: SlackHouse, way: Way) -> None:
    question, begun = await killed_at_the_first_call(house, way)
    login = house.slack.hold("auth.test")
    again = await house.spawn()
    await login.arrived
    await house.glm.wait_for(lambda: len(house.asked) == 2, 10)
    login.release()
    await again.logged("turn.delivered")
    [answer] = await house.answered(question, contains=WHOLE)
    assert answer is begun
    assert not house.slack.open_streams()


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
async def test_killed_around_the_last_call(house: SlackHouse, way: Way, applied: bool) -> None:
    hold = pausing(house, 1)
    bot = await house.start()
    question, _ = await ask(house, way)
    [begun] = await house.until(lambda: answers(house, question))
    held = house.slack.hold(way.ends, applied=applied, shows="glm:regenerate")
    hold.release()
    await held.arrived
    assert ("regenerate" in actions(begun)) is applied
    await bot.kill()
    held.release()
    assert await whole_again(house, question, asked=1) is begun


async def test_killed_in_the_middle_of_several_pages(house: SlackHouse, way: Way) -> None:
    text = [f"word-{number} " * 1000 + "\n\n" for number in range(4)]
    hold = pausing(house, 3, text)
    bot = await house.start()
    question, place = await ask(house, way)
    await house.until(lambda: len(answers(house, question)) >= 2)
    begun = [message.ts for message in answers(house, question)]
    await bot.kill()
    hold.release()
    await house.start()
    pages = await house.answered(question, contains="word-3")
    assert [page.ts for page in pages][: len(begun)] == begun
    assert house.text(place, question.ts).count("word-") == 4000
    await house.until(lambda: not house.slack.open_streams())


async def test_sigterm_hands_running_answers_back_and_they_are_finished_after_the_start(house: SlackHouse) -> None:
    holds = [Hold(1) for _ in range(6)]
    for hold in holds:
        house.glm.script(script(*TEXT, hold=hold))
    bot = await house.start()
    rooms = [house.slack.channel(f"room-{number}") for number in range(3)]
    questions = [await house.ann.mention(room, "hello") for room in rooms]
    questions += [await house.slack.person(name).dm_bot("hello") for name in ("bob", "cem", "dan")]
    await house.until(lambda: all("The" in shown(house, question) for question in questions))
    assert await bot.terminate() == 0
    assert all("finish this in a moment" in shown(house, question) for question in questions)
    assert not house.slack.open_streams()
    assert all(session.status != "processing" for session in house.slack.sessions().values())
    begun = [answers(house, question)[0] for question in questions]
    for hold in holds:
        hold.release()
        house.glm.script(script(*TEXT))
    await house.start()
    for question, message in zip(questions, begun, strict=True):
        [answer] = await house.answered(question, contains=WHOLE)
        assert answer is message
        assert answer.visible == WHOLE


def shown(house: SlackHouse, question: Message) -> str:
    return house.text(house.slack.world.channels[question.channel], question.ts)


async def test_sigterm_lets_an_answer_that_is_about_to_end_end(house: SlackHouse, way: Way) -> None:
    hold = Hold(1)
    house.glm.script(script(*TEXT, hold=hold))
    bot = await house.start()
    question, _ = await ask(house, way)
    await hold.arrived()
    ending = asyncio.create_task(bot.terminate())
    await bot.logged("service.draining")
    hold.release()
    assert await ending == 0
    assert shown(house, question) == WHOLE
    assert not house.slack.open_streams()
    assert house.slack.sessions()[question.channel, question.ts].status == "active"


async def test_after_three_claims_the_turn_fails_in_words_and_can_be_asked_again(house: SlackHouse) -> None:
    question: Message | None = None
    for _ in range(3):
        hold = Hold(-1)
        house.glm.script(script(*TEXT, hold=hold))
        bot = await house.start()
        question = question or await house.ann.dm_bot("hello")
        await hold.arrived()
        await bot.kill()
        hold.release()
    assert question is not None
    house.glm.script(script(*TEXT))
    await house.start()
    [note] = await house.answered(question)
    assert "interrupted each time" in note.visible
    await house.ann.click(note, "Regenerate")
    [answer] = await house.answered(question, contains=WHOLE)
    assert answer is note
