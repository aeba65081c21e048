from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from bot.glm.watchdog import Watchdog
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually


async def stream(*pauses: float) -> AsyncGenerator[bytes]:
    """A piece after each of these pauses, in seconds."""
    for pause in pauses:
        if pause:
            await asyncio.sleep(pause)
        yield b"piece"


def guarded(seconds: float) -> Watchdog:
    return Watchdog(now() + seconds)


async def read_until_late(watchdog: Watchdog, source: AsyncGenerator[bytes]) -> float:
    """Seconds that a read takes which is ended."""
    began = now()
    with pytest.raises(TimeoutError):
        await watchdog.read(source)
    return now() - began


@virtually
async def test_what_comes_in_time_is_read_to_the_end() -> None:
    with guarded(10) as watchdog:
        source = stream(4, 4)
        assert [await watchdog.read(source) for _ in range(3)] == [b"piece", b"piece", b""]


@virtually
async def test_a_read_ends_when_it_is_due() -> None:
    with guarded(10) as watchdog:
        assert await read_until_late(watchdog, stream(11)) == pytest.approx(10)


@pytest.mark.parametrize("seconds", [30, 5, 1])
@virtually
async def test_what_is_due_may_move_both_ways(seconds: float) -> None:
    with guarded(10) as watchdog:
        source = stream(4, 60)
        await watchdog.read(source)
        watchdog.due = now() + seconds
        assert await read_until_late(watchdog, source) == pytest.approx(seconds)


@virtually
async def test_a_stream_that_goes_on_outlives_the_first_timer_many_times() -> None:
    with guarded(10) as watchdog:
        source = stream(*[9.0] * 20)
        for _ in range(20):
            assert await watchdog.read(source) == b"piece"
            watchdog.due = now() + 10


@virtually
async def test_who_is_busy_with_the_last_bytes_is_left_alone_and_still_gets_what_is_there() -> None:
    with guarded(10) as watchdog:
        source = stream(1, 0, 60)
        await watchdog.read(source)
        await asyncio.sleep(20)
        assert await watchdog.read(source) == b"piece"
        assert await read_until_late(watchdog, source) == pytest.approx(0)


@pytest.mark.parametrize("after", [5, 10])
@virtually
async def test_a_cancellation_from_outside_stays_one(after: float) -> None:
    with guarded(10) as watchdog:
        reading = asyncio.ensure_future(watchdog.read(stream(60)))
        # At 10 s both come in the same round of the loop: this timer is the older one.
        asyncio.get_running_loop().call_later(after, reading.cancel)
        with pytest.raises(asyncio.CancelledError):
            await reading


@virtually
async def test_an_ended_read_leaves_its_task_as_it_was() -> None:
    with guarded(1) as watchdog:
        await read_until_late(watchdog, stream(60))
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(1)


@virtually
async def test_nothing_is_left_behind() -> None:
    with guarded(10) as watchdog:
        await watchdog.read(stream(1))
        timer = watchdog._timer
    assert timer is not None
    assert timer.cancelled()
