from __future__ import annotations

import json

import pytest

from bot.tools.clock import clock
from playground.services import ServicesStandIn
from tests.unit.tools.conftest import Ask


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("Asia/Tokyo", "Asia/Tokyo: Friday, 2026-11-20 21:00 (UTC+09:00)"),
        ("asia/tokyo", "Asia/Tokyo: Friday, 2026-11-20 21:00 (UTC+09:00)"),
        ("America/New York", "America/New_York: Friday, 2026-11-20 07:00 (UTC-05:00)"),
        ("UTC", "UTC: Friday, 2026-11-20 12:00 (UTC+00:00)"),
        ("utc+5:30", "UTC+05:30: Friday, 2026-11-20 17:30 (UTC+05:30)"),
        ("GMT \u2212 3", "UTC-03:00: Friday, 2026-11-20 09:00 (UTC-03:00)"),
        ("+14", "UTC+14:00: Saturday, 2026-11-21 02:00 (UTC+14:00)"),
    ],
)
async def test_a_zone_needs_no_service(ask: Ask, services: ServicesStandIn, place: str, line: str) -> None:
    assert (await ask(clock, place=place)).text == line
    assert services.requests == []


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("Mumbai", "Mumbai, Maharashtra, India: Friday, 2026-11-20 17:30 (UTC+05:30)"),
        ("Asia/Beijing", "Beijing, China: Friday, 2026-11-20 20:00 (UTC+08:00)"),
        ("America/Paris, Texas", "Paris, Texas, United States: Friday, 2026-11-20 06:00 (UTC-06:00)"),
    ],
)
async def test_a_place_has_the_time_of_its_zone(ask: Ask, place: str, line: str) -> None:
    assert (await ask(clock, place=place)).text == line


@pytest.mark.parametrize(
    ("place", "other", "line"),
    [
        ("Tokyo", "Paris", "Tokyo, Japan is 8 h ahead of Paris, Île-de-France, France."),
        ("UTC", "Asia/Kolkata", "UTC is 5 h 30 min behind Asia/Kolkata."),
        ("UTC", "Europe/London", "UTC and Europe/London have the same time."),
    ],
)
async def test_two_are_compared(ask: Ask, place: str, other: str, line: str) -> None:
    lines = (await ask(clock, place=place, compare_with=other)).text.splitlines()
    assert len(lines) == 3
    assert lines[2] == line


async def test_it_is_told_in_the_language_of_the_asker(ask: Ask) -> None:
    text = (await ask(clock, "zh-CN", place="东京", compare_with="北京")).text
    assert text.splitlines() == [
        "东京, 东京都, 日本:星期五,2026-11-20 21:00(UTC+09:00)",
        "北京, 北京市, 中国:星期五,2026-11-20 20:00(UTC+08:00)",
        "东京, 东京都, 日本比北京, 北京市, 中国早 1 小时。",
    ]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("Xyzzyville", "no place called"),
        ("UTC+25", "that far from UTC"),
        ("Vostok Station", "do not know the time zone of Vostok Station"),
        ("../../etc/passwd", "no place called"),
    ],
)
async def test_what_has_no_time_is_the_askers_mistake(ask: Ask, place: str, words: str) -> None:
    result = await ask(clock, place=place)
    assert result.failed
    assert words in json.loads(result.text)["error"]


@pytest.mark.parametrize("zone", ["Nowhere/Land", "../x", "\\u0000"])
async def test_a_zone_that_this_machine_does_not_know_is_told(ask: Ask, services: ServicesStandIn, zone: str) -> None:
    place = f'{{"id": 1, "name": "Here", "latitude": 1, "longitude": 2, "timezone": "{zone}"}}'
    services.fail("geocoding", 200, f'{{"results": [{place}]}}')
    result = await ask(clock, place="Here")
    assert "do not know the time zone of Here" in json.loads(result.text)["error"]


async def test_it_is_called_time() -> None:
    assert (clock.name, clock.command) == ("time", True)
