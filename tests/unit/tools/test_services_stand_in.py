from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx
import pytest

from playground.services import Page, ServicesStandIn


@pytest.fixture
async def client(services: ServicesStandIn) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=services.url, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/v1/search", "Parameter 'name' must be given"),
        ("/v1/search?name=Paris&limit=5", "Unknown parameter 'limit'"),
        ("/v1/search?name=Paris&count=101", "Parameter 'count' must be in range of 1 to 100. Given: 101."),
        ("/v1/search?name=Paris&count=many", "Parameter 'count' must be a number"),
        ("/v1/search?name=Paris&language=zh-CN", "two lower-case letters"),
        ("/v1/search?name=Paris&format=xml", "'format'"),
        ("/v1/forecast?longitude=1", "Parameter 'latitude' must be given"),
        ("/v1/forecast?latitude=91&longitude=1", "Parameter 'latitude' must be in range of -90 to 90"),
        ("/v1/forecast?latitude=1&longitude=1&forecast_days=17", "'forecast_days'"),
        ("/v1/forecast?latitude=1&longitude=1&current=temprature", "invalid String value temprature for key current"),
        ("/v1/forecast?latitude=1&longitude=1&daily=weather_code", "Timezone is required"),
        ("/v1/forecast?latitude=1&longitude=1&timezone=Mars", "Invalid timezone"),
        ("/v1/forecast?latitude=1&longitude=1&temperature_unit=kelvin", "'temperature_unit'"),
        ("/v1/forecast?latitude=1&longitude=1&windspeed_unit=mph", "Unknown parameter 'windspeed_unit'"),
    ],
)
async def test_what_is_not_documented_is_refused(client: httpx.AsyncClient, path: str, reason: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 400
    assert answer.json()["error"] is True
    assert reason in answer.json()["reason"]


@pytest.mark.parametrize(
    ("name", "found"), [("P", []), ("Pa", []), ("Par", [2138551, 24171, 9870]), ("巴黎", [2138551]), ("Atlantis", [])]
)
async def test_the_search_is_as_fuzzy_as_documented(client: httpx.AsyncClient, name: str, found: list[int]) -> None:
    answer = (await client.get("/v1/search", params={"name": name})).json()
    assert [place["population"] for place in answer.get("results", [])] == found
    assert ("results" in answer) == bool(found)


async def test_no_more_places_than_asked_for_are_told(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/v1/search", params={"name": "Paris", "count": 1, "language": "zh"})).json()
    assert [place["name"] for place in answer["results"]] == ["巴黎"]


async def test_only_what_was_asked_for_is_forecast(client: httpx.AsyncClient) -> None:
    path = "/v1/forecast?latitude=40.7&longitude=-74&current=is_day&daily=weather_code&timezone=auto&forecast_days=2"
    answer = (await client.get(path)).json()
    assert answer["timezone"] == "America/New_York"
    assert answer["utc_offset_seconds"] == -5 * 3600
    assert answer["current"] == {"time": "2026-11-20T07:00", "interval": 900, "is_day": 1}
    assert answer["daily"] == {"time": ["2026-11-20", "2026-11-21"], "weather_code": [3, 61]}


async def test_a_failure_comes_as_often_as_it_was_ordered(client: httpx.AsyncClient, services: ServicesStandIn) -> None:
    services.fail("forecast", 429, "slow down", times=2)
    path = "/v1/forecast?latitude=1&longitude=1"
    assert [(await client.get(path)).status_code for _ in range(3)] == [429, 429, 200]
    assert (await client.get("/v1/search?name=Paris")).status_code == 200


async def test_pages_are_served_by_their_path(client: httpx.AsyncClient, services: ServicesStandIn) -> None:
    services.pages["/new"] = Page(b"hello", "text/plain; charset=utf-8")
    assert (await client.get("/new")).text == "hello"
    assert (await client.get("/moved")).headers["Location"] == "/lighthouse"
    assert (await client.get("/none")).status_code == 404
    assert [request.path for request in services.requests] == ["/new", "/moved", "/none"]
