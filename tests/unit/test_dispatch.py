from __future__ import annotations

import asyncio

import pytest

from bot import texts
from bot.dispatch import BACKOFF, LEASE, Policy
from bot.errors import OperatorError, PlatformError
from bot.ports import Call, Claim, Reception
from bot.settings import FollowUp
from storage.memory import MemoryStore
from tests.fixtures.faults import Fault
from tests.fixtures.stage import World, a_world, an_ask, on_stage, work_waits
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

CRASH = RuntimeError("a mistake in an adapter")


# The inbox -----------------------------------------------------------------------------------------------------------


@virtually
async def test_the_same_message_three_times_gives_one_answer() -> None:
    async with on_stage() as house:
        ask = an_ask()
        receptions = [await house.dispatcher.ask(ask) for _ in range(3)]
        await house.at_rest()
        assert receptions == [Reception.TAKEN, Reception.DUPLICATE, Reception.DUPLICATE]
        assert house.texts == ["fine"]
        assert await house.dispatcher.ask(ask) is Reception.DUPLICATE
        assert house.dispatcher.load == 0


@virtually
async def test_who_has_to_wait_sees_that_the_message_was_taken() -> None:
    async with on_stage() as house:
        first = asyncio.Event()
        house.model.script(first, "one")
        await house.ask()
        await house.until(lambda: house.model.requests)
        second = await house.ask(author="bob")
        await house.until(lambda: house.adapter.waiting)
        assert house.adapter.waiting == [second.key]
        first.set()
        await house.at_rest()
        assert house.texts == ["one", "fine"]


@virtually
async def test_a_full_queue_says_so_and_drops_nothing_else() -> None:
    async with on_stage() as house:
        first = asyncio.Event()
        house.model.script(first, "one")
        await house.ask()
        await house.until(lambda: house.model.requests)
        for _ in range(house.world.policy.queue_limit):
            await house.ask(author="bob")
        refused = an_ask(author="eve")
        assert await house.dispatcher.ask(refused) is Reception.FULL
        first.set()
        await house.at_rest()
        assert house.adapter.told == [(refused.key, texts.say("queue_full"))]
        assert len(house.model.requests) == 2, "what bob said is one turn"


FOLLOW_UPS = [
    (FollowUp.ASKER, "ann", True),
    (FollowUp.ASKER, "bob", False),
    (FollowUp.ALWAYS, "bob", True),
    (FollowUp.MENTIONED, "ann", False),
]


@pytest.mark.parametrize(("policy", "author", "answered"), FOLLOW_UPS)
@virtually
async def test_who_need_not_mention_the_bot_again(policy: FollowUp, author: str, answered: bool) -> None:
    async with on_stage(a_world(policy=Policy(policy, 5, 5))) as house:
        await house.answered("first")
        await house.answered("second", author=author, addressed=False)
        assert len(house.texts) == 1 + answered


@virtually
async def test_what_others_say_is_context_for_the_next_question() -> None:
    async with on_stage() as house:
        await house.answered("first")
        await house.answered("by the way, it rains", author="bob", addressed=False)
        await house.answered("second")
        assert "it rains" in house.model.asked[1]


@pytest.mark.parametrize("policy", FollowUp)
@virtually
async def test_nobody_follows_up_where_nothing_was_asked(policy: FollowUp) -> None:
    async with on_stage(a_world(policy=Policy(policy, 5, 5))) as house:
        assert await house.dispatcher.ask(an_ask(addressed=False)) is Reception.NOTED
        assert not work_waits(house.store)


# The lane ------------------------------------------------------------------------------------------------------------


@virtually
async def test_a_conversation_has_one_turn_at_a_time() -> None:
    async with on_stage() as house:
        for author in ("ann", "bob", "ann", "bob"):
            house.model.script(2.0, author)
            await house.ask(author=author)
        await house.at_rest()
        assert house.texts == ["ann", "bob", "ann", "bob"]
        assert house.model.most_running == 1


@virtually
async def test_many_conversations_are_answered_at_once() -> None:
    async with on_stage() as house:
        for number in range(50):
            house.model.script(2.0, "words")
            await house.ask(conversation=f"talk {number}")
        begin = now()
        await house.at_rest()
        assert len(house.texts) == 50
        assert house.model.most_running == 50
        assert now() - begin < 4


@virtually
async def test_no_more_turns_run_than_allowed_and_none_is_forgotten() -> None:
    async with on_stage(a_world(policy=Policy(FollowUp.ASKER, 5, max_turns=3))) as house:
        for number in range(10):
            house.model.script(2.0, "words")
            await house.ask(conversation=f"talk {number}")
        await house.at_rest()
        assert house.model.most_running == 3
        assert len(house.texts) == 10


@virtually
async def test_a_crash_in_an_adapter_is_tried_again_after_pauses_that_grow() -> None:
    async with on_stage() as house:
        house.world.faults.arm(*[Fault(CRASH, only=Call.POST)] * 3)
        begin = now()
        await house.answered()
        assert house.texts == ["fine"]
        assert now() - begin > BACKOFF * (1 + 2 + 3)
        assert not house.running.done()


@virtually
async def test_an_adapter_that_cannot_even_make_a_surface_ends_nothing() -> None:
    async with on_stage() as house:
        house.adapter.broken = True
        await house.ask()
        await asyncio.sleep(1)
        house.adapter.broken = False
        await house.at_rest()
        assert house.texts == ["fine"]


@virtually
async def test_a_crash_in_one_conversation_leaves_the_others_alone() -> None:
    async with on_stage() as house:
        house.world.faults.arm(Fault(CRASH, only=Call.POST))
        await house.ask(conversation="a")
        await house.until(lambda: Call.POST in house.world.faults.calls)
        begin = now()
        await house.ask(conversation="b")
        await house.until(lambda: house.texts)
        assert now() - begin < 1


@virtually
async def test_a_platform_that_is_down_delays_the_delivery_and_the_model_is_not_asked_again() -> None:
    async with on_stage() as house:
        down = Fault(PlatformError("down", retry_after=7.0), only=Call.POST)
        house.world.faults.arm(*[down] * 12)
        await house.answered()
        assert house.texts == ["fine"]
        assert len(house.model.requests) == 1


@virtually
async def test_who_has_lost_the_lease_writes_nothing_more() -> None:
    async with on_stage() as house:
        going_on = asyncio.Event()
        house.model.script("a", going_on, "b")
        await house.ask()
        await house.until(lambda: house.texts == ["a"])
        house.store._lanes["talk"].fence += 1
        going_on.set()
        await house.until(lambda: house.dispatcher.load == 0)
        assert (await house.summary()).state == "running"


@virtually
async def test_a_long_answer_keeps_its_lease() -> None:
    async with on_stage() as house:
        house.model.script("a", LEASE * 3, "b")
        await house.ask()
        await house.until(lambda: house.texts == ["a"])
        await asyncio.sleep(LEASE * 2)
        assert await house.store.claim("another", LEASE) is None
        await house.at_rest()
        assert house.texts == ["ab"]


@virtually
async def test_a_dead_process_is_succeeded_when_its_lease_ends() -> None:
    world = a_world()
    await world.store.accept(an_ask(), wakes=True, limit=5)
    assert await world.store.claim("a dead process", LEASE)
    async with on_stage(world) as house:
        await house.until(lambda: house.texts == ["fine"])
        assert now() >= LEASE
        await house.at_rest()


class FullDisk(MemoryStore):
    """A store that cannot write for a while."""

    failing = 0

    async def claim(self, owner: str, lease: float) -> Claim | None:
        if self.failing:
            self.failing -= 1
            raise OperatorError("DATABASE_URL: the disk is full")
        return await super().claim(owner, lease)


@virtually
async def test_a_store_that_fails_for_a_while_ends_nothing() -> None:
    world = World(FullDisk(a_world().store._clock))
    assert isinstance(world.store, FullDisk)
    async with on_stage(world) as house:
        world.store.failing = 3
        await house.answered()
        assert house.texts == ["fine"]
