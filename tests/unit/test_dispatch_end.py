from __future__ import annotations

import asyncio

import pytest

from bot import texts
from bot.ports import Call
from tests.fixtures.faults import hold, lost
from tests.fixtures.stage import a_world, on_stage
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")


@virtually
async def test_a_drain_lets_turns_end_that_are_nearly_done() -> None:
    async with on_stage() as house:
        house.model.script("a", 2.0, "b")
        await house.ask()
        await house.until(lambda: house.texts)
        await house.dispatcher.drain(8.0)
        assert house.texts == ["ab"]
        assert (await house.summary()).state == "delivered"


@virtually
async def test_a_drain_hands_back_what_takes_longer_and_the_next_process_finishes_it() -> None:
    world = a_world()
    async with on_stage(world) as house:
        house.model.script("half", asyncio.Event())
        await house.ask()
        await house.until(lambda: house.texts)
        begin = now()
        await house.dispatcher.drain(8.0)
        assert now() - begin < 8.1
        assert house.texts == [f"half\n{texts.say('restarting')}"]
        assert house.dispatcher.load == 0
    async with on_stage(world) as house:
        house.model.script("a whole answer")
        await house.at_rest()
        assert house.texts == ["a whole answer"]
        assert len(world.screen.messages) == 1


@virtually
async def test_a_drain_ends_in_time_when_the_platform_does_not_answer() -> None:
    async with on_stage() as house:
        house.world.faults.arm(hold(Call.POST))
        await house.ask()
        await house.until(lambda: Call.POST in house.world.faults.calls)
        begin = now()
        await house.dispatcher.drain(8.0)
        assert now() - begin < 8.1
        assert house.dispatcher.load == 0


@virtually
async def test_nothing_new_is_begun_while_draining() -> None:
    world = a_world()
    async with on_stage(world) as house:
        await house.dispatcher.drain(1.0)
        await house.ask()
        await asyncio.sleep(10)
        assert house.model.requests == []
    async with on_stage(world) as house:
        await house.at_rest()
        assert house.texts == ["fine"]


@virtually
async def test_drains_do_not_count_as_attempts() -> None:
    world = a_world()
    for _ in range(5):
        async with on_stage(world) as house:
            house.model.script("half", asyncio.Event())
            if not house.model.requests:
                await house.ask()
            asked = len(house.model.requests)
            await house.until(lambda: len(house.model.requests) > asked)  # noqa: B023  # used within the round
            await house.dispatcher.drain(1.0)
    async with on_stage(world) as house:
        await house.at_rest()
        assert house.texts == ["fine"]


@virtually
async def test_a_killed_process_leaves_its_turn_to_the_next_one() -> None:
    world = a_world()
    async with on_stage(world) as house:
        house.model.script("half", asyncio.Event())
        await house.ask()
        await house.until(lambda: house.texts)
        await house.dies()
        assert house.texts == ["half"]
        assert (await house.summary()).state == "running"
    async with on_stage(world) as house:
        await house.at_rest()
        assert house.texts == ["fine"]
        assert len(world.screen.messages) == 1


@virtually
async def test_a_process_killed_between_the_post_and_its_answer_posts_nothing_twice() -> None:
    world = a_world()
    async with on_stage(world) as house:
        answer = hold(Call.POST, after=True)
        world.faults.arm(answer)
        await house.ask()
        await answer.arrived.wait()
        await house.dies()
    async with on_stage(world) as house:
        world.faults.arm(lost(after=True, only=Call.POST))
        await house.at_rest()
        assert house.texts == ["fine"]
