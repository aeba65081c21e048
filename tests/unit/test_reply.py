from __future__ import annotations

import pytest

from bot import texts
from bot.messages import Outcome, OutcomeKind
from bot.ports import Call
from tests.fixtures.faults import Faults, hold
from tests.fixtures.reply_desk import AGAIN, LIMITS, PAGE, STOPPABLE, answered, begun
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

TWO_PAGES = "word " * (PAGE // 5 + 3)


def cut(text: str) -> list[str]:
    """The pages of a text of words that are shorter than a line."""
    return [text[:PAGE].rstrip(), text[PAGE:].rstrip()]


@virtually
async def test_the_answer_grows_in_one_message() -> None:
    desk = await begun()
    await desk.says("one")
    assert desk.screen.texts == ["one"]
    await desk.says(" two")
    assert desk.screen.texts == ["one two"]
    assert desk.screen.pages[0].controls == STOPPABLE
    await desk.ends(answered("one two"))
    assert desk.screen.pages[0].controls == AGAIN


@virtually
async def test_nothing_is_shown_before_there_is_something_to_show() -> None:
    desk = await begun()
    await desk.settled()
    assert desk.screen.pages == []
    await desk.says(" \n ")
    assert desk.screen.pages == []
    await desk.dies()


@virtually
async def test_a_status_line_gives_way_to_text() -> None:
    desk = await begun()
    desk.reply.status("thinking")
    await desk.settled()
    assert desk.screen.texts == ["thinking"]
    desk.reply.write("so")
    desk.reply.status("looking it up")
    await desk.settled()
    assert desk.screen.texts == ["so\nlooking it up"]
    await desk.says(" it is")
    assert desk.screen.texts == ["so it is"]
    await desk.dies()


@virtually
async def test_only_the_last_page_has_controls() -> None:
    desk = await begun()
    await desk.says(TWO_PAGES)
    assert desk.screen.texts == cut(TWO_PAGES)
    assert [page.controls for page in desk.screen.pages] == [(), STOPPABLE]
    await desk.ends(answered(TWO_PAGES, "a note"))
    assert [page.controls for page in desk.screen.pages] == [(), AGAIN]
    assert desk.screen.texts[1].endswith("\na note")


@virtually
async def test_the_asker_is_notified_by_the_first_post_only() -> None:
    desk = await begun()
    await desk.says(TWO_PAGES)
    assert [page.notify for page in desk.screen.posted] == [True, False]
    await desk.dies()


@virtually
async def test_text_that_came_while_a_call_was_under_way_goes_out_with_the_next_one() -> None:
    waiting = hold(Call.EDIT, after=True)
    desk = await begun(faults := Faults(waiting))
    await desk.says("a")
    desk.reply.write("b")
    await waiting.arrived.wait()
    for letter in "cdef":
        desk.reply.write(letter)
    waiting.released.set()
    await desk.settled()
    assert desk.screen.texts == ["abcdef"]
    assert faults.calls.count(Call.EDIT) == 2
    await desk.dies()


@virtually
async def test_from_four_pages_on_the_whole_answer_is_attached() -> None:
    text = "word " * (PAGE // 5 * 4)
    desk = await begun()
    await desk.ends(answered(text))
    assert [page.file for page in desk.screen.pages] == [None, None, None, ("answer.md", text)]


@virtually
async def test_what_does_not_fit_is_in_the_file_and_said_so() -> None:
    text = "word " * (PAGE // 5 * (LIMITS.pages + 2))
    desk = await begun()
    await desk.ends(answered(text, "note"))
    assert len(desk.screen.pages) == LIMITS.pages
    assert desk.screen.pages[-1].body.endswith("…")
    assert desk.screen.pages[-1].tail == f"note {texts.say('too_many_pages')}"


@virtually
async def test_a_repair_goes_into_the_same_messages() -> None:
    desk = await begun()
    await desk.says(TWO_PAGES)
    desk.screen.sealed.clear()
    desk.reply.restart()
    await desk.settled()
    assert desk.screen.texts == cut(TWO_PAGES), "without text yet the old pages stay"
    await desk.says("short")
    await desk.ends(answered("short"))
    assert desk.screen.texts == ["short"]
    assert list(desk.screen.messages) == ["1"]


@virtually
async def test_a_retraction_leaves_only_the_note() -> None:
    desk = await begun()
    await desk.says("word " * PAGE)
    desk.screen.sealed.clear()
    await desk.ends(Outcome(OutcomeKind.RETRACTED, note="stopped by the filter"))
    assert desk.screen.texts == ["stopped by the filter"]


@virtually
async def test_a_retraction_without_a_note_leaves_nothing() -> None:
    desk = await begun()
    await desk.says("words")
    await desk.ends(Outcome(OutcomeKind.RETRACTED))
    assert desk.screen.pages == []


@virtually
async def test_a_drain_says_that_the_answer_will_be_finished() -> None:
    desk = await begun()
    await desk.says("half")
    desk.reply.suspend()
    await desk.painter
    assert desk.screen.texts == [f"half\n{texts.say('restarting')}"]
    assert desk.screen.pages[0].controls == ()
