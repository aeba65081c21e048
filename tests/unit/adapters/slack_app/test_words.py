from __future__ import annotations

import asyncio

import pytest

from bot import texts
from bot.errors import OperatorError
from bot.messages import ControlKind, Right
from tests.unit.adapters.slack_app.ear import (
    ANN,
    BOT,
    CHANNEL,
    ROOT,
    TEAM,
    TS,
    Ear,
    Payload,
    direct,
    mention,
    said,
)

pytestmark = pytest.mark.usefixtures("silence")
HI = f"<@{BOT}> hi"

# Commands in words -----------------------------------------------------------------------------------------------


async def test_a_word_in_a_thread_is_a_command_for_its_conversation() -> None:
    ear = Ear()
    ear.inbox.sentence = "Stopped."
    ear.people.granted = frozenset({Right.MODERATE})
    await ear.take(said("!stop", thread_ts=ROOT))
    control = ear.control
    assert (control.key, control.kind) == (f"slack/words/{TEAM}:{CHANNEL}:{TS}", ControlKind.STOP)
    assert (control.conversation, control.actor.id) == (f"slack/{TEAM}/{CHANNEL}/{ROOT}", f"{TEAM}.{ANN}")
    assert control.actor.rights == frozenset({Right.MODERATE})
    [whisper] = ear.whispers
    assert (whisper.user, whisper.thread, whisper.text) == (ANN, ROOT, "Stopped.")
    assert ear.inbox.asks == []


async def test_a_word_outside_of_threads_needs_a_mention() -> None:
    ear = Ear()
    await ear.take(said("!stop"))
    assert ear.inbox.controls == []
    await ear.take(mention(f"<@{BOT}> stop"))
    assert (ear.control.kind, ear.control.conversation) == (ControlKind.STOP, "")


async def test_more_words_than_a_command_are_a_question() -> None:
    assert (await Ear().hear(f"<@{BOT}> stop using tabs")).text == "stop using tabs"


async def test_a_word_in_a_direct_message_is_answered_below_it() -> None:
    ear = Ear()
    ear.inbox.sentence = "This is what I can do."
    await ear.take(direct("!help"))
    [whisper] = ear.whispers
    assert (whisper.address.direct, whisper.thread) == (True, TS)
    assert ear.people.asked == []


async def test_a_direct_message_that_looks_like_a_command_is_a_question() -> None:
    ear = Ear()
    await ear.take(direct("help"))
    assert ear.asked.text == "help"


@pytest.mark.parametrize(
    ("body", "value", "scope"),
    [
        (said("!model glm-4.6", thread_ts=ROOT), "glm-4.6", "conversation"),
        (said("!model glm-4.6 for here", thread_ts=ROOT), "glm-4.6", "channel"),
        (direct("!model GLM-4.6", thread_ts=ROOT), "glm-4.6", "me"),
        (mention(f"<@{BOT}> model glm-4.6"), "glm-4.6", "me"),
        (mention(f"<@{BOT}> model glm-4.6 for workspace"), "glm-4.6", "server"),
    ],
)
async def test_the_model_is_chosen_for_what_is_named_or_meant(body: Payload, value: str, scope: str) -> None:
    ear = Ear()
    await ear.take(body)
    assert (ear.control.kind, ear.control.value, ear.control.scope) == (ControlKind.MODEL, value, scope)


async def test_a_question_can_be_asked_in_a_thread_by_a_word() -> None:
    ear = Ear()
    await ear.take(said("!ask why?", thread_ts=ROOT))
    assert (ear.asked.text, ear.asked.addressed) == ("why?", True)


async def test_a_question_can_be_put_off_in_a_thread_by_a_word() -> None:
    ear = Ear()
    await ear.take(said("!background why?", thread_ts=ROOT))
    assert (ear.asked.text, ear.asked.addressed, ear.asked.deferred) == ("why?", True, True)


@pytest.mark.parametrize(
    ("words", "kind", "value"),
    [
        ("!thinking high", ControlKind.THINKING, "high"),
        (f"<@{BOT}> thinking high", ControlKind.THINKING, "high"),
        ("!usage", ControlKind.USAGE, ""),
        ("!jobs cancel 12", ControlKind.JOBS, "12"),
    ],
)
async def test_words_in_a_thread_are_about_its_conversation(words: str, kind: ControlKind, value: str) -> None:
    ear = Ear()
    await ear.take(said(words, thread_ts=ROOT))
    control = ear.control
    assert (control.kind, control.value, control.scope) == (kind, value, "conversation")
    assert control.conversation == f"slack/{TEAM}/{CHANNEL}/{ROOT}"


async def test_both_copies_of_a_command_act_once() -> None:
    ear = Ear()
    ear.inbox.sentence = "Stopped."
    words = f"<@{BOT}> stop"
    await asyncio.gather(*(ear.take(body) for body in (said(words), mention(words), said(words))))
    assert ear.control.kind is ControlKind.STOP
    assert len(ear.whispers) == 1


async def test_a_command_that_could_not_be_stored_acts_when_it_is_sent_again() -> None:
    ear = Ear()
    ear.inbox.failing = OperatorError("the disk is full")
    with pytest.raises(OperatorError):
        await ear.take(said("!stop", thread_ts=ROOT))
    ear.inbox.failing = None
    await ear.take(said("!stop", thread_ts=ROOT), retries=1)
    assert ear.control.kind is ControlKind.STOP


# Slack Connect ---------------------------------------------------------------------------------------------------


def shared(body: Payload) -> Payload:
    """The same in a channel that is shared with another organisation."""
    return body | {"is_ext_shared_channel": True}


async def test_strangers_are_told_once_an_hour_that_they_are_not_answered() -> None:
    ear = Ear()
    strange = shared(said(HI, user_team="T9")), shared(mention(HI, "1700000102.0", user_team="T9", thread_ts=ROOT))
    await ear.take(*strange)
    assert ear.inbox.asks == []
    [whisper] = ear.whispers
    assert (whisper.user, whisper.text) == (ANN, texts.say("strangers"))


async def test_what_strangers_say_to_each_other_or_command_is_nobodys_business() -> None:
    ear = Ear()
    await ear.take(shared(said("hello", user_team="T9", thread_ts=ROOT)))
    await ear.take(shared(said("!stop", user_team="T9", thread_ts=ROOT)))
    assert (ear.inbox.asks, ear.inbox.controls, ear.whispers) == ([], [], [])


async def test_strangers_are_answered_where_the_operator_says_so() -> None:
    ear = Ear(strangers=True)
    await ear.take(shared(said(HI, user_team="T9")))
    assert ear.asked.origin["team"] == "T9"


@pytest.mark.parametrize("fields", [{"user_team": TEAM}, {"team": TEAM}, {"team": None}, {"user_team": "E1"}])
async def test_our_own_people_are_answered_in_shared_channels(fields: Payload) -> None:
    ear = Ear()
    body = shared(said(HI, **fields))
    body["authorizations"][0]["enterprise_id"] = "E1"
    await ear.take(body)
    assert ear.asked.text == "hi"


async def test_a_guest_of_another_team_in_a_channel_of_our_own_is_no_stranger() -> None:
    assert (await Ear().hear(HI, user_team="T9")).text == "hi"
