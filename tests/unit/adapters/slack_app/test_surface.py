from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.slack_app.blocks import MARKDOWN_SIZE
from adapters.slack_app.surface import UPDATE, ThreadSurface
from bot.errors import PlatformError, PlatformGone, PlatformRefused, PlatformUnsure
from bot.messages import Page, Post
from bot.ports import Call
from tests.unit.adapters.slack_app.scripted import (
    ASK,
    TEAM,
    TURN,
    Clock,
    Scripted,
    Shown,
    answered,
    growing,
    intent,
    whole,
)

REPLIES = "conversations.replies"
UPLOAD = ["files.getUploadURLExternal", "files.completeUploadExternal"]
FILE = Page("the last page", turn=3, file=("answer.md", "# All"))


@pytest.fixture
def api() -> Scripted:
    return Scripted()


@pytest.fixture
def surface(api: Scripted) -> ThreadSurface:
    return ThreadSurface(api, TEAM, TURN, clock=Clock())


def again(api: Scripted) -> ThreadSurface:
    """The surface of the next process."""
    return ThreadSurface(api, TEAM, replace(TURN, place="edit/D1/170.1"), clock=Clock(9_000.0))


# Where it is --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("thread", "message", "root"), [("", "170.1", "170.1"), ("160.5", "170.1", "160.5"), ("160.5", "", "160.5")]
)
async def test_an_answer_goes_to_the_thread_of_its_question(
    api: Scripted, thread: str, message: str, root: str
) -> None:
    ask = replace(ASK, message=message, address=replace(ASK.address, channel="E1.C5", thread=thread))
    surface = ThreadSurface(api, TEAM, replace(TURN, asks=(ask,)))
    assert await surface.open() == f"edit/C5/{root}"
    await surface.post(whole("words"), intent())
    assert (api.said[-1].channel, api.said[-1].thread_ts) == ("C5", root)


async def test_the_place_is_where_it_was_put(api: Scripted) -> None:
    surface = ThreadSurface(api, TEAM, replace(TURN, place="edit/C8/99.5"))
    await surface.post(whole("words"), intent())
    assert (api.said[-1].channel, api.said[-1].thread_ts) == ("C8", "99.5")


async def test_every_method_has_its_lane(surface: ThreadSurface) -> None:
    names = [surface.lane(call).name for call in (Call.POST, Call.EDIT, Call.DELETE)]
    assert names == ["post:T1.D1", "update:T1", "delete:T1"]


# Posts and edits ----------------------------------------------------------------------------------------------------


async def test_a_post_says_what_it_is_and_unfurls_nothing(api: Scripted, surface: ThreadSurface) -> None:
    ref = await surface.post(growing("Hi <!channel>", "soon"), intent())
    [said] = api.said
    assert said.blocks[0] == {"type": "markdown", "text": "Hi <!channe\u2060l>"}
    assert said.text == "Hi &lt;!channel&gt;\nsoon"
    assert (said.unfurl_links, said.unfurl_media) == (False, False)
    assert said.arguments.keys().isdisjoint({"link_names", "parse", "markdown_text", "as_user"})
    assert said.metadata["event_payload"] == {"turn": 3, "number": 1, "at": "2000.0"}
    assert ref == "D1:2001.000001"


async def test_an_answer_from_the_background_mentions_the_asker_once(api: Scripted) -> None:
    late = replace(TURN, asks=(replace(ASK, job=2),))
    surface = ThreadSurface(api, TEAM, late, clock=Clock())
    ref = await surface.post(replace(whole("words"), notify=True), intent())
    await surface.edit(ref, whole("words"))
    [said] = api.said
    assert (said.channel, said.thread_ts) == ("D1", "170.1")
    assert said.blocks[0] == {"type": "context", "elements": [{"type": "mrkdwn", "text": "<@U7>"}]}
    assert (said.blocks[1]["text"], said.text) == ("words", "<@U7> words")
    await surface.post(whole("more"), intent(2))
    assert "<@" not in repr(api.said[-1].arguments)


async def test_other_answers_mention_nobody(api: Scripted, surface: ThreadSurface) -> None:
    await surface.post(replace(whole("words"), notify=True), intent())
    assert "<@" not in repr(api.said[0].arguments)


async def test_an_edit_shows_the_whole_page(api: Scripted, surface: ThreadSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    assert await surface.edit(ref, whole("one two", "a note")) == ref
    said = api.said[-1]
    assert (said.method, said.channel, said.ts) == (UPDATE, "D1", ref.partition(":")[2])
    assert [block["type"] for block in said.blocks] == ["markdown", "context", "actions", "context_actions"]
    assert said.metadata["event_payload"]["number"] == 1


async def test_what_is_shown_already_takes_no_call(api: Scripted, surface: ThreadSurface) -> None:
    ref = await surface.post(replace(whole("words"), notify=True), intent())
    await surface.edit(ref, whole("words"))
    assert api.methods == ["postMessage"]
    api.lose(UPDATE, applied=False)
    with pytest.raises(PlatformUnsure):
        await surface.edit(ref, whole("other words"))
    await surface.edit(ref, whole("words"))
    assert api.methods == ["postMessage", "update", "update"]


async def test_an_edit_after_a_restart_keeps_the_metadata(api: Scripted, surface: ThreadSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    await again(api).edit(ref, whole("two"))
    assert api.said[-1].metadata is None
    assert [message.metadata is not None for message in api.thread.values()] == [True]


async def test_an_edit_of_what_a_lost_post_became_says_what_it_is(api: Scripted) -> None:
    api.thread["2001.0"] = Shown("2001.0", "streamed, and never ended by us")
    after = again(api)
    ref = await after.post(growing("one"), intent(2))
    assert await after.edit(ref, whole("two")) == "D1:2001.0"
    assert api.said[-1].metadata["event_payload"]["number"] == 2


async def test_an_edit_of_what_an_earlier_process_posted_says_what_it_is(api: Scripted) -> None:
    api.thread["2001.0"] = Shown("2001.0", "streamed, and never ended by us")
    posts = (replace(intent(), ref="D1:2001.0"),)
    await ThreadSurface(api, TEAM, replace(TURN, posts=posts)).edit("D1:2001.0", whole("two"))
    assert api.said[-1].metadata["event_payload"]["number"] == 1


async def test_blocks_of_slacks_own_are_replaced_by_plain_markdown(api: Scripted, surface: ThreadSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.fail(UPDATE, answered("block_mismatch"))
    await surface.edit(ref, whole("x" * 20_000))
    assert api.methods == ["postMessage", "update", "update"]
    assert api.said[-1].markdown_text == "x" * MARKDOWN_SIZE
    assert api.said[-1].blocks is None


async def test_other_refusals_of_an_edit_are_final(api: Scripted, surface: ThreadSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.fail(UPDATE, answered("not_in_channel"))
    with pytest.raises(PlatformRefused):
        await surface.edit(ref, whole("two"))


async def test_what_still_streams_is_stopped_and_then_edited(
    api: Scripted, surface: ThreadSurface, permits: list[str]
) -> None:
    ref = await surface.post(growing("one"), intent())
    api.fail(UPDATE, answered("streaming_state_conflict"))
    assert await surface.edit(ref, whole("two")) == ref
    assert api.methods[-3:] == ["update", "stopStream", "update"]
    assert permits == ["stop:T1"]


async def test_what_is_deleted_is_gone(api: Scripted, surface: ThreadSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    await surface.delete(ref)
    await surface.delete(ref)
    with pytest.raises(PlatformGone):
        await surface.edit(ref, whole("two"))


# One message for one intent -----------------------------------------------------------------------------------------


async def test_a_new_intent_is_posted_without_a_look(api: Scripted, surface: ThreadSurface) -> None:
    await surface.post(growing("one"), intent())
    await surface.post(growing("two"), intent(2))
    assert api.methods == ["postMessage", "postMessage"]


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_post_makes_one_message(api: Scripted, surface: ThreadSurface, applied: bool) -> None:
    api.lose("chat.postMessage", applied=applied)
    with pytest.raises(PlatformUnsure):
        await surface.post(growing("one"), intent())
    await surface.post(growing("one two"), intent())
    assert len(api.thread) == 1


async def test_an_older_intent_is_looked_for(api: Scripted, surface: ThreadSurface) -> None:
    refs = [await surface.post(growing("words"), intent(number)) for number in (1, 2)]
    assert [await again(api).post(growing("others"), intent(number)) for number in (1, 2)] == refs
    assert len(api.thread) == 2


async def test_a_message_of_another_intent_is_never_taken(api: Scripted, surface: ThreadSurface) -> None:
    await surface.post(growing("words"), intent(1))
    await again(api).post(growing("others"), intent(2))
    assert api.shown() == ["words", "others"]


async def test_what_we_said_beside_the_answer_is_never_taken(api: Scripted) -> None:
    note: dict[str, object] = {"event_type": "glimmer_note", "event_payload": {}}
    api.thread["2001.0"] = Shown("2001.0", "The model is set.", metadata=note)
    api.thread["2002.0"] = Shown("2002.0", "a file", files=["answer.md"])
    api.thread["160.0"] = Shown("160.0", "an answer from before the question")
    assert list(await again(api).find(intent())) == []
    await again(api).post(growing("words"), intent())
    assert api.shown()[-1] == "words"


async def test_all_candidates_are_found_oldest_first(api: Scripted) -> None:
    for ts in ("2003.0", "2001.0", "10000.0"):
        api.thread[ts] = Shown(ts, "words")
    assert list(await again(api).find(intent())) == ["D1:2001.0", "D1:2003.0", "D1:10000.0"]


async def test_a_known_message_is_no_candidate_for_a_post(api: Scripted) -> None:
    api.thread["2001.0"] = Shown("2001.0", "page one")
    known = replace(TURN, posts=(Post(3, 1, 0, 2_000.0, ref="D1:2001.0"),))
    surface = ThreadSurface(api, TEAM, known, clock=Clock(9_000.0))
    assert await surface.post(growing("page two"), intent(2)) != "D1:2001.0"


@pytest.mark.parametrize("code", ["thread_not_found", "missing_scope"])
async def test_where_nothing_can_be_found_a_post_is_made(api: Scripted, code: str) -> None:
    api.fail(REPLIES, answered(code))
    await again(api).post(growing("words"), intent())
    assert api.shown() == ["words"]


async def test_a_look_that_fails_posts_nothing(api: Scripted) -> None:
    api.fail(REPLIES, answered("ratelimited", 429, "5"))
    with pytest.raises(PlatformError):
        await again(api).post(growing("words"), intent())
    assert api.shown() == []


async def test_a_thread_that_is_gone_holds_nothing_of_ours(api: Scripted) -> None:
    api.fail(REPLIES, answered("thread_not_found"))
    assert list(await again(api).find(intent())) == []


# The whole answer as a file -----------------------------------------------------------------------------------------


async def test_a_file_is_shared_in_the_thread_once(api: Scripted, surface: ThreadSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.said.clear()
    for page in (FILE, replace(FILE, body="the last page, mended")):
        await surface.edit(ref, page)
    assert [said.method for said in api.said] == [UPDATE, *UPLOAD, UPDATE]
    assert api.uploads == [("https://files.example/1", b"# All")]
    url, complete = api.said[1:3]
    assert (url.filename, url.length) == ("answer.md", 5)
    assert (complete.channel_id, complete.thread_ts) == ("D1", "170.1")
    assert complete.files == [{"id": "F1", "title": "answer.md"}]


async def test_a_refused_file_is_told_before_anything_is_posted(api: Scripted, surface: ThreadSurface) -> None:
    api.fail(UPLOAD[0], answered("missing_scope"))
    with pytest.raises(PlatformRefused):
        await surface.post(FILE, intent())
    assert api.shown() == []


async def test_the_text_does_not_wait_for_the_file(api: Scripted, surface: ThreadSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.fail(UPLOAD[0], answered("file_uploads_disabled"))
    with pytest.raises(PlatformRefused):
        await surface.edit(ref, FILE)
    assert api.shown() == ["the last page"]


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_share_makes_one_file(api: Scripted, surface: ThreadSurface, applied: bool) -> None:
    ref = await surface.post(growing("one"), intent())
    api.lose(UPLOAD[1], applied=applied)
    with pytest.raises(PlatformUnsure):
        await surface.edit(ref, FILE)
    await surface.edit(ref, FILE)
    assert [message.files for message in api.thread.values() if message.files] == [["answer.md"]]


async def test_an_answer_does_not_wait_for_its_file_for_ever(api: Scripted, surface: ThreadSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    api.fail(UPLOAD[0], *[answered("internal_error")] * 2)
    with pytest.raises(PlatformUnsure):
        await surface.edit(ref, FILE)
    with pytest.raises(PlatformRefused):
        await surface.edit(ref, FILE)


async def test_a_file_from_before_a_crash_is_not_shared_again(api: Scripted, surface: ThreadSurface) -> None:
    ref = await surface.post(growing("one"), intent())
    await surface.edit(ref, FILE)
    posts = (replace(intent(), ref=ref),)
    await ThreadSurface(api, TEAM, replace(TURN, posts=posts)).edit(ref, FILE)
    assert len(api.uploads) == 1
