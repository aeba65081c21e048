"""The clients that are compared, each in a process of its own: `python -m benchmarks.glm_clients NAME`.

The address and key of the provider come from the environment, what to ask and when as JSON on standard input, and what
came of it goes as JSON to standard output.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol

import psutil

from benchmarks.answers import question

MODEL: Final = "glm-5.1"
PROVIDER: Final = "bigmodel"
URL: Final = "BENCHMARK_URL"
KEY: Final = "BENCHMARK_KEY"
_SAMPLE: Final = 0.1
Saw = Callable[[str], None]


@dataclass(slots=True)
class Heard:
    """What one question brought: times on the monotonic clock, None until it came to that; `characters` counts text."""

    asked_at: float
    first_at: float | None = None
    last_at: float | None = None
    characters: int = 0

    def see(self, text: str) -> None:
        """Note a piece of the answer."""
        self.last_at = time.monotonic()
        if self.first_at is None:
            self.first_at = self.last_at
        self.characters += len(text)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a schedule: processor seconds, and the memory (RSS, MiB) before and at its highest."""

    seconds: float
    before: float
    highest: float
    heard: Mapping[str, Heard] = field(default_factory=dict[str, Heard])


class Client(Protocol):
    """Something that asks a model."""

    async def ask(self, text: str, saw: Saw) -> None:
        """Ask, and show every piece of text as it comes."""
        ...


class Glimmer:
    """Our own client."""

    def __init__(self, url: str, key: str) -> None:
        from bot.glm.client import GlmModel, ProviderSettings  # the process is to hold one client only

        self._model = GlmModel([ProviderSettings(PROVIDER, key, url)])

    async def ask(self, text: str, saw: Saw) -> None:
        """Ask in a conversation of its own."""
        from bot.completion import Message, ModelRequest, Role

        request = ModelRequest(MODEL, (Message(Role.USER, text),), "somebody", conversation=text)
        async with aclosing(self._model.stream(request)) as deltas:
            async for delta in deltas:
                if delta.text:
                    saw(delta.text)


class OpenAi:
    """OpenAI's client, as it comes."""

    def __init__(self, url: str, key: str) -> None:
        import openai

        self._client = openai.AsyncOpenAI(base_url=url, api_key=key)

    async def ask(self, text: str, saw: Saw) -> None:
        """Ask for a stream."""
        stream = await self._client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": text}], stream=True
        )
        async for chunk in stream:
            if chunk.choices and (piece := chunk.choices[0].delta.content):
                saw(piece)


class Vendor:
    """The vendor's client, which is synchronous: every answer has a thread.

    Its own limit of 50 connections is lifted, or most of the answers would only wait.
    """

    def __init__(self, url: str, key: str) -> None:
        import httpx
        import zai

        http = httpx.Client(limits=httpx.Limits(max_connections=None), timeout=300.0)
        client: Any = zai.ZhipuAiClient(base_url=url, api_key=key, http_client=http)  # typed as little as its package
        self._create = client.chat.completions.create
        self._threads = ThreadPoolExecutor(max_workers=1_000)

    async def ask(self, text: str, saw: Saw) -> None:
        """Ask for a stream in a thread."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._read, text, saw)

    def _read(self, text: str, saw: Saw) -> None:
        for chunk in self._create(model=MODEL, messages=[{"role": "user", "content": text}], stream=True):
            if chunk.choices and (piece := chunk.choices[0].delta.content):
                saw(piece)


CLIENTS: Final[Mapping[str, Callable[[str, str], Client]]] = {
    "Glimmer": Glimmer,
    "zai-sdk": Vendor,
    "openai": OpenAi,
}


async def play(client: Client, schedule: Sequence[tuple[str, float]]) -> Report:
    """Ask by a schedule of names and seconds, after one question that warms up."""
    (warming, _), *rest = schedule
    await client.ask(question(warming), lambda _: None)
    gc.collect()
    process, heard = psutil.Process(), dict[str, Heard]()
    before = highest = process.memory_info().rss
    began, spent = time.monotonic(), time.process_time()
    asking = [asyncio.create_task(_ask(client, name, began + at, heard)) for name, at in rest]
    while not all(task.done() for task in asking):
        highest = max(highest, process.memory_info().rss)
        await asyncio.sleep(_SAMPLE)
    await asyncio.gather(*asking)
    return Report(time.process_time() - spent, before / 2**20, highest / 2**20, heard)


async def _ask(client: Client, name: str, at: float, heard: dict[str, Heard]) -> None:
    await asyncio.sleep(at - time.monotonic())
    heard[name] = Heard(time.monotonic())
    try:
        await client.ask(question(name), heard[name].see)
    except Exception as error:  # noqa: BLE001  # whatever a client raises, this answer of its is lost, and is counted so
        print(f"{name}: {error!r}", file=sys.stderr)


def main() -> None:
    """Be the client that the command line names."""
    client = CLIENTS[sys.argv[1]]
    schedule: Sequence[tuple[str, float]] = json.load(sys.stdin)

    async def run() -> Report:
        return await play(client(os.environ[URL], os.environ[KEY]), schedule)

    json.dump(asdict(asyncio.run(run())), sys.stdout)


if __name__ == "__main__":
    main()
