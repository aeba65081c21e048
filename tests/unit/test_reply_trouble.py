from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot import texts
from bot.board import TRIES, NotDelivered
from bot.errors import LeaseLost, PlatformError, PlatformGone, PlatformRefused, PlatformTooLong
from bot.messages import Outcome, OutcomeKind
from bot.ports import Call, Limits
from tests.fixtures.faults import Crash, Fault, Faults, lost, refused_for
from tests.fixtures.reply_desk import AGAIN, PAGE, QUESTION, answered, begun
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

TWO_PAGES = "word " * (PAGE // 5 + 3)
REFUSED = Fault(PlatformRefused("filtered", text="automod"))
TOO_LONG = Fault(PlatformTooLong("msg_too_long", text="unpostable"), only=Call.EDIT)
GONE = Fault(PlatformGone("gone"))


def cut(text: str) -> list[str]:
    """The pages of a text of words that are shorter than a line."""
    return [text[:PAGE].rstrip(), text[PAGE:].rstrip()]


@virtually
async def test_what_is_too_long_after_all_goes_into_smaller_pages() -> None:
    page, words = 1_000, "word " * 150
    desk = await begun(Faults(None, TOO_LONG), limits=Limits(page=page))
    desk.reply.write("word ")
    await asyncio.sleep(2)
    await desk.says(words[5:])
    await desk.ends(answered(words))
    assert " ".join(desk.screen.texts) == words.rstrip()
    assert all(len(text) <= page // 2 for text in desk.screen.texts)


# Failing calls -------------------------------------------------------------------------------------------------------


@virtually
async def test_after_a_lost_post_and_a_429_there_is_one_message() -> None:
    desk = await begun(Faults(None, lost(after=True), refused_for(2.0)))
    await desk.says("words")
    assert desk.screen.texts == ["words"]
    await desk.dies()


@virtually
async def test_a_lost_post_that_is_no_longer_wanted_is_taken_back() -> None:
    desk = await begun(Faults(None, lost(after=True), refused_for(3.0)))
    desk.reply.write("words")
    await asyncio.sleep(2)
    assert desk.screen.texts == ["words"]
    await desk.ends(Outcome(OutcomeKind.RETRACTED))
    assert desk.screen.pages == []


@virtually
async def test_a_deletion_that_fails_is_tried_again() -> None:
    desk = await begun(Faults(Fault(PlatformError("no"), only=Call.DELETE), lost(after=False, only=Call.DELETE)))
    await desk.says("words")
    await desk.ends(Outcome(OutcomeKind.RETRACTED))
    assert desk.screen.pages == []


@virtually
async def test_when_every_call_fails_the_delivery_is_handed_back() -> None:
    desk = await begun(Faults(*[Fault(PlatformError("down"), only=Call.POST)] * (TRIES + 1)))
    await desk.says("words")
    await asyncio.wait({desk.painter})
    error = desk.painter.exception()
    assert isinstance(error, NotDelivered)
    assert error.retry_after


@virtually
async def test_a_post_in_doubt_is_remembered_beyond_the_last_try() -> None:
    desk = await begun(Faults(*[lost(after=True, only=Call.POST)] * (TRIES + 1)))
    await desk.says("words")
    after = await desk.next()
    await after.says("words")
    assert after.screen.texts == ["words"]
    await after.dies()


@virtually
async def test_a_failing_platform_is_given_pauses_that_grow() -> None:
    desk = await begun(Faults(None, *[Fault(PlatformError("down"), only=Call.POST)] * 3, latency=0.0))
    begin = asyncio.get_running_loop().time()
    desk.reply.write("words")
    await desk.ends(answered("words"))
    assert asyncio.get_running_loop().time() - begin == pytest.approx(0.5 + 1 + 2, abs=0.01)


# Refusals and deletions ----------------------------------------------------------------------------------------------


@virtually
async def test_a_refused_post_becomes_a_note() -> None:
    desk = await begun(Faults(None, REFUSED))
    await desk.says("bad words")
    assert desk.screen.texts == [texts.say("automod")]
    assert desk.screen.pages[0].controls == AGAIN
    assert desk.lost
    await desk.ends(Outcome(OutcomeKind.STOPPED, answer="bad words"))
    assert desk.screen.texts == [texts.say("automod")], "what was refused is not shown later either"
    assert not desk.reply.given_up


@virtually
async def test_a_refused_edit_takes_the_answer_back() -> None:
    desk = await begun(Faults(None, None, None, REFUSED))
    await desk.says(TWO_PAGES)
    desk.screen.sealed.clear()
    await desk.says("bad words")
    assert desk.screen.texts == [texts.say("automod")]
    await desk.dies()


@virtually
async def test_when_even_the_note_is_refused_nothing_more_is_tried() -> None:
    desk = await begun(faults := Faults(None, REFUSED, REFUSED))
    await desk.says("bad words")
    assert desk.reply.given_up
    assert desk.reply.refusal is not None
    await desk.painter
    assert faults.calls == ["open", Call.POST, Call.POST]


@pytest.mark.parametrize("error", [PlatformRefused("no"), PlatformGone("gone")])
@virtually
async def test_a_place_that_cannot_be_opened_ends_the_turn(error: PlatformError) -> None:
    desk = await begun(faults := Faults(Fault(error)))
    await desk.says("words")
    assert desk.lost
    await desk.ends(answered("words"))
    assert faults.calls == ["open"]
    assert desk.reply.given_up == isinstance(error, PlatformRefused)


@virtually
async def test_a_page_that_a_person_deleted_is_never_posted_again() -> None:
    desk = await begun()
    await desk.says(TWO_PAGES)
    del desk.screen.messages["1"]
    desk.reply.page_deleted("1")
    assert desk.lost
    await desk.ends(replace(answered(TWO_PAGES, "_(stopped)_"), kind=OutcomeKind.STOPPED))
    assert desk.screen.texts == [cut(TWO_PAGES)[1] + "\n_(stopped)_"]


@virtually
async def test_a_page_found_deleted_ends_the_turn() -> None:
    desk = await begun()
    await desk.says("words")
    desk.screen.messages.clear()
    await desk.says(" more")
    assert desk.lost
    await desk.ends(answered("words more"))
    assert desk.screen.pages == []


@virtually
async def test_the_text_after_a_deleted_last_page_is_not_posted() -> None:
    desk = await begun()
    await desk.says("words ")
    del desk.screen.messages["1"]
    desk.reply.page_deleted("1")
    await desk.says(TWO_PAGES)
    assert desk.screen.pages == []
    await desk.dies()


@virtually
async def test_a_channel_that_is_gone_while_a_post_is_in_doubt_ends_the_turn() -> None:
    desk = await begun(Faults(None, lost(after=False), GONE))
    await desk.says("words")
    await desk.ends(answered("words"))
    assert desk.lost
    assert desk.screen.pages == []


# After a death -------------------------------------------------------------------------------------------------------


@virtually
async def test_the_next_attempt_fills_the_same_messages() -> None:
    desk = await begun()
    await desk.says(TWO_PAGES)
    after = await desk.next()
    after.screen.sealed.clear()
    await after.says("shorter this time")
    assert after.screen.texts == ["shorter this time", cut(TWO_PAGES)[1]]
    await after.ends(answered("shorter this time"))
    assert after.screen.texts == ["shorter this time"]
    assert list(after.screen.messages) == ["1"]


@pytest.mark.parametrize("age", [0.0, 120.0], ids=["young", "old"])
@pytest.mark.parametrize("after", [False, True], ids=["not-made", "made"])
@virtually
async def test_a_post_whose_answer_never_came_makes_one_message(age: float, after: bool) -> None:
    desk = await begun(Faults(Fault(Crash(), after, only=Call.POST)), age=age)
    await desk.says("words")
    following = await desk.next()
    await following.ends(answered("words"))
    assert following.screen.texts == ["words"]
    assert following.screen.posted[-1].notify or after, "who was not notified yet is notified now"


@virtually
async def test_a_message_of_another_turn_is_not_adopted() -> None:
    desk = await begun(faults := Faults(), age=120.0)
    await desk.ends(answered("earlier"))
    await desk.store.accept(replace(QUESTION, key="k2"), wakes=True, limit=5)
    faults.arm(Fault(Crash(), only=Call.POST))
    desk = await desk.next()
    await desk.says("words")
    following = await desk.next()
    await following.ends(answered("words"))
    assert following.screen.texts == ["earlier", "words"]


@virtually
async def test_a_finished_turn_is_delivered_in_the_pages_that_were_shown() -> None:
    desk = await begun()
    await desk.says(TWO_PAGES)
    await desk.store.finish(desk.claim, answered(TWO_PAGES))
    following = await desk.next()
    assert following.claim.turn.outcome is not None
    following.reply.finish(following.claim.turn.outcome)
    await following.painter
    assert following.screen.texts == cut(TWO_PAGES)
    assert following.screen.pages[-1].controls == AGAIN


@virtually
async def test_who_has_lost_the_lease_writes_nothing() -> None:
    desk = await begun()
    await desk.store.claim("another", 30.0)
    await desk.says("words")
    assert isinstance(desk.painter.exception(), LeaseLost)
    assert desk.screen.pages == []
