from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from bot.budgets import Overall
from bot.pacing import Governor, Priority
from tests.fixtures.virtual_time import (
    FixedWindow,
    Limiter,
    Platform,
    SlidingBucket,
    SlidingLog,
    VirtualTimeLoop,
    now,
    run_virtually,
)

SIZES = [(5, 5.0), (3, 5.0), (7, 10.0)]
KINDS: list[type[FixedWindow | SlidingBucket]] = [FixedWindow, SlidingBucket]


@dataclass
class Ending:
    """When an answer was whole, how long its final call waited for the permit, and until it could be seen."""

    at: float
    waited: float
    seen: float
    edits: int


async def answer(platform: Platform, channel: str, start: float, length: float) -> Ending:
    """Grow an answer as a painter does: one call under way, the wait for an edit given up when the answer is whole."""
    governor, edit, post = platform.governor, f"edit:{channel}", f"post:{channel}"
    await asyncio.sleep(start)
    end = now() + length
    edits = 0

    async def paint(sent: asyncio.Event) -> None:
        nonlocal edits
        async with governor.permit(edit, Priority.EDIT, unseen_since=now()):
            sent.set()
            edits += 1
            await platform.call(edit)

    with governor.live(edit):
        async with governor.permit(post, Priority.FIRST):
            await platform.call(post)
        while end - now() > 1e-6:
            sent = asyncio.Event()
            painting = asyncio.ensure_future(paint(sent))
            await asyncio.wait({painting}, timeout=end - now())
            if not painting.done() and not sent.is_set():
                painting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await painting
        asked, seen = now(), list[float]()
        async with governor.permit(edit, Priority.FINAL):
            granted = now()
            await platform.call(edit, seen=lambda: seen.append(now()))
    return Ending(end, granted - asked, seen[0], edits)


@dataclass
class Run:
    endings: Sequence[Ending]
    platform: Platform


def run_answers(
    answers: Sequence[tuple[str, float, float]],
    buckets: Callable[[str], Limiter],
    *,
    overall: Limiter | None = None,
    headers: Callable[[], bool] = lambda: True,
    changes: Sequence[tuple[float, Callable[[str], Limiter]]] = (),
) -> Run:
    """Play (channel, start, length) answers; `changes` replaces the platform's limiters at those times."""

    async def main() -> Run:
        governor = Governor(overall=Overall(48, 1.0) if overall else None, clock=now)
        platform = Platform(governor, buckets, overall=overall, headers=headers)

        async def change() -> None:
            for at, replacement in changes:
                await asyncio.sleep(at - now())
                platform.limiters.clear()
                platform.buckets = replacement

        changing = asyncio.ensure_future(change())
        endings = await asyncio.gather(*(answer(platform, *one) for one in answers))
        changing.cancel()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        assert loop.timers() <= 1, "only the cancelled change may have a timer"
        return Run(endings, platform)

    return run_virtually(main())


def rounds(streams: int, count: int, *, seed: int = 1) -> list[tuple[str, float, float]]:
    """Answers in one channel, so many at a time, with ends that are spread."""
    dice = random.Random(seed)
    plan: list[tuple[str, float, float]] = []
    for _ in range(streams):
        start = dice.uniform(0.0, 3.0)
        for _ in range(count):
            length = dice.uniform(4.0, 10.0)
            plan.append(("1", start, length))
            start += length + dice.uniform(2.0, 6.0)
    return plan


def perfect(limiter: Limiter, ends: Sequence[float]) -> list[float]:
    """When the finals are applied if each goes as early as the platform allows, and nothing else was ever called."""
    applied: list[float] = []
    at = 0.0
    for end in sorted(ends):
        at = max(at, end)
        while not (verdict := limiter.hit(at)).allowed:
            at += verdict.retry_after + 1e-9
        applied.append(at)
    return applied


@pytest.mark.parametrize("streams", [1, 3, 8])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_call_is_refused(kind: Callable[[int, float], Limiter], size: tuple[int, float], streams: int) -> None:
    run = run_answers(rounds(streams, 8), lambda _: kind(*size))
    assert run.platform.refusals == []
    assert len(run.endings) == 8 * streams


@pytest.mark.parametrize("streams", [1, 3, 8])
def test_limits_that_change_while_running_are_followed_without_a_refusal(streams: int) -> None:
    changes: list[tuple[float, Callable[[str], Limiter]]] = [
        (20.0, lambda _: SlidingBucket(3, 5.0)),
        (45.0, lambda _: FixedWindow(7, 10.0)),
        (70.0, lambda _: SlidingBucket(5, 5.0)),
    ]
    run = run_answers(rounds(streams, 8), lambda _: FixedWindow(5, 5.0), changes=changes)
    assert run.platform.refusals == []


@pytest.mark.parametrize("streams", [1, 3, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_without_headers_refusals_teach_and_stay_few(kind: Callable[[int, float], Limiter], streams: int) -> None:
    run = run_answers(rounds(streams, 8), lambda _: kind(3, 5.0), headers=lambda: False)
    assert len(run.platform.refusals) <= 12
    assert len(run.endings) == 8 * streams


@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize("size", [(5, 5.0), (7, 10.0)])
@pytest.mark.parametrize("kind", KINDS)
def test_finals_go_at_once(kind: Callable[[int, float], Limiter], size: tuple[int, float], streams: int) -> None:
    run = run_answers(rounds(streams, 102 // streams), lambda _: kind(*size))
    at_once = sum(ending.waited < 1e-6 for ending in run.endings)
    assert at_once >= 0.95 * len(run.endings)
    seen = sorted(ending.seen - ending.at for ending in run.endings)
    assert seen[int(0.95 * len(seen))] <= 0.15


@pytest.mark.parametrize("kind", KINDS)
def test_a_small_bucket_still_shows_growth_and_instant_finals(kind: Callable[[int, float], Limiter]) -> None:
    run = run_answers(rounds(1, 30), lambda _: kind(3, 5.0))
    assert sum(ending.waited < 1e-6 for ending in run.endings) >= 29
    assert sum(ending.edits for ending in run.endings) >= 30


@pytest.mark.parametrize("spread", [0.0, 2.0, 5.0])
@pytest.mark.parametrize("kind", KINDS)
def test_eight_that_end_in_one_channel_are_near_a_perfect_schedule(
    kind: Callable[[int, float], Limiter], spread: float
) -> None:
    interval = 1.0 if kind is SlidingBucket else 5.0
    for seed in range(10):
        dice = random.Random(seed)
        run = run_answers([("1", dice.uniform(0.0, spread), 6.0) for _ in range(8)], lambda _: kind(5, 5.0))
        best = perfect(kind(5, 5.0), [ending.at for ending in run.endings])
        seen = sorted(ending.seen for ending in run.endings)
        assert all(real - ideal <= interval for real, ideal in zip(seen, best, strict=True))
        # A fixed window alone costs 3/8 of what is left of it, whoever schedules.
        mean = sum(ending.seen - ending.at for ending in run.endings) / 8
        assert mean <= max(1.8, sum(best) / 8 - sum(e.at for e in run.endings) / 8 + 0.3)


@pytest.mark.parametrize("kind", KINDS)
def test_two_hundred_answers_end_promptly_under_the_limit_over_all(kind: Callable[[int, float], Limiter]) -> None:
    for seed in range(3):
        dice = random.Random(seed)
        plan = [(str(number), dice.uniform(0.0, 5.4), 5.0) for number in range(200)]
        run = run_answers(plan, lambda _: kind(5, 5.0), overall=SlidingLog(50, 1.0))
        assert run.platform.refusals == []
        seen = sorted(ending.seen - ending.at for ending in run.endings)
        assert seen[190] < 0.5


def test_five_hundred_answers_all_end_without_a_refusal() -> None:
    dice = random.Random(1)
    plan = [(str(number), dice.uniform(0.0, 5.4), 5.0) for number in range(500)]
    run = run_answers(plan, lambda _: SlidingBucket(5, 5.0), overall=SlidingLog(50, 1.0))
    assert run.platform.refusals == []
    assert len(run.endings) == 500


def test_alone_in_a_channel_the_text_grows_early_and_then_steadily() -> None:
    run = run_answers([("1", 0.0, 9.0)], lambda _: SlidingBucket(5, 5.0))
    times = [at for at, _ in run.platform.arrivals]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[:-1])]
    assert all(0.35 <= gap <= 0.45 for gap in gaps[:2])
    assert all(1.0 <= gap <= 1.25 for gap in gaps[2:])
    assert len(gaps) >= 8


def test_in_a_fixed_window_what_is_left_is_spread_over_it() -> None:
    run = run_answers([("1", 0.0, 20.0)], lambda _: FixedWindow(5, 5.0))
    times = [at for at, _ in run.platform.arrivals]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[:-1])]
    assert max(gaps) <= 2.5
    assert len(gaps) >= 11
