"""Files that commands give: directly to whoever asked for them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from adapters.slack_app.courtesy import Courtesy
from adapters.slack_app.people import People
from bot import texts
from bot.messages import Reply
from playground.slack.people import Person
from playground.slack.server import SlackStandIn
from tests.unit.adapters.slack_app.ear import Ear, command
from tests.unit.adapters.slack_app.installed import asked, installed

GIVEN = Reply("Here it is.", ("glimmer.md", "all of it"))


@pytest.fixture
async def place() -> AsyncGenerator[SlackStandIn]:
    async with SlackStandIn() as place:
        yield place
        assert place.violations == []


async def hand_over(place: SlackStandIn, ann: Person, reply: Reply) -> list[str]:
    """Hand a reply over in #general; what Ann alone is told there."""
    general = place.channel("general")
    async with installed(place) as api:
        people = People(api)
        address = replace(asked(ann, general).address, thread="")
        await Courtesy(api, people).hand_over(address, ann.id, "", reply)
        await people.close()
    return [message.visible for message in place.ephemerals if message.ephemeral_to == ann.id]


async def test_a_file_comes_into_the_direct_messages_and_that_is_said(place: SlackStandIn) -> None:
    ann = place.person("ann")
    said = await hand_over(place, ann, GIVEN)
    [message] = ann.dm.messages.values()
    assert [(file.name, file.data) for file in message.files] == [("glimmer.md", b"all of it")]
    assert said == [f"Here it is. {texts.say('export_given')}"]


@pytest.mark.parametrize("method", ["conversations.open", "files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_file_that_slack_does_not_take_is_said_so(place: SlackStandIn, method: str) -> None:
    ann = place.person("ann")
    place.fail(method, "missing_scope")
    said = await hand_over(place, ann, GIVEN)
    assert said == [texts.say("export_failed")]
    assert [message for message in ann.dm.messages.values() if message.files] == []


async def test_without_a_file_it_is_a_whisper_and_without_words_nothing(place: SlackStandIn) -> None:
    ann = place.person("ann")
    assert await hand_over(place, ann, Reply("Done.")) == ["Done."]
    assert await hand_over(place, ann, Reply()) == ["Done."]


async def test_a_command_that_takes_long_is_acknowledged_before() -> None:
    ear = Ear()
    ear.inbox.sentence, ear.inbox.file = "Here it is.", GIVEN.file
    answer = await ear.take(command("export json"))
    assert answer.body is None
    await ear.tasks.wait(10)
    assert ear.inbox.controls[0].value == "json"
    assert ear.files == [GIVEN.file]
    assert [whisper.text for whisper in ear.whispers] == ["Here it is."]
