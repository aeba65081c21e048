"""A provider in memory: it plays back replies and keeps the requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx

from bot.completion import Delta, Message, ModelRequest, Role
from bot.glm.answer import Bounds
from bot.glm.client import GlmModel, ProviderSettings
from bot.glm.retry import RetryPolicy
from bot.glm.wire import Options

DONE = b"data: [DONE]\n\n"
KEY = "id-canary.secret-canary"
HANG = "hang"
HOSTS = {
    "bigmodel": "open.bigmodel.cn",
    "zai": "api.z.ai",
    "aimlapi": "api.aimlapi.com",
    "acedata": "api.acedata.cloud",
}

_HEADERS = {"content-type": "text/event-stream;charset=UTF-8"}


def event(payload: object) -> bytes:
    """One event."""
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


def chunk(finish: str | None = None, *, top: Mapping[str, Any] | None = None, **delta: object) -> bytes:
    """One chunk in the vendor's dialect: the finish reason is absent until the last, usage comes beside it."""
    choice: dict[str, Any] = {"index": 0, "delta": {"role": "assistant", **delta}}
    if finish:
        choice["finish_reason"] = finish
    return event({"id": "chunk-1", "model": "glm-x", "choices": [choice], **(top or {})})


def zhipu(*texts: str, finish: str = "stop", usage: Mapping[str, Any] | None = None) -> bytes:
    """A whole stream in the vendor's dialect."""
    counted = usage or {"prompt_tokens": 7, "completion_tokens": 3}
    pieces = [chunk(content=text) for text in texts]
    return b"".join([*pieces, chunk(finish, top={"usage": counted}, content=""), DONE])


def openai(*texts: str, finish: str = "stop") -> bytes:
    """A whole stream in the resellers' dialect: role first, finish on an empty delta, then usage without choices."""

    def of(delta: Mapping[str, str], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return event({"id": "msg_1", "object": "chat.completion.chunk", "choices": [choice], "usage": None})

    usage = event({"id": "msg_1", "choices": [], "usage": {"prompt_tokens": 1420, "completion_tokens": 18}})
    pieces = [of({"content": text}) for text in texts]
    return b"".join([of({"role": "assistant", "content": ""}), *pieces, of({}, finish), usage, DONE])


def refusal(code: object, message: str = "provider-canary", **more: object) -> bytes:
    """An error body in the vendor's shape."""
    return json.dumps({"error": {"code": code, "message": message}, **more}).encode()


@dataclass
class Reply:
    """A response; a read may be bytes, seconds to wait, an exception to raise, or HANG."""

    reads: Sequence[bytes | float | Exception | str]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: dict(_HEADERS))


class _Body(httpx.AsyncByteStream):
    def __init__(self, reads: Sequence[bytes | float | Exception | str], closed: asyncio.Event) -> None:
        self._reads = reads
        self._closed = closed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for read in self._reads:
            if isinstance(read, Exception):
                raise read
            if isinstance(read, str):
                await asyncio.Event().wait()
            elif isinstance(read, bytes):
                yield read
            else:
                await asyncio.sleep(read)

    async def aclose(self) -> None:
        self._closed.set()


class Provider(httpx.AsyncBaseTransport):
    """Plays the replies in order and the last one again and again; an exception instead of a reply is raised."""

    def __init__(self, *replies: Reply | bytes | Exception) -> None:
        self._replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.closed = asyncio.Event()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the requests."""
        return [json.loads(request.content) for request in self.requests]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        reply = self._replies[0]
        if len(self._replies) > 1:
            del self._replies[0]
        return respond(reply, self.closed)


class Providers(httpx.AsyncBaseTransport):
    """Several providers by name, each of which always plays the same reply, and who was asked for which model when.

    A reply comes after `latency` seconds.
    """

    latency = 0.0

    def __init__(self, **replies: Reply | bytes | Exception) -> None:
        self.replies = replies
        self.asked: list[tuple[str, str, float]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        name = next(name for name in HOSTS if HOSTS[name] == request.url.host)
        self.asked.append((name, json.loads(request.content)["model"], asyncio.get_running_loop().time()))
        await asyncio.sleep(self.latency)
        return respond(self.replies[name], asyncio.Event())


def respond(reply: Reply | bytes | Exception, closed: asyncio.Event) -> httpx.Response:
    """The response that plays a reply."""
    if isinstance(reply, Exception):
        raise reply
    if isinstance(reply, bytes):
        reply = Reply([reply])
    return httpx.Response(reply.status, headers=reply.headers, stream=_Body(reply.reads, closed))


class Waits(list[float]):
    """Stands for asyncio.sleep and keeps what was to be waited for."""

    async def __call__(self, seconds: float) -> None:
        if seconds:
            self.append(seconds)


def question(model: str = "glm-5.1", user: str = "discord:1:2") -> ModelRequest:
    """A short prompt."""
    return ModelRequest(model, (Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Hi")), user)


def glm(
    transport: Provider,
    *names: str,
    bounds: Bounds | None = None,
    options: Options | None = None,
    waits: Waits | None = None,
) -> GlmModel:
    """A model at these providers (bigmodel when none is named) that does not really wait."""
    policy = RetryPolicy(draw=lambda low, high: high, sleep=waits if waits is not None else Waits())
    settings = [ProviderSettings(name, KEY) for name in names or ("bigmodel",)]
    return GlmModel(
        settings, transport=transport, bounds=bounds or Bounds(), options=options or Options(), retry=policy
    )


async def collect(model: GlmModel, request: ModelRequest | None = None) -> list[Delta]:
    """All deltas of an answer."""
    stream: AsyncGenerator[Delta, None] = model.stream(request or question())
    async with aclosing(stream) as deltas:
        return [delta async for delta in deltas]


def text_of(deltas: Sequence[Delta]) -> str:
    """The answer."""
    return "".join(delta.text for delta in deltas)


def reasoning_of(deltas: Sequence[Delta]) -> str:
    """The reasoning."""
    return "".join(delta.reasoning for delta in deltas)
