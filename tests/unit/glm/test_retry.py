from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.glm.codes import CONNECTION, DIALECTS, OTHER, Rule
from bot.glm.retry import Patience, RetryBudget, RetryPolicy


def waits(rule: Rule, *hints: float | None, policy: RetryPolicy | None = None) -> list[float | None]:
    patience = Patience(policy or RetryPolicy(draw=lambda low, high: high))
    return [patience.wait(rule, attempt, hint) for attempt, hint in enumerate(hints, start=1)]


def test_three_attempts_with_growing_waits() -> None:
    assert waits(OTHER, None, None, None) == [1.0, 2.0, None]


def test_waits_are_capped() -> None:
    policy = RetryPolicy(attempts=9, draw=lambda low, high: high, patience=100)
    assert waits(Rule("R", "busy", attempts=9), *[None] * 6, policy=policy) == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_jitter_draws_from_zero() -> None:
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    assert waits(OTHER, None, None, policy=RetryPolicy(draw=draw)) == [0.0, 0.0]
    assert drawn == [(0.0, 1.0), (0.0, 2.0)]


@pytest.mark.parametrize(("hint", "wait"), [(0.2, 1.0), (7.0, 7.0), (20.0, 20.0), (25.0, None), (31.0, None)])
def test_retry_after_is_obeyed_within_bounds(hint: float, wait: float | None) -> None:
    assert waits(OTHER, hint) == [wait]


def test_a_long_hint_is_refused_even_with_patience_left() -> None:
    policy = RetryPolicy(draw=lambda low, high: high, patience=1000)
    assert waits(OTHER, 30.0, 31.0, policy=policy) == [30.0, None]


def test_waiting_is_bounded_in_all() -> None:
    assert waits(OTHER, 12.0, 12.0) == [12.0, None]


def test_codes_that_say_once_get_one_more_attempt() -> None:
    assert waits(DIALECTS["zhipu"]["1305"][0], None, None) == [1.0, None]


@pytest.mark.parametrize("kind", ["silent", "stalled"])
def test_who_says_nothing_is_not_asked_again(kind: str) -> None:
    assert waits(CONNECTION[kind], None) == [None]


def test_what_is_not_retried() -> None:
    assert waits(DIALECTS["zhipu"]["1002"][0], 0.0) == [None]


def test_retries_of_all_questions_are_a_tenth_of_the_first_attempts_and_ten() -> None:
    budget = RetryBudget(RetryPolicy())
    for _ in range(100):
        budget.first(0.0)
    assert sum(budget.retry(1.0) for _ in range(100)) == 20


def test_a_minute_later_there_are_ten_again() -> None:
    budget = RetryBudget(RetryPolicy())
    assert sum(budget.retry(0.0) for _ in range(100)) == 10
    assert not budget.retry(59.9)
    assert sum(budget.retry(60.0) for _ in range(100)) == 10


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.booleans()), max_size=150))
def test_no_retry_goes_over_the_budget_of_the_minute_before_it(steps: list[tuple[float, bool]]) -> None:
    policy = RetryPolicy(share=0.5, floor=2)
    budget, now, firsts, retries = RetryBudget(policy), 0.0, list[float](), list[float]()
    for seconds, again in steps:
        now += seconds
        if not again:
            budget.first(now)
            firsts.append(now)
            continue
        allowed = 2 + 0.5 * sum(at > now - 60 for at in firsts)
        granted = budget.retry(now)
        retries += [now] * granted
        spent = sum(at > now - 60 for at in retries)
        assert spent <= allowed if granted else spent + 1 > allowed
