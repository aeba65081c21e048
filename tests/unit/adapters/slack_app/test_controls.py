from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.slack_app.controls import read_clicks
from bot import texts
from bot.errors import OperatorError
from bot.messages import ControlKind, Right
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually
from tests.unit.adapters.slack_app.ear import ANN, CHANNEL, ROOT, TEAM, TS, Ear, click

pytestmark = pytest.mark.usefixtures("silence")


@pytest.mark.parametrize("kind", [ControlKind.STOP, ControlKind.REGENERATE, ControlKind.CONTINUE])
async def test_a_button_is_a_control_of_its_turn(kind: ControlKind) -> None:
    ear = Ear()
    ear.people.granted = frozenset({Right.MODERATE})
    answer = await ear.take(click(f"glm:{kind}:42"))
    assert (answer.status, answer.body) == (200, None)
    control = ear.control
    assert (control.kind, control.target, control.conversation) == (kind, "42", "")
    assert control.key == f"slack/action/{TEAM}/1700000300.000100"
    assert (control.actor.id, control.actor.rights) == (f"{TEAM}.{ANN}", frozenset({Right.MODERATE}))
    address = control.address
    assert (address.channel, address.thread, address.title) == (f"{TEAM}.{CHANNEL}", ROOT, "#general")


@pytest.mark.parametrize("value", [ControlKind.UPVOTE, ControlKind.DOWNVOTE])
async def test_thumbs_rate_a_turn_and_need_no_rights(value: ControlKind) -> None:
    ear = Ear()
    ear.inbox.sentence = "Thanks, that is noted."
    await ear.take(click("glm:rate:42", type="feedback_buttons", value=value))
    assert (ear.control.kind, ear.control.target) == (value, "42")
    assert ear.people.asked == []
    [whisper] = ear.whispers
    assert (whisper.user, whisper.thread, whisper.text) == (ANN, ROOT, ear.inbox.sentence)
    assert whisper.response_url == "https://hooks.test/a"


@pytest.mark.parametrize(("action", "scope"), [("glm:home:me", "me"), ("glm:home:workspace", "server")])
async def test_a_choice_in_the_home_sets_the_model_and_shows_it(action: str, scope: str) -> None:
    ear = Ear()
    ear.inbox.sentence = "You: `glm-4.6` from the next question on."
    body = click(action, type="static_select", selected_option={"value": "glm-4.6"})
    body["container"] = {"type": "view", "view_id": "V1"}
    del body["channel"], body["message"], body["response_url"]
    await ear.take(body)
    assert (ear.control.kind, ear.control.value, ear.control.scope) == (ControlKind.MODEL, "glm-4.6", scope)
    assert ear.home.published == [(TEAM, ANN)]
    assert ear.whispers == []


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("glm:stop:", {}),
        ("glm:stop:x", {}),
        ("glm:stop:1234567890123456789", {}),
        ("glm:upvote:1", {}),
        ("xglm:stop:1", {}),
        ("glm:rate:1", {"value": "stop"}),
        ("glm:rate:1", {}),
        ("glm:home:me", {}),
        ("glm:home:channel", {"value": "x"}),
        ("", {}),
    ],
)
async def test_other_clicks_are_acknowledged_and_left_alone(action: str, fields: dict[str, Any]) -> None:
    ear = Ear()
    assert (await ear.take(click(action, **fields))).status == 200
    assert ear.inbox.controls == []


async def test_a_click_without_a_person_is_left_alone() -> None:
    ear = Ear()
    body = click("glm:stop:1")
    del body["user"]
    await ear.take(body)
    assert ear.inbox.controls == []


def test_a_click_is_placed_as_far_as_slack_tells_where() -> None:
    body = click("glm:stop:1")
    del body["channel"], body["container"]["thread_ts"]
    body["message"] = {}
    [found] = read_clicks(body, Ear().reader())
    assert (found.control.address.channel, found.control.address.thread) == (f"{TEAM}.{CHANNEL}", TS)


def test_clicks_without_a_time_are_different_clicks() -> None:
    body = click("glm:stop:1", action_ts=None)
    first, second = (read_clicks(body, Ear().reader())[0].control.key for _ in range(2))
    assert first != second


async def test_the_same_click_twice_acts_once() -> None:
    ear = Ear()
    await ear.take(click("glm:stop:1"), click("glm:stop:1"))
    assert ear.control.target == "1"


async def test_a_click_that_could_not_be_stored_is_answered_so() -> None:
    ear = Ear()
    ear.people.locales[ANN] = "zh-CN"
    ear.inbox.failing = OperatorError("the disk is full")
    assert (await ear.take(click("glm:stop:1"))).status == 200
    assert [whisper.text for whisper in ear.whispers] == [texts.say("not_stored", "zh-CN")]


@virtually
async def test_a_click_that_takes_longer_than_slack_waits_is_acknowledged_and_goes_on() -> None:
    ear = Ear()
    ear.inbox.sentence = "The conversation has moved on."
    ear.inbox.held = asyncio.Event()
    answer = await ear.events.take(click("glm:regenerate:1"))
    assert answer.status == 200
    assert 2.0 <= now() < 2.1
    assert ear.inbox.controls == []
    ear.inbox.held.set()
    await ear.tasks.wait(10)
    assert ear.control.kind is ControlKind.REGENERATE
    assert len(ear.whispers) == 1
