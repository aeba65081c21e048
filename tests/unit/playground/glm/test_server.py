"""The server around the answers: keys, routes, scripts, holds, limits and the record of it all."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import httpx
import pytest

from playground.glm import (
    BEFORE_HEADERS,
    DEFAULT_KEY,
    Answer,
    Broken,
    Cut,
    Exchange,
    Finish,
    GlmStandIn,
    Hold,
    Sensitive,
    Silence,
    every,
)
from playground.glm.refusals import (
    acedata_error,
    aimlapi_error,
    as_json,
    empty,
    garbage,
    html_502,
    soft_404,
    zhipu_error,
)
from tests.unit.playground.glm.conftest import Client, question

WORDS = ("one", " two", " three", " four")


@pytest.mark.parametrize(
    ("provider", "header", "code"),
    [
        ("zai", None, "1001"),
        ("zai", "Basic x", "1002"),
        ("bigmodel", "Bearer wrong", "1000"),
        ("aimlapi", "Bearer wrong", "401"),
        ("acedata", None, "no_token"),
        ("acedata", "Bearer wrong", "invalid_token"),
    ],
)
async def test_keys_are_checked(glm: GlmStandIn, provider: str, header: str | None, code: str) -> None:
    headers = {"Authorization": header} if header else {}
    async with httpx.AsyncClient(trust_env=False) as http:
        url = f"{glm.base_url(provider)}/chat/completions"
        response = await http.post(url, json=question(provider), headers=headers)
    assert response.status_code == 401
    assert glm.requests[0].refused == code


async def test_each_provider_may_have_its_own_key() -> None:
    async with GlmStandIn(keys={"bigmodel": "id.secret"}) as glm, httpx.AsyncClient(trust_env=False) as http:
        headers = {"Authorization": "Bearer id.secret"}
        right = await http.get(f"{glm.base_url('bigmodel')}/models", headers=headers)
        wrong = await http.get(f"{glm.base_url('zai')}/models", headers=headers)
    assert (right.status_code, wrong.status_code) == (200, 401)


async def test_models_leave_out_the_free_ones(client: Client) -> None:
    response = await client.http.get(client.url("zai", "/models"))
    names = {row["id"] for row in response.json()["data"]}
    assert "glm-4.7" in names
    assert "glm-4.7-flash" not in names


@pytest.mark.parametrize(
    ("provider", "status", "body"),
    [
        ("bigmodel", 200, {"code": 500, "msg": "404 NOT_FOUND", "success": False}),
        ("zai", 200, {"code": 500, "msg": "404 NOT_FOUND", "success": False}),
        ("aimlapi", 404, {"statusCode": 404}),
        ("acedata", 404, {"success": False}),
    ],
)
async def test_an_unknown_path_is_answered_as_the_gateway_does(
    client: Client, provider: str, status: int, body: dict[str, object]
) -> None:
    response = await client.http.post(client.url(provider, "/chat/completion"), json=question(provider))
    assert response.status_code == status
    assert body.items() <= response.json().items()


async def test_bodies_that_are_no_object_are_refused(glm: GlmStandIn, client: Client) -> None:
    for content, media in ((b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/plain")):
        await client.http.post(client.url("zai"), content=content, headers={"Content-Type": media})
    assert [exchange.refused for exchange in glm.requests] == ["1210"] * 3


async def test_whole_answers_have_the_shape_of_each_provider(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS), times=None)
    zai, aimlapi = (await client.post("zai")).json(), (await client.post("aimlapi")).json()
    assert zai["choices"][0]["message"]["content"] == "one two three four"
    assert zai["choices"][0]["finish_reason"] == "stop"
    assert zai["id"] == zai["request_id"]
    assert set(aimlapi["meta"]["usage"]) == {"credits_used", "usd_spent"}


async def test_endings_of_whole_answers(glm: GlmStandIn, client: Client) -> None:
    for ending in (Sensitive("history", 2), Broken(1234), Silence(), Finish(usage={})):
        glm.script(Answer(text=WORDS, ending=ending))
    blocked, broken, silent, uncounted = [await client.post() for _ in range(4)]
    assert blocked.json()["contentFilter"] == [{"level": 2, "role": "history"}]
    assert (blocked.status_code, blocked.json()["error"]["code"]) == (400, "1301")
    assert (broken.status_code, broken.json()["error"]["code"]) == (500, 1234)
    assert silent.content == b""
    assert "usage" not in uncounted.json()


async def test_resellers_fail_in_their_own_shapes(glm: GlmStandIn, client: Client) -> None:
    for provider in ("aimlapi", "acedata"):
        glm.script(Answer(ending=Sensitive("user")))
        glm.script(Answer(ending=Broken("api_error")))
        blocked, broken = await client.post(provider), await client.post(provider)
        assert blocked.json()["choices"][0]["finish_reason"] == "content_filter"
        assert broken.status_code == 500
    assert broken.json()["error"]["code"] == "api_error"


async def test_a_whole_answer_can_be_held_too(glm: GlmStandIn, client: Client) -> None:
    hold = Hold()
    glm.script(Answer(text=WORDS, hold=hold))
    asking = asyncio.create_task(client.post())
    await hold.arrived()
    assert not asking.done()
    hold.release()
    assert (await asking).json()["choices"][0]["message"]["content"] == "one two three four"


async def test_a_cut_comes_before_a_whole_answer(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(ending=Cut()))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await client.post()


async def test_raw_responses_are_sent_as_they_stand(glm: GlmStandIn, client: Client) -> None:
    responses = (
        zhipu_error(400, "1301", contentFilter=[{"level": 1, "role": "user"}]),
        aimlapi_error(403, "You've run out of credits"),
        acedata_error(500, "api_error"),
        soft_404(),
        html_502(),
        empty(503),
        as_json(429, {"error": {"code": "1302"}}, Retry_After="2"),
    )
    for response in responses:
        glm.script(response)
    got = [await client.post(stream=True) for _ in responses]
    assert [response.status_code for response in got] == [400, 403, 500, 200, 502, 503, 429]
    assert got[0].json()["contentFilter"] == [{"level": 1, "role": "user"}]
    assert got[1].json()["statusCode"] == 403
    assert got[2].json()["error"]["code"] == "api_error"
    assert got[4].headers["content-type"] == "text/html"
    assert got[5].content == b""
    assert got[6].headers["retry-after"] == "2"


async def test_garbage_is_large_and_holds_no_event(glm: GlmStandIn, client: Client) -> None:
    glm.script(garbage(1_000_000))
    seen = await client.stream()
    assert len(seen.raw) >= 1_000_000
    assert b"\n" not in seen.raw


async def test_the_first_rule_that_matches_answers_and_is_used_up(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text="for 4.6"), match=lambda exchange: exchange.model == "glm-4.6", times=None)
    glm.script(Answer(text="twice"), times=2)
    glm.script(lambda exchange: Answer(text=f"asked {exchange.question}"), times=None)
    models = ("glm-4.7", "glm-4.6", "glm-4.7", "glm-4.7", "glm-4.6")
    said = [(await client.stream(model=model)).said() for model in models]
    assert said == ["twice", "for 4.6", "twice", "asked hi", "for 4.6"]


@pytest.mark.parametrize("after", [BEFORE_HEADERS, 0, 2, 4])
async def test_a_held_answer_stands_where_it_was_told(glm: GlmStandIn, client: Client, after: int) -> None:
    hold = Hold(after)
    glm.script(Answer(text=WORDS, hold=hold))
    asking = asyncio.create_task(client.stream())
    await hold.arrived()
    assert glm.requests[0].tokens == max(after, 0)
    assert glm.requests[0].ended_at is None
    hold.release()
    seen = await asking
    assert seen.said() == "one two three four"
    assert glm.requests[0].ended_at is not None


async def test_headers_are_there_while_the_first_token_is_held(glm: GlmStandIn, client: Client) -> None:
    hold = Hold(0)
    glm.script(Answer(text=WORDS, hold=hold))
    async with client.http.stream("POST", client.url("zai"), json=question(stream=True)) as response:
        assert response.status_code == 200
        assert glm.requests[0].first_token_at is None
        hold.release()
        assert b"four" in await response.aread()


@pytest.mark.parametrize("after", [BEFORE_HEADERS, 0, 2])
async def test_a_client_that_leaves_is_noted(glm: GlmStandIn, client: Client, after: int) -> None:
    hold = Hold(after)
    glm.script(Answer(text=WORDS, hold=hold))
    asking = asyncio.create_task(client.stream())
    await hold.arrived()
    asking.cancel()
    await glm.wait_for(lambda: glm.requests[0].client_gone, timeout=5)
    assert glm.requests[0].tokens == max(after, 0)


async def test_a_client_that_leaves_a_paced_stream_ends_it(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS * 1000, rate=100))
    asking = asyncio.create_task(client.stream())
    await glm.wait_for(lambda: bool(glm.requests) and glm.requests[0].tokens >= 3)
    asking.cancel()
    await glm.wait_for(lambda: glm.requests[0].client_gone)
    assert glm.requests[0].tokens < 4000


async def test_leaving_the_stand_in_ends_what_is_held() -> None:
    hold = Hold(1)
    headers = {"Authorization": f"Bearer {DEFAULT_KEY}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as http:
        async with GlmStandIn() as glm:
            glm.script(Answer(text=WORDS, hold=hold))
            asking = asyncio.create_task(Client(glm, http).stream())
            await hold.arrived()
        with pytest.raises(httpx.TransportError):
            await asking
    assert not glm.requests[0].client_gone


async def test_over_the_limit_of_a_model_requests_are_refused(glm: GlmStandIn, client: Client) -> None:
    hold = Hold()
    glm.concurrency = 1
    glm.script(Answer(text=WORDS, hold=hold))
    glm.script(Answer(), times=None)
    first = asyncio.create_task(client.stream())
    await hold.arrived()
    refused, other_model = await client.post(), await client.post(model="glm-4.6")
    hold.release()
    await first
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "1302")
    assert "retry-after" not in refused.headers
    assert other_model.status_code == 200
    assert (await client.post()).status_code == 200


async def test_a_request_id_is_taken_once(client: Client) -> None:
    first, again, other = [await client.post(request_id=name) for name in ("r1", "r1", "r2")]
    assert (first.status_code, other.status_code) == (200, 200)
    assert again.json()["error"]["code"] == "1231"
    assert (await client.post("bigmodel", request_id="r1")).status_code == 200


async def test_every_third_request_can_be_refused(glm: GlmStandIn, client: Client) -> None:
    glm.script(zhipu_error(500, "500"), match=every(3), times=None)
    glm.script(Answer(), times=None)
    statuses = [(await client.post()).status_code for _ in range(7)]
    assert statuses == [200, 200, 500, 200, 200, 500, 200]


async def test_waiting_for_what_never_comes_times_out(glm: GlmStandIn) -> None:
    with pytest.raises(TimeoutError):
        await glm.wait_for(lambda: False, timeout=0.01)


async def test_the_record_holds_headers_body_and_order_of_times(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS))
    await client.stream("zai", request_id="r1")
    await glm.wait_for(lambda: glm.requests[0].ended_at is not None)
    exchange: Exchange = glm.requests[0]
    assert (exchange.provider, exchange.body["request_id"], exchange.question) == ("zai", "r1", "hi")
    assert exchange.headers["authorization"] == f"Bearer {DEFAULT_KEY}"
    times = [exchange.arrived_at, exchange.first_token_at, exchange.last_token_at, exchange.ended_at]
    assert all(a is not None and b is not None and a <= b for a, b in pairwise(times))
    assert not exchange.client_gone
