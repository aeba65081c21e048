from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.glm.circuit import TRIAL, Circuit, open_for
from bot.glm.codes import Breaker
from bot.glm.errors import Refusal, broken, to_fault

TODAY = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)  # 18:00 in Beijing
AT_ONCE = Breaker(seconds=60.0)
STREAK = Breaker(streak=5, seconds=15.0)


def fail(circuit: Circuit, now: float, breaker: Breaker = AT_ONCE, *, ticket: int | None = None) -> bool:
    """One request fails; whether that opens the circuit."""
    entered = circuit.enter() if ticket is None else ticket
    opened = circuit.failed(entered, broken("reset"), breaker, now, TODAY) > 0
    circuit.left(entered)
    return opened


def succeed(circuit: Circuit, ticket: int | None = None) -> bool:
    """One request is answered; whether that closes the circuit."""
    entered = circuit.enter() if ticket is None else ticket
    closed = circuit.answered(entered)
    circuit.left(entered)
    return closed


def test_a_closed_circuit_blocks_nobody() -> None:
    circuit = Circuit()
    circuit.enter()
    assert circuit.blocked(0.0) is None


def test_it_opens_for_its_time_and_says_why() -> None:
    circuit, fault = Circuit(), broken("reset")
    assert circuit.failed(circuit.enter(), fault, AT_ONCE, 100.0, TODAY) == 60.0
    assert [circuit.blocked(at) for at in (100.0, 159.9, 160.0)] == [fault, fault, None]


def test_it_opens_at_the_end_of_a_streak() -> None:
    circuit = Circuit()
    assert [fail(circuit, float(at), STREAK) for at in range(5)] == [False] * 4 + [True]


def test_an_answer_ends_a_streak() -> None:
    circuit = Circuit()
    for at in range(4):
        fail(circuit, float(at), STREAK)
    succeed(circuit)
    assert [fail(circuit, float(at), STREAK) for at in range(5)] == [False] * 4 + [True]


def test_of_a_burst_more_must_fail_than_are_still_under_way() -> None:
    circuit = Circuit()
    tickets = [circuit.enter() for _ in range(20)]
    assert [fail(circuit, 0.0, STREAK, ticket=ticket) for ticket in tickets[:6]] == [False] * 6
    assert not succeed(circuit, tickets[6])
    assert [fail(circuit, 1.0, STREAK, ticket=ticket) for ticket in tickets[7:]].index(True) == 6


def test_what_opens_at_once_does_so_in_a_burst_too() -> None:
    circuit = Circuit()
    first, *_ = [circuit.enter() for _ in range(20)]
    assert fail(circuit, 0.0, AT_ONCE, ticket=first)


def test_an_answer_from_before_closes_what_a_streak_has_opened() -> None:
    circuit = Circuit()
    early = circuit.enter()
    assert [fail(circuit, float(at), STREAK) for at in range(5)] == [False] * 4 + [True]
    assert succeed(circuit, early)
    assert circuit.blocked(5.0) is None
    assert [fail(circuit, float(at), STREAK) for at in range(5)] == [False] * 4 + [True]


def test_it_says_when_a_probe_may_pass() -> None:
    circuit = Circuit()
    assert circuit.opens_in(0.0) == 0.0
    fail(circuit, 0.0)
    assert [circuit.opens_in(at) for at in (0.0, 20.0, 60.0, 70.0)] == [60.0, 40.0, 0.0, 0.0]
    circuit.enter()
    assert (circuit.opens_in(61.0), bool(circuit.blocked(61.0))) == (0.0, True)


def test_one_probe_at_a_time_passes_after_that() -> None:
    circuit = Circuit()
    fail(circuit, 0.0)
    probe = circuit.enter()
    assert circuit.blocked(61.0)
    circuit.left(probe)
    assert circuit.blocked(61.0) is None


def test_a_probe_that_fails_opens_it_again_whatever_its_breaker_says() -> None:
    circuit = Circuit()
    fail(circuit, 0.0)
    assert fail(circuit, 60.0, STREAK)
    assert (bool(circuit.blocked(74.9)), bool(circuit.blocked(75.0))) == (True, False)


def test_a_probe_that_is_answered_closes_it() -> None:
    circuit = Circuit()
    fail(circuit, 0.0)
    assert succeed(circuit)
    assert [fail(circuit, float(at), STREAK) for at in range(61, 65)] == [False] * 4


def test_a_probe_whose_answer_begins_lets_a_few_pass_until_one_is_whole() -> None:
    circuit = Circuit()
    fail(circuit, 0.0)
    probe = circuit.enter()
    circuit.begun(probe)
    passed = 0
    while circuit.blocked(60.0) is None:
        circuit.enter()
        passed += 1
    assert passed == TRIAL - 1
    assert succeed(circuit, probe)
    assert circuit.blocked(60.0) is None


def test_a_failure_among_those_few_opens_it_again_for_one_probe() -> None:
    circuit = Circuit()
    fail(circuit, 0.0)
    probe = circuit.enter()
    circuit.begun(probe)
    assert fail(circuit, 60.0, STREAK, ticket=probe)
    assert circuit.blocked(74.0)
    circuit.enter()
    assert circuit.blocked(75.0)


def test_what_was_asked_before_it_opened_says_nothing_afterwards() -> None:
    circuit = Circuit()
    early = circuit.enter()
    fail(circuit, 0.0)
    assert not succeed(circuit, early)
    assert not fail(circuit, 30.0, ticket=early)
    circuit.enter()
    circuit.left(early)
    assert circuit.blocked(60.0), "the probe is still under way"


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("resets at 2026-11-21 18:30:00", 1800.0),
        ("将在 2026-11-21 18:00 重置", 60.0),
        ("resets at 2026-11-21 17:00:00", 60.0),
        ("resets at 2026-12-21 18:00:00", 86_400.0),
        ("resets at 2026-13-99 18:00:00", 60.0),
        ("no date", 60.0),
    ],
)
def test_a_stated_reset_is_waited_for_at_most_a_day(message: str, seconds: float) -> None:
    fault = to_fault("zhipu", Refusal(429, "1308", message))
    assert fault.rule.breaker is not None
    assert open_for(fault, fault.rule.breaker, TODAY) == seconds


def test_a_daily_limit_is_waited_for_until_midnight_in_beijing() -> None:
    fault = to_fault("zhipu", Refusal(429, "1304"))
    assert fault.rule.breaker is not None
    assert open_for(fault, fault.rule.breaker, TODAY) == 6 * 3600
    assert open_for(fault, fault.rule.breaker, datetime(2026, 11, 21, 16, 0, tzinfo=UTC)) == 24 * 3600


def test_a_long_retry_after_is_obeyed() -> None:
    assert open_for(to_fault("zhipu", Refusal(503), 90.0), STREAK, TODAY) == 90.0
    assert open_for(to_fault("zhipu", Refusal(503), 1e9), STREAK, TODAY) == 86_400.0
    assert open_for(to_fault("zhipu", Refusal(503), 3.0), STREAK, TODAY) == 15.0


STEPS = st.tuples(st.floats(0.0, 20.0), st.integers(0, 9), st.sampled_from(["", "yes", "no", "left", "begun"]))


@given(st.lists(STEPS))
def test_few_pass_an_open_circuit_and_no_ticket_is_lost(steps: list[tuple[float, int, str]]) -> None:
    circuit, now, is_open = Circuit(), 0.0, False
    tickets: list[tuple[int, bool]] = []
    for seconds, which, how in steps:
        now += seconds
        if circuit.blocked(now) is None:
            tickets.append((circuit.enter(), is_open))
        latest = max((ticket for ticket, _ in tickets), default=0)
        assert not is_open or sum(entry == (latest, True) for entry in tickets) <= TRIAL
        if not tickets or not how:
            continue
        ticket, _ = tickets[which % len(tickets)]
        if how == "no":
            is_open = circuit.failed(ticket, broken("reset"), STREAK, now, TODAY) > 0 or is_open
        elif how == "yes":
            is_open = is_open and not circuit.answered(ticket)
        elif how == "begun":
            circuit.begun(ticket)
        if how != "begun":
            circuit.left(ticket)
            del tickets[which % len(tickets)]
    for ticket, _ in tickets:
        circuit.left(ticket)
    assert circuit.blocked(now + 20.0) is None
