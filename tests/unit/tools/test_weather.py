from __future__ import annotations

import json
from typing import Any

import pytest

from bot.tools.places import Found, Place
from bot.tools.weather import weather
from bot.tools.weather.codes import WEATHER
from bot.tools.weather.forecast import Forecast, units_of
from bot.tools.weather.report import as_text
from playground.services import ServicesStandIn
from tests.unit.tools.conftest import Ask


async def test_the_weather_now_and_on_the_next_days(ask: Ask) -> None:
    assert (await ask(weather, place="Beijing", days=2)).text.splitlines() == [
        "Beijing, China, 20:00 local time",
        "Now: 21 °C, feels like 20 °C, partly cloudy, humidity 40 %, wind 12 km/h from the north, gusts 30 km/h",
        "Fri 11-20: 12 to 22 °C, overcast, chance of precipitation 0 %, wind up to 15 km/h",
        "Sat 11-21: 11 to 21 °C, light rain, precipitation 2.5 mm, chance of precipitation 20 %, wind up to 16 km/h",
        "Source: Open-Meteo.com",
    ]


async def test_it_is_told_in_the_language_of_the_asker(ask: Ask, services: ServicesStandIn) -> None:
    lines = (await ask(weather, "zh-CN", place="北京", days=1)).text.splitlines()
    assert lines[0] == "北京, 北京市, 中国,当地时间 20:00"
    assert lines[1] == "现在:21 °C、体感 20 °C、多云、湿度 40 %、北风 12 km/h、阵风 30 km/h"
    assert lines[2].startswith("周五 11-20:12 至 22 °C、阴")
    assert services.requests[0].query["language"] == "zh"


async def test_up_to_seven_days_are_told(ask: Ask) -> None:
    lines = (await ask(weather, place="Tokyo", days=7)).text.splitlines()
    assert len([line for line in lines if " to " in line]) == 7


async def test_americans_have_their_units(ask: Ask) -> None:
    text = (await ask(weather, place="Paris, Texas", days=2)).text
    assert "70 °F" in text
    assert "wind 8 mph" in text
    assert "0.10 in" in text
    assert "°C" not in text


@pytest.mark.parametrize(("code", "unit"), [("US", "°F"), ("PR", "°F"), ("BS", "°F"), ("GB", "°C"), ("", "°C")])
def test_units_are_those_of_the_place(code: str, unit: str) -> None:
    place = Place(id=1, name="x", latitude=0, longitude=0, country_code=code)
    assert units_of(place).temperature == unit


async def test_of_several_places_the_largest_is_taken_and_the_others_are_named(ask: Ask) -> None:
    lines = (await ask(weather, place="Paris")).text.splitlines()
    assert lines[0].startswith("Paris, Île-de-France, France")
    assert "Other places of that name: Paris, Texas, United States; Paris, Kentucky, United States" in lines


async def test_an_unknown_place_is_said_to_be_unknown(ask: Ask) -> None:
    result = await ask(weather, place="Xyzzyville")
    assert result.failed
    assert "no place called “Xyzzyville”" in json.loads(result.text)["error"]


@pytest.mark.parametrize("service", ["geocoding", "forecast"])
@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, "", "not answering"),
        (503, "<html>", "not answering"),
        (429, '{"error": true, "reason": "Minutely API request limit exceeded."}', "asked too often"),
        (400, '{"error": true, "reason": "secret"}', "no usable answer"),
        (200, "<html>", "no usable answer"),
        (200, '{"results": 5, "current": 5}', "no usable answer"),
        (200, "x" * 2_000_000, "no usable answer"),
        (302, "", "no usable answer"),
    ],
)
async def test_a_service_that_fails_is_told_in_a_sentence(
    ask: Ask, services: ServicesStandIn, service: str, status: int, body: str, words: str
) -> None:
    services.fail(service, status, body)
    result = await ask(weather, place="Tokyo")
    assert result.failed
    assert words in json.loads(result.text)["error"]
    assert "secret" not in result.text


async def test_a_service_that_hangs_is_given_up(
    ask: Ask, services: ServicesStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.tools.services.SECONDS", 0.05)
    services.hang("forecast")
    result = await ask(weather, "zh-CN", place="Tokyo")
    assert "没有响应" in json.loads(result.text)["error"]


async def test_a_service_that_is_not_there_is_told(ask: Ask, services: ServicesStandIn) -> None:
    await services.__aexit__(None, None, None)
    assert "not answering" in (await ask(weather, place="Tokyo")).text


def told(current: dict[str, Any], daily: dict[str, Any], locale: str = "en") -> list[str]:
    shape = {"current": {"time": "2026-11-20T20:00", **current}, "daily": {"time": ["2026-11-20"], **daily}}
    place = Place(id=1, name="Here", latitude=0, longitude=0)
    return as_text(Found(place), Forecast.model_validate(shape), locale).splitlines()[1:-1]


def test_what_is_not_known_is_left_out() -> None:
    assert told({}, {}) == ["Now: no data", "Fri 11-20: no data"]
    assert told({"temperature_2m": None, "weather_code": 12}, {"temperature_2m_max": [5], "weather_code": []}) == [
        "Now: no data",
        "Fri 11-20: no data",
    ]
    assert told({"wind_speed_10m": 3.2}, {"precipitation_sum": [0.4]}) == [
        "Now: wind 3 km/h",
        "Fri 11-20: precipitation 0.4 mm",
    ]


def test_a_zero_has_no_sign() -> None:
    now, day = told({"temperature_2m": -0.3}, {"temperature_2m_min": [-0.2], "temperature_2m_max": [0.4]})
    assert (now, day) == ("Now: 0 °C", "Fri 11-20: 0 to 0 °C")


@pytest.mark.parametrize(
    ("degrees", "word"), [(0, "north"), (22, "north"), (23, "northeast"), (359, "north"), (270, "west")]
)
def test_the_wind_has_the_name_of_where_it_comes_from(degrees: int, word: str) -> None:
    now, _ = told({"wind_speed_10m": 5, "wind_direction_10m": degrees}, {})
    assert now == f"Now: wind 5 km/h from the {word}"


def test_every_code_of_the_service_has_words_in_both_languages() -> None:
    assert set(WEATHER) == {
        *(0, 1, 2, 3, 45, 48, 51, 53, 55, 56, 57, 61, 63, 65, 66, 67, 71, 73, 75, 77, 80, 81, 82, 85, 86, 95, 96, 99)
    }
    for code in WEATHER:
        assert told({"weather_code": code}, {}, "en") != told({"weather_code": code}, {}, "zh")
