from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.company import THINKING_AFTER, THINKING_EVERY, Company
from bot.ports import Limits
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually


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
