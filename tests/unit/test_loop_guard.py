from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.loop_guard import EXCHANGES, WINDOW, LoopGuard


def talk(guard: LoopGuard, times: int, *, start: float = 0.0, every: float = 1.0, bot: str = "echo") -> list[bool]:
    return [guard.stops(bot, start + number * every) for number in range(times)]


def test_twenty_exchanges_within_a_minute_are_the_last() -> None:
    assert talk(LoopGuard(), EXCHANGES + 3) == [False] * EXCHANGES + [True] * 3


def test_a_bot_that_takes_its_time_may_go_on() -> None:
    assert not any(talk(LoopGuard(), 100, every=WINDOW / (EXCHANGES - 1)))


def test_one_that_goes_on_talking_stays_stopped() -> None:
    guard = LoopGuard()
    talk(guard, EXCHANGES + 1)
    assert all(talk(guard, 10, start=50.0, every=WINDOW / 2))


def test_a_quiet_minute_lets_it_in_again() -> None:
    guard = LoopGuard()
    talk(guard, EXCHANGES + 1)
    assert talk(guard, EXCHANGES + 1, start=EXCHANGES + WINDOW) == [False] * EXCHANGES + [True]


def test_each_bot_is_counted_by_itself() -> None:
    guard = LoopGuard()
    talk(guard, EXCHANGES + 1)
    assert not any(talk(guard, EXCHANGES, bot="other"))


@given(st.lists(st.floats(0, 30), max_size=80))
def test_a_bot_is_stopped_only_after_as_many_exchanges_within_the_window(pauses: list[float]) -> None:
    guard, now, times = LoopGuard(), 0.0, list[float]()
    stopped = False
    for pause in pauses:
        now += pause
        recent = [time for time in times if time > now - WINDOW]
        stopped = len(recent) >= EXCHANGES or (stopped and bool(recent))
        times.append(now)
        assert guard.stops("echo", now) is stopped
