from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot import jobs as module
from bot.jobs import FIRST_PAUSE, STREAMS
from bot.messages import Job, Outcome, OutcomeKind
from tests.fixtures.office import FINE, Office, answered, running
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")


# Processes come and go ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["end_job", "ask", "close_job"])
@pytest.mark.parametrize("handle", ["", "h1"])
@pytest.mark.parametrize("after", [False, True])
def test_whenever_a_process_dies_the_answer_comes_exactly_once(step: str, handle: str, after: bool) -> None:
    @virtually
    async def test() -> None:
        office = Office()
        turn = await office.defer(handle)
        office.model.results["h1"] = [FINE, FINE]
        died = asyncio.Event()

        def deadly(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            async def dies(*given: Any) -> Any:
                if after:
                    await call(*given)
                died.set()
                await asyncio.Event().wait()

            return dies

        with pytest.MonkeyPatch.context() as patch:
            owner: object = office if step == "ask" else office.store
            patch.setattr(owner, step, deadly(getattr(owner, step)))
            async with running(office):
                await died.wait()
        assert (await answered(office, turn)).answer == "fine"
        assert [ask.key for ask in office.asks] == [f"job/{turn}"]

    test()


@virtually
async def test_a_process_that_ends_leaves_its_jobs_to_the_next() -> None:
    office = Office()
    turn = await office.defer()
    office.model.script("half", asyncio.Event())
    async with running(office):
        await asyncio.sleep(1.0)
    assert (office.model.closed, office.asks) == (1, [])
    assert (await answered(office, turn)).answer == "fine"


@virtually
async def test_a_job_that_was_just_made_is_taken_up_at_once() -> None:
    office = Office()
    async with running(office) as jobs:
        await asyncio.sleep(1.0)
        turn = await office.defer()
        jobs.wake()
        await asyncio.sleep(1.0)
        assert [ask.job for ask in office.asks] == [turn]


@virtually
async def test_only_so_many_questions_are_asked_at_a_time() -> None:
    office = Office()
    turns = [await office.defer("", f"question {number}") for number in range(2 * STREAMS)]
    for _ in turns:
        office.model.script("words", 1.0)
    await answered(office, turns[0])
    assert (office.model.most_running, len(office.asks)) == (STREAMS, len(turns))


@virtually
async def test_only_so_many_jobs_are_watched_at_a_time() -> None:
    office = Office()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "WATCHED", 3)
        for number in range(8):
            await office.defer(f"h{number}", "why?")
            office.model.results[f"h{number}"] = [None, FINE]
        async with running(office):
            await asyncio.sleep(FIRST_PAUSE / 2)
            assert len(office.model.polled) == 3
            await office.done()
    assert len(office.asks) == 8


# Cancelling -----------------------------------------------------------------------------------------------------------


@virtually
async def test_a_cancelled_job_is_not_asked_any_further_and_brings_nothing() -> None:
    office = Office()
    polled, streamed = await office.defer("h1", "one"), await office.defer("", "two")
    office.model.results["h1"] = [None] * 1_000
    office.model.script("half", asyncio.Event())
    async with running(office) as jobs:
        await asyncio.sleep(1.0)
        assert [await jobs.cancel(polled), await jobs.cancel(streamed)] == [True, True]
        polls = len(office.model.polled)
        await asyncio.sleep(100.0)
        assert (office.model.closed, len(office.model.polled), office.asks) == (1, polls, [])
        assert [await jobs.cancel(polled), await jobs.cancel(streamed)] == [False, False]


@virtually
async def test_a_job_whose_answer_was_given_is_not_cancelled() -> None:
    office = Office()
    turn = await office.defer()
    await answered(office, turn)
    assert await office.process().cancel(turn) is False


@virtually
async def test_a_job_that_was_cancelled_elsewhere_is_left_at_the_next_look() -> None:
    office = Office()
    turn = await office.defer("h1")
    office.model.results["h1"] = [None] * 1_000
    async with running(office) as jobs:
        await asyncio.sleep(1.0)
        assert await office.store.cancel_job(turn)
        jobs.wake()
        await asyncio.sleep(100.0)
        assert len(office.model.polled) == 1


@virtually
async def test_a_question_that_is_put_off_again_makes_way_for_its_new_job() -> None:
    office = Office()
    turn = await office.defer("h1")
    office.model.results = {"h1": [None] * 1_000, "h2": [FINE]}
    async with running(office) as jobs:
        await asyncio.sleep(1.0)
        assert await office.store.reopen(turn)
        claim = await office.store.claim("dialogue", 60.0)
        assert claim is not None
        await office.store.finish(claim, Outcome(OutcomeKind.DEFERRED, "Ann: why?", handle="h2"))
        jobs.wake()
        await office.done()
    job: Job | None = await office.store.job(turn)
    assert job is not None
    assert (job.handle, (await office.outcome(turn)).answer) == ("h2", "fine")
    assert len(office.asks) == 1
