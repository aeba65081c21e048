from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages import ControlKind
from tests.fixtures.virtually import virtually
from tests.unit.adapters.slack_app.ear import (
    ANN,
    BOT,
    CHANNEL,
    DM,
    ROOT,
    TEAM,
    Ear,
    click,
    command,
    envelope,
    said,
    shortcut,
)

pytestmark = pytest.mark.usefixtures("silence")


# Slack's own Stop ------------------------------------------------------------------------------------------------


def stopped(**fields: Any) -> dict[str, Any]:
    about = {"channel": DM, "thread_ts": ROOT, "user": ANN, "event_ts": "1700000400.0", "streaming_message_ts": ["1"]}
    return envelope({"type": "agent_session_stopped", **about, **fields})


async def test_slacks_own_stop_stops_the_conversation_without_a_word() -> None:
    ear = Ear()
    ear.inbox.sentence = "Stopped."
    await ear.take(stopped(), stopped())
    control = ear.control
    assert (control.key, control.kind) == (f"slack/stopped/{TEAM}:{DM}:1700000400.0", ControlKind.STOP)
    assert control.conversation == f"slack/{TEAM}/{DM}/{ROOT}"
    assert (control.actor.id, control.address.thread, control.address.direct) == (f"{TEAM}.{ANN}", ROOT, True)
    assert ear.whispers == []


async def test_a_stop_without_a_thread_is_for_what_runs_in_the_channel() -> None:
    ear = Ear()
    await ear.take(stopped(thread_ts=None))
    assert ear.control.conversation == ""


@pytest.mark.parametrize("lacking", ["channel", "user"])
async def test_a_stop_by_nobody_or_nowhere_is_ignored(lacking: str) -> None:
    ear = Ear()
    await ear.take(stopped(**{lacking: None}))
    assert ear.inbox.controls == []


# Home, and the end -----------------------------------------------------------------------------------------------


async def test_the_home_is_published_when_it_is_opened() -> None:
    ear = Ear()
    await ear.take(envelope({"type": "app_home_opened", "user": ANN, "channel": DM, "tab": "home"}))
    assert (ear.home.published, ear.prompted) == ([(TEAM, ANN)], [])


async def test_prompts_are_offered_when_the_messages_are_opened() -> None:
    ear = Ear()
    await ear.take(envelope({"type": "app_home_opened", "user": ANN, "channel": DM, "tab": "messages"}))
    assert (ear.home.published, ear.prompted) == ([], [(TEAM, DM, ANN)])


@pytest.mark.parametrize(
    "fields", [{"tab": "about"}, {"tab": "home", "user": None}, {"tab": "messages", "channel": None}]
)
async def test_other_tabs_need_nothing(fields: dict[str, Any]) -> None:
    ear = Ear()
    await ear.take(envelope({"type": "app_home_opened", "user": ANN, "channel": DM, **fields}))
    assert (ear.home.published, ear.prompted) == ([], [])


@pytest.mark.parametrize(
    "event",
    [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"oauth": [ANN], "bot": [BOT]}}],
)
async def test_a_workspace_that_removed_the_app_is_forgotten(event: dict[str, Any]) -> None:
    ear = Ear()
    await ear.take(envelope(event))
    assert ear.forgotten == [TEAM]


async def test_the_token_of_a_person_is_not_the_apps() -> None:
    ear = Ear()
    await ear.take(envelope({"type": "tokens_revoked", "tokens": {"oauth": [ANN], "bot": []}}))
    assert ear.forgotten == []


# Everything else -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        envelope({"type": "reaction_added", "user": ANN}),
        envelope({"type": "assistant_thread_started"}),
        envelope({}),
        {"type": "event_callback"},
        {"type": "view_submission", "view": {}},
        {"type": "shortcut", "callback_id": "glimmer_ask"},
        {},
    ],
)
async def test_what_is_not_for_us_is_acknowledged(body: dict[str, Any]) -> None:
    ear = Ear()
    answer = await ear.take(body)
    assert (answer.status, answer.body) == (200, None)
    assert (ear.inbox.asks, ear.inbox.controls) == ([], [])


@pytest.mark.parametrize(
    "body", [said(f"<@{BOT}> hi"), command("help"), click("glm:stop:1"), shortcut("glimmer_ask", {})]
)
async def test_what_comes_from_a_workspace_that_is_not_known_is_acknowledged(body: dict[str, Any]) -> None:
    ear = Ear(workspace=None)
    assert (await ear.take(body)).status == 200
    assert (ear.inbox.asks, ear.inbox.controls) == ([], [])


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
FIELDS = (
    *(
        "type",
        "subtype",
        "channel",
        "channel_type",
        "user",
        "ts",
        "thread_ts",
        "text",
        "files",
        "attachments",
        "blocks",
    ),
    *("message", "previous_message", "deleted_ts", "tab", "tokens", "bot_id", "hidden", "team", "user_team"),
)
KINDS = ("message", "app_mention", "agent_session_stopped", "app_home_opened", "tokens_revoked")


@settings(deadline=None)
@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS[1:]), json))
def test_events_of_any_shape_are_taken_or_ignored(kind: str, fields: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"channel": CHANNEL, "user": ANN, "ts": "1.0", "text": f"<@{BOT}> hi"}
    answers: list[int] = []

    @virtually
    async def take() -> None:
        for event in ({"type": kind, **fields}, {"type": kind, **whole, **fields}):
            answers.append((await Ear().take(envelope(event, is_ext_shared_channel=True))).status)

    take()
    assert answers == [200, 200]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(("user", "channel", "container", "message", "actions", "team", "text")), json))
def test_clicks_shortcuts_and_commands_of_any_shape_are_taken_or_ignored(fields: dict[str, Any]) -> None:
    answers: list[int] = []

    @virtually
    async def take() -> None:
        for body in (click("glm:stop:1"), shortcut("glimmer_ask", {"ts": "1.0"}), command("ask why?")):
            answers.append((await Ear().take({**body, **fields})).status)

    take()
    assert answers == [200, 200, 200]
