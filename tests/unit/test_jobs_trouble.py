from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot import texts
from bot.completion import Delta
from bot.errors import ModelError
from bot.jobs import FIRST_PAUSE, LONGEST_PAUSE, PATIENCE, POLL
from bot.messages import ControlKind, OutcomeKind
from bot.ports import Reception
from tests.fixtures.office import FINE, QUESTION, Office, answered
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")


@pytest.mark.parametrize("handle", ["", "h1"])
def test_a_model_that_does_not_answer_leads_to_its_sentence(handle: str) -> None:
    @virtually
    async def test() -> None:
        office = Office()
        turn = await office.defer(handle, address=replace(QUESTION.address, locale="zh-CN"))
        error = ModelError("no", text="bug", code="1213", operator="look at it")
        office.model.results["h1"] = [error]
        office.model.script(error)
        outcome = await answered(office, turn)
        assert (outcome.kind, outcome.note) == (OutcomeKind.FAILED, texts.say("bug", "zh-CN", trace=str(turn)))
        assert (outcome.question, outcome.controls) == ("Ann: why?", (ControlKind.REGENERATE,))
        assert len(office.asks) == 1

    test()


@virtually
async def test_what_a_provider_could_not_work_out_we_ask_ourselves() -> None:
    office = Office()
    turn = await office.defer("h1")
    office.model.results["h1"] = [None, ModelError("failed there", text="busy", resumable=True)]
    outcome = await answered(office, turn)
    assert (outcome.answer, office.model.asked) == ("fine", ["Ann: why?"])


@virtually
async def test_a_poll_that_hangs_is_given_up_and_the_next_one_may_bring_it() -> None:
    office = Office()
    turn = await office.defer("h1")
    office.model.hangs = 10 * POLL
    office.model.results["h1"] = [FINE]
    assert (await answered(office, turn)).answer == "fine"
    assert office.model.polled == [0.0, pytest.approx(POLL + FIRST_PAUSE)]


@virtually
async def test_an_hour_is_waited_and_no_longer() -> None:
    office = Office()
    turn = await office.defer("h1")
    office.model.results["h1"] = [None] * 1_000
    outcome = await answered(office, turn)
    assert (outcome.kind, outcome.note) == (OutcomeKind.FAILED, texts.say("too_late"))
    assert PATIENCE - LONGEST_PAUSE <= now() <= PATIENCE + 1
    assert len(office.asks) == 1


@virtually
async def test_our_own_asking_ends_with_the_hour_too() -> None:
    office = Office()
    turn = await office.defer()
    office.model.script("half", asyncio.Event())
    assert (await answered(office, turn)).note == texts.say("too_late")
    assert now() == pytest.approx(PATIENCE, abs=1)
    assert office.model.closed == 1


@virtually
async def test_what_was_ready_while_nobody_was_there_is_still_collected() -> None:
    office = Office()
    turn = await office.defer("h1")
    await asyncio.sleep(5 * PATIENCE)
    office.model.results["h1"] = [FINE]
    assert (await answered(office, turn)).answer == "fine"


@virtually
async def test_an_answer_that_breaks_off_is_asked_for_once_more() -> None:
    office = Office()
    turn = await office.defer()
    broken = ModelError("cut", text="interrupted", resumable=True)
    office.model.script("ha", broken)
    office.model.script("half", broken)
    outcome = await answered(office, turn)
    assert (outcome.kind, outcome.answer, outcome.note) == (OutcomeKind.ANSWERED, "half", texts.say("interrupted"))
    assert len(office.model.requests) == 2


@virtually
async def test_a_stream_without_an_end_counts_as_broken() -> None:
    office = Office()
    turn = await office.defer()
    office.model.script("half", Delta(" of it"))
    assert (await answered(office, turn)).answer == "fine"
    assert len(office.model.requests) == 2


@virtually
async def test_the_operator_hears_what_only_they_can_mend() -> None:
    office = Office()
    turn = await office.defer("h1")
    office.model.results["h1"] = [ModelError("no", text="quota", operator="no balance")]
    outcome = await answered(office, turn)
    assert office.alarms.problems == ["no balance"]
    assert texts.say("told") in outcome.note


@virtually
async def test_a_mistake_delays_one_job_and_no_other() -> None:
    office = Office(mistakes=2)
    first, second = await office.defer("", "one"), await office.defer("h1", "two")
    office.model.results["h1"] = [FINE]
    assert (await answered(office, first)).answer == "fine"
    assert [ask.job for ask in office.asks] == [second, first]


@virtually
async def test_while_there_is_no_room_for_it_an_answer_is_kept() -> None:
    office = Office()
    turn = await office.defer()
    office.store.full = 3
    assert (await answered(office, turn)).answer == "fine"
    assert len(office.model.requests) == 1


@virtually
async def test_where_the_queue_is_full_the_ask_is_made_again_under_another_key() -> None:
    office = Office(receptions=[Reception.FULL, Reception.FULL])
    turn = await office.defer("h1")
    office.model.results["h1"] = [FINE]
    await answered(office, turn)
    assert [ask.key for ask in office.asks] == [f"job/{turn}", f"job/{turn}/2", f"job/{turn}/3"]
    assert await office.store.claim("dialogue", 60.0) is not None
