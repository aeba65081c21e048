"""The providers' own search of the web: how it is asked for, and what comes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.completion import Delta, FinishReason, Source, Tool
from bot.glm.answer import AnswerReader, Bounds
from bot.glm.catalogue import Offer, catalogue
from bot.glm.client import GlmModel, ProviderSettings
from bot.glm.search import read_sources
from bot.glm.wire import Options, build_body
from playground.glm import DEFAULT_KEY, Answer, GlmStandIn
from playground.glm.validate import check
from tests.unit.glm.provider import DONE, Provider, chunk, collect, event, glm, question, text_of, zhipu
from tests.unit.glm.test_background import served

NOW = Tool("now", "What time it is.", {"type": "object", "properties": {}})
ENGINES = {"bigmodel": "search_std", "zai": "search_pro_jina"}
OFFERS = [
    offer
    for model in catalogue().models
    for provider in catalogue().providers
    if (offer := catalogue().offer(model, provider))
]
FIRST = {"title": "One", "link": "https://one.example/", "refer": "ref_1", "content": "…", "media": "M", "icon": ""}
SECOND = {"title": "Two", "link": "https://two.example/", "refer": "ref_2"}
FOUND = (Source("One", "https://one.example/"), Source("Two", "https://two.example/"))


def offered(model: str = "glm-5.1", provider: str = "bigmodel") -> Offer:
    offer = catalogue().offer(model, provider)
    assert offer is not None
    return offer


def sent(offer: Offer, *tools: Tool, search: bool = True, options: Options | None = None) -> dict[str, Any]:
    request = replace(question(offer.name), tools=tools, search=search)
    return build_body(request, offer, options or Options())


def glm_at(stand_in: GlmStandIn, provider: str, options: Options) -> GlmModel:
    settings = ProviderSettings(provider, DEFAULT_KEY, stand_in.base_url(provider))
    return GlmModel([settings], options=options)


def searches(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [tool["web_search"] for tool in body.get("tools", ()) if tool["type"] == "web_search"]


# What is asked for ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("provider", "engine"), ENGINES.items())
def test_a_search_comes_after_the_functions_with_the_providers_engine(provider: str, engine: str) -> None:
    body = sent(offered(provider=provider), NOW)
    assert [tool["type"] for tool in body["tools"]] == ["function", "web_search"]
    assert searches(body) == [{"enable": True, "search_engine": engine, "count": 5, "search_result": True}]
    assert body["tool_choice"] == "auto"


def test_a_search_alone_makes_no_choice_among_functions() -> None:
    body = sent(offered())
    assert len(body["tools"]) == 1
    assert "tool_choice" not in body
    assert "tool_stream" not in body


def test_nobody_searches_without_being_asked_to() -> None:
    assert searches(sent(offered(), NOW, search=False)) == []
    assert "tools" not in sent(offered(), search=False)


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: f"{offer.name}-{offer.provider}")
def test_only_who_can_is_asked_and_in_a_way_that_is_taken(offer: Offer) -> None:
    able = offer.provider in ENGINES and offer.model.tools and offer.model.input.isdisjoint({"image", "video"})
    body = sent(offer, NOW)
    assert bool(searches(body)) == able
    # The stand-in serves some models under newer names only.
    problem = check(offer.provider, body)
    assert problem is None or problem.detail == offer.id, problem


def test_the_search_counts_among_the_tools() -> None:
    body = sent(offered(), *[NOW] * 200)
    assert len(body["tools"]) == 128
    assert len(searches(body)) == 1


def test_models_are_known_to_search_where_some_provider_does() -> None:
    able = {info.name: info.searches for info in catalogue().infos(["acedata", "zai"])}
    assert able["glm-5.1"]
    assert not able["glm-4.6v"]
    assert not any(info.searches for info in catalogue().infos(["acedata", "aimlapi"]))


# What comes of it ----------------------------------------------------------------------------------------------------


def read(*reads: bytes) -> tuple[list[Delta], AnswerReader]:
    reader = AnswerReader(offered(), Bounds())
    deltas = [reader.feed(data) for data in reads]
    if not reader.ended:
        deltas.append(reader.end())
    return [delta for delta in deltas if delta is not None], reader


def listing(*entries: object) -> dict[str, Any]:
    return {"web_search": list(entries)}


USAGE = {"usage": {"prompt_tokens": 7, "completion_tokens": 3}}
STREAMS = {
    "first": [chunk(content="Hi", top=listing(FIRST, SECOND)), chunk("stop", content="", top=USAGE), DONE],
    "alone": [event({"id": "1", "choices": [], **listing(FIRST, SECOND)}), zhipu("Hi")],
    "last": [chunk(content="Hi"), chunk("stop", content="", top=USAGE | listing(FIRST, SECOND)), DONE],
    "after the last": [chunk(content="Hi"), chunk("stop", content=""), event(listing(FIRST, SECOND)), DONE],
    "twice": [chunk(content="Hi", top=listing(FIRST)), chunk("stop", content="", top=listing(FIRST, SECOND)), DONE],
    "null at the end": [
        chunk(content="Hi", top=listing(FIRST, SECOND)),
        chunk("stop", content="", top={"web_search": None}),
        DONE,
    ],
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=list(STREAMS))
def test_the_sources_are_in_the_last_delta_wherever_they_came(stream: Sequence[bytes]) -> None:
    for reads in (stream, [b"".join(stream)]):
        deltas, _ = read(*reads)
        assert text_of(deltas) == "Hi"
        assert [delta.sources for delta in deltas[:-1]] == [()] * (len(deltas) - 1)
        assert deltas[-1].sources == FOUND


def test_a_whole_answer_has_its_sources_beside_the_choices() -> None:
    message = {"role": "assistant", "content": "Hi"}
    body = {"choices": [{"finish_reason": "stop", "message": message}], **listing(FIRST, SECOND)}
    [delta], _ = read(json.dumps(body).encode())
    assert (delta.text, delta.finish, delta.sources) == ("Hi", FinishReason.STOP, FOUND)


def test_an_answer_without_a_search_has_no_sources() -> None:
    deltas, _ = read(zhipu("Hi"))
    assert deltas[-1].sources == ()


GARBAGE: list[object] = [
    None,
    5,
    "https://x.example",
    {},
    [],
    [None, 5, "x", [], {}],
    {"title": "One"},
    [{"title": 5, "link": 6}],
    True,
]


@pytest.mark.parametrize("value", GARBAGE)
def test_what_is_no_list_of_pages_is_none(value: object) -> None:
    assert read_sources(value) == []
    deltas, _ = read(chunk(content="Hi", top={"web_search": value}), zhipu(" there"))
    assert (text_of(deltas), deltas[-1].sources) == ("Hi there", ())


@pytest.mark.parametrize(
    "refers", [("ref_2", "ref_1"), ("2", "1"), (2, 1), ("[ref_2]", "[ref_1]"), ("ref_10", "ref_9")]
)
def test_sources_stand_in_the_order_of_their_numbers(refers: tuple[object, object]) -> None:
    found = read_sources([SECOND | {"refer": refers[0]}, FIRST | {"refer": refers[1]}])
    assert tuple(found) == FOUND


@pytest.mark.parametrize("refer", [None, "", "one", {}, "1-2", 1e400, "9" * 50])
def test_without_numbers_they_stand_as_they_came(refer: object) -> None:
    assert tuple(read_sources([FIRST | {"refer": refer}, SECOND | {"refer": refer}])) == FOUND


def test_a_page_without_an_address_or_a_title_is_known_by_what_there_is() -> None:
    entries = [{"title": "Only a title", "link": ""}, {"link": "https://x.example"}, {"media": "A paper", "link": None}]
    expected = [Source("Only a title"), Source("", "https://x.example"), Source("A paper")]
    assert read_sources(entries) == expected


def test_there_are_bounds_for_all_of_it() -> None:
    many = read_sources([{"title": "x" * 9_000, "link": f"https://x.example/{'y' * 3_000}"}] * 1_000)
    assert len(many) == 50
    assert {len(source.title) for source in many} == {300}
    assert {source.url for source in many} == {""}


def test_halves_of_characters_in_a_title_do_no_harm() -> None:
    [source] = read_sources([{"title": "a\ud83d\ude00b\ud83d", "link": "https://x.example/\udc00"}])
    assert source.title.encode()
    assert source.url.encode()
    assert source.title.startswith("a😀b")


# Over real HTTP ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ENGINES)
@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_comes_with_its_sources(provider: str, stream: bool) -> None:
    async with GlmStandIn() as stand_in:
        stand_in.script(Answer("Hi", sources=(FIRST, SECOND)), times=None)
        model = glm_at(stand_in, provider, Options(stream=stream))
        request = question()
        with_search = await collect(model, replace(request, search=True))
        without = await collect(model, request)
        await model.aclose()
        assert [exchange.refused for exchange in stand_in.requests] == ["", ""]
    assert (text_of(with_search), with_search[-1].sources) == ("Hi", FOUND)
    assert without[-1].sources == ()


async def test_a_provider_that_does_not_search_answers_without() -> None:
    async with GlmStandIn() as stand_in:
        stand_in.script(Answer("Hi", sources=(FIRST,)))
        model = glm_at(stand_in, "acedata", Options())
        deltas = await collect(model, replace(question(), search=True))
        await model.aclose()
        assert [exchange.refused for exchange in stand_in.requests] == [""]
    assert (text_of(deltas), deltas[-1].sources) == ("Hi", ())


async def test_a_question_in_the_background_is_searched_for_as_well() -> None:
    async with served() as (stand_in, model):
        stand_in.script(Answer("Hi", sources=(FIRST, SECOND)))
        handle = await model.submit(replace(question("glm-z1-air"), tools=(NOW,), search=True))
        delta = await model.collect(handle)
        submitted = stand_in.requests[0].body
    assert [tool["type"] for tool in submitted["tools"]] == ["web_search"]
    assert delta is not None
    assert (delta.text, delta.sources) == ("Hi", FOUND)


async def test_a_second_attempt_searches_like_the_first() -> None:
    transport = Provider(b'{"error":{"code":"1305","message":"busy"}}', zhipu("Hi"))
    await collect(glm(transport), replace(question(), search=True))
    assert [len(searches(body)) for body in transport.bodies] == [1, 1]
