"""Controls that take long: stored first, answered later, and carried out after a restart."""

from __future__ import annotations

import asyncio

import pytest

from bot import texts
from bot.errors import OperatorError
from bot.messages import Control, ControlKind, Reply
from tests.fixtures.stage import Stage, a_control, a_world, an_ask, on_stage
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")
EXPORT, FORGET = ControlKind.EXPORT, ControlKind.FORGET


async def replied(house: Stage, control: Control) -> Reply:
    """What the giver of a control is told in the end."""
    await house.until(lambda: any(key == control.key for key, _ in house.adapter.replies))
    [reply] = [reply for key, reply in house.adapter.replies if key == control.key]
    return reply


async def settled() -> None:
    """Let virtual time pass in which what was answered is noted to be so."""
    await asyncio.sleep(1)


@virtually
async def test_what_takes_long_is_answered_after_it_was_taken_in() -> None:
    async with on_stage() as house:
        await house.answered()
        control = a_control(EXPORT)
        assert await house.dispatcher.control(control) == Reply()
        assert house.adapter.replies == []
        assert await house.store.unsettled() == [control]
        assert (await replied(house, control)).file is not None
        await settled()
        assert await house.store.unsettled() == []


@virtually
async def test_what_makes_no_sense_is_said_and_settled() -> None:
    async with on_stage() as house:
        control = a_control(EXPORT)
        await house.dispatcher.control(control)
        assert await replied(house, control) == Reply(texts.say("export_nothing"))
        await settled()
        assert await house.store.unsettled() == []


@virtually
async def test_what_was_not_carried_out_is_carried_out_and_answered_after_the_restart() -> None:
    world = a_world()
    async with on_stage(world) as house:
        await house.answered()
    controls = [a_control(EXPORT), a_control(FORGET, value="everything yes")]
    for control in controls:
        await world.store.accept_control(control)
    async with on_stage(world) as house:
        assert (await replied(house, controls[0])).file is not None
        assert "1 questions" in (await replied(house, controls[1])).text
        await settled()
        assert await world.store.unsettled() == []


@virtually
async def test_what_is_given_comes_before_what_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with on_stage() as house:
        await house.answered()
        reply = house.adapter.reply

        async def slowly(control: Control, given: Reply) -> None:
            await asyncio.sleep(5)
            await reply(control, given)

        monkeypatch.setattr(house.adapter, "reply", slowly)
        controls = [a_control(EXPORT), a_control(FORGET, value="everything yes"), a_control(EXPORT, "bob")]
        for control in controls:
            await house.dispatcher.control(control)
        await house.until(lambda: len(house.adapter.replies) == 3)
        assert [key for key, _ in house.adapter.replies] == [controls[number].key for number in (0, 2, 1)]
        assert (await replied(house, controls[0])).file is not None


@virtually
async def test_a_second_copy_of_what_is_under_way_is_not_answered_again() -> None:
    async with on_stage() as house:
        await house.answered()
        control = a_control(EXPORT)
        for _ in range(3):
            assert await house.dispatcher.control(control) == Reply()
        await replied(house, control)
        await settled()
        assert await house.dispatcher.control(control) == Reply()
        await settled()
        assert len(house.adapter.replies) == 1


@virtually
async def test_what_fails_is_said_and_tried_again_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_world()
    control = a_control(FORGET, value="everything yes")

    async def full(*whose: str) -> None:
        raise OperatorError("the disk is full")

    async with on_stage(world) as house:
        await house.answered()
        with monkeypatch.context() as patched:
            patched.setattr(world.store, "forget", full)
            await house.dispatcher.control(control)
            assert await replied(house, control) == Reply(texts.say("not_stored"))
        assert await world.store.unsettled() == [control]
    async with on_stage(world) as house:
        assert "1 questions" in (await replied(house, control)).text


@virtually
async def test_what_is_forgotten_is_the_conversation_that_was_meant_when_it_was_said() -> None:
    async with on_stage() as house:
        await house.answered("mine", conversation="first")
        control = a_control(FORGET, conversation="", value="here yes")
        await house.dispatcher.control(control)
        [stored] = await house.store.unsettled()
        assert (control.conversation, stored.conversation) == ("", "first")
        await replied(house, control)
        await house.answered("two", conversation="second")
        exported = a_control(EXPORT, conversation="")
        await house.dispatcher.control(exported)
        file = (await replied(house, exported)).file
        assert file is not None
        assert "two" in file[1]
        assert "mine" not in file[1]


@virtually
async def test_a_turn_that_nobody_works_on_yet_is_waited_for_before_it_is_forgotten() -> None:
    world = a_world()
    await world.store.accept(an_ask("mine"), wakes=True, limit=9)
    claim = await world.store.claim("a process that died", 5.0)
    assert claim is not None
    async with on_stage(world) as house:
        control = a_control(FORGET, value="everything yes")
        await house.dispatcher.control(control)
        assert "1 questions" in (await replied(house, control)).text
        await house.at_rest()
        assert house.model.requests == []
