"""Personas, retry, export and forget through the real process, on Discord and on Slack."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from playground.discord.interactions import Interaction
from playground.discord.model import Message as DiscordMessage
from playground.discord.model import Upload
from playground.glm import Exchange, Hold
from playground.slack.model import Message as SlackMessage
from tests.scenarios.house import House, script
from tests.scenarios.process import ROOT
from tests.scenarios.slack_house import SlackHouse, open_slack

SECRET = "xyzzy"
TUTOR = "You are a patient tutor."
BRIEFLY = "Answer helpfully and briefly."


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as house:
        yield house


def said(interaction: Interaction) -> str:
    """What a command was answered with; nobody else saw it."""
    assert all(response.ephemeral for response in interaction.responses)
    return " ".join(response.content for response in interaction.responses)


async def told(house: House, interaction: Interaction, words: str) -> str:
    """Wait for the answer to a command that was acknowledged before."""
    await house.until(lambda: words in said(interaction))
    return said(interaction)


def rules(exchange: Exchange) -> Any:
    """What the model was told of its manners."""
    return exchange.body["messages"][0]["content"]


def offered(exchange: Exchange, tool: str) -> bool:
    """Whether the model was told of a tool."""
    return tool in [known["function"]["name"] for known in exchange.body.get("tools", ()) if "function" in known]


def stored(house: House | SlackHouse, word: str) -> int:
    """How often a word stands in the database, its log and the folder of files."""
    files = [file for file in house.folder.rglob("glimmer.db*") if file.is_file()]
    files += [file for file in house.folder.rglob("glimmer.db.files/**/*") if file.is_file()]
    return sum(file.read_bytes().count(word.encode()) for file in files)


def given_on_discord(interaction: Interaction) -> tuple[str, str]:
    """The file that a command has given."""
    [message] = {response.message for response in interaction.responses if response.message}
    [upload] = message.attachments
    return upload.upload.name, upload.upload.data.decode()


# On Discord ----------------------------------------------------------------------------------------------------------


async def asked(house: House, text: str) -> DiscordMessage:
    question = await house.alice.mention(house.general, text)
    await house.answered(question)
    return question


async def test_a_persona_is_chosen_on_discord(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    await asked(house, "one")
    assert "`tutor` Helps to find" in said(await house.alice.slash("persona", channel=house.general))
    chosen = await house.alice.slash("persona", {"name": "tutor", "scope": "me"}, channel=house.general)
    assert "I am `tutor`" in said(chosen)
    await asked(house, "two")
    refused = await house.alice.slash("persona", {"name": "tutor", "scope": "server"}, channel=house.general)
    assert "for those who may manage it" in said(refused)
    before, after = (rules(exchange) for exchange in house.asked)
    assert (BRIEFLY in before, TUTOR in before) == (True, False)
    assert (BRIEFLY in after, TUTOR in after) == (False, True)


async def test_a_persona_also_holds_below_the_operators_instructions(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start(SYSTEM_PROMPT="Speak like a pirate.")
    await asked(house, "one")
    await house.alice.slash("persona", {"name": "tutor", "scope": "me"}, channel=house.general)
    await asked(house, "two")
    before, after = (rules(exchange) for exchange in house.asked)
    assert BRIEFLY not in before
    assert after.startswith(f"Speak like a pirate.\n\n{TUTOR}")


async def test_a_tool_is_switched_off_on_discord(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    await asked(house, "one")
    assert "`weather` (on)" in said(await house.alice.slash("tools", channel=house.general))
    options = {"switch": "off", "name": "weather", "scope": "me"}
    assert "`weather` is off" in said(await house.alice.slash("tools", options, channel=house.general))
    await asked(house, "two")
    assert [offered(exchange, "weather") for exchange in house.asked] == [True, False]
    assert [offered(exchange, "time") for exchange in house.asked] == [True, True]


async def test_retry_answers_again_on_discord(house: House) -> None:
    house.glm.script(script("First."))
    house.glm.script(script("Second."))
    await house.start()
    question = await asked(house, "hello")
    [answer] = house.answers(question.id)
    assert said(await house.alice.slash("retry", channel=house.general)) == "I answer that again."
    [again] = await house.answered(question, contains="Second.")
    assert again is answer
    stranger = await house.discord.person("bob").slash("retry", channel=house.discord.channel("hello"))
    assert "Only the person who asked" in said(stranger)


async def test_export_gives_a_file_on_discord(house: House) -> None:
    house.glm.script(script("Of course."), times=None)
    await house.start()
    await asked(house, SECRET)
    bob = await house.discord.person("bob").mention(house.general, "not alices")
    await house.answered(bob)
    command = await house.alice.slash("export", {"format": "json"}, channel=house.general)
    await told(house, command, "is in this file")
    name, text = given_on_discord(command)
    assert name == "glimmer.json"
    [entry] = json.loads(text)
    assert (entry["question"], entry["answer"]) == (SECRET, "Of course.")


async def test_who_has_said_nothing_is_given_no_file(house: House) -> None:
    await house.start()
    command = await house.alice.slash("export", channel=house.general)
    await told(house, command, "I keep nothing of yours")
    unknown = await house.alice.slash("forget", channel=house.general)
    await told(house, unknown, "`/forget everything`")


async def test_forget_on_discord_is_confirmed_and_leaves_nothing(house: House) -> None:
    house.glm.script(script(f"{SECRET}!"), times=None)
    await house.start()
    await asked(house, SECRET)
    note = Upload("a.txt", SECRET.encode() * 9, "text/plain")
    attached = await house.alice.mention(house.general, "read", attachments=[note])
    await house.answered(attached)
    warned = await house.alice.slash("forget", {"what": "everything"}, channel=house.general)
    await told(house, warned, "`/forget everything yes`")
    assert stored(house, SECRET) > 3
    done = await house.alice.slash("forget", {"what": "everything", "confirm": "yes"}, channel=house.general)
    assert "2 questions with their answers, 1 files" in await told(house, done, "Removed:")
    assert stored(house, SECRET) == 0
    await asked(house, "what did I say?")
    assert SECRET not in json.dumps(house.asked[-1].body)


async def test_forget_stops_what_runs_and_drops_what_waits(house: House) -> None:
    hold = Hold(1)
    house.glm.script(script(SECRET, " more", hold=hold))
    await house.start(DISCORD_THREADS="off")
    await house.alice.mention(house.general, f"{SECRET}?")
    await house.until(lambda: SECRET in house.text(house.general))
    done = await house.alice.slash("forget", {"what": "everything", "confirm": "yes"}, channel=house.general)
    assert "1 questions with their answers" in await told(house, done, "Removed:")
    await house.glm.wait_for(lambda: house.asked[0].client_gone, 10)
    assert stored(house, SECRET) == 0


# On Slack ------------------------------------------------------------------------------------------------------------


async def on_slack(slack: SlackHouse, text: str) -> SlackMessage:
    question = await slack.ann.mention(slack.general, text)
    await slack.answered(question)
    return question


async def test_a_persona_is_chosen_on_slack(slack: SlackHouse) -> None:
    slack.glm.script(script("Hi."), times=None)
    await slack.start()
    question = await on_slack(slack, "one")
    assert "`tutor`" in str((await slack.ann.slash("/glm", "persona", slack.general)).response)
    await slack.ann.say(slack.general, "!persona tutor", thread=question.ts)
    await slack.stored("SELECT 1 FROM setting WHERE name = 'persona'")
    await slack.ann.mention(slack.general, "two", thread=question.ts)
    await slack.until(lambda: len(slack.asked) == 2)
    assert [TUTOR in rules(exchange) for exchange in slack.asked] == [False, True]


async def test_a_tool_is_switched_off_on_slack(slack: SlackHouse) -> None:
    slack.glm.script(script("Hi."), times=None)
    await slack.start()
    await on_slack(slack, "one")
    assert "is off" in str((await slack.ann.slash("/glm", "tools off weather", slack.general)).response)
    await on_slack(slack, "two")
    assert [offered(exchange, "weather") for exchange in slack.asked] == [True, False]


async def test_retry_answers_again_on_slack(slack: SlackHouse) -> None:
    slack.glm.script(script("First."))
    slack.glm.script(script("Second."))
    await slack.start()
    question = await on_slack(slack, "hello")
    assert "I answer that again" in str((await slack.ann.slash("/glm", "retry", slack.general)).response)
    await slack.answered(question, contains="Second.")


async def test_export_gives_a_file_in_the_direct_messages_on_slack(slack: SlackHouse) -> None:
    slack.glm.script(script("Of course."), times=None)
    await slack.start()
    await on_slack(slack, SECRET)
    assert (await slack.ann.slash("/glm", "export", slack.general)).acked
    [shared] = await slack.until(lambda: [m for m in slack.slack.messages(slack.ann.dm) if m.files])
    [file] = shared.files
    assert file.name == "glimmer.md"
    assert SECRET in file.data.decode()
    assert "Of course." in file.data.decode()


async def test_forget_on_slack_leaves_nothing(slack: SlackHouse) -> None:
    slack.glm.script(script(f"{SECRET}!"), times=None)
    await slack.start()
    question = await on_slack(slack, SECRET)
    await slack.ann.say(slack.general, "!forget here", thread=question.ts)
    await slack.ann.say(slack.general, "!forget here yes", thread=question.ts)
    await slack.stored("SELECT 1 FROM turn WHERE forgotten")
    await slack.ann.slash("/glm", "forget everything yes", slack.general)
    await slack.quiet()
    await slack.until(lambda: stored(slack, SECRET) == 0)


# On the command line -------------------------------------------------------------------------------------------------


async def run(house: House, *arguments: str) -> tuple[int, str]:
    """Run another command of the program while the bot runs."""
    environment = {"DATABASE_URL": f"sqlite:///{house.folder}/glimmer.db"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_the_operator_exports_and_forgets_while_the_bot_runs(house: House) -> None:
    house.glm.script(script("Of course."), times=None)
    await house.start()
    await asked(house, SECRET)
    user, target = f"discord/{house.alice.id}", house.folder / "export.json"
    assert await run(house, "export", "--user", user, "--format", "json", str(target)) == (0, "")
    [entry] = json.loads(target.read_text("utf-8"))
    assert entry["question"] == SECRET
    code, printed = await run(house, "export", "--user", user, str(target))
    assert (code, "cannot be made" in printed) == (2, True)
    target.unlink()
    assert await run(house, "forget", user) == (0, "rounds: 1\n")
    assert stored(house, SECRET) == 0
    assert await run(house, "forget", user) == (0, "nothing of theirs was found\n")
    with closing(sqlite3.connect(f"file:{house.folder}/glimmer.db?mode=ro", uri=True)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    await asked(house, "and now?")
