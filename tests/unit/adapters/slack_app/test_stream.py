from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from adapters.slack_app.stream import START, StreamSurface, surface_for
from adapters.slack_app.surface import UPDATE, ThreadSurface
from bot.errors import PlatformGone, PlatformRefused
from bot.messages import Page
from bot.pacing import Priority
from bot.ports import Call
from tests.unit.adapters.slack_app.scripted import (
    ASK,
    PLAIN_TEAM,
    TEAM,
    TURN,
    Clock,
    Scripted,
    answered,
    growing,
    intent,
    whole,
)

# The usual way ----------------------------------------------------------------------------------------------------


async def test_text_is_streamed_with_one_call_each_time(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    assert api.shown() == ["one"]
    await surface.edit(ref, growing("one two"))
    assert api.shown() == ["one two"]
    await surface.edit(ref, whole("one two three", "a note"))
    assert api.shown() == ["one two three"]
    assert api.methods == ["startStream", "appendStream", "stopStream"]
    start, append, stop = api.said
    assert (start.channel, start.thread_ts) == ("D1", "170.1")
    assert (start.recipient_user_id, start.recipient_team_id) == ("U7", "T9")
    assert append.markdown_text == " two"
    assert (stop.markdown_text, stop.session_status) == (" three", "active")
    assert [block["type"] for block in stop.blocks] == ["context", "actions", "context_actions"]
    assert stop.metadata["event_payload"]["number"] == 1


async def test_a_page_that_is_whole_at_first_is_posted(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(whole("all of it"), intent())
    await surface.edit(ref, whole("all of it, better"))
    assert api.methods == ["postMessage", "update"]


async def test_a_page_that_others_follow_leaves_the_session_at_work(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    await surface.edit(ref, Page("one two", turn=3))
    assert api.said[-1].session_status == "processing"
    await surface.post(whole("the end"), intent(2))
    await surface.close()
    assert [(said.method, said.status) for said in api.said[-1:]] == [("agents.sessions.setStatus", "active")]


async def test_what_is_not_settled_yet_costs_no_call(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    await surface.edit(ref, growing("one\n| a | b |"))
    assert api.methods == ["startStream"]


async def test_an_app_that_is_no_agent_has_no_session(api: Scripted, clock: Clock) -> None:
    surface = StreamSurface(api, PLAIN_TEAM, TURN, clock=clock)
    ref = await surface.post(growing("one"), intent())
    await surface.edit(ref, whole("one two"))
    await surface.close()
    assert api.methods == ["startStream", "stopStream"]
    assert api.said[-1].session_status is None


# The ladder: no stream is started -----------------------------------------------------------------------------------

REFUSALS = [
    *("channel_type_not_supported", "missing_recipient_team_id", "missing_recipient_user_id", "user_not_found"),
    *("unknown_method", "feature_not_enabled", "method_deprecated", "not_subscribed_to_message_stream_stopped"),
    *("no_text", "invalid_arguments"),
]
ABSENT = {"unknown_method", "feature_not_enabled", "method_deprecated"}


@pytest.mark.parametrize("code", REFUSALS)
async def test_without_a_stream_the_answer_comes_by_edits(api: Scripted, surface: StreamSurface, code: str) -> None:
    api.fail(START, answered(code))
    ref = await surface.post(growing("one"), intent())
    await surface.edit(ref, growing("one two"))
    await surface.post(growing("page two"), intent(2))
    assert api.methods == ["startStream", "postMessage", "update", "postMessage"]
    assert api.shown() == ["one two", "page two"]
    assert api.latched("T1", START) is (code in ABSENT)


async def test_too_many_starts_do_not_hold_the_first_text_up(api: Scripted, surface: StreamSurface) -> None:
    api.fail(START, answered("ratelimited", 429, "30"))
    await surface.post(growing("one"), intent())
    assert api.methods == ["startStream", "postMessage"]
    assert not api.latched("T1", START)


async def test_a_closed_lane_is_not_waited_for(api: Scripted, surface: StreamSurface) -> None:
    assert surface.lane(Call.POST, page=growing("one")).name == "start:T1"
    api.governor.refused("start:T1", 30.0, everywhere=False)
    assert surface.lane(Call.POST, page=growing("one")).name == "post:T1.D1"
    ref = await surface.post(growing("one"), intent())
    await surface.edit(ref, growing("one two"))
    assert api.methods == ["postMessage", "update"]


async def test_of_many_first_texts_at_once_none_waits_for_a_start(api: Scripted) -> None:
    lane, page = "start:T1", growing("one")
    async with AsyncExitStack() as others:
        for _ in range(19):
            await others.enter_async_context(api.governor.permit(lane, Priority.FIRST))
        last, late = (StreamSurface(api, TEAM, TURN, clock=Clock()) for _ in range(2))
        assert last.lane(Call.POST, page=page).name == lane
        await others.enter_async_context(api.governor.permit(lane, Priority.FIRST))
        assert last.lane(Call.POST, page=page).name == lane, "it holds the permit itself"
        assert late.lane(Call.POST, page=page).name == "post:T1.D1"
        await last.post(page, intent())
    assert api.methods == ["startStream"]


async def test_where_nothing_may_be_said_the_refusal_is_the_posts(api: Scripted, surface: StreamSurface) -> None:
    for method in (START, "chat.postMessage"):
        api.fail(method, answered("messages_tab_disabled"))
    with pytest.raises(PlatformRefused):
        await surface.post(growing("one"), intent())


async def test_a_thread_that_is_gone_is_gone(api: Scripted, surface: StreamSurface) -> None:
    api.fail(START, answered("thread_not_found"))
    with pytest.raises(PlatformGone):
        await surface.post(growing("one"), intent())
    assert api.methods == ["startStream"]


# Lanes and the choice -----------------------------------------------------------------------------------------------


async def test_each_call_is_paced_in_the_lane_of_its_method(surface: StreamSurface) -> None:
    assert surface.lane(Call.EDIT).name == "append:T1"
    assert surface.lane(Call.POST, page=whole("all")).name == "post:T1.D1"
    assert surface.lane(Call.DELETE, "D1:1.0").name == "delete:T1"
    ref = await surface.post(growing("one"), intent())
    pages = [growing("one two"), whole("one two"), growing("other")]
    assert [surface.lane(Call.EDIT, ref, page).name for page in pages] == ["append:T1", "stop:T1", "stop:T1"]
    await surface.edit(ref, whole("one two"))
    assert surface.lane(Call.EDIT, ref, whole("one")).name == "update:T1"


IN_CHANNEL = replace(TURN, asks=(replace(ASK, address=replace(ASK.address, channel="T1.C5", direct=False)),))


@pytest.mark.parametrize(
    ("mode", "turn", "team", "kind"),
    [
        ("auto", TURN, TEAM, StreamSurface),
        ("auto", TURN, PLAIN_TEAM, ThreadSurface),
        ("auto", IN_CHANNEL, TEAM, ThreadSurface),
        ("native", IN_CHANNEL, PLAIN_TEAM, StreamSurface),
        ("edit", TURN, TEAM, ThreadSurface),
        ("edit", replace(TURN, place="stream/D1/170.1"), TEAM, StreamSurface),
        ("native", replace(TURN, place="edit/D1/170.1"), TEAM, ThreadSurface),
    ],
)
async def test_the_place_of_an_answer_is_chosen_once(
    api: Scripted, mode: str, turn: object, team: object, kind: type
) -> None:
    surface = surface_for(api, team, turn, mode)  # pyright: ignore[reportArgumentType]  # pytest hands objects over
    assert type(surface) is kind
    place = await surface.open()
    assert type(surface_for(api, TEAM, replace(TURN, place=place), "auto")) is kind


async def test_what_a_workspace_does_not_have_is_not_asked_for(api: Scripted) -> None:
    api.latch("T1", START)
    assert type(surface_for(api, TEAM, TURN, "native")) is ThreadSurface


def test_the_same_place_has_the_same_limits(api: Scripted, again: Callable[[], StreamSurface]) -> None:
    limits = again().limits
    assert limits.size("中") == 3
    assert limits.size("<@U1>") == len("<@U\u20601>".encode())
    assert limits.page + len("…".encode()) < 10_600
    assert UPDATE == "chat.update"
