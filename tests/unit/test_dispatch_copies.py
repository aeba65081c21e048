"""One message in two copies, of which only the second has the files."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot import texts
from bot.company import THINKING_AFTER
from bot.errors import PlatformGone
from bot.messages import Ask, Attachment, ControlKind
from bot.ports import Call, Reception
from tests.fixtures.faults import hold
from tests.fixtures.stage import Stage, World, a_world, an_ask, on_stage
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

NOTES = (Attachment("notes.txt", "text/plain", 5, "notes"),)
# More turns of the loop than there are between the end of a claim and the first request to the model.
MOMENTS = 40


def world() -> World:
    return a_world(files={"notes": b"the secret is 42"})


def fuller(ask: Ask) -> Ask:
    """The other copy."""
    return replace(ask, attachments=NOTES)


async def held(house: Stage, *said: str) -> Ask:
    """An ask without its files, to which the model has said only this so far."""
    house.model.script(*said, asyncio.Event())
    asked = len(house.model.requests)
    ask = await house.ask("what is the secret?")
    await house.until(lambda: len(house.model.requests) > asked)
    return ask


def attempts(house: Stage) -> list[int]:
    return [turn.attempt for turn in house.store._turns]


@virtually
async def test_a_turn_without_text_yet_begins_again_with_the_files_of_a_fuller_copy() -> None:
    async with on_stage(world()) as house:
        ask = await held(house)
        assert await house.dispatcher.ask(fuller(ask)) is Reception.COMPLETED
        await house.at_rest()
        assert house.texts == ["fine"]
        assert "the secret is 42" not in house.model.asked[0]
        assert "the secret is 42" in house.model.asked[1]
        assert house.model.closed == len(house.model.requests) == 2
        assert house.adapter.downloads == ["notes"]
        assert texts.say("restarting") not in house.printed


@virtually
async def test_to_begin_again_is_no_attempt() -> None:
    async with on_stage(world()) as house:
        await house.dispatcher.ask(fuller(await held(house)))
        await house.at_rest()
        assert attempts(house) == [1]


@virtually
async def test_a_turn_that_has_text_goes_on() -> None:
    async with on_stage(world()) as house:
        going_on = asyncio.Event()
        house.model.script("some ", going_on, "words")
        ask = await house.ask()
        await house.until(lambda: house.texts)
        assert await house.dispatcher.ask(fuller(ask)) is Reception.COMPLETED
        await asyncio.sleep(1)
        going_on.set()
        await house.at_rest()
        assert house.texts == ["some words"]
        assert len(house.model.requests) == 1


@virtually
async def test_regenerate_reads_the_files_for_which_a_turn_with_text_did_not_begin_again() -> None:
    async with on_stage(world()) as house:
        house.model.script("words", 1.0)
        ask = await house.ask()
        await house.until(lambda: house.texts)
        await house.dispatcher.ask(fuller(ask))
        await house.at_rest()
        await house.control(ControlKind.REGENERATE, target="1")
        await house.at_rest()
        assert "the secret is 42" in house.model.asked[1]


@virtually
async def test_a_thinking_line_becomes_the_answer() -> None:
    async with on_stage(world()) as house:
        ask = await held(house)
        await asyncio.sleep(THINKING_AFTER + 1)
        assert len(house.texts) == 1
        await house.dispatcher.ask(fuller(ask))
        await house.at_rest()
        assert house.texts == ["fine"]


@virtually
async def test_a_thinking_line_that_is_just_being_posted_is_not_posted_twice() -> None:
    async with on_stage(world()) as house:
        posting = hold(Call.POST, after=True)
        house.world.faults.arm(posting)
        ask = await held(house)
        await posting.arrived.wait()
        await house.dispatcher.ask(fuller(ask))
        await house.at_rest()
        assert house.texts == ["fine"]


@virtually
async def test_whenever_the_fuller_copy_comes_before_the_first_text_its_files_are_read() -> None:
    async with on_stage(world()) as house:
        for moments in range(MOMENTS):
            house.model.script(0.5, "read")
            house.model.script(0.5, "read")
            ask = await house.ask(conversation=f"talk {moments}")
            for _ in range(moments):
                await asyncio.sleep(0)
            await house.dispatcher.ask(fuller(ask))
            await house.at_rest()
            assert "the secret is 42" in house.model.asked[-1], moments
            house.model._scripts.clear()
        assert house.texts == ["read"] * MOMENTS
        assert attempts(house) == [1] * MOMENTS


@virtually
async def test_the_same_fuller_copy_again_changes_nothing() -> None:
    async with on_stage(world()) as house:
        ask = await held(house)
        receptions = [await house.dispatcher.ask(fuller(ask)) for _ in range(3)]
        assert receptions == [Reception.COMPLETED, Reception.DUPLICATE, Reception.DUPLICATE]
        await house.at_rest()
        assert len(house.model.requests) == 2


@virtually
async def test_a_file_that_failed_is_not_fetched_again_for_another_copy() -> None:
    async with on_stage(a_world(files={"notes": PlatformGone("404")})) as house:
        await held(house)
        waiting = an_ask(author="bob", attachments=NOTES)
        for _ in range(3):
            await house.dispatcher.ask(waiting)
            await asyncio.sleep(1)
        assert house.adapter.downloads == ["notes"]
        await house.control(ControlKind.STOP)
        await house.at_rest()


@virtually
async def test_only_the_turn_of_the_ask_begins_again() -> None:
    async with on_stage(world()) as house:
        other = asyncio.Event()
        house.model.script(other, "other")
        await house.ask(conversation="another")
        await house.until(lambda: house.model.requests)
        await house.dispatcher.ask(fuller(await held(house)))
        await house.until(lambda: house.texts == ["fine"])
        assert house.model.running == 1
        other.set()
        await house.at_rest()
        assert house.texts == ["fine", "other"]
        assert len(house.model.requests) == 3


@pytest.mark.parametrize("stopped_first", [True, False])
@virtually
async def test_a_stop_at_the_same_moment_ends_the_turn(stopped_first: bool) -> None:
    async with on_stage(world()) as house:
        ask = await held(house)
        steps = [house.control(ControlKind.STOP), house.dispatcher.ask(fuller(ask))]
        await asyncio.gather(*(steps if stopped_first else reversed(steps)))
        await house.at_rest()
        assert house.texts == [texts.say("stopped")]
        assert len(house.model.requests) == 1


@virtually
async def test_a_question_that_is_deleted_at_the_same_moment_is_not_answered() -> None:
    async with on_stage(world()) as house:
        ask = await held(house)
        await house.dispatcher.ask(fuller(ask))
        # The turn has been told to begin again, and has not yet heard of it.
        await asyncio.sleep(0)
        await house.control(ControlKind.QUESTION_DELETED, target=ask.key)
        await house.at_rest()
        assert house.texts == []
        assert len(house.model.requests) == 1


@virtually
async def test_what_begins_again_during_a_drain_is_answered_by_the_next_process() -> None:
    place = world()
    async with on_stage(place) as house:
        ask = await held(house)
        draining = asyncio.create_task(house.dispatcher.drain(8.0))
        await asyncio.sleep(1)
        await house.dispatcher.ask(fuller(ask))
        await draining
        assert house.texts == []
    async with on_stage(place) as house:
        await house.at_rest()
        assert house.texts == ["fine"]
        assert "the secret is 42" in house.model.asked[-1]
