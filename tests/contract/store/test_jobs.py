from __future__ import annotations

from dataclasses import replace

import pytest

from bot.completion import Usage
from bot.messages import Outcome, OutcomeKind
from bot.ports import Store
from tests.contract.store.samples import Clock, answer, answered, ask, claimed, control, end, put

RESULT = Outcome(
    OutcomeKind.ANSWERED,
    question="[Ann]: why?",
    answer="because",
    note="late",
    model="glm-4.6",
    provider="zai",
    usage=Usage(1, 2, 3, 4, cost=0.5, currency="USD", padded=True),
    reasoning="hm",
    first_text=2.5,
)


def deferred(handle: str = "task-1") -> Outcome:
    return Outcome(OutcomeKind.DEFERRED, question="later?", note="in the background", handle=handle)


async def numbers(store: Store) -> list[int]:
    return [job.turn.id for job in await store.jobs()]


async def handle(store: Store, turn: int) -> str:
    job = await store.job(turn)
    assert job is not None
    return job.handle


async def test_a_deferred_turn_is_a_job_from_its_finish(store: Store, clock: Clock) -> None:
    question = ask(1, deferred=True)
    await put(store, question)
    claim = await claimed(store)
    await store.place(claim, "thread")
    await store.intend(claim, 1)
    clock.now += 5
    assert await store.jobs() == []
    await store.finish(claim, deferred())
    (job,) = await store.jobs()
    assert (job.handle, job.since, job.outcome) == ("task-1", 1005.0, None)
    assert job.turn == replace(claim.turn, place="thread", outcome=deferred())
    assert await store.job(claim.turn.id) == job


async def test_a_job_has_the_notes_and_the_parent_of_its_turn(store: Store) -> None:
    before = await answered(store, ask(1))
    await store.accept(ask(2, "bob"), wakes=False, limit=5)
    await answered(store, ask(3), deferred())
    (job,) = await store.jobs()
    assert job.turn.parent == before
    assert [note.text for note in job.turn.notes] == ["text 2"]


async def test_only_a_deferred_turn_is_a_job(store: Store) -> None:
    turn = await answered(store, ask(1))
    assert await store.jobs() == []
    assert await store.job(turn) is None
    assert await store.job(99) is None


async def test_jobs_come_oldest_first(store: Store, clock: Clock) -> None:
    turns: list[int] = []
    for number in (1, 2, 3):
        turns.append(await answered(store, ask(number, conversation=f"talk {number}"), deferred()))
        clock.now += 1
    assert await numbers(store) == turns


@pytest.mark.parametrize("asked_later", [False, True])
async def test_a_deferred_question_is_in_no_history(store: Store, asked_later: bool) -> None:
    before = await answered(store, ask(1))
    waiting = await answered(store, ask(2), deferred())
    await store.end_job(waiting, RESULT)
    if asked_later:
        await store.close_job(waiting)
    await put(store, ask(3, job=waiting))
    turn = (await claimed(store)).turn
    assert turn.ask.job == waiting
    assert [item.turn for item in (await store.history(turn, rounds=5)).rounds] == [before]


async def test_the_answer_of_a_job_enters_the_history_with_its_question(store: Store) -> None:
    waiting = await answered(store, ask(1), deferred())
    await store.end_job(waiting, RESULT)
    done = await answered(store, ask(2, job=waiting), RESULT)
    await put(store, ask(3))
    (only,) = (await store.history((await claimed(store)).turn, rounds=5)).rounds
    assert only.turn == done
    assert [message.content for message in only.messages] == ["[Ann]: why?", "because"]


async def test_an_ended_job_keeps_its_outcome_until_its_ask_was_made(store: Store) -> None:
    turn = await answered(store, ask(1), deferred())
    assert await store.end_job(turn, RESULT)
    (job,) = await store.jobs()
    assert job.outcome == RESULT
    await store.close_job(turn)
    assert await store.jobs() == []
    closed = await store.job(turn)
    assert closed is not None
    assert closed.outcome == RESULT


async def test_a_job_ends_once(store: Store) -> None:
    turn = await answered(store, ask(1), deferred())
    assert await store.end_job(turn, RESULT)
    assert not await store.end_job(turn, answer("other"))
    assert not await store.end_job(99, answer())
    job = await store.job(turn)
    assert job is not None
    assert job.outcome == RESULT


async def test_a_cancelled_job_neither_runs_nor_ends(store: Store) -> None:
    turn = await answered(store, ask(1), deferred())
    assert await store.cancel_job(turn)
    assert await store.jobs() == []
    assert not await store.end_job(turn, RESULT)
    assert not await store.cancel_job(turn)
    assert await handle(store, turn) == "task-1"


async def test_a_job_can_be_cancelled_until_its_ask_was_made(store: Store) -> None:
    early = await answered(store, ask(1), deferred())
    late = await answered(store, ask(2), deferred())
    for turn in (early, late):
        await store.end_job(turn, RESULT)
    await store.close_job(late)
    assert await store.cancel_job(early)
    assert not await store.cancel_job(late)
    assert not await store.cancel_job(99)
    await store.close_job(early)
    assert await store.jobs() == []


async def test_asking_again_cancels_the_job(store: Store) -> None:
    turn = await answered(store, ask(1), deferred())
    assert await store.reopen(turn)
    assert await store.jobs() == []
    assert not await store.end_job(turn, RESULT)


async def test_asking_again_in_the_background_replaces_the_job(store: Store) -> None:
    turn = await answered(store, ask(1), deferred())
    await store.end_job(turn, RESULT)
    assert await store.reopen(turn)
    await end(store, await claimed(store), deferred("task-2"))
    (job,) = await store.jobs()
    assert (job.handle, job.outcome) == ("task-2", None)
    assert await store.end_job(turn, answer())


async def test_an_answer_after_asking_again_leaves_no_job_to_run(store: Store) -> None:
    turn = await answered(store, ask(1), deferred())
    assert await store.reopen(turn)
    await end(store, await claimed(store), answer())
    assert await store.jobs() == []


async def test_finishing_again_replaces_the_job(store: Store) -> None:
    await put(store, ask(1), ask(2, "bob"))
    claim = await claimed(store)
    await store.finish(claim, deferred())
    await store.finish(claim, deferred("task-2"))
    assert [job.handle for job in await store.jobs()] == ["task-2"]
    await store.finish(claim, answer())
    assert await store.jobs() == []


async def test_delivering_a_turn_again_leaves_its_job(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    await store.finish(await claimed(store), deferred())
    clock.now += 31
    claim = await claimed(store, "other")
    assert claim.turn.outcome == deferred()
    await store.delivered(claim)
    assert [job.handle for job in await store.jobs()] == ["task-1"]


async def test_withdrawing_the_question_cancels_its_job(store: Store) -> None:
    await put(store, ask(1), ask(2))
    claim = await claimed(store)
    await end(store, claim, deferred())
    await store.withdraw_question("m1")
    (job,) = await store.jobs()
    assert job.turn.asks == (ask(2),)
    await store.withdraw_question("m2")
    assert await store.jobs() == []


async def test_a_reset_leaves_jobs_alone(store: Store) -> None:
    turn = await answered(store, ask(1), deferred())
    await store.accept_control(control("c1"))
    await store.reset("talk")
    assert await numbers(store) == [turn]
