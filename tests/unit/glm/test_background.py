"""Questions that a provider answers later."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bot.completion import Delta, FinishReason, Message, ModelRequest, Role, Tool
from bot.errors import ModelError
from bot.glm.answer import Bounds
from bot.glm.background import Task, read_handle
from bot.glm.client import GlmModel, ProviderSettings
from playground.glm import DEFAULT_KEY, Answer, Broken, Cut, Finish, GlmStandIn, Later, Sensitive, Thinking
from playground.glm.refusals import zhipu_error
from tests.unit.glm.provider import HANG, KEY, Provider, Reply, collect, glm, question, refusal, text_of, zhipu

HANDLE = Task("bigmodel", "glm-5.1", "10-2/é").handle
ASKED = question("glm-z1-air")


@asynccontextmanager
async def served(*names: str) -> AsyncGenerator[tuple[GlmStandIn, GlmModel]]:
    """A stand-in, and a model that asks it as these providers (bigmodel when none is named)."""
    async with GlmStandIn() as glm:
        model = GlmModel([ProviderSettings(n, DEFAULT_KEY, glm.base_url(n)) for n in names or ("bigmodel",)])
        yield glm, model
        await model.aclose()


async def outcome(answer: Answer) -> Delta | ModelError:
    """What comes of an answer that is worked out in the background."""
    async with served() as (stand_in, model):
        stand_in.script(answer)
        try:
            delta = await model.collect(await model.submit(ASKED))
        except ModelError as error:
            return error
        assert delta is not None
        return delta


def status(name: str, **more: Any) -> Reply:
    return Reply([json.dumps({"id": "1", "model": None, "task_status": name, **more}).encode()])


def done(text: str, **more: Any) -> Reply:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text, **more}}
    return status("SUCCESS", choices=[choice])


async def failure(reply: Reply | Exception) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await glm(Provider(reply)).collect(HANDLE)
    return caught.value


# Taking a question in -------------------------------------------------------------------------------------------------


async def test_a_question_is_taken_in_and_its_answer_collected() -> None:
    async with served() as (stand_in, model):
        stand_in.script(Answer("4", "canary", thinking=Thinking.TAGS, later=Later(polls=2)))
        handle = await model.submit(ASKED)
        assert [await model.collect(handle) for _ in range(2)] == [None, None]
        delta = await model.collect(handle)
        submitted, *_, polled = stand_in.requests
    assert delta is not None
    assert (delta.text, delta.reasoning.strip()) == ("4", "canary")
    assert (delta.finish, delta.model, delta.provider) == (FinishReason.STOP, "glm-z1-air", "bigmodel")
    assert delta.usage is not None
    assert delta.usage.completion > 0
    assert (submitted.method, submitted.path.rpartition("/v4")[2]) == ("POST", "/async/chat/completions")
    assert (polled.method, polled.path.rpartition("/")[0].rpartition("/v4")[2]) == ("GET", "/async-result")
    assert [exchange.refused for exchange in stand_in.requests] == [""] * 4


async def test_what_is_submitted_is_the_same_but_for_the_stream() -> None:
    tool = Tool("clock", "The time.", {"type": "object"})
    request = replace(question(), tools=(tool,))
    receipt = Reply([b'{"id":"1","task_status":"PROCESSING"}'])
    transport = Provider(receipt, zhipu("Hi"))
    model = glm(transport)
    assert await model.submit(request) == "bigmodel/glm-5.1/1"
    await collect(model, request)
    submitted, streamed = transport.bodies
    assert submitted.keys() == streamed.keys() - {"stream", "stream_options", "tools", "tool_choice", "tool_stream"}
    assert submitted["messages"] == streamed["messages"]
    assert submitted["user_id"] == streamed["user_id"]
    assert submitted["request_id"] != streamed["request_id"]


async def test_an_answer_outlives_the_process_that_asked() -> None:
    async with served() as (stand_in, model):
        stand_in.script(Answer("4"))
        handle = await model.submit(ASKED)
        url = stand_in.base_url("bigmodel")
        later = GlmModel([ProviderSettings("zai", "other"), ProviderSettings("bigmodel", DEFAULT_KEY, url)])
        delta = await later.collect(handle)
        await later.aclose()
    assert delta is not None
    assert delta.text == "4"


async def test_the_provider_that_can_is_asked_whatever_the_order() -> None:
    async with served("zai", "bigmodel") as (stand_in, model):
        assert await model.submit(question("glm-4.7"))
    assert [exchange.provider for exchange in stand_in.requests] == ["bigmodel"]


@pytest.mark.parametrize("names", [("zai",), ("aimlapi",), ("acedata",)])
async def test_where_nobody_can_nothing_is_sent(names: Sequence[str]) -> None:
    async with served(*names) as (stand_in, model):
        assert await model.submit(question()) == ""
    assert stand_in.requests == []


async def test_a_model_that_cannot_is_to_be_streamed() -> None:
    async with served() as (stand_in, model):
        request = question("glm-4.1v-thinking-flash")
        assert await model.submit(request) == ""
        assert stand_in.requests[0].refused == "1212"
        stand_in.script(Answer("so"))
        assert text_of(await collect(model, request)) == "so"


TROUBLE = [
    Reply([refusal("1302")], status=429),
    Reply([refusal("1002")], status=401),
    Reply([refusal("1210", "thinking cannot be disabled")], status=400),
    Reply([b'{"code":500,"msg":"404 NOT_FOUND","success":false}']),
    Reply([b"<html>"], status=502),
    Reply([b"{}"]),
    Reply([b'{"id":null}']),
    Reply([json.dumps({"id": "x" * 1_000}).encode()]),
    status("FAIL"),
    httpx.ConnectError("x"),
    httpx.ReadTimeout("x"),
    Reply([httpx.ReadError("x")]),
]


@pytest.mark.parametrize("reply", TROUBLE)
async def test_trouble_leads_to_streaming_and_is_not_asked_again(reply: Reply | Exception) -> None:
    transport = Provider(reply)
    assert await glm(transport).submit(question()) == ""
    assert len(transport.requests) == 1


async def test_what_is_left_alone_is_not_asked_either() -> None:
    transport = Provider(Reply([refusal("1002")], status=401))
    model = glm(transport)
    assert [await model.submit(question()) for _ in range(3)] == [""] * 3
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (refusal("1301", contentFilter=[{"role": "user", "level": 1}]), "safety"),
        (refusal("1300"), "safety"),
    ],
)
async def test_what_the_safety_review_refuses_is_asked_nowhere_else(body: bytes, text: str) -> None:
    with pytest.raises(ModelError) as caught:
        await glm(Provider(Reply([body], status=400)), "bigmodel", "zai").submit(question())
    assert (caught.value.text, caught.value.resumable) == (text, False)


async def test_a_prompt_without_a_question_is_a_mistake() -> None:
    with pytest.raises(ModelError):
        await glm(Provider(zhipu())).submit(ModelRequest("glm-5.1", (Message(Role.SYSTEM, "x"),), "u"))


# Collecting the answer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["PROCESSING", "processing", "QUEUED", ""])
async def test_until_there_is_something_there_is_nothing(word: str) -> None:
    transport = Provider(status(word))
    assert await glm(transport).collect(HANDLE) is None
    # An id is whatever the provider made it.
    assert transport.requests[0].url.raw_path.endswith(b"/async-result/10-2%2F%C3%A9")


async def test_nothing_of_the_reasoning_is_in_the_answer() -> None:
    delta = await glm(Provider(done("Hi", reasoning_content="canary"))).collect(HANDLE)
    assert delta is not None
    assert (delta.text, delta.reasoning) == ("Hi", "canary")
    inline = Task("bigmodel", "glm-z1-air", "1").handle
    unclosed = await glm(Provider(done("\n<think>canary"))).collect(inline)
    assert unclosed is not None
    assert unclosed.text == ""


async def test_every_finish_is_that_of_a_stream() -> None:
    cut = await outcome(Answer(("one", " two"), "Hm.", thinking=Thinking.TAGS, ending=Finish("length")))
    blocked = await outcome(Answer("words", ending=Sensitive("history", 1)))
    assert isinstance(cut, Delta)
    assert isinstance(blocked, Delta)
    assert (cut.text, cut.finish) == ("one two", FinishReason.LENGTH)
    assert (blocked.text, blocked.finish, blocked.stage) == ("", FinishReason.FILTERED, "history")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(ending=Broken(1234)),
        Answer(ending=Broken("500"), later=Later(failed="FAILED")),
        Answer(ending=Cut(), later=Later(failed="FAILED")),
        Answer(ending=Cut()),
        Answer(ending=Finish("network_error")),
    ],
)
async def test_an_answer_that_failed_there_may_be_asked_for_anew(answer: Answer) -> None:
    error = await outcome(answer)
    assert isinstance(error, ModelError)
    assert (error.text, error.resumable) == ("busy", True)


async def test_a_failure_by_the_safety_review_is_one() -> None:
    for more in ({}, {"contentFilter": [{"role": "assistant", "level": 0}]}):
        failed = status("FAIL", error={"code": "1301", "message": "provider-canary"}, **more)
        delta = await glm(Provider(failed)).collect(HANDLE)
        assert delta is not None
        assert (delta.finish, delta.text) == (FinishReason.FILTERED, "")


async def test_polls_that_fail_for_now_change_nothing() -> None:
    async with served() as (stand_in, model):
        stumbles = (zhipu_error(500, "500"), zhipu_error(429, "1302"), zhipu_error(429, "1305"))
        stand_in.script(Answer("4", later=Later(stumbles=stumbles)))
        handle = await model.submit(ASKED)
        collected = [await model.collect(handle) for _ in range(4)]
    assert [delta and delta.text for delta in collected] == [None, None, None, "4"]


PASSING = [httpx.ConnectError("x"), httpx.ReadTimeout("x"), Reply([httpx.ReadError("x")]), Reply([b"<html>"])]


@pytest.mark.parametrize("reply", PASSING)
async def test_a_broken_connection_is_not_the_end(reply: Reply | Exception) -> None:
    assert await glm(Provider(reply)).collect(HANDLE) is None


async def test_an_id_that_nobody_knows_any_more_is_asked_anew() -> None:
    async with served() as (_, model):
        with pytest.raises(ModelError) as caught:
            await model.collect(Task("bigmodel", "glm-4.7", "gone").handle)
    assert caught.value.resumable


async def test_a_handle_of_other_days_is_asked_anew() -> None:
    for task in (Task("zai", "glm-4.7", "1"), Task("bigmodel", "glm-0", "1")):
        with pytest.raises(ModelError) as caught:
            await glm(Provider(zhipu())).collect(task.handle)
        assert (caught.value.text, caught.value.resumable) == ("model", True)


async def test_what_only_the_operator_can_mend_is_told() -> None:
    error = await failure(Reply([refusal("1002")], status=401))
    assert "BIGMODEL_API_KEY" in error.operator
    assert error.text == "config"


async def test_an_answer_is_bounded_in_size() -> None:
    model = glm(Provider(done("x" * 2_000)), bounds=Bounds(stream=1_000))
    with pytest.raises(ModelError) as caught:
        await model.collect(HANDLE)
    assert caught.value.code == "too_much"


async def test_a_call_is_bounded_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.glm.background._RESULT_WAIT", 0.01)
    assert await glm(Provider(Reply([b'{"task_', HANG]))).collect(HANDLE) is None


@pytest.mark.parametrize("handle", ["", "x", "bigmodel/glm-5.1"])
async def test_what_is_no_handle_is_a_mistake(handle: str) -> None:
    with pytest.raises(ModelError):
        await glm(Provider(zhipu())).collect(handle)


def test_a_handle_holds_any_id() -> None:
    for number in ("1", "-12", "a/b/c", "é x"):
        assert read_handle(Task("p", "m", number).handle) == Task("p", "m", number)


@pytest.mark.parametrize("reply", [*TROUBLE, Reply([refusal("1113", f"provider-canary {KEY}")], status=429)])
async def test_v48_nothing_of_the_provider_gets_out_of_the_background(reply: Reply | Exception) -> None:
    with capture_logs() as logs:
        model = glm(Provider(reply))
        await model.submit(question())
        error = await failure_of(model)
    assert "canary" not in repr((vars(error) if error else "", logs))


async def failure_of(model: GlmModel) -> ModelError | None:
    try:
        await model.collect(HANDLE)
    except ModelError as error:
        return error
    return None
