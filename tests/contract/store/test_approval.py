from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import LeaseLost
from bot.messages import CallRecord, Verdict
from bot.ports import Store
from tests.contract.store.asking import CLOCK, MAIL, UNTIL, asking, parked, verdicts
from tests.contract.store.samples import Clock, answer, ask, claimed, end, keys, put


async def test_a_call_that_is_asked_about_is_kept_until_when(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.begin_calls(claim, 1, "Let me see.", [MAIL, CLOCK], asked={"call_1", "call_9"}, until=UNTIL)
    assert list(await store.calls(1)) == [
        CallRecord(1, "Let me see.", MAIL, None, Verdict.ASKED, UNTIL),
        CallRecord(1, "Let me see.", CLOCK),
    ]


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (Verdict.ALLOWED, None),
        (Verdict.ASKED, None),
        (Verdict.DENIED, Verdict.DENIED),
        (Verdict.PASSED_OVER, Verdict.PASSED_OVER),
    ],
)
async def test_a_call_is_begun_when_it_was_not_refused(store: Store, given: Verdict, left: Verdict | None) -> None:
    claim = await asking(store)
    await store.decide(1, 1, given)
    await store.start_call(claim, "call_9")
    assert await verdicts(store) == [given]
    await store.start_call(claim, "call_1")
    assert await verdicts(store) == [left]


async def test_of_several_with_an_id_the_newest_rounds_first_is_begun_and_ended(store: Store) -> None:
    claim = await asking(store)
    await store.begin_calls(claim, 2, "", [MAIL, MAIL], asked=["call_1"], until=UNTIL)
    seen: list[list[Verdict | None]] = []
    for result in ("second", "third", "first"):
        await store.start_call(claim, "call_1")
        seen.append(await verdicts(store))
        await store.end_call(claim, "call_1", result)
    asked = Verdict.ASKED
    assert seen == [[asked, None, asked], [asked, None, None], [None, None, None]]
    assert [record.result for record in await store.calls(1)] == ["first", "second", "third"]


async def test_a_call_that_has_a_result_is_not_begun(store: Store) -> None:
    claim = await asking(store)
    await store.end_call(claim, "call_1", "too late")
    await store.start_call(claim, "call_1")
    assert await verdicts(store) == [Verdict.ASKED]


async def test_a_parked_turn_waits_for_its_time_and_nobody_works_on_it(store: Store, clock: Clock) -> None:
    before = await parked(store)
    assert await store.claim("worker", 30) is None
    assert await store.next_due("worker") == UNTIL - clock.now
    summary = await store.open_turn("talk")
    assert summary is not None
    assert summary.state == "running"
    clock.now = UNTIL
    again = await claimed(store)
    assert again.turn == replace(before.turn, since=1000.0)
    assert await verdicts(store) == [Verdict.UNANSWERED]


async def test_parking_counts_neither_attempts_nor_age(store: Store, clock: Clock) -> None:
    claim = await asking(store)
    await store.repost(claim)
    clock.now = 1500.0
    await store.park(claim)
    clock.now = UNTIL
    turn = (await claimed(store)).turn
    assert (turn.attempt, turn.since) == (1, 1500.0)


async def test_a_turn_waits_as_long_as_the_last_of_its_calls(store: Store, clock: Clock) -> None:
    claim = await asking(store)
    await store.begin_calls(claim, 2, "", [CLOCK], asked=["call_2"], until=1950.0)
    await store.park(claim)
    assert await store.next_due("worker") == 950.0
    await store.decide(1, 2, Verdict.DENIED)
    assert await store.next_due("worker") == 900.0


async def test_a_turn_that_asks_nobody_is_parked_for_no_time(store: Store) -> None:
    claim = await asking(store)
    assert await store.decide(1, 1, Verdict.ALLOWED)
    await store.park(claim)
    assert keys(await claimed(store)) == ["m1"]


async def test_a_call_that_was_ended_is_asked_about_no_more(store: Store) -> None:
    claim = await asking(store)
    await store.end_call(claim, "call_1", "nobody answered")
    assert list(await store.decide(1, 1, Verdict.ALLOWED)) == []
    await store.park(claim)
    assert await store.next_due("worker") == 0


async def test_parking_with_an_old_fence_changes_nothing(store: Store, clock: Clock) -> None:
    claim = await asking(store)
    clock.now += 31
    other = await claimed(store, "other")
    for act in (store.park, store.join):
        with pytest.raises(LeaseLost):
            await act(claim)
    with pytest.raises(LeaseLost):
        await store.start_call(claim, "call_1")
    await store.place(other, "thread")
    assert await verdicts(store) == [Verdict.ASKED]


async def test_who_has_parked_a_turn_holds_it_no_more(store: Store) -> None:
    claim = await parked(store)
    with pytest.raises(LeaseLost):
        await store.finish(claim, answer())


async def test_a_finished_turn_is_released_as_it_is(store: Store, clock: Clock) -> None:
    claim = await asking(store)
    await store.finish(claim, answer())
    clock.now += 5
    await store.park(claim)
    turn = (await claimed(store)).turn
    assert (turn.outcome, turn.since, turn.attempt) == (answer(), 1.0, 1)


async def test_other_conversations_go_on_while_a_turn_is_parked(store: Store) -> None:
    await parked(store)
    await put(store, ask(2, conversation="other"))
    claim = await claimed(store)
    assert keys(claim) == ["m2"]
    assert await end(store, claim) is None
    assert await store.claim("worker", 30) is None


@pytest.mark.parametrize("verdict", [Verdict.ALLOWED, Verdict.DENIED])
async def test_a_decision_lets_the_turn_be_taken_up_at_once(store: Store, verdict: Verdict) -> None:
    await parked(store)
    decided = [CallRecord(1, "May I?", MAIL, None, verdict, UNTIL)]
    assert list(await store.decide(1, 1, verdict)) == decided
    assert await store.next_due("worker") == 0
    assert list(await store.calls((await claimed(store)).turn.id)) == decided


async def test_what_was_decided_is_not_decided_again(store: Store) -> None:
    await parked(store)
    assert await store.decide(1, 1, Verdict.DENIED)
    assert list(await store.decide(1, 1, Verdict.ALLOWED)) == []
    assert await verdicts(store) == [Verdict.DENIED]


@pytest.mark.parametrize(("turn", "number"), [(1, 2), (2, 1), (0, 1)])
async def test_a_decision_is_for_one_round_of_one_turn(store: Store, turn: int, number: int) -> None:
    await parked(store)
    assert list(await store.decide(turn, number, Verdict.ALLOWED)) == []
    assert await verdicts(store) == [Verdict.ASKED]
    assert await store.next_due("worker") == 900.0


async def test_a_decision_is_for_all_calls_of_the_round_that_are_asked_about_in_their_order(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    calls = [replace(MAIL, id=f"call_{number}") for number in range(4)]
    await store.begin_calls(claim, 1, "", calls, asked=["call_3", "call_1", "call_0"], until=UNTIL)
    await store.end_call(claim, "call_1", "too much")
    decided = await store.decide(1, 1, Verdict.ALLOWED)
    assert [record.call.id for record in decided] == ["call_0", "call_3"]
    assert await verdicts(store) == [Verdict.ALLOWED, Verdict.ASKED, None, Verdict.ALLOWED]


async def test_a_turn_waits_on_while_one_of_its_calls_is_asked_about(store: Store, clock: Clock) -> None:
    claim = await asking(store)
    await store.begin_calls(claim, 2, "", [CLOCK], asked=["call_2"], until=UNTIL)
    await store.park(claim)
    await store.decide(1, 2, Verdict.ALLOWED)
    assert await store.claim("worker", 30) is None
    await store.decide(1, 1, Verdict.ALLOWED)
    assert await claimed(store)


async def test_a_decision_that_comes_too_late_changes_nothing(store: Store, clock: Clock) -> None:
    await parked(store)
    clock.now = UNTIL - 0.5
    assert await verdicts(store) == [Verdict.ASKED]
    clock.now = UNTIL
    assert list(await store.decide(1, 1, Verdict.ALLOWED)) == []
    assert await verdicts(store) == [Verdict.UNANSWERED]


async def test_nothing_is_decided_in_a_turn_that_has_ended(store: Store) -> None:
    claim = await asking(store)
    await store.finish(claim, answer())
    assert list(await store.decide(1, 1, Verdict.ALLOWED)) == []
    await store.delivered(claim)
    assert list(await store.decide(1, 1, Verdict.ALLOWED)) == []


async def test_a_decision_before_the_turn_is_parked_takes_it_from_nobody(store: Store) -> None:
    claim = await asking(store)
    assert await store.decide(1, 1, Verdict.ALLOWED)
    assert await store.claim("other", 30) is None
    await store.start_call(claim, "call_1")
