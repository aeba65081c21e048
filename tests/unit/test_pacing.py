from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.budgets import Overall
from bot.pacing import Governor, Priority
from tests.fixtures.virtual_time import (
    FixedWindow,
    Limiter,
    Platform,
    SlidingBucket,
    SlidingLog,
    VirtualTimeLoop,
    gather_bounded,
    now,
    run_virtually,
)


@dataclass
class Scene:
    """A governor that calls nobody: the test answers for the platform."""

    governor: Governor
    order: list[str]

    async def hold(self, lane: str, priority: Priority, name: str, unseen_since: float = 0.0) -> None:
        async with self.governor.permit(lane, priority, unseen_since=unseen_since):
            self.order.append(name)
            await asyncio.sleep(0.1)
            self.governor.observe(lane, limit=5, remaining=4, reset_after=1.0)


def scene(overall: Overall | None = None) -> Scene:
    return Scene(Governor(overall=overall, clock=now), [])


def test_what_matters_most_goes_first_and_edits_by_how_long_they_are_unseen() -> None:
    async def main() -> list[str]:
        stage = scene(Overall(1, 1.0))
        calls = [
            stage.hold("a:0", Priority.ROLL_OVER, "blocker"),
            stage.hold("a:1", Priority.EDIT, "young edit", unseen_since=2.0),
            stage.hold("a:2", Priority.EDIT, "old edit", unseen_since=1.0),
            stage.hold("a:3", Priority.ROLL_OVER, "roll-over"),
            stage.hold("a:4", Priority.FIRST, "first"),
            stage.hold("a:5", Priority.FINAL, "final"),
            stage.hold("a:6", Priority.BACKGROUND, "background"),
        ]
        await gather_bounded(*calls)
        assert stage.governor.granted == 7
        assert stage.governor.waited > 0
        return stage.order

    order = run_virtually(main())
    assert order == ["blocker", "final", "first", "roll-over", "old edit", "young edit", "background"]


def test_edits_are_spread_and_leave_a_share_to_what_goes_before_them() -> None:
    async def main() -> None:
        stage = scene(Overall(8, 10.0))
        edits = [asyncio.ensure_future(stage.hold(f"edit:{n}", Priority.EDIT, "edit")) for n in range(20)]
        await asyncio.sleep(1.0)
        assert len(stage.order) == 1
        await asyncio.sleep(8.5)
        assert len(stage.order) == 6
        for name in ("final", "another final"):
            asked = now()
            await stage.hold("edit:final", Priority.FINAL, name)
            assert now() == pytest.approx(asked + 0.1)
        await asyncio.gather(*edits)

    run_virtually(main())


def test_calls_under_way_count_before_they_are_answered() -> None:
    async def main() -> None:
        stage = scene()
        stage.governor.observe("edit:1", limit=5, remaining=1, reset_after=5.0)
        finals = [asyncio.ensure_future(stage.hold("edit:1", Priority.FINAL, str(n))) for n in range(2)]
        await asyncio.sleep(0.05)
        assert stage.order == ["0"], "only one was left"
        await asyncio.sleep(0.1)
        assert stage.order == ["0", "1"]
        await asyncio.gather(*finals)

    run_virtually(main())


def test_a_global_refusal_stops_all_but_the_exempt() -> None:
    async def main() -> None:
        governor = Governor(overall=Overall(48, 1.0), clock=now)
        governor.refused("edit:1", 3.0, everywhere=True)
        async with governor.permit("webhook:1", Priority.FINAL, exempt=True):
            assert now() == 0.0
        assert governor.try_permit("typing:1") is None
        async with governor.permit("edit:2", Priority.FINAL):
            assert now() == pytest.approx(3.0)
        assert governor.refusals == 1

    run_virtually(main())


def test_a_background_call_goes_now_or_not_at_all() -> None:
    async def main() -> None:
        governor = Governor(overall=Overall(3, 1.0), clock=now)
        typing = governor.try_permit("typing:1")
        assert typing is not None
        with typing:
            assert governor.try_permit("typing:1") is None
            async with governor.permit("post:1", Priority.FIRST):
                assert governor.try_permit("typing:2") is None
        await asyncio.sleep(5.0)
        assert governor.try_permit("typing:2") is not None

    run_virtually(main())


def test_new_lanes_start_from_what_their_kind_has_learned() -> None:
    async def main() -> None:
        governor = Governor(overall=None, clock=now)
        governor.observe("edit:1", limit=2, remaining=1, reset_after=5.0)
        assert governor._lane("edit:2", now()).bucket.budget.limit == 2
        assert governor._lane("post:2", now()).bucket.budget.limit == 2, "the same answers grow in both"
        assert governor._lane("thread:2", now()).bucket.budget.limit == 5

    run_virtually(main())


def test_idle_lanes_are_forgotten() -> None:
    async def main() -> None:
        governor = Governor(overall=None, clock=now)
        for number in range(2000):
            async with governor.permit(f"post:{number}", Priority.FIRST):
                await asyncio.sleep(1.0)
        assert len(governor._lanes) <= 310
        assert len(governor._groups) == len(governor._lanes)

    run_virtually(main())


def test_a_cancelled_wait_costs_nothing() -> None:
    async def main() -> None:
        stage = scene(Overall(2, 1.0))
        waiting = [asyncio.ensure_future(stage.hold("edit:1", Priority.FINAL, str(n))) for n in range(50)]
        await asyncio.sleep(0.05)
        granted = len(stage.order)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        async with stage.governor.permit("edit:2", Priority.FINAL):
            assert now() == pytest.approx(0.05)
        assert stage.governor.granted == granted + 1

    run_virtually(main())


def test_a_grant_that_its_waiter_never_took_is_given_back() -> None:
    async def main() -> None:
        stage = scene(Overall(2, 1.0))
        first = asyncio.ensure_future(stage.hold("edit:1", Priority.FINAL, "first"))
        second = asyncio.ensure_future(stage.hold("edit:1", Priority.FINAL, "second"))
        await asyncio.sleep(0.05)
        stage.governor.observe("edit:1", limit=5, remaining=4, reset_after=1.0)
        assert stage.governor.granted == 2
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        async with stage.governor.permit("edit:2", Priority.FINAL):
            assert now() == pytest.approx(0.1), "the slot over all lanes is free again"
        assert stage.order == ["first"]
        assert stage.governor.granted == 2

    run_virtually(main())


@dataclass(frozen=True)
class Caller:
    """A call that asks at a time, and gives its wait up after a while, or never."""

    start: float
    lane: str
    priority: Priority
    patience: float
    grows: bool


CALLERS = st.lists(
    st.builds(
        Caller,
        start=st.floats(0.0, 20.0),
        lane=st.sampled_from(["edit:1", "post:1", "edit:2", "thread:9"]),
        priority=st.sampled_from(Priority),
        patience=st.one_of(st.just(9999.0), st.floats(0.0, 6.0)),
        grows=st.booleans(),
    ),
    max_size=30,
)


def limiters(kind: type[FixedWindow | SlidingBucket], limit: int, window: float) -> Callable[[], Limiter]:
    return lambda: kind(limit, window)


LIMITERS = st.builds(limiters, st.sampled_from([FixedWindow, SlidingBucket]), st.integers(1, 7), st.floats(1.0, 12.0))


async def play(platform: Platform, callers: Sequence[Caller], *, in_flight_too: bool) -> None:
    """All callers at their times; whoever is patient must have been granted by the end."""
    granted = set[int]()

    async def run(number: int, caller: Caller) -> None:
        async with contextlib.AsyncExitStack() as stack:
            if caller.grows:
                stack.enter_context(platform.governor.live(caller.lane))
            async with asyncio.timeout(caller.patience) as patience:
                await stack.enter_async_context(platform.governor.permit(caller.lane, caller.priority))
                granted.add(number)
                if not in_flight_too:
                    patience.reschedule(None)
                await platform.call(caller.lane)

    async def start(number: int, caller: Caller) -> None:
        await asyncio.sleep(caller.start)
        # discord.py gives a call up after five refusals, and the impatient time out.
        with contextlib.suppress(TimeoutError, RuntimeError):
            await run(number, caller)

    await gather_bounded(*(start(number, caller) for number, caller in enumerate(callers)))
    assert granted >= {number for number, caller in enumerate(callers) if caller.patience > 1000}


def assert_at_rest(governor: Governor) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    assert loop.timers() == 0
    assert governor._meter._under_way == 0
    for lane in governor._lanes.values():
        assert (lane.open, lane.flying, lane.metered, len(lane.waiting), lane.group.live) == (0, 0, 0, 0, 0)


@settings(max_examples=150, deadline=None)
@given(callers=CALLERS, limiter=LIMITERS, overall=st.sampled_from([None, (2, 1.0), (50, 1.0)]))
def test_a_truthful_platform_never_refuses(
    callers: list[Caller], limiter: Callable[[], Limiter], overall: tuple[int, float] | None
) -> None:
    async def main() -> None:
        governor = Governor(overall=Overall(*overall) if overall else None, clock=now)
        platform = Platform(governor, lambda _: limiter(), overall=SlidingLog(*overall) if overall else None)
        await play(platform, callers, in_flight_too=False)
        assert platform.refusals == []
        assert_at_rest(governor)

    run_virtually(main())


@settings(max_examples=150, deadline=None)
@given(
    callers=CALLERS,
    kinds=st.lists(LIMITERS, min_size=1, max_size=4),
    headers=st.lists(st.booleans(), min_size=1, max_size=20),
)
def test_whatever_happens_everybody_is_granted_and_nothing_is_left_behind(
    callers: list[Caller], kinds: list[Callable[[], Limiter]], headers: list[bool]
) -> None:
    async def main() -> None:
        governor = Governor(overall=Overall(4, 1.0), clock=now)
        answers, replacements = itertools.cycle(headers), itertools.cycle(kinds)
        platform = Platform(
            governor, lambda _: next(replacements)(), overall=SlidingLog(3, 1.0), headers=lambda: next(answers)
        )
        changing = asyncio.ensure_future(change_now_and_then(platform))
        await play(platform, callers, in_flight_too=True)
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)
        assert_at_rest(governor)

    run_virtually(main())


async def change_now_and_then(platform: Platform) -> None:
    while True:
        await asyncio.sleep(4.0)
        platform.limiters.clear()


def test_a_lane_that_was_refused_is_known_to_be_closed() -> None:
    async def main() -> None:
        governor = Governor(overall=None, clock=now)
        assert governor.closed_for("thread:1") == 0
        governor.refused("thread:1", 300.0, everywhere=False)
        assert governor.closed_for("thread:1") == pytest.approx(300.0, abs=1.0)
        await asyncio.sleep(301.0)
        assert governor.closed_for("thread:1") == 0

    run_virtually(main())


def test_calls_for_which_nobody_asked_count_over_all_lanes() -> None:
    async def main() -> None:
        stage = scene(Overall(3, 1.0))
        for _ in range(3):
            stage.governor.count()
        call = asyncio.ensure_future(stage.hold("post:1", Priority.FINAL, "final"))
        await asyncio.sleep(0.9)
        assert stage.order == []
        await asyncio.sleep(0.3)
        assert stage.order == ["final"]
        await call

    run_virtually(main())
