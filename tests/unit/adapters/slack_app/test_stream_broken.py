from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.slack_app.flow import STALL, STREAM_AGE
from adapters.slack_app.stream import APPEND, START, STOP, StreamSurface
from bot.errors import PlatformError, PlatformGone, PlatformRefused, PlatformUnsure
from bot.messages import Page
from bot.ports import Call
from tests.unit.adapters.slack_app.scripted import Clock, Scripted, answered, growing, intent, whole

# The ladder: a stream that breaks off -------------------------------------------------------------------------------


async def test_a_stream_that_slack_has_closed_goes_on_by_edits(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.thread[ref.split(":")[1]].streaming = False
    await surface.edit(ref, growing("one two"))
    assert api.shown() == ["one two"]
    await surface.edit(ref, whole("one two three"))
    assert api.methods == ["startStream", "appendStream", "update", "update"]
    assert api.shown() == ["one two three"]


async def test_a_stream_that_was_closed_before_its_end_is_whole_at_once(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.thread[ref.split(":")[1]].streaming = False
    await surface.edit(ref, whole("one two"))
    assert api.methods == ["startStream", "stopStream", "update"]
    assert api.shown() == ["one two"]
    await surface.close()
    assert api.said[-1].arguments["status"] == "active"


async def test_an_old_stream_is_ended_and_edited(api: Scripted, surface: StreamSurface, clock: Clock) -> None:
    ref = await surface.post(growing("one"), intent())
    clock.now += STREAM_AGE
    await surface.edit(ref, growing("one two"))
    await surface.edit(ref, growing("one two three"))
    assert api.methods == ["startStream", "stopStream", "update"]
    assert api.said[1].session_status == "processing"
    assert api.shown() == ["one two three"]


async def test_text_that_stays_open_for_long_is_shown_by_edits(
    api: Scripted, surface: StreamSurface, clock: Clock
) -> None:
    ref = await surface.post(growing("one"), intent())
    clock.now += STALL
    await surface.edit(ref, growing("one\n| a | b |"))
    assert api.methods == ["startStream", "stopStream", "update"]
    assert api.shown() == ["one\n| a | b |"]


async def test_text_that_changes_replaces_the_stream(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    await surface.edit(ref, growing("another answer"))
    assert api.methods == ["startStream", "stopStream", "update"]
    assert api.said[1].markdown_text is None
    assert api.shown() == ["another answer"]


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_append_never_doubles_text(api: Scripted, surface: StreamSurface, applied: bool) -> None:
    ref = await surface.post(growing("one"), intent())
    api.lose(APPEND, applied=applied)
    with pytest.raises(PlatformUnsure):
        await surface.edit(ref, growing("one two"))
    await surface.edit(ref, growing("one two three"))
    assert api.shown() == ["one two three"]
    await surface.edit(ref, whole("one two three four"))
    assert api.shown() == ["one two three four"]
    assert api.methods[2:] == ["conversations.replies", "stopStream", "update", "update"]


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_end_leaves_one_whole_message(api: Scripted, surface: StreamSurface, applied: bool) -> None:
    ref = await surface.post(growing("one"), intent())
    api.lose(STOP, applied=applied)
    with pytest.raises(PlatformUnsure):
        await surface.edit(ref, whole("one two"))
    await surface.edit(ref, whole("one two"))
    assert api.shown() == ["one two"]
    assert not any(message.streaming for message in api.thread.values())
    assert api.methods.count("stopStream") == (1 if applied else 2)


@pytest.mark.parametrize("code", ["msg_too_long", "msg_blocks_too_long", "invalid_blocks"])
@pytest.mark.parametrize(("method", "page"), [(APPEND, growing("one two")), (STOP, whole("one two"))])
async def test_what_a_stream_does_not_take_is_shown_by_an_edit(
    api: Scripted, surface: StreamSurface, code: str, method: str, page: Page
) -> None:
    ref = await surface.post(growing("one"), intent())
    api.fail(method, answered(code))
    with pytest.raises(PlatformError) as raised:
        await surface.edit(ref, page)
    assert type(raised.value) is PlatformError
    assert raised.value.retry_after is not None
    assert raised.value.retry_after < 0.1
    await surface.edit(ref, page)
    assert api.shown() == ["one two"]
    assert api.methods[-2:] == ["stopStream", "update"]


async def test_a_stream_that_the_user_stopped_waits_for_the_end(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.fail(APPEND, answered("stopped_by_user"))
    await surface.edit(ref, growing("one two"))
    assert api.methods == ["startStream", "appendStream"]
    await surface.edit(ref, whole("one two", "stopped"))
    assert api.shown() == ["one two"]
    assert api.methods[2:] == ["stopStream", "update"]


@pytest.mark.parametrize("code", ["stopped_by_user", "message_not_in_streaming_state"])
async def test_an_end_that_came_before_ours_is_as_good(api: Scripted, surface: StreamSurface, code: str) -> None:
    ref = await surface.post(growing("one"), intent())
    api.thread[ref.split(":")[1]].streaming = False
    api.fail(STOP, answered(code))
    await surface.edit(ref, whole("another"))
    assert api.shown() == ["another"]


async def test_a_limit_changes_nothing(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.fail(APPEND, answered("ratelimited", 429, "3"))
    with pytest.raises(PlatformError) as raised:
        await surface.edit(ref, growing("one two"))
    assert raised.value.retry_after == 3.0
    await surface.edit(ref, growing("one two three"))
    assert api.said[-1].markdown_text == " two three"


async def test_the_end_of_the_text_does_not_wait_for_a_stop(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.governor.refused("stop:T1", 0.5, everywhere=False)
    page = whole("one two")
    assert surface.lane(Call.EDIT, ref, page).name == "append:T1"
    await surface.edit(ref, page)
    assert api.methods == ["startStream", "appendStream", "stopStream"]
    assert api.shown() == ["one two"]


async def test_a_message_that_a_person_deleted_is_gone(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.thread.clear()
    for page in (growing("one two"), whole("one two"), whole("another")):
        with pytest.raises(PlatformGone):
            await surface.edit(ref, page)


async def test_a_message_we_may_not_touch_is_refused(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.fail(APPEND, answered("not_in_channel"))
    api.fail(STOP, answered("not_in_channel"))
    with pytest.raises(PlatformError):
        await surface.edit(ref, growing("one two"))
    with pytest.raises(PlatformRefused):
        await surface.edit(ref, growing("one two"))


# Lost starts and restarts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_start_makes_one_message(api: Scripted, surface: StreamSurface, applied: bool) -> None:
    api.lose(START, applied=applied)
    with pytest.raises(PlatformUnsure):
        await surface.post(growing("one"), intent())
    assert surface.lane(Call.POST, page=growing("one")).name == "post:T1.D1"
    ref = await surface.post(growing("one two"), intent())
    await surface.edit(ref, whole("one two three"))
    assert api.shown() == ["one two three"]
    assert not any(message.streaming for message in api.thread.values())


@pytest.mark.parametrize("tells_state", [True, False])
async def test_an_open_stream_is_taken_up_after_a_crash(
    api: Scripted,
    surface: StreamSurface,
    again: Callable[[], StreamSurface],
    tells_state: bool,
) -> None:
    api.tells_state = tells_state
    ref = await surface.post(growing("one"), intent())
    next_one = again()
    assert next_one.lane(Call.EDIT, ref, growing("two")).name == "update:T1"
    await next_one.edit(ref, growing("two"))
    await next_one.edit(ref, whole("two three"))
    assert api.shown() == ["two three"]
    assert api.methods == ["startStream", "conversations.replies", "stopStream", "update", "update"]


@pytest.mark.parametrize("tells_state", [True, False])
async def test_what_is_no_stream_is_not_stopped_after_a_crash(
    api: Scripted,
    surface: StreamSurface,
    again: Callable[[], StreamSurface],
    tells_state: bool,
) -> None:
    api.tells_state = tells_state
    refs = [await surface.post(growing("one"), intent()), await surface.post(whole("two"), intent(2))]
    await surface.edit(refs[0], whole("one"))
    api.said.clear()
    next_one = again()
    for ref in refs:
        await next_one.edit(ref, whole("new"))
    assert api.methods == ["conversations.replies", "update"] * 2
    assert api.shown() == ["new", "new"]


async def test_without_the_right_to_read_a_message_is_stopped_in_any_case(
    api: Scripted, surface: StreamSurface, again: Callable[[], StreamSurface]
) -> None:
    ref = await surface.post(whole("one"), intent())
    api.fail("conversations.replies", answered("missing_scope"))
    await again().edit(ref, whole("two"))
    assert api.methods[-2:] == ["stopStream", "update"]
    assert api.shown() == ["two"]


async def test_a_start_before_a_crash_is_found_again(
    api: Scripted, surface: StreamSurface, again: Callable[[], StreamSurface]
) -> None:
    ref = await surface.post(growing("one"), intent())
    assert await again().post(growing("one moment"), intent()) == ref
    assert list(await again().find(intent())) == [ref]
    assert len(api.thread) == 1


async def test_no_stream_is_left_open_when_a_turn_is_abandoned(api: Scripted, surface: StreamSurface) -> None:
    await surface.post(growing("one"), intent())
    await surface.close()
    assert not any(message.streaming for message in api.thread.values())
    assert api.said[-1].session_status == "active"


async def test_a_deleted_stream_is_not_stopped(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    await surface.delete(ref)
    await surface.delete(ref)
    await surface.close()
    assert STOP not in [said.method for said in api.said]
    assert api.shown() == []
