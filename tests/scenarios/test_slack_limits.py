"""Long answers, their form, and many at once within Slack's limits."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from playground.glm import Answer
from playground.slack.model import Message
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, open_slack


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as opened:
        yield opened


async def asked(house: SlackHouse, name: str, direct: bool, text: str, *, size: int) -> Message:
    """Somebody's question, of which the model answers this in tokens of so many characters."""
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    house.glm.script(script(*pieces), match=lambda exchange: f"for {name}" in exchange.question)
    person = house.slack.person(name)
    if direct:
        return await person.dm_bot(f"at length for {name}")
    return await person.mention(house.slack.channel(f"of-{name}"), f"at length for {name}")


# Long answers ----------------------------------------------------------------------------------------------------

LONG = {
    "prose": "".join(f"Sentence number {number} of a long text. " for number in range(400)),
    "chinese": "这是一个很长的句子,没有任何空格。" * 400,
    "code": "```python\n" + "".join(f"value_{number} = {number}\n" for number in range(900)) + "```",
}


@pytest.mark.parametrize("direct", [True, False])
async def test_long_answers_come_whole_in_well_formed_pages(house: SlackHouse, direct: bool) -> None:
    await house.start()
    questions = [await asked(house, f"{name}-fan", direct, LONG[name], size=50) for name in LONG]
    for question, (name, text) in zip(questions, LONG.items(), strict=True):
        pages = await house.answered(question)
        assert len(pages) > 1 or (name == "chinese" and not direct)
        assert all(page.visible.count("```") % 2 == 0 for page in pages)
        written = "".join("".join(page.visible.split()) for page in pages)
        if name == "code":
            assert all(f"value_{number}={number}" in written for number in range(900))
        else:
            assert written == "".join(text.split())


async def test_from_four_pages_on_the_whole_answer_is_there_as_a_file(house: SlackHouse) -> None:
    text = "".join(f"Paragraph {number} of the answer, which is long.\n\n" for number in range(700))
    house.glm.script(script(*(text[start : start + 500] for start in range(0, len(text), 500))))
    await house.start()
    question = await house.ann.dm_bot("everything")
    await house.answered(question)
    files = [file for message in house.slack.answers(house.ann.dm, question.ts) for file in message.files]
    assert [(file.name, file.data.decode()) for file in files] == [("answer.md", text)]


async def test_without_the_right_to_files_the_answer_comes_without(tmp_path: Path) -> None:
    async with open_slack(tmp_path, scopes={"chat:write", "im:history", "users:read"}) as house:
        text = "".join(f"Paragraph {number} of the answer, which is long.\n\n" for number in range(700))
        house.glm.script(script(text))
        bot = await house.start()
        pages = await house.answered(await house.ann.dm_bot("everything"))
        assert "Paragraph 699" in pages[-1].visible
        assert any(line["needed"] == "files:write" for line in bot.events("slack.operator_needed"))


# What stays as it was written ------------------------------------------------------------------------------------

PIECES = {
    "a table": "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |",
    "code": "```python\nprint('<@U123> & <!here>')\n```",
    "a link": "See [the page](https://example.org/a?b=c&d=e) and https://example.org/x_y_z.",
    "angles": "`List<String>` is a < b && c > d <!DOCTYPE html>",
}


DRAWN = "```\na  b\n-  -\n1  2\n3  4\n```"


@pytest.mark.parametrize("direct", [True, False])
async def test_tables_code_and_links_survive(house: SlackHouse, direct: bool) -> None:
    await house.start()
    for number, (name, piece) in enumerate(PIECES.items()):
        question = await asked(house, f"fan-{number}", direct, f"Here it is.\n\n{piece}\n\nThat was it.", size=3)
        [answer] = await house.answered(question)
        # A table is drawn in fixed columns.
        wanted = DRAWN if name == "a table" else piece
        assert answer.visible.replace("\u2060", "") == f"Here it is.\n\n{wanted}\n\nThat was it."
        assert direct or not answer.unfurl


@pytest.mark.parametrize("direct", [True, False])
async def test_nothing_that_the_model_says_pings_anybody(house: SlackHouse, direct: bool) -> None:
    pings = f"<!channel> <!here|here> <!everyone> <!subteam^S1234567|ops> <@{house.ann.id}> <@{house.ann.id}|ann> @here"
    await house.start()
    await house.answered(await asked(house, "ann", direct, pings, size=1))
    assert house.slack.pings == []
    assert not any(
        call.args.get("link_names") or call.args.get("parse", "none") != "none" for call in house.slack.calls
    )


# Many at once ----------------------------------------------------------------------------------------------------

WORDS = tuple(f"word{number} " for number in range(60))


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("bursts", [True, False])
async def test_eight_at_once_are_whole_without_a_refusal(tmp_path: Path, bursts: bool, direct: bool) -> None:
    async with open_slack(tmp_path, latency=0.12) as house:
        if not bursts:
            house.slack.tiers.harden()
        house.glm.script(Answer(text=WORDS, rate=40.0, delay=0.05), times=None)
        people = [house.slack.person(f"person{number}") for number in range(8)]
        rooms = [person.dm if direct else house.slack.channel(f"of-{person.name}") for person in people]
        await house.start()
        questions = [
            await (person.dm_bot("go") if direct else person.mention(room, "go"))
            for person, room in zip(people, rooms, strict=True)
        ]
        for question in questions:
            [answer] = await house.answered(question)
            assert answer.visible == "".join(WORDS).strip()
        assert [call.method for call in house.slack.calls if call.status == 429] == []
        assert not house.slack.open_streams()
