"""A running stand-in, and a client that knows nothing of it but its address."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from playground.glm import DEFAULT_KEY, GlmStandIn

MODEL = {"bigmodel": "glm-4.7", "zai": "glm-4.7", "aimlapi": "zhipu/glm-5-1", "acedata": "glm-4.7"}


@dataclass
class Seen:
    """What came back: the raw bytes, the HTTP chunks they came in, and the payloads of the events."""

    status: int
    headers: httpx.Headers
    chunks: list[bytes] = field(default_factory=list[bytes])

    @property
    def raw(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def payloads(self) -> list[Any]:
        """The JSON of the data lines; split at line feeds only, as the format says."""
        lines = self.raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n")
        data = [line.removeprefix(b"data:").strip() for line in lines if line.startswith(b"data:")]
        return [json.loads(line) for line in data if line != b"[DONE]"]

    @property
    def deltas(self) -> list[dict[str, Any]]:
        return [chunk["choices"][0]["delta"] for chunk in self.payloads if chunk.get("choices")]

    def said(self, name: str = "content") -> str:
        return "".join(delta.get(name, "") for delta in self.deltas)


class Client:
    """Asks the stand-in over HTTP."""

    def __init__(self, glm: GlmStandIn, http: httpx.AsyncClient) -> None:
        self.glm = glm
        self.http = http

    def url(self, provider: str, path: str = "/chat/completions") -> str:
        return self.glm.base_url(provider) + path

    async def post(self, provider: str = "zai", **body: Any) -> httpx.Response:
        return await self.http.post(self.url(provider), json=question(provider, **body))

    async def stream(self, provider: str = "zai", **body: Any) -> Seen:
        asked = question(provider, stream=True, **body)
        async with self.http.stream("POST", self.url(provider), json=asked) as response:
            seen = Seen(response.status_code, response.headers)
            async for chunk in response.aiter_bytes():
                seen.chunks.append(chunk)
        return seen


def question(provider: str = "zai", **body: Any) -> dict[str, Any]:
    """A body that the provider takes, with these fields changed; None takes a field out."""
    plain = {"model": MODEL[provider], "messages": [{"role": "user", "content": "hi"}]}
    return {name: value for name, value in (plain | body).items() if value is not None}


@pytest.fixture
async def glm() -> AsyncGenerator[GlmStandIn, None]:
    async with GlmStandIn() as running:
        yield running


@pytest.fixture
async def client(glm: GlmStandIn) -> AsyncGenerator[Client, None]:
    headers = {"Authorization": f"Bearer {DEFAULT_KEY}"}
    async with httpx.AsyncClient(headers=headers, timeout=10.0, trust_env=False) as http:
        yield Client(glm, http)
