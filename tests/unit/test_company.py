from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from adapters.slack_app.session import SET_STATUS, Session
from bot import texts
from bot.company import PLAIN_AFTER, THINKING_AFTER, THINKING_EVERY, Company
from bot.ports import Limits
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually
from tests.unit.adapters.slack_app.scripted import TEAM, Scripted


class Place:
    """A surface of which only the status matters, and the reply that would be painted on it."""

    def __init__(self, *, status: bool) -> None:
        self.limits = replace(Limits(page=2_000), status=status)
        self.text = ""
        self.lines: list[tuple[float, str]] = []

    async def typing(self, line: str = "") -> None:
        self.lines.append((now(), line))

    def status(self, line: str) -> None:
        self.lines.append((now(), f"reply: {line}"))


class Thread(Place):
    """A place whose line is that of a Slack thread."""

    def __init__(self, session: Session) -> None:
        super().__init__(status=True)
        self.session = session

    async def typing(self, line: str = "") -> None:
        await self.session.work(line)


@asynccontextmanager
async def kept(place: Place) -> AsyncGenerator[Company]:
    company = Company(place, place, "en-US")  # pyright: ignore[reportArgumentType]  # a place has what is used of both
    keeping = asyncio.create_task(company.keep())
    try:
        yield company
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


@pytest.mark.parametrize(("status", "mark"), [(True, "💭"), (False, "reply: 💭")])
@virtually
async def test_a_line_is_shown_where_the_platform_has_a_place_for_it(status: bool, mark: str) -> None:
    place = Place(status=status)
    async with kept(place):
        await asyncio.sleep(THINKING_AFTER + THINKING_EVERY + 0.1)
    assert place.lines[0][1] == ""
    assert len(place.lines) == 3
    assert all(line.startswith(mark) for _, line in place.lines[1:])


@virtually
async def test_a_place_in_the_line_is_shown_at_once_and_every_change_of_it() -> None:
    place = Place(status=True)
    async with kept(place) as company:
        await asyncio.sleep(THINKING_AFTER + 0.5)
        company.stand_in_line(4)
        await asyncio.sleep(0.1)
        company.stand_in_line(3)
        await asyncio.sleep(0.1)
        company.stand_in_line(0)
        await asyncio.sleep(0.1)
    shown = [line for _, line in place.lines[2:]]
    assert "number 4" in shown[0]
    assert "number 3" in shown[1]
    assert "thinking" in shown[2]


@virtually
async def test_with_the_first_text_nothing_is_shown_any_more() -> None:
    place = Place(status=True)
    async with kept(place):
        await asyncio.sleep(THINKING_AFTER / 2)
        place.text = "Hello"
        await asyncio.sleep(60)
    assert len(place.lines) == 1


@pytest.mark.parametrize("status", [True, False])
@virtually
async def test_after_20_seconds_it_is_said_plainly_that_nothing_has_come(status: bool) -> None:
    place = Place(status=status)
    async with kept(place):
        await asyncio.sleep(PLAIN_AFTER + THINKING_EVERY)
    plain = [(round(at, 1), line.removeprefix("reply: ")) for at, line in place.lines if "no answer" in line]
    said = [(20.0, "20"), (22.5, "23")]
    assert plain == [(at, texts.say("no_text_yet", "en-US", seconds=seconds)) for at, seconds in said]
    assert [round(at, 1) for at, _ in place.lines] == [0.0, 2.5, 7.5, 12.5, 17.5, 20.0, 22.5]


@virtually
async def test_a_place_in_the_line_goes_on_being_shown_instead() -> None:
    place = Place(status=True)
    async with kept(place) as company:
        company.stand_in_line(4)
        await asyncio.sleep(PLAIN_AFTER + 1.0)
        company.stand_in_line(0)
        await asyncio.sleep(0.1)
    assert all("number 4" in line for _, line in place.lines[1:-1])
    assert "no answer" in place.lines[-1][1]


@virtually
async def test_on_slack_whose_line_changes_every_10_seconds_it_is_said_before_25() -> None:
    api = Scripted()
    async with kept(Thread(Session(api, TEAM, ("D1", "170.1"), locale="en-US", clock=now))):
        await asyncio.sleep(25.0)
    shown = [said.status for said in api.said if said.method == SET_STATUS]
    assert shown[-1] == texts.say("no_text_yet", "en-US", seconds="23")
