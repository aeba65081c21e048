"""Buckets that refill in a minute, and whose answers do not tell what remains."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from bot.pacing import Budget, Governor, Priority
from tests.fixtures.virtual_time import now, run_virtually

LIMIT = 50
AT_ONCE = 8


def a_governor() -> Governor:
    guesses = {"update": Budget(LIMIT, 60.0), "start": Budget(20, 60.0)}
    return Governor(overall=None, clock=now, guesses=guesses, sharing=(), headers=False)


async def call(governor: Governor, lane: str, priority: Priority, seconds: float = 0.12) -> float:
    """Make a call, and say for how long it had to wait."""
    asked_at = now()
    async with governor.permit(lane, priority, unseen_since=asked_at):
        waited = now() - asked_at
        await asyncio.sleep(seconds)
    return waited


def test_one_refusal_holds_a_quiet_lane_back_no_longer_than_it_says() -> None:
    async def main() -> None:
        governor = a_governor()
        async with governor.permit("update:1", Priority.EDIT):
            governor.refused("update:1", 2.0, everywhere=False)
        asked_at = now()
        await call(governor, "update:1", Priority.FINAL)
        assert 2.0 <= now() - asked_at < 2.5

    run_virtually(main())


def test_an_answer_that_grows_for_minutes_leaves_room_for_the_ends_of_those_that_begin_later() -> None:
    async def main() -> None:
        governor = a_governor()
        edits = 0
        with governor.live("update:1"):
            while now() < 150.0:
                await call(governor, "update:1", Priority.EDIT)
                edits += 1
            finals = [call(governor, "update:1", Priority.FINAL) for _ in range(AT_ONCE)]
            assert max(await asyncio.gather(*finals)) < 0.001
        assert edits > 2 * (LIMIT - AT_ONCE) - 2

    run_virtually(main())


def test_edits_of_a_large_bucket_come_evenly() -> None:
    async def main() -> None:
        governor = a_governor()
        waits: list[float] = []
        with governor.live("update:1"):
            while now() < 150.0:
                waits.append(await call(governor, "update:1", Priority.EDIT))
        assert max(waits) < 3.0

    run_virtually(main())


def test_calls_under_way_and_those_that_wait_take_what_is_left() -> None:
    async def main() -> None:
        governor = a_governor()
        async with AsyncExitStack() as held, asyncio.TaskGroup() as waiting:
            for number in range(20):
                assert not governor.taken("start:1"), number
                await held.enter_async_context(governor.permit("start:1", Priority.FIRST))
            assert governor.taken("start:1")
            assert not governor.taken("start:2")
            late = waiting.create_task(call(governor, "start:1", Priority.FIRST))
            await asyncio.sleep(1.0)
            await held.aclose()
            await asyncio.sleep(59.0)
            assert governor.taken("start:1"), "all are counted for a minute"
            await asyncio.sleep(2.0)
            assert not governor.taken("start:1")
        assert late.result() > 59.0

    run_virtually(main())
