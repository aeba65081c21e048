from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import ServiceError, UserError
from bot.tools.places import find
from bot.tools.registry import Context
from playground.services import ServicesStandIn


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Paris", "Paris, Île-de-France, France"),
        ("paris , france", "Paris, Île-de-France, France"),
        ("Paris, Ile-de-France", "Paris, Île-de-France, France"),
        ("Paris, Texas", "Paris, Texas, United States"),
        ("Paris, TX, USA", "Paris, Texas, United States"),
        ("Paris, KY", "Paris, Kentucky, United States"),
        ("Paris Texas", "Paris, Texas, United States"),
        ("Paris, US", "Paris, Texas, United States"),
        ("Paris\uff0c美国", "Paris, Texas, United States"),
        ("London, UK", "London, England, United Kingdom"),
        ("北京市", "Beijing, China"),
        ("北京, 中国", "Beijing, China"),
    ],
)
async def test_a_text_means_the_place_that_people_mean(context: Context, text: str, label: str) -> None:
    assert (await find(text, context)).place.label == label


async def test_a_town_goes_before_the_state_of_its_name(context: Context) -> None:
    found = await find("New York", context)
    assert found.place.id == 5128581
    assert found.others == []


async def test_an_exact_name_goes_before_a_larger_town_that_only_begins_with_it(context: Context) -> None:
    assert (await find("Nara", context)).place.name == "Nara"


async def test_without_an_exact_name_the_largest_is_meant(context: Context) -> None:
    assert (await find("Nar", context)).place.name == "Narayanganj"


@pytest.mark.parametrize("text", ["巴黎, France", "巴黎, 法国", "Paris, France", "Paris, 法国"])
async def test_a_region_is_known_in_english_and_in_the_askers_language(context: Context, text: str) -> None:
    found = await find(text, replace(context, address=replace(context.address, locale="zh-CN")))
    assert found.place.label == "巴黎, 法兰西岛, 法国"


@pytest.mark.parametrize("text", ["", "  ", ",", "x", "Atlantis", "Atlantis, Greece", "Paris Xyzzy"])
async def test_what_is_nowhere_is_the_askers_mistake(context: Context, text: str) -> None:
    with pytest.raises(UserError, match="no place called"):
        await find(text, context)


async def test_a_place_that_is_elsewhere_only_is_said_to_be_there(context: Context) -> None:
    with pytest.raises(UserError, match=r"no Paris in Japan\. There is Paris, Île-de-France, France; Paris, Texas"):
        await find("Paris, Japan", context)


async def test_what_is_null_is_not_known(context: Context, services: ServicesStandIn) -> None:
    body = (
        '{"results": [{"id": 1, "name": "Here", "latitude": 1, "longitude": 2, "country": null, "population": null}]}'
    )
    services.fail("geocoding", 200, body)
    assert (await find("Here", context)).place.label == "Here"


@pytest.mark.parametrize("entry", ["5", "null", '{"id": 1}', '{"id": 1, "name": "x", "latitude": NaN, "longitude": 1}'])
async def test_what_is_no_place_is_the_services_mistake(
    context: Context, services: ServicesStandIn, entry: str
) -> None:
    services.fail("geocoding", 200, f'{{"results": [{entry}]}}')
    with pytest.raises(ServiceError, match="no usable answer"):
        await find("Here", context)
