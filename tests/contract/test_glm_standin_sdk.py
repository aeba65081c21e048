"""The GLM stand-in as the vendors' own clients see it: zai-sdk, which is synchronous, and openai."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import Any, TypeVar, cast

import httpx
import openai
import pytest
import zai
from openai.types.chat import ChatCompletionChunk
from zai.core import APIAuthenticationError, APIReachLimitError, APIRequestFailedError, APIResponseError

from playground.glm import DEFAULT_KEY, Answer, Broken, Call, Calling, GlmStandIn, Later, Thinking
from playground.glm.refusals import zhipu_error

T = TypeVar("T")
WORDS = ("one", " two", " 三")
ASKED: Any = [{"role": "user", "content": "hi"}]
CALLS = (Call("get_weather", {"city": "北京"}), Call("clock"))
TOOL: dict[str, Any] = {"name": "clock", "description": "The time.", "parameters": {"type": "object"}}
MODELS = {"bigmodel": "glm-4.7", "zai": "glm-4.7", "aimlapi": "zhipu/glm-5-1", "acedata": "glm-4.7"}
PROVIDERS = list(MODELS)


@pytest.fixture
async def glm() -> AsyncGenerator[GlmStandIn, None]:
    async with GlmStandIn() as running:
        yield running


@pytest.fixture
def vendor(glm: GlmStandIn) -> Generator[Any, None, None]:
    """The vendor's client, which must be called in a thread; its own types say little."""
    with httpx.Client(trust_env=False) as http:
        yield zai.ZhipuAiClient(api_key=DEFAULT_KEY, base_url=glm.base_url("bigmodel"), max_retries=0, http_client=http)


@pytest.fixture
async def resell(glm: GlmStandIn) -> AsyncGenerator[Callable[[str], openai.AsyncOpenAI], None]:
    """OpenAI's client for a provider."""
    clients: list[openai.AsyncOpenAI] = []

    def client(provider: str) -> openai.AsyncOpenAI:
        http = openai.DefaultAsyncHttpxClient(trust_env=False)
        clients.append(
            openai.AsyncOpenAI(api_key=DEFAULT_KEY, base_url=glm.base_url(provider), max_retries=0, http_client=http)
        )
        return clients[-1]

    yield client
    for made in clients:
        await made.close()


async def in_thread(call: Callable[..., T], **arguments: Any) -> T:
    return await asyncio.to_thread(call, **arguments)


def joined(deltas: Sequence[Any], name: str) -> str:
    return "".join(getattr(delta, name, None) or "" for delta in deltas)


class TestVendor:
    """zai-sdk at bigmodel."""

    async def test_a_whole_answer_has_text_reasoning_and_usage(self, glm: GlmStandIn, vendor: Any) -> None:
        glm.script(Answer(text=WORDS, reasoning="Hm."))
        answer = await in_thread(vendor.chat.completions.create, model="glm-4.7", messages=ASKED)
        message = answer.choices[0].message
        assert (message.content, message.reasoning_content) == ("one two 三", "Hm.")
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
        assert answer.usage.completion_tokens_details.reasoning_tokens > 0

    async def test_a_stream_has_text_reasoning_and_usage(self, glm: GlmStandIn, vendor: Any) -> None:
        glm.script(Answer(text=WORDS, reasoning="Hm."))
        chunks = await self.streamed(vendor)
        deltas = [chunk.choices[0].delta for chunk in chunks]
        assert (joined(deltas, "content"), joined(deltas, "reasoning_content")) == ("one two 三", "Hm.")
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert chunks[-1].usage.completion_tokens > len(WORDS)

    async def test_inline_thinking_is_content(self, glm: GlmStandIn, vendor: Any) -> None:
        glm.script(Answer(text=WORDS, reasoning="Hm.", thinking=Thinking.TAGS))
        answer = await in_thread(vendor.chat.completions.create, model="glm-z1-air", messages=ASKED)
        assert answer.choices[0].message.content == "\n<think>\nHm.\n</think>\n\none two 三"

    @pytest.mark.parametrize("stream", [False, True])
    async def test_tool_calls_arrive_whole(self, glm: GlmStandIn, vendor: Any, stream: bool) -> None:
        glm.script(Answer(text="", calls=CALLS))
        tools = [{"type": "function", "function": TOOL}]
        asked = {"model": "glm-4.7", "messages": ASKED, "tools": tools, "tool_choice": "auto"}
        if stream:
            chunks = await self.streamed(vendor, **asked)
            calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
            reason = chunks[-1].choices[0].finish_reason
        else:
            choice = (await in_thread(vendor.chat.completions.create, **asked)).choices[0]
            calls, reason = choice.message.tool_calls, choice.finish_reason
        assert [(call.function.name, call.function.arguments) for call in calls] == [
            ("get_weather", '{"city": "北京"}'),
            ("clock", "{}"),
        ]
        assert reason == "tool_calls"

    async def test_an_answer_in_the_background_is_polled_for(self, glm: GlmStandIn, vendor: Any) -> None:
        glm.script(Answer(text=WORDS, later=Later(polls=1)))
        later = vendor.chat.asyncCompletions
        task = await in_thread(later.create, model="glm-4.7", messages=ASKED)
        first, second = [await in_thread(later.retrieve_completion_result, id=task.id) for _ in range(2)]
        assert (task.task_status, first.task_status, second.task_status) == ("PROCESSING", "PROCESSING", "SUCCESS")
        assert second.choices[0].message.content == "one two 三"
        assert second.usage.completion_tokens == len(WORDS)

    async def test_a_failed_one_is_told(self, glm: GlmStandIn, vendor: Any) -> None:
        glm.script(Answer(ending=Broken(), later=Later(failed="FAILED")))
        later = vendor.chat.asyncCompletions
        task = await in_thread(later.create, model="glm-4.7", messages=ASKED)
        assert (await in_thread(later.retrieve_completion_result, id=task.id)).task_status == "FAILED"

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (400, "1214", APIRequestFailedError),
            (401, "1000", APIAuthenticationError),
            (429, "1302", APIReachLimitError),
        ],
    )
    async def test_errors_raise_their_classes(
        self, glm: GlmStandIn, vendor: Any, status: int, code: str, kind: type[Exception]
    ) -> None:
        glm.script(zhipu_error(status, code))
        with pytest.raises(kind):
            await in_thread(vendor.chat.completions.create, model="glm-4.7", messages=ASKED)

    async def test_an_error_inside_a_stream_is_one(self, glm: GlmStandIn, vendor: Any) -> None:
        glm.script(Answer(text=WORDS, ending=Broken(1305)))
        with pytest.raises(APIResponseError):
            await self.streamed(vendor)

    async def test_what_is_checked_is_refused(self, vendor: Any) -> None:
        with pytest.raises(APIRequestFailedError, match="1211"):
            await in_thread(vendor.chat.completions.create, model="glm-9", messages=ASKED)

    async def streamed(self, vendor: Any, **asked: Any) -> list[Any]:
        create = vendor.chat.completions.create
        plain = {"model": "glm-4.7", "messages": ASKED}
        return await asyncio.to_thread(lambda: list(create(stream=True, **(plain | asked))))


class TestOpenAi:
    """openai at every provider."""

    Resell = Callable[[str], openai.AsyncOpenAI]

    @pytest.mark.parametrize("provider", PROVIDERS)
    async def test_a_whole_answer_has_text_reasoning_and_usage(
        self, glm: GlmStandIn, resell: Resell, provider: str
    ) -> None:
        glm.script(Answer(text=WORDS, reasoning="Hm."))
        answer = await resell(provider).chat.completions.create(model=MODELS[provider], messages=ASKED)
        message = answer.choices[0].message
        assert (message.content, cast("Any", message).reasoning_content) == ("one two 三", "Hm.")
        assert answer.usage is not None
        assert answer.usage.completion_tokens > len(WORDS)

    @pytest.mark.parametrize("provider", PROVIDERS)
    async def test_a_stream_has_text_reasoning_and_usage(self, glm: GlmStandIn, resell: Resell, provider: str) -> None:
        glm.script(Answer(text=WORDS, reasoning="Hm."))
        chunks = await self.streamed(resell(provider), provider)
        deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
        assert (joined(deltas, "content"), joined(deltas, "reasoning_content")) == ("one two 三", "Hm.")
        assert [chunk.usage.completion_tokens > len(WORDS) for chunk in chunks if chunk.usage] == [True]
        assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]

    @pytest.mark.parametrize("provider", PROVIDERS)
    @pytest.mark.parametrize("calling", [Calling.WHOLE, Calling.FRAGMENTS])
    async def test_streamed_tool_calls_are_put_together(
        self, glm: GlmStandIn, resell: Resell, provider: str, calling: Calling
    ) -> None:
        glm.script(Answer(text="", calls=CALLS, calling=calling))
        found: dict[int, list[str]] = {}
        for chunk in await self.streamed(resell(provider), provider):
            for call in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
                assert call.function is not None
                name, written = found.setdefault(call.index, ["", ""])
                found[call.index] = [name or call.function.name or "", written + (call.function.arguments or "")]
        assert list(found.values()) == [["get_weather", '{"city": "北京"}'], ["clock", "{}"]]

    @pytest.mark.parametrize("provider", PROVIDERS)
    async def test_whole_tool_calls_are_read(self, glm: GlmStandIn, resell: Resell, provider: str) -> None:
        glm.script(Answer(text="", calls=CALLS))
        answer = await resell(provider).chat.completions.create(model=MODELS[provider], messages=ASKED)
        calls = answer.choices[0].message.tool_calls or []
        assert [call.function.name for call in calls if call.type == "function"] == ["get_weather", "clock"]
        assert answer.choices[0].finish_reason == "tool_calls"

    @pytest.mark.parametrize(
        ("provider", "status", "kind"),
        [
            ("aimlapi", 401, openai.AuthenticationError),
            ("acedata", 401, openai.AuthenticationError),
            ("zai", 401, openai.AuthenticationError),
        ],
    )
    async def test_a_wrong_key_raises_its_class(
        self, glm: GlmStandIn, resell: Resell, provider: str, status: int, kind: type[openai.APIStatusError]
    ) -> None:
        glm.keys[provider] = "another"
        with pytest.raises(kind) as raised:
            await resell(provider).chat.completions.create(model=MODELS[provider], messages=ASKED)
        assert raised.value.status_code == status

    @pytest.mark.parametrize("provider", PROVIDERS)
    async def test_over_the_limit_is_a_rate_limit(self, glm: GlmStandIn, resell: Resell, provider: str) -> None:
        glm.concurrency = 0
        with pytest.raises(openai.RateLimitError) as raised:
            await resell(provider).chat.completions.create(model=MODELS[provider], messages=ASKED)
        assert "retry-after" not in raised.value.response.headers

    @pytest.mark.parametrize("provider", PROVIDERS)
    async def test_an_unknown_model_is_a_bad_request(self, resell: Resell, provider: str) -> None:
        with pytest.raises(openai.BadRequestError):
            await resell(provider).chat.completions.create(model="gpt-9", messages=ASKED)

    async def test_an_error_inside_a_stream_is_one(self, glm: GlmStandIn, resell: Resell) -> None:
        glm.script(Answer(text=WORDS, ending=Broken(1305)))
        with pytest.raises(openai.APIError):
            await self.streamed(resell("zai"), "zai")

    async def test_the_models_are_listed(self, resell: Resell) -> None:
        listed = [model.id async for model in await resell("zai").models.list()]
        assert "glm-4.7" in listed

    async def streamed(self, client: openai.AsyncOpenAI, provider: str) -> list[ChatCompletionChunk]:
        usage = {} if provider == "acedata" else {"stream_options": {"include_usage": True}}
        stream = await client.chat.completions.create(
            model=MODELS[provider], messages=ASKED, stream=True, extra_body=usage
        )
        return [chunk async for chunk in stream]
