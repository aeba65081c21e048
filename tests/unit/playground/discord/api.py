"""A bare REST client, for what discord.py would not send or would hide."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from playground.discord.server import DiscordStandIn


@dataclass(frozen=True)
class Reply:
    """An answer, read."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> int:
        return self.body["code"]


class Api:
    """Calls the stand-in as the bot, or with another token."""

    def __init__(self, http: aiohttp.ClientSession, place: DiscordStandIn) -> None:
        self._http = http
        self._place = place

    async def call(self, method: str, path: str, body: Any = None, *, data: Any = None, token: str = "") -> Reply:
        headers = {"Authorization": f"Bot {token or self._place.token}"}
        sent: dict[str, Any] = {"json": body} if data is None and body is not None else {"data": data}
        async with self._http.request(method, self._place.url + path, headers=headers, **sent) as answer:
            typed = answer.headers.get("Content-Type") == "application/json"
            return Reply(answer.status, answer.headers.copy(), await answer.json() if typed else await answer.text())

    async def post(self, channel_id: str, body: Any) -> Reply:
        return await self.call("POST", f"/channels/{channel_id}/messages", body)

    async def edit(self, channel_id: str, message_id: str, body: Any) -> Reply:
        return await self.call("PATCH", f"/channels/{channel_id}/messages/{message_id}", body)


@asynccontextmanager
async def calling(place: DiscordStandIn) -> AsyncGenerator[Api]:
    async with aiohttp.ClientSession() as http:
        yield Api(http, place)
