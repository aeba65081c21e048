from __future__ import annotations

import pytest

from bot.messages import Attachment, Verdict
from bot.ports import Reception, Store
from tests.contract.store.asking import CLOCK, MAIL, UNTIL, asking, parked, verdicts
from tests.contract.store.samples import Clock, answer, ask, claimed, end, keys, put


async def test_new_mail_is_not_kept_waiting_for_a_decision(store: Store) -> None:
    await parked(store)
    assert await store.accept(ask(2, "bob"), wakes=True, limit=5) is Reception.WAITING
    assert await verdicts(store) == [Verdict.PASSED_OVER]
    assert list(await store.decide(1, 1, Verdict.ALLOWED)) == []
    claim = await claimed(store)
    assert keys(claim) == ["m1"]
    assert keys(await end(store, claim)) == ["m2"]


async def test_the_answer_of_a_job_is_mail_like_any_other(store: Store) -> None:
    await parked(store)
    await put(store, ask(2, job=7, alone=True))
    assert await verdicts(store) == [Verdict.PASSED_OVER]


async def test_mail_that_came_before_the_turn_was_parked_is_not_kept_waiting_either(store: Store) -> None:
    await put(store, ask(1), ask(2, "bob"))
    claim = await claimed(store)
    await store.begin_calls(claim, 1, "", [MAIL], asked=["call_1"], until=UNTIL)
    assert await verdicts(store) == [Verdict.ASKED]
    await store.park(claim)
    assert await verdicts(store) == [Verdict.PASSED_OVER]
    assert keys(await claimed(store)) == ["m1"]


async def test_what_was_passed_over_stays_so_when_the_mail_is_gone(store: Store) -> None:
    await parked(store)
    await put(store, ask(2, "bob"))
    await store.drop_waiting("talk", "bob")
    assert await verdicts(store) == [Verdict.PASSED_OVER]
    assert await store.next_due("worker") == 0


async def test_what_was_not_answered_in_time_is_not_passed_over(store: Store, clock: Clock) -> None:
    await parked(store)
    clock.now = UNTIL
    await put(store, ask(2, "bob"))
    claim = await claimed(store)
    await store.park(claim)
    assert await verdicts(store) == [Verdict.UNANSWERED]
    assert await store.next_due("worker") == 0


async def test_what_was_answered_in_time_stays_so(store: Store, clock: Clock) -> None:
    await parked(store)
    await store.decide(1, 1, Verdict.DENIED)
    clock.now = UNTIL
    assert await verdicts(store) == [Verdict.DENIED]


async def test_an_export_says_that_nobody_answered_in_time(store: Store, clock: Clock) -> None:
    claim = await parked(store)
    clock.now = UNTIL
    (entry,) = [each async for each in store.export("discord")]
    assert list(entry.calls) == await store.calls(claim.turn.id)
    assert [record.verdict for record in entry.calls] == [Verdict.UNANSWERED]


async def test_only_what_is_asked_about_is_passed_over(store: Store) -> None:
    claim = await asking(store)
    await store.decide(1, 1, Verdict.ALLOWED)
    await store.begin_calls(claim, 2, "", [MAIL, CLOCK], asked=["call_1"], until=UNTIL)
    await put(store, ask(2, "bob"))
    assert await verdicts(store) == [Verdict.ALLOWED, Verdict.PASSED_OVER, None]


async def test_what_is_no_new_mail_leaves_the_question_open(store: Store) -> None:
    await parked(store)
    files = (Attachment("a.png", "image/png", 1, ""),)
    received = [
        await store.accept(ask(2, "bob"), wakes=False, limit=5),
        await store.accept(ask(1), wakes=True, limit=5),
        await store.accept(ask(1, attachments=files), wakes=True, limit=5),
        await store.accept(ask(3), wakes=True, limit=0),
        await store.accept(ask(4, conversation="other"), wakes=True, limit=5),
    ]
    assert received == [
        Reception.NOTED,
        Reception.DUPLICATE,
        Reception.COMPLETED,
        Reception.FULL,
        Reception.TAKEN,
    ]
    assert await verdicts(store) == [Verdict.ASKED]
    assert keys(await claimed(store)) == ["m4"]
    assert await store.next_due("worker") == 900.0


async def test_mail_does_not_hurry_a_turn_that_was_put_off_for_another_reason(store: Store) -> None:
    claim = await asking(store)
    await store.start_call(claim, "call_1")
    await store.hand_back(claim, after=60.0)
    await put(store, ask(2, "bob"))
    assert await store.next_due("worker") == 60.0
    await store.request_stop(1)
    assert await store.next_due("worker") == 60.0


async def test_an_answer_that_is_still_to_be_delivered_asks_nobody(store: Store) -> None:
    claim = await asking(store)
    await store.finish(claim, answer())
    await store.hand_back(claim, after=60.0)
    await put(store, ask(2, "bob"))
    await store.request_stop(1)
    assert await verdicts(store) == [Verdict.ASKED]
    assert await store.next_due("worker") == 60.0


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_a_stop_lets_a_parked_turn_be_taken_up_at_once(store: Store, withdrawn: bool) -> None:
    await parked(store)
    if withdrawn:
        assert not await store.withdraw_question("m1")
    await store.request_stop(1)
    claim = await claimed(store)
    assert await store.stop_requested(claim.turn.id)
    assert await end(store, claim) is None


async def test_a_decision_after_a_stop_puts_the_turn_off_no_more(store: Store) -> None:
    claim = await asking(store)
    await store.begin_calls(claim, 2, "", [CLOCK], asked=["call_2"], until=UNTIL)
    await store.park(claim)
    await store.request_stop(1)
    assert await store.decide(1, 2, Verdict.DENIED)
    assert await store.next_due("worker") == 0


async def test_a_stop_that_came_before_the_turn_was_parked_is_not_forgotten(store: Store) -> None:
    claim = await asking(store)
    await store.request_stop(1)
    await store.park(claim)
    assert await store.next_due("worker") == 0


async def test_asking_again_asks_nobody_about_the_calls_of_before(store: Store) -> None:
    claim = await asking(store)
    await end(store, claim)
    assert await store.reopen(1)
    assert list(await store.calls(1)) == []
    assert list(await store.decide(1, 1, Verdict.ALLOWED)) == []


async def test_a_parked_turn_is_under_way_for_whoever_wants_it_forgotten(store: Store) -> None:
    await parked(store)
    assert (await store.forget("discord", "ann")).left == 1
    assert await store.pending("discord", author="ann") == {"m1": "talk"}
    assert await verdicts(store) == [Verdict.ASKED]


async def test_a_refused_call_is_in_the_history_with_what_the_model_was_told(store: Store) -> None:
    claim = await asking(store)
    await store.decide(1, 1, Verdict.DENIED)
    await store.end_call(claim, "call_1", "refused")
    await end(store, claim)
    await put(store, ask(2))
    (only,) = (await store.history((await claimed(store)).turn, rounds=5)).rounds
    assert [message.content for message in only.messages] == ["a question", "May I?", "refused", "an answer"]
