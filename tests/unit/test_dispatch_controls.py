from __future__ import annotations

import asyncio

import pytest

from bot import texts
from bot.messages import Address, Author, Control, ControlKind
from bot.ports import Call
from tests.fixtures.faults import hold
from tests.fixtures.stage import HERE, a_control, a_world, on_stage
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")


@virtually
async def test_a_control_is_acted_on_once() -> None:
    async with on_stage() as house:
        await house.answered()
        regenerate = a_control(ControlKind.REGENERATE, target="1")
        for _ in range(3):
            await house.dispatcher.control(regenerate)
            await house.at_rest()
        assert len(house.model.requests) == 2


@virtually
async def test_a_control_that_was_stored_but_not_acted_on_is_acted_on_after_the_restart() -> None:
    world = a_world()
    async with on_stage(world) as house:
        await house.answered()
    await world.store.accept_control(a_control(ControlKind.REGENERATE, target="1"))
    async with on_stage(world) as house:
        await house.until(lambda: len(house.model.requests) == 2)
        await house.at_rest()
        assert await world.store.unsettled() == []


@virtually
async def test_what_the_actor_may_not_do_is_said_and_settled() -> None:
    async with on_stage() as house:
        await house.answered()
        assert await house.control(ControlKind.REGENERATE, "eve", target="1") == texts.say("not_yours")
        assert await house.store.unsettled() == []


@virtually
async def test_stop_drops_the_askers_mail_and_nobody_elses() -> None:
    async with on_stage() as house:
        house.model.script("one", asyncio.Event())
        await house.ask()
        await house.until(lambda: house.texts)
        await house.ask("bob's", author="bob")
        await house.ask("ann's")
        await house.control(ControlKind.STOP)
        await house.at_rest()
        assert house.texts == [f"one\n{texts.say('stopped')}", "fine"]
        assert house.model.asked[1].endswith("bob's")


@virtually
async def test_stop_without_a_conversation_finds_what_runs_in_the_channel() -> None:
    async with on_stage() as house:
        house.model.script("one", asyncio.Event())
        await house.ask()
        await house.until(lambda: house.texts)
        elsewhere = Address("console", "guild", "another")
        ann = Author("ann", "Ann")
        assert (await house.dispatcher.control(Control("x", ControlKind.STOP, "", elsewhere, ann))).text == texts.say(
            "nothing_to_stop"
        )
        assert (await house.dispatcher.control(Control("y", ControlKind.STOP, "", HERE, ann))).text == texts.say(
            "stopped_it"
        )
        await house.at_rest()


@virtually
async def test_a_regenerate_waits_for_the_delivery_that_is_under_way() -> None:
    async with on_stage() as house:
        answer = hold(Call.POST, after=True)
        house.world.faults.arm(answer)
        await house.ask()
        await answer.arrived.wait()
        await house.until(lambda: house.model.closed)
        pressing = asyncio.create_task(house.control(ControlKind.REGENERATE, target="1"))
        await asyncio.sleep(1)
        answer.released.set()
        assert await pressing == ""
        await house.until(lambda: len(house.model.requests) == 2)
        await house.at_rest()
