"""Where messages are not edited: the page is shown by another message, and that is the one that counts from then on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.slack_app.stream import StreamSurface, surface_for
from adapters.slack_app.surface import UPDATE, ThreadSurface
from bot.errors import PlatformGone, PlatformRefused, PlatformUnsure
from bot.messages import Page, Post
from tests.unit.adapters.slack_app.scripted import TEAM, TURN, Clock, Scripted, answered, growing, intent, whole

POST = "chat.postMessage"
REPLIES = "conversations.replies"
CLOSED = answered("edit_window_closed")
FILE = Page("the last page", turn=3, file=("answer.md", "# All"))


@pytest.fixture
def thread(api: Scripted, clock: Clock) -> ThreadSurface:
    return ThreadSurface(api, TEAM, TURN, clock=clock)


def knowing(api: Scripted, *posts: Post) -> ThreadSurface:
    """The surface of the next process, which knows what is stored."""
    return ThreadSurface(api, TEAM, replace(TURN, place="edit/D1/170.1", posts=posts), clock=Clock(9_000.0))


async def moved(api: Scripted, surface: ThreadSurface, ref: str, text: str) -> str:
    """The message that shows this whole page, when the one that is meant cannot be edited."""
    api.fail(UPDATE, CLOSED)
    return await surface.edit(ref, whole(text))


# The way it goes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["edit_window_closed", "cant_update_message"])
async def test_the_whole_page_is_posted_instead_and_later_answers_are_streamed(
    api: Scripted, thread: ThreadSurface, code: str
) -> None:
    ref = await thread.post(growing("one"), intent())
    for text in ("one two", "one two three"):
        api.fail(UPDATE, answered(code))
        assert await thread.edit(ref, growing(text)) == ref
    assert api.shown() == ["one"]
    api.fail(UPDATE, answered(code))
    new = await thread.edit(ref, whole("one two three four"))
    assert new != ref
    assert new.partition(":")[2] == list(api.thread)[-1]
    assert api.shown() == ["one", "one two three four"]
    assert isinstance(surface_for(api, TEAM, TURN, "edit"), StreamSurface)


async def test_the_new_message_is_of_the_same_intent_and_can_be_edited(api: Scripted, thread: ThreadSurface) -> None:
    ref = await thread.post(growing("one"), intent())
    new = await moved(api, thread, ref, "two")
    await thread.delete(ref)
    assert await thread.edit(new, whole("three")) == new
    assert api.shown() == ["three"]
    assert api.said[-1].metadata["event_payload"]["number"] == 1


async def test_what_the_new_message_shows_takes_no_call(api: Scripted, thread: ThreadSurface) -> None:
    new = await moved(api, thread, await thread.post(growing("one"), intent()), "two")
    api.said.clear()
    assert await thread.edit(new, whole("two")) == new
    assert api.methods == []


async def test_the_post_is_paced_like_any_other(api: Scripted, thread: ThreadSurface, permits: list[str]) -> None:
    ref = await thread.post(growing("one"), intent())
    await moved(api, thread, ref, "two")
    assert permits == ["read:T1", "post:T1.D1"]


async def test_a_file_is_shared_before_the_page_moves(api: Scripted, thread: ThreadSurface) -> None:
    ref = await thread.post(growing("one"), intent())
    api.fail(UPDATE, CLOSED, CLOSED)
    api.fail("files.getUploadURLExternal", answered("missing_scope"))
    with pytest.raises(PlatformRefused):
        await thread.edit(ref, FILE)
    assert api.shown() == ["one"]
    assert await thread.edit(ref, replace(FILE, file=None)) != ref
    assert api.shown() == ["one", "the last page"]


async def test_a_file_is_shared_once(api: Scripted, thread: ThreadSurface) -> None:
    ref = await thread.post(growing("one"), intent())
    api.fail(UPDATE, CLOSED)
    await thread.edit(ref, FILE)
    assert len(api.uploads) == 1


# One message, whatever happens -------------------------------------------------------------------------------------


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_post_makes_one_message(api: Scripted, thread: ThreadSurface, applied: bool) -> None:
    ref = await thread.post(growing("one"), intent())
    api.lose(POST, applied=applied)
    with pytest.raises(PlatformUnsure):
        await moved(api, thread, ref, "two")
    new = await moved(api, thread, ref, "two")
    assert api.shown() == ["one", "two"]
    assert new.partition(":")[2] == list(api.thread)[-1]


async def test_what_the_process_before_has_posted_is_taken_up(api: Scripted, thread: ThreadSurface) -> None:
    ref = await thread.post(growing("one"), intent())
    new = await moved(api, thread, ref, "two")
    assert await moved(api, knowing(api, replace(intent(), ref=ref)), ref, "two") == new
    assert api.shown() == ["one", "two"]


async def test_an_older_message_of_the_same_intent_is_not_taken(api: Scripted, thread: ThreadSurface) -> None:
    ref = await thread.post(growing("one"), intent())
    second = await moved(api, thread, ref, "two")
    third = await moved(api, knowing(api, replace(intent(), ref=second)), second, "three")
    assert third not in {ref, second}
    assert api.shown() == ["one", "two", "three"]


async def test_the_next_page_is_not_taken(api: Scripted, thread: ThreadSurface) -> None:
    refs = [await thread.post(whole(text), intent(number)) for number, text in enumerate(("one", "two"), 1)]
    assert await moved(api, thread, refs[0], "new") not in refs
    assert api.shown() == ["one", "two", "new"]


async def test_a_message_that_the_core_has_found_moves_as_well(api: Scripted, thread: ThreadSurface) -> None:
    ref = await thread.post(growing("one"), intent())
    after = knowing(api)
    assert list(await after.find(intent())) == [ref]
    new = await moved(api, after, ref, "two")
    assert api.shown() == ["one", "two"]
    assert await moved(api, knowing(api), ref, "two") == new


async def test_without_the_right_to_read_the_page_is_shown_all_the_same(api: Scripted, thread: ThreadSurface) -> None:
    ref = await thread.post(growing("one"), intent())
    api.fail(REPLIES, answered("missing_scope"))
    await moved(api, thread, ref, "two")
    assert api.shown() == ["one", "two"]


async def test_in_a_thread_that_is_gone_nothing_is_shown(api: Scripted, thread: ThreadSurface) -> None:
    ref = await thread.post(growing("one"), intent())
    api.fail(REPLIES, answered("thread_not_found"))
    api.fail(POST, answered("thread_not_found"))
    with pytest.raises(PlatformGone):
        await moved(api, thread, ref, "two")


# Streams -----------------------------------------------------------------------------------------------------------


async def test_a_stream_that_does_not_go_on_moves(api: Scripted, surface: StreamSurface, permits: list[str]) -> None:
    ref = await surface.post(growing("one"), intent())
    new = await moved(api, surface, ref, "another")
    assert new != ref
    assert api.shown() == ["one", "another"]
    assert permits == ["update:T1", "read:T1", "post:T1.D1"]


async def test_what_a_stream_moved_to_is_known_to_be_none(api: Scripted, surface: StreamSurface) -> None:
    new = await moved(api, surface, await surface.post(growing("one"), intent()), "another")
    api.said.clear()
    assert await surface.edit(new, whole("a third")) == new
    assert api.methods == ["update"]


async def test_a_stream_of_an_earlier_process_moves(
    api: Scripted, surface: StreamSurface, again: Callable[[], StreamSurface]
) -> None:
    ref = await surface.post(growing("one"), intent())
    assert await moved(api, again(), ref, "another") != ref
    assert not any(message.streaming for message in api.thread.values())


async def test_a_stream_stays_where_it_is(api: Scripted, surface: StreamSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    assert [await surface.edit(ref, page) for page in (growing("one two"), whole("one two three"))] == [ref, ref]
