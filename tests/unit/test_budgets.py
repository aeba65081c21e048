from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.budgets import NEVER, Bucket, Budget, Meter, Overall
from tests.fixtures.virtual_time import FixedWindow, Limiter, SlidingBucket, SlidingLog

GUESS = Budget(limit=5, window=5.0)
SIZES = st.sampled_from([(1, 1.0), (3, 5.0), (5, 5.0), (7, 10.0), (50, 60.0)])


def fresh(budget: Budget = GUESS) -> Bucket:
    return Bucket(budget, most=GUESS.limit)


def ask(bucket: Bucket, server: Limiter, at: float) -> bool:
    """One call that is answered the moment it arrives."""
    verdict = server.hit(at)
    if verdict.allowed:
        bucket.observe(
            at, limit=verdict.limit, remaining=verdict.remaining, reset_after=verdict.reset_after, alone=True
        )
    else:
        bucket.refuse(at, verdict.retry_after)
    return verdict.allowed


def taught(server: Limiter) -> Bucket:
    bucket = fresh()
    for at in (0.0, 0.4):
        assert ask(bucket, server, at)
    return bucket


def test_two_answers_tell_a_sliding_bucket_and_its_refill() -> None:
    bucket = taught(SlidingBucket(3, 5.0))
    assert bucket.budget.sliding is True
    assert bucket.budget.limit == 3
    assert bucket.budget.refill == pytest.approx(5 / 3)
    assert bucket.at_most(1, 0.4) == pytest.approx(5 / 3)
    assert bucket.at_most(0, 0.4) == pytest.approx(10 / 3)


def test_two_answers_tell_a_fixed_window_and_its_end() -> None:
    bucket = taught(FixedWindow(7, 10.0))
    assert bucket.budget == Budget(7, 10.0, sliding=False)
    assert bucket.at_most(2, 0.4) == 0.4
    assert bucket.at_most(1, 0.4) == bucket.ends_at(0.4) == 10.0


def test_until_the_kind_is_known_nothing_comes_back_before_all_of_it() -> None:
    bucket = fresh()
    ask(bucket, SlidingBucket(5, 5.0), 0.0)
    bucket.spend(0.5)
    assert bucket.budget.sliding is None
    assert bucket.at_most(1, 0.5) == 1.0
    assert bucket.at_most(0, 0.5) == 5.5


def test_nothing_can_be_less_than_unused() -> None:
    assert fresh().at_most(-1, 0.0) == NEVER


def test_a_limit_that_changes_while_running_is_followed() -> None:
    for change in (SlidingBucket(3, 5.0), FixedWindow(2, 4.0), SlidingBucket(7, 10.0)):
        bucket = taught(FixedWindow(5, 5.0))
        for at in (11.0, 11.5, 22.0, 22.5):
            ask(bucket, change, at)
        assert bucket.budget.limit == change.limit
        assert bucket.budget.window == pytest.approx(change.window)
        assert bucket.budget.sliding is isinstance(change, SlidingBucket)


def test_a_refill_that_becomes_faster_is_followed() -> None:
    bucket, faster = taught(SlidingBucket(5, 10.0)), SlidingBucket(5, 5.0)
    for at in (20.0, 20.1, 20.2):
        ask(bucket, faster, at)
    assert bucket.budget.refill == pytest.approx(1.0, abs=0.1)


def test_answers_that_overtake_each_other_do_not_free_anything() -> None:
    for server in (SlidingBucket(5, 5.0), FixedWindow(5, 5.0)):
        bucket = taught(server)
        older, newer = server.hit(0.8), server.hit(0.81)
        for verdict in (newer, older):
            bucket.observe(0.9, limit=5, remaining=verdict.remaining, reset_after=verdict.reset_after, alone=False)
        assert math.floor(5 - bucket.used(0.9)) <= newer.remaining


def test_without_headers_refusals_shrink_the_limit_and_time_restores_it() -> None:
    bucket = fresh()
    for at in (0.0, 0.1, 0.2):
        bucket.spend(at)
    bucket.refuse(0.3, 4.7)
    assert bucket.budget.limit == 3
    assert bucket.at_most(2, 0.3) >= 5.0
    for minute in range(1, 10):
        bucket.spend(61.0 * minute)
    assert bucket.budget.limit == GUESS.limit


def test_a_refusal_of_a_known_bucket_leaves_its_limit_alone() -> None:
    for server in (SlidingBucket(5, 5.0), FixedWindow(5, 5.0)):
        bucket = taught(server)
        bucket.refuse(0.5, 2.0)
        assert bucket.budget.limit == 5
        assert bucket.at_most(4, 0.5) == pytest.approx(2.5 if isinstance(server, SlidingBucket) else 5.0)


def test_a_call_whose_headers_were_lost_counts() -> None:
    sliding, fixed = taught(SlidingBucket(5, 5.0)), taught(FixedWindow(5, 5.0))
    for bucket in (sliding, fixed):
        before = bucket.used(1.0)
        bucket.spend(1.0)
        assert bucket.used(1.0) == pytest.approx(before + 1)
    fixed.spend(20.0)
    assert fixed.used(20.0) == 1
    assert fixed.ends_at(20.0) == 25.0


def test_odd_headers_do_no_harm() -> None:
    bucket = fresh()
    for limit, remaining, reset_after in ((0, 0, 0.0), (5, 9, -1.0), (5, 5, 0.0), (5, 4, 1.0), (5, 4, 1.0)):
        bucket.observe(1.0, limit=limit, remaining=remaining, reset_after=reset_after, alone=True)
        assert bucket.budget.limit >= 1
        assert bucket.budget.window > 0
        assert math.isfinite(bucket.at_most(0, 1.0))


@given(
    size=SIZES, sliding=st.booleans(), gaps=st.lists(st.floats(0.0, 8.0), max_size=60), lost=st.sets(st.integers(2, 60))
)
def test_a_known_bucket_is_never_asked_for_more_than_it_has(
    size: tuple[int, float], *, sliding: bool, gaps: list[float], lost: set[int]
) -> None:
    limit, window = size
    server = SlidingBucket(limit, window) if sliding else FixedWindow(limit, window)
    bucket = fresh(Budget(limit, window, sliding))
    now = 0.0
    for number, gap in enumerate(gaps):
        granted = max(now + gap, bucket.at_most(limit - 1, now + gap))
        now = granted + 0.001  # it travels, which covers the rounding as well
        if number in lost:
            assert server.hit(now).allowed
            bucket.spend(now)
        else:
            assert ask(bucket, server, now)


def test_all_lanes_together_have_a_limit_until_a_window_after_the_answer() -> None:
    meter = Meter(Overall(limit=2, window=1.0))
    for _ in range(2):
        assert meter.opens_at(0.0, 5.0) == 5.0
        meter.take()
    assert meter.opens_at(0.0, 5.0) == NEVER
    meter.answered(5.3)
    assert meter.opens_at(0.0, 5.3) == 6.3
    assert meter.opens_at(0.0, 6.3) == 6.3


def test_a_share_is_left_to_those_who_go_first() -> None:
    meter = Meter(Overall(limit=4, window=1.0))
    for _ in range(3):
        meter.take()
        meter.answered(1.0)
    assert meter.opens_at(0.0, 1.5) == 1.5
    assert meter.opens_at(0.25, 1.5) == 2.0


def test_without_a_limit_over_all_only_a_stop_holds_calls_back() -> None:
    meter = Meter(None)
    for _ in range(1000):
        meter.take()
    assert meter.opens_at(0.5, 1.0) == 1.0
    meter.stop(3.0)
    assert meter.opens_at(0.5, 1.0) == 3.0


@given(
    limit=st.integers(1, 6),
    steps=st.lists(st.tuples(st.floats(0.0, 0.6), st.floats(0.0, 2.0), st.floats(0.0, 2.0)), max_size=50),
)
def test_no_window_holds_more_arrivals_than_the_limit_however_long_calls_travel(
    limit: int, steps: list[tuple[float, float, float]]
) -> None:
    meter = Meter(Overall(limit, 1.0))
    now, arrivals, answers = 0.0, list[float](), list[float]()
    for pause, there, back in steps:
        now += pause
        while (opens_at := meter.opens_at(0.0, now)) > now:
            now = min([opens_at, *answers])
            for answer in [a for a in answers if a <= now]:
                answers.remove(answer)
                meter.answered(answer)
        meter.take()
        arrivals.append(now + there)
        answers.append(now + there + back)
    server = SlidingLog(limit, 1.0)
    assert all(server.hit(arrival).allowed for arrival in sorted(arrivals))
