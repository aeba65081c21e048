"""What every Surface must do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from bot.errors import PlatformGone, PlatformUnsure
from bot.messages import ControlKind, Page, Post, Turn
from bot.ports import Call, Surface
from tests.fixtures.platforms import Handle, Recorder

PATIENCE = 10.0


@dataclass
class Place:
    """Where a turn is being answered."""

    platform: Handle
    turn: Turn
    surface: Surface

    def again(self) -> Surface:
        """The surface that the next process has."""
        return self.platform.adapter.surface(self.turn)

    @property
    def shown(self) -> Sequence[str]:
        return self.platform.shown(self.turn)


@pytest.fixture
async def place(platform: Handle) -> AsyncGenerator[Place]:
    inbox = Recorder()
    run = asyncio.create_task(platform.adapter.run(inbox))
    try:
        await platform.say("hello")
        ask = await asyncio.wait_for(inbox.asks.get(), PATIENCE)
        turn = Turn(7, ask.conversation, (ask,), ask.at)
        surface = platform.adapter.surface(turn)
        yield Place(platform, replace(turn, place=await surface.open()), surface)
    finally:
        await platform.adapter.close()
        await run


def intent(number: int = 1, *, at: float = 0.0) -> Post:
    return Post(7, number, number - 1, at or time.time())


async def test_a_place_has_a_name(place: Place) -> None:
    assert place.turn.place


async def test_posts_are_shown_in_their_order(place: Place) -> None:
    refs = [await place.surface.post(Page(text), intent(number)) for number, text in enumerate("abc", 1)]
    assert place.shown == ["a", "b", "c"]
    assert len(set(refs)) == 3


async def test_the_same_intent_never_makes_a_second_message(place: Place) -> None:
    same = intent()
    ref = await place.surface.post(Page("words"), same)
    assert await place.surface.post(Page("words"), same) == ref
    assert await place.again().post(Page("other words"), same) == ref
    assert len(place.shown) == 1


async def test_the_same_words_under_another_intent_are_another_message(place: Place) -> None:
    await place.surface.post(Page("words"), intent(1))
    await place.surface.post(Page("words"), intent(2))
    assert place.shown == ["words", "words"]


async def test_a_post_whose_answer_is_lost_makes_one_message(place: Place) -> None:
    same = intent()
    place.platform.lose_next_post()
    with suppress(PlatformUnsure):
        await place.surface.post(Page("words"), same)
    await place.surface.post(Page("words"), same)
    assert place.shown == ["words"]


async def test_an_edit_replaces_what_is_shown(place: Place) -> None:
    ref = await place.surface.post(Page("one"), intent())
    assert await place.surface.edit(ref, Page("two", "a tail")) == ref
    assert place.shown == ["two\na tail"]
    assert await place.again().edit(ref, Page("three")) == ref
    assert place.shown == ["three"]


async def test_only_the_message_that_is_meant_is_edited(place: Place) -> None:
    refs = [await place.surface.post(Page(text), intent(number)) for number, text in enumerate("ab", 1)]
    await place.surface.edit(refs[0], Page("A"))
    assert place.shown == ["A", "b"]


async def test_buttons_and_files_leave_the_text_alone(place: Place) -> None:
    page = Page("words", controls=(ControlKind.STOP,), turn=7)
    ref = await place.surface.post(page, intent())
    await place.surface.edit(ref, replace(page, controls=(ControlKind.REGENERATE, ControlKind.CONTINUE)))
    await place.surface.edit(ref, replace(page, controls=(), file=("answer.md", "all words")))
    assert place.shown == ["words"]


async def test_a_notifying_page_shows_the_same_text(place: Place) -> None:
    await place.surface.post(Page("words", notify=True), intent())
    assert place.shown == ["words"]


async def test_a_page_may_be_as_long_as_the_limits_say(place: Place) -> None:
    limits = place.surface.limits
    text = "x" * limits.page
    assert limits.size(text) == limits.page
    ref = await place.surface.post(Page(text), intent())
    await place.surface.edit(ref, Page(text[::-1]))
    assert place.shown == [text]


async def test_a_deleted_message_is_gone(place: Place) -> None:
    refs = [await place.surface.post(Page(text), intent(number)) for number, text in enumerate("ab", 1)]
    await place.surface.delete(refs[0])
    assert place.shown == ["b"]


async def test_deleting_what_is_not_there_is_fine(place: Place) -> None:
    ref = await place.surface.post(Page("words"), intent())
    for _ in range(2):
        await place.surface.delete(ref)
    assert place.shown == []


async def test_an_edit_of_what_somebody_deleted_raises_gone(place: Place) -> None:
    ref = await place.surface.post(Page("words"), intent())
    await place.platform.remove(place.turn, ref)
    with pytest.raises(PlatformGone):
        await place.surface.edit(ref, Page("more words"))
    assert place.shown == []


async def test_what_a_lost_post_became_can_be_found(place: Place) -> None:
    before = intent(at=time.time() - 1)
    refs = [await place.surface.post(Page(text), intent(number)) for number, text in enumerate("ab", 1)]
    assert list(await place.again().find(before)) == refs
    assert list(await place.surface.find(intent(9, at=time.time() + 3600))) == []


async def test_every_call_has_a_lane(place: Place) -> None:
    for call in Call:
        kind, _, identity = place.surface.lane(call).name.partition(":")
        assert kind
        assert identity
    assert place.again().lane(Call.EDIT) == place.surface.lane(Call.EDIT)


async def test_typing_never_raises(place: Place) -> None:
    await place.surface.typing()
    place.platform.fall_silent()
    await place.platform.adapter.surface(replace(place.turn, place="")).typing()
