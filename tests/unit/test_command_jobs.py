from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot import texts
from bot.messages import Address, ControlKind
from tests.fixtures.command_desk import Desk
from tests.fixtures.stage import HERE

ELSEWHERE = replace(HERE, channel="elsewhere")


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def open_jobs(desk: Desk) -> list[int]:
    return [job.turn.id for job in await desk.store.jobs()]


# The list ------------------------------------------------------------------------------------------------------------


async def test_without_jobs_it_says_so(desk: Desk) -> None:
    await desk.delivered()
    assert await desk.act(ControlKind.JOBS) == texts.say("no_jobs")


async def test_it_lists_ones_own_in_this_channel_with_number_question_and_age(desk: Desk) -> None:
    mine = await desk.deferred("why is the sky blue?\nand <the> sea", conversation="one")
    await desk.deferred(author="bob", conversation="two")
    await desk.deferred(conversation="three", address=ELSEWHERE)
    first, *lines, last = (await desk.act(ControlKind.JOBS, conversation="")).splitlines()
    assert (first, last) == (texts.say("jobs_open"), texts.say("jobs_how"))
    assert lines == [f"`{mine}` “why is the sky blue? and the sea”, for 0 min"]


async def test_a_long_list_of_long_questions_shows_the_newest_and_fits_into_a_message(desk: Desk) -> None:
    numbers = [await desk.deferred("`why`? " * 50, conversation=f"talk{n}") for n in range(20)]
    said = await desk.act(ControlKind.JOBS)
    assert [int(number) for number in re.findall(r"^`(\d+)`", said, re.MULTILINE)] == numbers[-15:]
    assert len(said) < 2_000


@pytest.mark.parametrize("changes", [{"platform": "other"}, {"workspace": "other"}, {"channel": "other"}])
async def test_a_channel_is_one_of_its_platform_and_server(desk: Desk, changes: dict[str, str]) -> None:
    await desk.deferred()
    assert await desk.act(ControlKind.JOBS, address=replace(HERE, **changes)) == texts.say("no_jobs")


# Cancelling ----------------------------------------------------------------------------------------------------------


async def test_who_asked_cancels(desk: Desk) -> None:
    number = await desk.deferred()
    assert await desk.act(ControlKind.JOBS, value=str(number)) == texts.say("job_cancelled", number=str(number))
    assert await open_jobs(desk) == []
    assert await desk.act(ControlKind.JOBS) == texts.say("no_jobs")


async def test_ones_own_can_be_cancelled_from_anywhere(desk: Desk) -> None:
    number = await desk.deferred()
    await desk.act(ControlKind.JOBS, value=str(number), address=ELSEWHERE)
    assert await open_jobs(desk) == []


async def test_a_stranger_cancels_nothing(desk: Desk) -> None:
    number = await desk.deferred()
    assert await desk.refused(ControlKind.JOBS, "eve", value=str(number)) == texts.say("not_yours")
    assert await open_jobs(desk) == [number]


async def test_a_moderator_cancels_anybodys_in_the_channel(desk: Desk) -> None:
    number = await desk.deferred()
    assert str(number) in await desk.as_moderator(ControlKind.JOBS, value=str(number))
    assert await open_jobs(desk) == []


@pytest.mark.parametrize(
    "place", [ELSEWHERE, Address("console", "other", "terminal"), Address("x", "guild", "terminal")]
)
async def test_a_moderator_of_another_place_does_not_even_learn_of_it(desk: Desk, place: Address) -> None:
    number = await desk.deferred()
    with pytest.raises(Exception, match=re.escape(texts.say("no_such_job"))):
        await desk.as_moderator(ControlKind.JOBS, value=str(number), address=place)
    assert await open_jobs(desk) == [number]


async def test_who_has_the_same_id_on_another_platform_is_somebody_else(desk: Desk) -> None:
    number = await desk.deferred()
    there = Address("other", "guild", "terminal")
    assert await desk.refused(ControlKind.JOBS, value=str(number), address=there) == texts.say("no_such_job")


@pytest.mark.parametrize("value", ["7", "0", "-1", "²", "one", "1" * 40, "cancel"])
async def test_what_is_no_job_is_not_cancelled(desk: Desk, value: str) -> None:
    number = await desk.deferred()
    assert await desk.refused(ControlKind.JOBS, value=value) == texts.say("no_such_job")
    assert await open_jobs(desk) == [number]


async def test_what_is_over_is_not_cancelled(desk: Desk) -> None:
    number = await desk.deferred()
    await desk.store.close_job(number)
    assert await desk.refused(ControlKind.JOBS, value=str(number)) == texts.say("no_such_job")


async def test_a_turn_that_is_no_job_is_not_cancelled(desk: Desk) -> None:
    claim = await desk.delivered()
    assert await desk.refused(ControlKind.JOBS, value=str(claim.turn.id)) == texts.say("no_such_job")
