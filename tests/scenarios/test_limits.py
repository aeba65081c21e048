"""Rate limits of every kind, long answers, and many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from playground.discord.model import Channel, Message
from playground.glm import Answer
from tests.scenarios.house import House, labels, open_house, script

WORDS = tuple(f"word{number} " for number in range(150))
TEXT = "".join(WORDS).strip()


def refused(house: House) -> list[str]:
    return [f"{call.method} {call.path}" for call in house.discord.refusals if call.status == 429]


async def ask_everywhere(house: House, places: Sequence[Channel]) -> list[Message]:
    return [await house.alice.mention(place, f"question {number}") for number, place in enumerate(places)]


def whole(house: House, places: Sequence[Channel]) -> bool:
    return all(
        [message.content for message in house.answers(place)] == [TEXT]
        and "Regenerate" in labels(house.answers(place)[0])
        for place in places
    )


def steady(rate: float) -> Answer:
    return Answer(text=WORDS, rate=rate, delay=0.05)


@pytest.mark.parametrize(("limit", "window"), [(5, 5.0), (3, 5.0), (7, 10.0)])
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
async def test_no_limit_is_ever_hit(house: House, kind: str, limit: int, window: float) -> None:
    for route in ("post_message", "edit_message"):
        house.discord.limits.set(route, limit=limit, window=window, kind=kind)  # pyright: ignore[reportArgumentType]  # one of both
    house.discord.latency = 0.02
    house.glm.script(steady(100.0), times=None)
    places = [house.discord.add_channel(f"room-{number}") for number in range(8)]
    await house.start(DISCORD_THREADS="off")
    await ask_everywhere(house, places)
    await house.until(lambda: whole(house, places))
    assert refused(house) == []


async def test_several_answers_in_one_channel_share_its_limit(house: House) -> None:
    house.discord.latency = 0.02
    house.glm.script(steady(100.0), times=None)
    await house.start(DISCORD_THREADS="off")
    people = [house.discord.person(name) for name in ("ann", "ben", "cem")]
    for person in people:
        await person.mention(house.general, "a question")
    messages = await house.until(lambda: finished(house, len(people)))
    assert [message.content for message in messages] == [TEXT] * len(people)
    assert refused(house) == []


def finished(house: House, count: int) -> list[Message] | None:
    messages = house.answers(house.general)
    done = len(messages) == count and all("Regenerate" in labels(message) for message in messages)
    return messages if done else None


async def test_a_limit_that_shrinks_while_running_is_followed(house: House) -> None:
    house.discord.latency = 0.02
    house.glm.script(steady(50.0), times=None)
    places = [house.discord.add_channel(f"room-{number}") for number in range(4)]
    await house.start(DISCORD_THREADS="off")
    await ask_everywhere(house, places)
    await house.until(lambda: len([change for change in house.discord.journal if change.kind == "edit"]) >= 4)
    house.discord.limits.set("edit_message", limit=3, window=5.0)
    await house.until(lambda: whole(house, places))
    assert len(refused(house)) <= len(places)


async def test_without_headers_the_answers_are_whole_all_the_same(house: House) -> None:
    house.discord.limits.headers = False
    house.discord.latency = 0.02
    house.glm.script(steady(50.0), times=None)
    places = [house.discord.add_channel(f"room-{number}") for number in range(4)]
    await house.start(DISCORD_THREADS="off")
    await ask_everywhere(house, places)
    await house.until(lambda: whole(house, places), patience=40.0)


async def test_many_at_once_are_all_whole_and_commands_are_still_answered_in_time(tmp_path: Path) -> None:
    async with open_house(tmp_path, latency=0.1) as house:
        house.glm.script(steady(40.0), times=None)
        places = [house.discord.add_channel(f"room-{number}") for number in range(60)]
        await house.start(DISCORD_THREADS="off")
        await ask_everywhere(house, places)
        await house.glm.wait_for(lambda: len(house.asked) == len(places), 20)
        helped = await asyncio.gather(*(house.alice.slash("help", channel=place) for place in places[:10]))
        assert not any(interaction.failed for interaction in helped)
        await house.until(lambda: whole(house, places), patience=60.0)
        assert refused(house) == []


LONG = {
    "prose": "".join(f"Sentence number {number} of a long text. " for number in range(200)),
    "code": "```python\n" + "".join(f"value_{number} = {number}\n" for number in range(200)) + "```",
    "table": "| name | 数量 |\n|---|---:|\n" + "".join(f"| 项目 {number} | {number} |\n" for number in range(150)),
    "chinese": "这是一个很长的句子,没有任何空格。" * 250,
}


@pytest.mark.parametrize("name", LONG)
async def test_long_answers_come_in_pages_that_are_each_well_formed(house: House, name: str) -> None:
    text = LONG[name]
    house.glm.script(script(*(text[start : start + 50] for start in range(0, len(text), 50))))
    await house.start()
    question = await house.alice.mention(house.general, "at length")
    pages = await house.answered(question)
    assert len(pages) > 1
    assert all(len(page.content) <= 2_000 for page in pages)
    assert all(page.content.count("```") % 2 == 0 for page in pages)
    shown = "".join("".join(page.content.split()) for page in pages)
    if name in {"prose", "chinese"}:
        assert shown == "".join(text.split())
    else:
        assert all(str(number) in shown for number in range(150))


async def test_from_four_pages_on_the_whole_answer_is_attached(house: House) -> None:
    text = "".join(f"Paragraph {number} of the answer.\n\n" for number in range(250))
    house.glm.script(script(*(text[start : start + 100] for start in range(0, len(text), 100))))
    await house.start()
    question = await house.alice.mention(house.general, "everything")
    pages = await house.answered(question)
    assert len(pages) >= 4
    assert [len(page.attachments) for page in pages] == [0] * (len(pages) - 1) + [1]
    file = pages[-1].attachments[0].upload
    assert (file.name, file.data.decode()) == ("answer.md", text)


async def test_a_shorter_second_attempt_leaves_no_page_behind(house: House) -> None:
    text = "".join(f"Paragraph {number} of the answer.\n\n" for number in range(250))
    house.glm.script(script(text))
    house.glm.script(script("Short."))
    await house.start()
    question = await house.alice.mention(house.general, "everything")
    pages = await house.answered(question)
    await house.alice.click(pages[-1], "Regenerate")
    [only] = await house.until(lambda: len(house.answers(question.id)) == 1 and house.answers(question.id))
    assert only is pages[0]
    assert only.content == "Short."
