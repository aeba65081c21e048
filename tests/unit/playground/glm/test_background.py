"""Answers that are fetched later, and the count of a prompt's tokens."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from playground.glm import Answer, Broken, Call, Cut, Finish, GlmStandIn, Hold, Later, Sensitive, Thinking
from playground.glm.refusals import zhipu_error
from tests.unit.playground.glm.conftest import Client, question

WORDS = ("one", " two")
Json = dict[str, Any]


async def submit(client: Client, **body: Any) -> httpx.Response:
    return await client.http.post(client.url("bigmodel", "/async/chat/completions"), json=question("bigmodel", **body))


async def poll(client: Client, number: str, provider: str = "bigmodel") -> httpx.Response:
    return await client.http.get(client.url(provider, f"/async-result/{number}"))


async def result(client: Client, glm: GlmStandIn, answer: Answer, **body: Any) -> Json:
    glm.script(answer)
    return (await poll(client, (await submit(client, **body)).json()["id"])).json()


async def test_an_answer_is_taken_in_and_fetched_later(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, later=Later(polls=2)))
    taken = (await submit(client, request_id="r1")).json()
    assert taken == {"id": taken["id"], "request_id": "r1", "model": "glm-4.7", "task_status": "PROCESSING"}
    working = [(await poll(client, taken["id"])).json() for _ in range(2)]
    assert working == [taken | {"model": None}] * 2
    done = (await poll(client, taken["id"])).json()
    assert (done["task_status"], done["request_id"], done["model"]) == ("SUCCESS", "r1", "GLM-4.7")
    assert done["choices"][0]["message"]["content"] == "one two"
    assert done["usage"]["completion_tokens"] == 2


async def test_an_answer_takes_its_time_and_can_be_held(glm: GlmStandIn, client: Client) -> None:
    hold = Hold()
    glm.script(Answer(delay=3600.0))
    glm.script(Answer(hold=hold))
    slow, held = [(await submit(client)).json()["id"] for _ in range(2)]
    assert [(await poll(client, number)).json()["task_status"] for number in (slow, held)] == ["PROCESSING"] * 2
    await hold.arrived()
    hold.release()
    assert [(await poll(client, number)).json()["task_status"] for number in (slow, held)] == ["PROCESSING", "SUCCESS"]


async def test_results_outlive_the_client(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer())
    number = (await submit(client)).json()["id"]
    headers = client.http.headers
    await client.http.aclose()
    async with httpx.AsyncClient(headers=headers, trust_env=False) as http:
        again = [await poll(Client(glm, http), number) for _ in range(2)]
    assert [response.json()["task_status"] for response in again] == ["SUCCESS"] * 2


async def test_failures_have_the_word_that_is_wanted(glm: GlmStandIn, client: Client) -> None:
    broken = await result(client, glm, Answer(ending=Broken(1234)))
    other = await result(client, glm, Answer(ending=Cut(), later=Later(failed="FAILED")))
    assert (broken["task_status"], broken["error"]["code"]) == ("FAIL", 1234)
    assert other["task_status"] == "FAILED"
    assert "choices" not in broken
    assert "choices" not in other


async def test_polls_may_stumble_before_they_get_anything(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(later=Later(polls=1, stumbles=(zhipu_error(500, "500"), zhipu_error(429, "1302")))))
    number = (await submit(client)).json()["id"]
    seen = [await poll(client, number) for _ in range(4)]
    assert [response.status_code for response in seen] == [500, 429, 200, 200]
    assert [response.json()["task_status"] for response in seen[2:]] == ["PROCESSING", "SUCCESS"]


async def test_what_the_safety_review_stops_says_so(glm: GlmStandIn, client: Client) -> None:
    blocked = await result(client, glm, Answer(ending=Sensitive("user", 2)))
    assert blocked["choices"][0]["finish_reason"] == "sensitive"
    assert blocked["choices"][0]["message"]["content"] == ""
    assert blocked["content_filter"] == [{"role": "user", "level": 2}]


async def test_an_answer_has_calls_reasoning_and_a_budget_as_otherwise(glm: GlmStandIn, client: Client) -> None:
    called = await result(client, glm, Answer(calls=(Call("clock"),)))
    thought = await result(client, glm, Answer(text=WORDS, reasoning="Hm.", thinking=Thinking.TAGS), model="glm-z1-air")
    cut = await result(client, glm, Answer(text=WORDS, ending=Finish()), max_tokens=1)
    assert called["choices"][0]["finish_reason"] == "tool_calls"
    assert thought["choices"][0]["message"]["content"].startswith("\n<think>\nHm.")
    assert cut["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("1212", {"model": "glm-4.1v-thinking-flash"}),
        ("1211", {"model": "glm-9"}),
        ("1213", {"messages": None}),
        ("1210", {"stream": True}),
        ("1210", {"temperature": 2}),
    ],
)
async def test_what_cannot_be_answered_later_is_refused_at_once(
    glm: GlmStandIn, client: Client, code: str, body: Json
) -> None:
    response = await submit(client, **body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)
    assert glm.requests[0].refused == code


async def test_unknown_ids_and_those_of_another_provider_are_refused(client: Client) -> None:
    number = (await submit(client)).json()["id"]
    for response in (await poll(client, "0"), await poll(client, number, "zai")):
        assert (response.status_code, response.json()["error"]["code"]) == (400, "1214")


async def test_only_bigmodel_takes_them_in(client: Client) -> None:
    for provider, status in (("zai", 200), ("aimlapi", 404), ("acedata", 404)):
        url = client.url(provider, "/async/chat/completions")
        response = await client.http.post(url, json=question(provider))
        assert response.status_code == status
        assert response.json().get("success", False) is False


async def test_a_request_id_is_used_up_by_a_submission(client: Client) -> None:
    await submit(client, request_id="r1")
    assert (await client.post("bigmodel", request_id="r1")).json()["error"]["code"] == "1231"


async def test_tokens_are_counted_where_it_is_documented(client: Client) -> None:
    async def count(provider: str, **body: Any) -> httpx.Response:
        return await client.http.post(client.url(provider, "/tokenizer"), json=question(provider, **body))

    short, long = (
        await count("zai", model="glm-4.6"),
        await count("zai", model="glm-4.6", messages=[{"role": "user", "content": "hi " * 100}]),
    )
    assert long.json()["usage"]["total_tokens"] > short.json()["usage"]["total_tokens"] > 0
    assert (await count("zai", model="glm-4.7")).json()["error"]["code"] == "1212"
    assert (await count("zai", model="glm-4.6", temperature=1)).json()["error"]["code"] == "1210"
    assert (await count("aimlapi")).status_code == 404
