from __future__ import annotations

import asyncio
import traceback
from contextlib import aclosing
from dataclasses import replace

import httpx
import pytest
from structlog.testing import capture_logs

from bot.completion import FinishReason, Thinking
from bot.errors import ModelError, OperatorError
from bot.glm.answer import Bounds
from bot.glm.client import GlmModel, ProviderSettings
from bot.ports import Model
from tests.unit.glm.provider import (
    HANG,
    KEY,
    Provider,
    Reply,
    Waits,
    chunk,
    collect,
    event,
    glm,
    openai,
    question,
    reasoning_of,
    refusal,
    text_of,
    zhipu,
)

HELLO = zhipu("Hel", "lo")
BUSY = Reply([refusal("1234")], status=500)
QUICK = Bounds(first=0.05, silence=0.05, idle=0.05, tail=0.05, whole=5)


async def failure(transport: Provider, *names: str, bounds: Bounds | None = None) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await collect(glm(transport, *names, bounds=bounds))
    return caught.value


def test_it_is_a_model() -> None:
    model: Model = glm(Provider(HELLO))
    assert model.models()[0].name == "glm-5.1"


@pytest.mark.parametrize(("name", "stream"), [("bigmodel", HELLO), ("acedata", openai("Hel", "lo"))])
async def test_v01_both_dialects_over_http(name: str, stream: bytes) -> None:
    deltas = await collect(glm(Provider(stream), name))
    assert text_of(deltas) == "Hello"
    assert (deltas[-1].finish, deltas[-1].provider, deltas[-1].model) == (FinishReason.STOP, name, "glm-5.1")
    assert deltas[-1].usage is not None


async def test_the_request_is_addressed_and_signed() -> None:
    transport = Provider(HELLO)
    model = GlmModel([ProviderSettings("zai", KEY, "http://localhost:1/v4/")], transport=transport)
    await collect(model)
    request = transport.requests[0]
    assert str(request.url) == "http://localhost:1/v4/chat/completions"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Accept-Language"] == "en-US,en"
    assert request.headers["Accept-Encoding"] == "identity"


async def test_v11_a_reset_after_text_is_resumable() -> None:
    transport = Provider(Reply([chunk(content="Hel"), httpx.ReadError("provider-canary")]))
    error = await failure(transport)
    assert (error.text, error.resumable, error.code) == ("interrupted", True, "reset")
    assert len(transport.requests) == 1


@pytest.mark.parametrize("reads", [[], [chunk(content="\n")], [chunk(reasoning_content="hm")], [httpx.ReadError("x")]])
async def test_a_break_before_visible_text_is_tried_again(reads: list[bytes | Exception | str]) -> None:
    transport = Provider(Reply(reads), Reply(reads), HELLO)
    assert text_of(await collect(glm(transport))).strip() == "Hello"
    assert len(transport.requests) == 3


async def test_v12_a_stall_after_text_is_resumable() -> None:
    error = await failure(Provider(Reply([chunk(content="Hel"), HANG])), bounds=QUICK)
    assert (error.text, error.resumable, error.code) == ("interrupted", True, "stalled")


async def test_v12_a_stall_before_anything_fails_where_nothing_else_can_be_asked() -> None:
    transport = Provider(Reply([b": hm\n", HANG]))
    error = await failure(transport, bounds=QUICK)
    assert (error.text, error.resumable, error.code, len(transport.requests)) == ("busy", False, "silent", 1)


async def test_the_whole_answer_is_bounded_in_time() -> None:
    transport = Provider(Reply([chunk(content="Hello"), HANG]))
    deltas = await collect(glm(transport, bounds=Bounds(whole=0.05)))
    assert (text_of(deltas), deltas[-1].finish) == ("Hello", FinishReason.LENGTH)


async def test_a_model_that_never_answers_fails_at_the_bound_for_the_whole() -> None:
    transport = Provider(Reply([HANG]))
    error = await failure(transport, "bigmodel", "zai", bounds=Bounds(whole=0.05))
    assert (error.text, len(transport.requests)) == ("busy", 1)


async def test_a_finish_is_enough_where_the_stream_stays_open() -> None:
    transport = Provider(Reply([chunk(content="Hello"), chunk("stop"), HANG]))
    deltas = await collect(glm(transport, bounds=QUICK))
    assert (text_of(deltas), deltas[-1].finish) == ("Hello", FinishReason.STOP)


async def test_v16_an_overload_in_the_stream_is_tried_again() -> None:
    waits = Waits()
    overloaded = event({"error": {"code": 1305, "message": "x"}})
    assert text_of(await collect(glm(Provider(overloaded, HELLO), waits=waits))) == "Hello"
    assert waits == [1.0]


async def test_v17_an_error_after_text_is_not_tried_again() -> None:
    transport = Provider(Reply([chunk(content="Hel"), event({"error": {"code": "1234"}})]))
    error = await failure(transport)
    assert (error.text, error.resumable, len(transport.requests)) == ("interrupted", True, 1)


async def test_v19_a_json_error_with_status_200() -> None:
    headers = {"content-type": "application/json; charset=UTF-8"}
    error = await failure(Provider(Reply([refusal("1211")], headers=headers)))
    assert (error.text, error.code) == ("model", "1211")


async def test_v20_soft_404_names_the_variable() -> None:
    error = await failure(Provider(b'{"code":500,"msg":"404 NOT_FOUND","success":false}'))
    assert error.text == "config"
    assert "BIGMODEL_BASE_URL" in error.operator


async def test_v21_a_502_page_is_tried_again() -> None:
    transport = Provider(Reply([b"<html>provider-canary"], status=502, headers={}), HELLO)
    assert text_of(await collect(glm(transport))) == "Hello"


async def test_v22_a_filtered_answer_ends_and_is_not_asked_elsewhere() -> None:
    transport = Provider(Reply([refusal("1301", contentFilter=[{"level": 1, "role": "history"}])], status=400))
    deltas = await collect(glm(transport, "bigmodel", "zai"))
    assert (deltas[-1].finish, deltas[-1].stage) == (FinishReason.FILTERED, "history")
    assert len(transport.requests) == 1


async def test_v24_the_charset_of_the_header_is_ignored() -> None:
    headers = {"content-type": "text/event-stream; charset=iso-8859-1"}
    assert text_of(await collect(glm(Provider(Reply([zhipu("你好👋")], headers=headers))))) == "你好👋"


async def test_v45_each_attempt_has_an_id_of_its_own() -> None:
    transport = Provider(BUSY, BUSY, HELLO)
    await collect(glm(transport))
    assert len({body["request_id"] for body in transport.bodies}) == 3


async def test_v44_the_raw_user_is_never_sent() -> None:
    transport = Provider(HELLO)
    await collect(glm(transport), question(user="discord:1:2"))
    await collect(glm(transport), question(user=""))
    assert len(transport.bodies[0]["user_id"]) == 32
    assert "user_id" not in transport.bodies[1]


async def test_three_attempts_and_no_more() -> None:
    waits, transport = Waits(), Provider(BUSY)
    with pytest.raises(ModelError) as caught:
        await collect(glm(transport, waits=waits))
    assert (caught.value.text, len(transport.requests), waits) == ("busy", 3, [1.0, 2.0])


async def test_a_retry_after_that_is_too_long_is_passed_on() -> None:
    error = await failure(Provider(Reply([refusal("1302")], status=429, headers={"retry-after": "90"})))
    assert (error.text, error.retry_after) == ("wait", 90.0)


@pytest.mark.parametrize(
    "reply", [Reply([refusal("1113")], status=429), Reply([refusal("1002")], status=401), httpx.ConnectError("x")]
)
async def test_the_next_provider_is_asked_where_that_may_help(reply: Reply | Exception) -> None:
    transport = Provider(reply, *([reply, reply] if isinstance(reply, Exception) else []), HELLO)
    deltas = await collect(glm(transport, "bigmodel", "aimlapi"))
    assert (text_of(deltas), deltas[-1].provider) == ("Hello", "aimlapi")
    assert transport.bodies[-1]["model"] == "zhipu/glm-5-1"


async def test_what_no_provider_can_help_is_not_asked_elsewhere() -> None:
    transport = Provider(Reply([refusal("1300")], status=400))
    assert (await failure(transport, "bigmodel", "zai")).text == "safety"
    assert len(transport.requests) == 1


async def test_an_unreachable_provider_is_named() -> None:
    error = await failure(Provider(httpx.ConnectError("x")))
    assert (error.text, error.code) == ("busy", "unreachable")
    assert "BIGMODEL_BASE_URL" in error.operator


async def test_a_model_that_nobody_offers() -> None:
    with pytest.raises(ModelError) as caught:
        await collect(glm(Provider(HELLO)), question("glm-3-turbo"))
    assert (caught.value.text, caught.value.facts["model"]) == ("model", "glm-3-turbo")


async def test_an_empty_answer_is_asked_for_once_more_with_less_thinking() -> None:
    empty = chunk(reasoning_content="hm") + zhipu()
    transport = Provider(empty, HELLO)
    deltas = await collect(glm(transport), replace(question(), thinking=Thinking.HIGH))
    assert (text_of(deltas), reasoning_of(deltas)) == ("Hello", "")
    assert [body["thinking"]["type"] for body in transport.bodies] == ["enabled", "disabled"]


async def test_what_an_empty_answer_has_used_counts_with_the_one_that_is_shown() -> None:
    transport = Provider(zhipu(usage={"prompt_tokens": 70, "completion_tokens": 30}), HELLO)
    usage = (await collect(glm(transport)))[-1].usage
    assert usage is not None
    assert (usage.prompt, usage.completion, usage.padded) == (77, 33, True)
    alone = (await collect(glm(Provider(HELLO))))[-1].usage
    assert alone is not None
    assert (alone.prompt, alone.padded) == (7, False)


async def test_an_answer_that_stays_empty_ends_as_stop() -> None:
    transport = Provider(zhipu())
    deltas = await collect(glm(transport))
    assert (text_of(deltas), deltas[-1].finish, len(transport.requests)) == ("", FinishReason.STOP, 2)


async def test_a_budget_spent_on_thinking_ends_as_length() -> None:
    transport = Provider(chunk(reasoning_content="hm") + zhipu(finish="length"))
    assert (await collect(glm(transport)))[-1].finish is FinishReason.LENGTH
    assert len(transport.requests) == 1


async def test_known_causes_are_mended_and_sent_once_more() -> None:
    always = Reply([refusal("1210", "always engages in thinking and cannot be disabled")], status=400)
    transport = Provider(always, HELLO)
    assert text_of(await collect(glm(transport))) == "Hello"
    assert ["thinking" in body for body in transport.bodies] == [True, False]
    assert (await failure(Provider(always))).text == "bug"


async def test_a_single_question_that_is_too_long_is_not_sent_again() -> None:
    transport = Provider(Reply([refusal("1261")], status=400))
    assert (await failure(transport)).text == "long"
    assert len(transport.requests) == 1


async def test_closing_the_iterator_ends_the_request() -> None:
    transport = Provider(Reply([chunk(content="Hel"), HANG]))
    async with aclosing(glm(transport).stream(question())) as deltas:
        assert (await anext(deltas)).text == "Hel"
    assert transport.closed.is_set()


async def test_cancelling_the_reader_ends_the_request() -> None:
    transport = Provider(Reply([chunk(content="Hel"), HANG]))
    seen = asyncio.Event()

    async def read() -> None:
        async with aclosing(glm(transport).stream(question())) as deltas:
            async for _ in deltas:
                seen.set()

    task = asyncio.create_task(read())
    await seen.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transport.closed.is_set()


SHAPES = [
    Reply([refusal("1002", f"provider-canary {KEY}")], status=401),
    Reply([refusal(f"provider-canary {KEY}")], status=500),
    Reply([b"<html>provider-canary"], status=503),
    Reply([event({"error": {"code": 1305, "message": "provider-canary"}})]),
    Reply([b"data: provider-canary\n\n"]),
    Reply([chunk(content="Hi"), b'data: {"provider-canary": \n\n']),
    Reply([httpx.ReadError("provider-canary")]),
    httpx.ConnectError(f"provider-canary {KEY}"),
]


@pytest.mark.parametrize("reply", SHAPES)
async def test_v48_no_provider_message_and_no_key_anywhere(reply: Reply | Exception) -> None:
    with capture_logs() as logs:
        error = await failure(Provider(reply))
    shown = "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(logs)
    chained = repr((error.__cause__, error.__context__))
    assert "canary" not in shown + chained
    assert logs


@pytest.mark.parametrize("key", ["", "  ", "a b", "ключ", "a\nb"])
def test_v48_a_key_that_cannot_be_sent_is_refused_unseen(key: str) -> None:
    with pytest.raises(OperatorError, match="BIGMODEL_API_KEY") as caught:
        GlmModel([ProviderSettings("bigmodel", key)])
    assert not key.strip() or key not in str(caught.value)


def test_v48_settings_do_not_show_their_key() -> None:
    assert "canary" not in repr(ProviderSettings("zai", KEY))


@pytest.mark.parametrize("url", ["localhost:1", "ftp://x", "https://", "http://x:port", "x"])
def test_an_address_that_cannot_be_used_names_its_variable(url: str) -> None:
    with pytest.raises(OperatorError, match="ZAI_BASE_URL"):
        GlmModel([ProviderSettings("zai", KEY, url)])


def test_an_unknown_provider_is_named() -> None:
    with pytest.raises(OperatorError, match="'openai'"):
        GlmModel([ProviderSettings("openai", KEY)])


async def test_warming_opens_one_connection_and_never_fails() -> None:
    transport = Provider(Reply([], status=404))
    model = glm(transport, "bigmodel", "zai")
    await model.warm()
    await model.warm()
    assert [request.url.host for request in transport.requests] == ["open.bigmodel.cn"]
    await glm(Provider(httpx.ConnectError("x"))).warm()
    await model.aclose()


async def test_a_closed_model_fails_as_a_model_does() -> None:
    transport = Provider(HELLO)
    model = glm(transport)
    await model.aclose()
    with pytest.raises(ModelError):
        await collect(model)
    assert transport.requests == []
