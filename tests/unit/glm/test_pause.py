from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.glm.pause import LONGEST, Pause
from bot.glm.retry import RetryPolicy


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def a_pause(clock: Clock | None = None) -> Pause:
    return Pause(RetryPolicy(draw=lambda low, high: high), clock or Clock())


def refusals(pause: Pause, times: int, pace: float = 1.0, retry_after: float | None = None) -> list[float]:
    """How long it pauses after each refusal of one that was admitted after the pause before."""
    lengths: list[float] = []
    for _ in range(times):
        pause.refused(pause.number, pace, retry_after)
        lengths.append(pause.left)
    return lengths


@pytest.mark.parametrize(("pace", "lengths"), [(1.0, [1.0, 2.0, 4.0, 4.0, 4.0]), (2.0, [2.0, 4.0, 4.0, 4.0, 4.0])])
def test_pauses_grow_up_to_four_seconds(pace: float, lengths: list[float]) -> None:
    assert refusals(a_pause(), 5, pace) == lengths


def test_an_answer_leads_back_to_the_first() -> None:
    pause = a_pause()
    refusals(pause, 3)
    pause.answered()
    assert refusals(pause, 2) == [1.0, 2.0]


def test_a_burst_of_refusals_is_one_pause() -> None:
    clock = Clock()
    pause = a_pause(clock)
    for _ in range(8):
        pause.refused(0, 1.0, None)
        clock.now += 0.1
    assert (round(pause.left, 3), pause.number) == (0.2, 1)


def test_it_is_drawn_between_its_half_and_the_whole() -> None:
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    assert refusals(Pause(RetryPolicy(draw=draw), Clock()), 3) == [0.5, 1.0, 2.0]
    assert drawn == [(0.5, 1.0), (1.0, 2.0), (2.0, 4.0)]


@pytest.mark.parametrize(("hint", "length"), [(0.2, 1.0), (7.0, 7.0), (30.0, 30.0), (86_400.0, 30.0)])
def test_a_longer_retry_after_goes_before_it_within_a_bound(hint: float, length: float) -> None:
    assert refusals(a_pause(), 1, retry_after=hint) == [length]


def test_three_pauses_in_vain_are_said_until_there_is_an_answer_or_a_minute_has_passed() -> None:
    clock = Clock()
    pause = a_pause(clock)
    refusals(pause, 2)
    assert not pause.fruitless
    refusals(pause, 1)
    assert pause.fruitless
    clock.now += LONGEST + 59
    assert pause.fruitless
    clock.now += 2
    assert not pause.fruitless
    refusals(pause, 1)
    assert pause.fruitless
    pause.answered()
    assert not pause.fruitless


@given(st.lists(st.tuples(st.floats(0.0, 9.0), st.booleans(), st.none() | st.floats(0.0, 1e9))))
def test_it_always_ends(steps: list[tuple[float, bool, float | None]]) -> None:
    clock = Clock()
    pause = Pause(RetryPolicy(), clock)
    for seconds, answered, hint in steps:
        clock.now += seconds
        if answered:
            pause.answered()
        else:
            pause.refused(pause.number, 1.0, hint)
        assert 0.0 <= pause.left <= 30.001
