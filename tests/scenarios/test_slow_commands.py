"""Commands that take long: killed after their acknowledgement they are carried out by the next process."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from playground.discord.interactions import Interaction
from playground.glm import Hold
from tests.scenarios.house import House, script
from tests.scenarios.slack_house import SlackHouse, open_slack

SECRET = "xyzzy"
EVERYTHING = {"what": "everything", "confirm": "yes"}


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as house:
        yield house


def kept(house: House | SlackHouse) -> int:
    """How often the word stands in the database and its log."""
    files = [file for file in house.folder.rglob("glimmer.db*") if file.is_file()]
    return sum(file.read_bytes().count(SECRET.encode()) for file in files)


def waiting(house: House | SlackHouse) -> list[str]:
    """The commands that were stored and not yet carried out."""
    return [body for (body,) in house.rows("SELECT body FROM control WHERE NOT settled")]


def said(interaction: Interaction) -> str:
    return " ".join(response.content for response in interaction.responses)


async def carried_out(house: House | SlackHouse) -> None:
    """Wait until nothing is left to be carried out."""
    await house.stored("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM control WHERE NOT settled)")


def pausing(house: House | SlackHouse) -> Hold:
    """One whole answer, and one that is stopped while it is written."""
    hold = Hold(1)
    house.glm.script(script(f"{SECRET}!"))
    house.glm.script(script(f"{SECRET}?", " more", hold=hold))
    return hold


# On Discord ----------------------------------------------------------------------------------------------------------


async def test_what_is_to_be_forgotten_on_discord_is_forgotten_by_the_next_process(house: House) -> None:
    hold = pausing(house)
    bot = await house.start()
    await house.answered(await house.alice.mention(house.general, SECRET))
    running = await house.alice.mention(house.general, f"{SECRET} again")
    await house.until(lambda: f"{SECRET}?" in house.text(running.id))
    # The last edit of what is stopped does not come through: it cannot be forgotten yet.
    held = house.discord.hold("PATCH", r"/messages/\d+$", applied=False, times=9)
    done = await house.alice.slash("forget", EVERYTHING, channel=house.general)
    await held.arrived
    assert [response.kind for response in done.responses] == ["defer"]
    assert SECRET not in "".join(waiting(house))
    await bot.kill()
    hold.release()
    held.release()
    assert kept(house) > 0
    await house.start()
    await house.until(lambda: "Removed:" in said(done))
    assert "1 questions with their answers" in said(done)
    assert kept(house) == 0
    await carried_out(house)


async def test_a_file_on_discord_that_did_not_get_through_comes_after_the_restart(house: House) -> None:
    house.glm.script(script("Of course."), times=None)
    bot = await house.start()
    await house.answered(await house.alice.mention(house.general, SECRET))
    held = house.discord.hold("POST", r"^/webhooks/", applied=False)
    done = await house.alice.slash("export", channel=house.general)
    await held.arrived
    await bot.kill()
    already = len(done.responses)
    await house.start()
    await house.until(lambda: len(done.responses) > already)
    await carried_out(house)
    message = done.responses[-1].message
    assert message is not None
    [file] = message.attachments
    assert SECRET in file.data.decode()


async def test_after_the_commands_time_the_answer_comes_directly_on_discord(house: House) -> None:
    house.glm.script(script("Of course."), times=None)
    bot = await house.start()
    await house.answered(await house.alice.mention(house.general, SECRET))
    held = house.discord.hold("POST", r"^/webhooks/", applied=False)
    await house.alice.slash("export", channel=house.general)
    await held.arrived
    await bot.kill()
    house.discord.clock.advance(house.discord.interactions.lifetime)
    await house.start()
    [message] = await house.until(lambda: house.answers(house.alice.dm_channel))
    assert [SECRET in file.data.decode() for file in message.attachments] == [True]


async def test_what_was_forgotten_here_before_the_kill_takes_nothing_else_with_it(house: House) -> None:
    house.glm.script(script("Of course."), times=None)
    bot = await house.start()
    await house.answered(await house.alice.mention(house.general, "the first"))
    await house.answered(await house.alice.mention(house.general, "the last"))
    held = house.discord.hold("POST", r"^/webhooks/", applied=False)
    await house.alice.slash("forget", {"what": "here", "confirm": "yes"}, channel=house.general)
    await held.arrived
    assert house.rows("SELECT count(*) FROM turn WHERE forgotten") == [(1,)]
    await bot.kill()
    await house.start()
    await carried_out(house)
    assert house.rows("SELECT question FROM turn WHERE NOT forgotten") == [("[Alice]: the first",)]


# On Slack ------------------------------------------------------------------------------------------------------------


async def test_what_is_to_be_forgotten_on_slack_is_forgotten_by_the_next_process(slack: SlackHouse) -> None:
    hold = pausing(slack)
    bot = await slack.start()
    await slack.answered(await slack.ann.mention(slack.general, SECRET))
    running = await slack.ann.mention(slack.general, f"{SECRET} again")
    await slack.until(lambda: f"{SECRET}?" in slack.text(slack.general, running.ts))
    held = slack.slack.hold("chat.update", times=9)
    done = await slack.ann.slash("/glm", "forget everything yes", slack.general)
    await held.arrived
    assert done.acked
    assert SECRET not in "".join(waiting(slack))
    await bot.kill()
    hold.release()
    held.release()
    assert kept(slack) > 0
    await slack.start()
    await slack.until(lambda: any("Removed:" in message.visible for message in done.later))
    assert kept(slack) == 0
    await carried_out(slack)


async def test_words_in_a_thread_on_slack_are_carried_out_by_the_next_process(slack: SlackHouse) -> None:
    slack.glm.script(script(f"{SECRET}!"), times=None)
    bot = await slack.start()
    question = await slack.ann.mention(slack.general, SECRET)
    await slack.answered(question)
    held = slack.slack.hold("chat.postEphemeral", applied=False)
    await slack.ann.say(slack.general, "!forget here yes", thread=question.ts)
    await held.arrived
    await bot.kill()
    await slack.start()
    await carried_out(slack)
    assert kept(slack) == 0
    [told] = [message for message in slack.slack.ephemerals if message.ephemeral_to == slack.ann.id]
    assert told.thread == question.ts


async def test_a_file_on_slack_that_did_not_get_through_comes_after_the_restart(slack: SlackHouse) -> None:
    slack.glm.script(script("Of course."), times=None)
    bot = await slack.start()
    await slack.answered(await slack.ann.mention(slack.general, SECRET))
    held = slack.slack.hold("files.completeUploadExternal")
    await slack.ann.slash("/glm", "export json", slack.general)
    await held.arrived
    await bot.kill()
    await slack.start()
    shared = await slack.until(lambda: [message for message in slack.slack.messages(slack.ann.dm) if message.files])
    assert [SECRET in file.data.decode() for message in shared for file in message.files] == [True]
    await carried_out(slack)
