"""Files that commands give: directly to whoever asked for them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from adapters.slack_app.courtesy import Courtesy
from adapters.slack_app.people import People
from bot import texts
from bot.errors import OperatorError
from bot.messages import Reply
from playground.slack.people import Person
from playground.slack.server import SlackStandIn
from tests.unit.adapters.slack_app.ear import ROOT, Ear, command, direct, said
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


async def test_a_command_that_takes_long_is_stored_before_it_is_acknowledged_with_the_way_to_its_giver() -> None:
    ear = Ear()
    assert (await ear.take(command("export json"))).body is None
    assert ear.control.value == "json"
    assert ear.control.origin == {"response_url": "https://hooks.test/c"}
    assert await ear.inbox.store.unsettled() == [ear.control]


async def test_words_that_take_long_are_answered_in_their_thread() -> None:
    ear = Ear()
    await ear.take(said("!forget here yes", thread_ts=ROOT), direct("!export", "1700000101.0"))
    assert [control.origin["thread"] for control in ear.inbox.controls] == [ROOT, "1700000101.0"]
    assert ear.whispers == []


async def test_what_could_not_be_stored_is_said_at_once() -> None:
    ear = Ear()
    ear.inbox.failing = OperatorError("the disk is full")
    answer = await ear.take(command("forget everything yes"))
    assert answer.body == {"response_type": "ephemeral", "text": texts.say("not_stored")}
