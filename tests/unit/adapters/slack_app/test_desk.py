from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot import texts
from bot.errors import OperatorError, PlatformError, PlatformGone, PlatformRefused, PlatformUnsure
from bot.messages import Attachment, ControlKind, Quote, Right
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually
from tests.unit.adapters.slack_app.ear import ANN, CHANNEL, DM, ROOT, TEAM, TS, Ear, command, shortcut

pytestmark = pytest.mark.usefixtures("silence")
BEFORE: dict[str, Any] = {"type": "message", "user": "UBEN", "ts": ROOT, "text": "the *build* &amp; <https://a.test>"}


def whispered(sentence: str) -> dict[str, str]:
    return {"response_type": "ephemeral", "text": sentence}


# /glm ------------------------------------------------------------------------------------------------------------


async def test_a_question_by_command_is_posted_and_asked_as_if_it_had_been_said() -> None:
    ear = Ear()
    answer = await ear.take(command("ask  what is a &lt; b?"))
    assert (answer.status, answer.body) == (200, None)
    assert ear.questions == [(ANN, "what is a < b?")]
    ask = ear.asked
    assert (ask.key, ask.conversation) == (f"slack/{TEAM}:{CHANNEL}:{TS}", f"slack/{TEAM}/{CHANNEL}/{TS}")
    assert (ask.text, ask.message, ask.address.thread) == ("what is a < b?", TS, TS)
    assert (ask.address.channel, ask.address.title) == (f"{TEAM}.{CHANNEL}", "#general")
    assert (ask.author.id, ask.author.name) == (f"{TEAM}.{ANN}", "Ann")
    assert ask.origin == {"team": TEAM, "user": ANN, "response_url": "https://hooks.test/c"}
    assert ear.people.asked == []


async def test_a_question_for_the_background_is_posted_as_well_and_put_off() -> None:
    ear = Ear()
    assert (await ear.take(command("background what is it?"))).body is None
    assert ear.questions == [(ANN, "what is it?")]
    assert (ear.asked.text, ear.asked.message, ear.asked.deferred) == ("what is it?", TS, True)


@pytest.mark.parametrize("error", [PlatformGone("channel_not_found"), PlatformRefused("not_in_channel")])
async def test_where_the_bot_may_not_write_it_says_how_to_invite_it(error: PlatformError) -> None:
    ear = Ear()
    ear.unpostable = error
    answer = await ear.take(command("ask why?"))
    assert answer.body == whispered(texts.say("uninvited"))
    assert ear.inbox.asks == []


@pytest.mark.parametrize("error", [PlatformUnsure("timeout"), PlatformError("internal_error")])
async def test_a_question_that_could_not_be_posted_is_to_be_sent_again(error: PlatformError) -> None:
    ear = Ear()
    ear.unpostable = error
    assert (await ear.take(command("ask why?"))).body == whispered(texts.say("not_stored"))


async def test_a_question_that_could_not_be_stored_is_to_be_sent_again() -> None:
    ear = Ear()
    ear.people.locales[ANN] = "zh-TW"
    ear.inbox.failing = OperatorError("the disk is full")
    assert (await ear.take(command("ask why?"))).body == whispered(texts.say("not_stored", "zh-TW"))


async def test_a_question_that_is_not_welcome_is_not_shown_to_others() -> None:
    ear = Ear()
    ear.inbox.barring = "Not today."
    assert (await ear.take(command("ask why?"))).body == whispered("Not today.")
    assert (ear.questions, ear.inbox.asks) == ([], [])


@virtually
async def test_a_command_is_answered_in_time_also_when_nothing_else_is() -> None:
    ear = Ear()
    ear.inbox.held = asyncio.Event()
    assert (await ear.take(command("stop"))).body == whispered(texts.say("not_stored"))
    assert now() < 2.7


async def test_a_command_is_a_control_and_its_sentence_the_answer() -> None:
    ear = Ear()
    ear.inbox.sentence = "**Stopped**, see /help."
    ear.people.granted = frozenset({Right.MODERATE})
    answer = await ear.take(command("stop"))
    assert answer.body == whispered("*Stopped*, see /glm help.")
    control = ear.control
    assert (control.key, control.kind) == (f"slack/command/{TEAM}/1.2.3", ControlKind.STOP)
    assert (control.conversation, control.actor.rights) == ("", frozenset({Right.MODERATE}))
    assert (control.address.channel, control.address.thread) == (f"{TEAM}.{CHANNEL}", "")
    assert ear.whispers == []


@pytest.mark.parametrize(
    ("fields", "text", "value", "scope"),
    [
        ({}, "model", "", "me"),
        ({}, "model glm-4.6", "glm-4.6", "me"),
        ({}, "model glm-4.6 for here", "glm-4.6", "channel"),
        ({}, "model default for workspace", "default", "server"),
        ({"channel_id": DM, "channel_name": "directmessage"}, "model glm-4.6", "glm-4.6", "me"),
    ],
)
async def test_a_model_is_chosen_for_oneself_unless_said_otherwise(
    fields: dict[str, str], text: str, value: str, scope: str
) -> None:
    ear = Ear()
    await ear.take(command(text, **fields))
    assert (ear.control.kind, ear.control.value, ear.control.scope) == (ControlKind.MODEL, value, scope)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("thinking high for me", ControlKind.THINKING, "high"),
        ("usage", ControlKind.USAGE, ""),
        ("jobs cancel 12", ControlKind.JOBS, "12"),
    ],
)
async def test_every_other_command_is_a_control_with_its_givers_rights(
    text: str, kind: ControlKind, value: str
) -> None:
    ear = Ear()
    ear.people.granted = frozenset({Right.MANAGE_SERVER})
    await ear.take(command(text))
    assert (ear.control.kind, ear.control.value, ear.control.scope) == (kind, value, "me")
    assert ear.control.actor.rights == frozenset({Right.MANAGE_SERVER})


async def test_a_table_stays_one_on_its_way_to_slack() -> None:
    ear = Ear()
    ear.inbox.sentence = "```\na  b & c\n```\n`/jobs cancel` and its number"
    answer = await ear.take(command("usage"))
    assert answer.body == whispered("```\na  b &amp; c\n```\n`/glm jobs cancel` and its number")


@pytest.mark.parametrize("text", ["", "help", "what can you do?", "ask", "background", "jobs cancel"])
async def test_anything_else_is_a_call_for_help(text: str) -> None:
    ear = Ear()
    ear.inbox.sentence = "Help."
    assert (await ear.take(command(text))).body == whispered("Help.")
    assert ear.control.kind is ControlKind.HELP
    assert ear.people.asked == []


async def test_a_command_that_has_nothing_to_say_is_just_acknowledged() -> None:
    ear = Ear()
    await ear.take(command("stop"))
    answer = await ear.take(command("stop"))
    assert (answer.status, answer.body) == (200, None)
    assert len(ear.inbox.controls) == 1


async def test_commands_without_a_trigger_are_different_commands() -> None:
    ear = Ear()
    await ear.take(command("stop", trigger_id=None), command("stop", trigger_id=None))
    assert len(ear.inbox.controls) == 2


@pytest.mark.parametrize("name", ["directmessage", "privategroup", "mpdm-ann--ben-1"])
async def test_places_without_a_name_have_no_title(name: str) -> None:
    ear = Ear()
    await ear.take(command("help", channel_name=name))
    assert ear.control.address.title == ""


async def test_whoever_is_not_known_yet_is_called_as_the_command_says() -> None:
    ear = Ear()
    await ear.take(command("help", user_id="UNEW", user_name="newcomer"))
    assert ear.control.actor.name == "newcomer"


# Shortcuts -------------------------------------------------------------------------------------------------------


async def test_a_message_is_asked_about_in_its_thread() -> None:
    ear = Ear()
    await ear.take(shortcut("glimmer_ask", BEFORE))
    ask = ear.asked
    assert ask.key == f"slack/{TEAM}:{CHANNEL}:shortcut:1700000300.000100"
    assert (ask.conversation, ask.address.thread) == (f"slack/{TEAM}/{CHANNEL}/{ROOT}", ROOT)
    assert (ask.text, ask.message, ask.addressed) == ("Explain this message.", "", True)
    assert (ask.quotes, ask.reads_place) == ((Quote("Ben", "the *build* & https://a.test"),), False)
    assert ask.author.id == f"{TEAM}.{ANN}"
    assert ask.origin == {"team": TEAM, "user": ANN, "response_url": "https://hooks.test/s"}


async def test_a_thread_is_summarised_from_any_of_its_messages() -> None:
    ear = Ear()
    picture = {"name": "a.png", "mimetype": "image/png", "size": 1, "url_private_download": "https://files.slack.com/d"}
    await ear.take(shortcut("glimmer_summarise", BEFORE | {"ts": TS, "thread_ts": ROOT, "files": [picture]}))
    ask = ear.asked
    assert (ask.text, ask.reads_place) == ("Summarise this thread.", True)
    assert ask.conversation == f"slack/{TEAM}/{CHANNEL}/{ROOT}"
    assert ask.attachments == (Attachment("a.png", "image/png", 1, "https://files.slack.com/d"),)


async def test_the_same_shortcut_twice_asks_once_and_another_one_again() -> None:
    ear = Ear()
    again = shortcut("glimmer_ask", BEFORE) | {"action_ts": "1700000301.0"}
    await ear.take(shortcut("glimmer_ask", BEFORE), shortcut("glimmer_ask", BEFORE), again)
    assert len(ear.inbox.taken) == 2


async def test_a_shortcut_that_could_not_be_stored_is_answered_so() -> None:
    ear = Ear()
    ear.inbox.failing = OperatorError("the disk is full")
    assert (await ear.take(shortcut("glimmer_ask", BEFORE))).status == 200
    [whisper] = ear.whispers
    assert (whisper.text, whisper.response_url) == (texts.say("not_stored"), "https://hooks.test/s")
    assert (whisper.user, whisper.thread) == (ANN, ROOT)


@pytest.mark.parametrize("body", [shortcut("somebody_elses", BEFORE), shortcut("glimmer_ask", {})])
async def test_other_shortcuts_and_those_on_nothing_are_left_alone(body: dict[str, Any]) -> None:
    ear = Ear()
    assert (await ear.take(body)).status == 200
    assert ear.inbox.asks == []
