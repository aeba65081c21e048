"""The lower bound: discord.py and httpx, and no features. A program of its own, set up by the same variables.

It posts at the first token, edits each 1.25 s in a task of its own, lets final edits go first, and stays below 48
requests a second over all. Nothing is stored, retried, split into pages or stopped.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import os
from collections.abc import AsyncGenerator
from typing import Any, Final

import aiohttp
import discord
import httpx
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

EDIT_EVERY: Final = 1.25
# Two less than Discord's 50 (Discord docs, topics/rate-limits), since calls travel for different times.
REQUESTS_A_SECOND: Final = int(os.environ.get("DISCORD_REQUESTS_PER_SECOND", "48")) or 1_000_000
FINAL, FIRST, EDIT = range(3)
# An edit may overtake another that was sent so many seconds earlier, at most.
_OVERTAKING: Final = 0.025
_PAGE: Final = 2_000
_MODEL: Final = "glm-5.1"


class Budget:
    """So many calls a second, the most urgent first, evenly spaced: bursts would arrive as less than a second apart."""

    def __init__(self, limit: int) -> None:
        self._gap = 1 / limit
        self._free_at = 0.0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, priority: int) -> None:
        """Wait until a call may go."""
        granted = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._numbers), granted))
        self._advance()
        await granted

    def _advance(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._free_at <= loop.time():
            granted = heapq.heappop(self._waiting)[2]
            if not granted.done():
                granted.set_result(None)
                self._free_at = loop.time() + self._gap
        if self._waiting and self._timer is None:
            self._timer = loop.call_at(self._free_at, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self._advance()


class Answer:
    """One answer: the text so far, and the message that shows it."""

    def __init__(self, question: discord.Message, budget: Budget) -> None:
        self._question = question
        self._budget = budget
        self._text = ""
        self._began = asyncio.Event()
        self._posting = asyncio.create_task(self._post())
        self._sent = ""
        self._sent_at = 0.0

    def write(self, text: str) -> None:
        """Add text of the model."""
        self._text += text
        self._began.set()

    async def paint(self) -> None:
        """Edit for as long as the task lives."""
        await self._posting
        while True:
            await asyncio.sleep(EDIT_EVERY)
            await self._budget.take(EDIT)
            await self._edit()

    async def finish(self, painter: asyncio.Task[None]) -> None:
        """Show the whole text; an older one that still waits is never sent."""
        await self._posting
        painter.cancel()
        await asyncio.sleep(self._sent_at + _OVERTAKING - asyncio.get_running_loop().time())
        await self._budget.take(FINAL)
        if self._sent != self._text:
            await self._edit()

    async def _post(self) -> discord.Message:
        await self._began.wait()
        await self._budget.take(FIRST)
        return await self._question.reply(self._next())

    async def _edit(self) -> None:
        message = await self._posting
        await message.edit(content=self._next())

    def _next(self) -> str:
        self._sent = self._text
        self._sent_at = asyncio.get_running_loop().time()
        return self._sent[:_PAGE]


class Bot(discord.Client):
    """Answers every message that mentions it."""

    def __init__(self, model: httpx.AsyncClient) -> None:
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = True
        super().__init__(
            intents=intents,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0,
            allowed_mentions=discord.AllowedMentions.none(),
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=75),
        )
        self._model = model
        self._budget = Budget(REQUESTS_A_SECOND)

    async def on_message(self, message: discord.Message) -> None:
        """Stream the model's answer into a reply."""
        if message.author.bot or self.user not in message.mentions:
            return
        answer = Answer(message, self._budget)
        painter = asyncio.create_task(answer.paint())
        try:
            async for text in self._stream(message.content):
                answer.write(text)
            await answer.finish(painter)
        finally:
            painter.cancel()

    async def _stream(self, question: str) -> AsyncGenerator[str]:
        body = {"model": _MODEL, "stream": True, "messages": [{"role": "user", "content": question}]}
        async with self._model.stream("POST", "chat/completions", json=body) as response:
            response.raise_for_status()
            rest = b""
            async for data in response.aiter_bytes():
                *events, rest = (rest + data).split(b"\n\n")
                for event in events:
                    if text := _text_of(event):
                        yield text


def _text_of(event: bytes) -> str:
    if not event.startswith(b"data: {"):
        return ""
    chunk: dict[str, Any] = json.loads(event[6:])
    return chunk["choices"][0]["delta"].get("content") or "" if chunk.get("choices") else ""


async def main() -> None:
    """Run until the process is ended."""
    Route.BASE = os.environ["DISCORD_API_URL"]
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    model = httpx.AsyncClient(
        base_url=os.environ["BIGMODEL_BASE_URL"],
        headers={"Authorization": f"Bearer {os.environ['BIGMODEL_API_KEY']}"},
        timeout=httpx.Timeout(10, read=60),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=90),
    )
    async with model, Bot(model) as bot:
        await bot.login(os.environ["DISCORD_TOKEN"])
        _, url, _ = await bot.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
        await bot.connect()


if __name__ == "__main__":
    asyncio.run(main())
