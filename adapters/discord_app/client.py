"""The discord.py client: made for any root and any number of shards, and watched by the Governor."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Final, TypeVar

import aiohttp
import discord
import discord.http
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Ratelimit, Route

from adapters.discord_app.failures import number_of
from bot import metrics
from bot.pacing import Governor

log = structlog.get_logger(__name__)

# discord.py drops idle connections after 15 s, so that a quiet bot's first post would pay for a new one.
_KEEP_ALIVE: Final = 75.0
_Kind = TypeVar("_Kind", bound=discord.Client)
_REFUSED_FOR: Final = 1.0  # seconds, where a refusal does not say for how long
# Discord docs, interactions/receiving-and-responding: these are outside of the limit over all requests.
_EXEMPT: Final = re.compile(r"/(interactions|webhooks)/")
_ROUTES: Final = [
    ("POST", re.compile(r"/channels/(\d+)/messages$"), "post"),
    ("PATCH", re.compile(r"/channels/(\d+)/messages/\d+$"), "edit"),
    ("DELETE", re.compile(r"/channels/(\d+)/messages/\d+$"), "delete"),
    ("POST", re.compile(r"/channels/(\d+)/messages/\d+/threads$"), "thread"),
    ("POST", re.compile(r"/channels/(\d+)/typing$"), "typing"),
    ("PUT", re.compile(r"/channels/(\d+)/messages/\d+/reactions/"), "reaction"),
    ("GET", re.compile(r"/channels/(\d+)/messages"), "read"),
    ("PATCH", re.compile(r"/webhooks/\d+/([^/]+)/messages/"), "hook-edit"),
    ("POST", re.compile(r"/webhooks/\d+/([^/]+)$"), "hook-post"),
]


class RestTrace:
    """Tells the Governor what every answer of Discord says about its limits, the moment its headers arrive."""

    def __init__(self, governor: Governor) -> None:
        self._governor = governor

    def config(self) -> aiohttp.TraceConfig:
        """The hook for the client's HTTP session."""
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._ended)
        return config

    async def _ended(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        metrics.platform_calls.labels("discord", str(params.response.status)).inc()
        lane = lane_of(params.method, params.url.path)
        if lane is None:
            if not _EXEMPT.search(params.url.path):
                self._governor.count()
            return
        headers = params.response.headers
        if params.response.status == 429:
            everywhere = "X-RateLimit-Global" in headers or headers.get("X-RateLimit-Scope") == "global"
            wait = number_of(headers.get("Retry-After"))
            self._governor.refused(lane, _REFUSED_FOR if wait is None else wait, everywhere=everywhere)
            return
        limit, reset_after = (
            number_of(headers.get("X-RateLimit-Limit")),
            number_of(headers.get("X-RateLimit-Reset-After")),
        )
        if limit and reset_after is not None:
            remaining = number_of(headers.get("X-RateLimit-Remaining")) or 0
            self._governor.observe(lane, limit=int(limit), remaining=int(remaining), reset_after=reset_after)


class _Passage(Ratelimit):
    """Lets every call through: the Governor has decided, and discord.py would put to sleep who takes the last one."""

    async def acquire(self) -> None:
        """Called by discord.py before each request."""
        self._last_request = self._loop.time()
        self.outgoing += 1

    async def __aexit__(self, *_exc_info: object) -> None:
        self.outgoing -= 1


def lane_of(method: str, path: str) -> str | None:
    """The Governor's lane that a request belongs to."""
    for wanted, pattern, kind in _ROUTES:
        if method == wanted and (match := pattern.search(path)):
            return f"{kind}:{match[1]}"
    return None


class _Pacing:
    """Waits between two IDENTIFYs only as long as Discord asks for: not before the first, 1 to 5 s before others."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Called by discord.py before each IDENTIFY."""
        if not initial:
            await asyncio.sleep(random.uniform(1.0, 5.0))  # noqa: S311  # spreads reconnects, no secret


class Client(_Pacing, discord.Client):
    """The client of a bot on one shard: it keeps its session over an outage."""

    _info: asyncio.Task[discord.AppInfo] | None = None

    async def enter(self, token: str) -> Mapping[str, Any]:
        """Log in, and return what Discord says about its gateway; raises what `login` does.

        All is asked for at once: discord.py alone waits for three answers, one after the other.
        """
        asked: list[asyncio.Task[Any]] = [asyncio.create_task(self.login(token))]
        try:
            await asyncio.sleep(0)  # until discord.py has made its session, and waits for the first answer
            self._info = asyncio.create_task(super().application_info())
            asked += [self._info, asyncio.create_task(self.http.request(Route("GET", "/gateway/bot")))]
            # A refused token fails all of them; only the login calls it by its name.
            return [await task for task in asked][-1]
        finally:
            self._info = None
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    async def application_info(self) -> discord.AppInfo:
        """What Discord knows about the application; within a login, what was asked for at its start."""
        return await (self._info or super().application_info())


class ShardedClient(_Pacing, discord.AutoShardedClient):
    """The client of a bot on several shards."""


def intents() -> discord.Intents:
    """What is always asked for; the message content is added when the application has it."""
    wanted = discord.Intents.none()
    wanted.guilds = wanted.guild_messages = wanted.dm_messages = True
    return wanted


async def log_in(token: str, api_url: str, wanted: discord.Intents, trace: RestTrace) -> discord.Client:
    """A client that is logged in and knows its gateway; raises what discord.py and aiohttp raise."""
    Route.BASE = api_url
    discord.http.Ratelimit = _Passage
    first = _make(Client, wanted, trace)
    try:
        gateway = await first.enter(token)
    except BaseException:
        await first.close()
        raise
    client: discord.Client = first
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway["url"])
    shards = int(gateway.get("shards", 1))
    if shards > 1:
        await client.close()
        client = _make(ShardedClient, wanted, trace, shard_count=shards)
        await client.login(token)
    _forgive(client)
    return client


def _forgive(client: discord.Client) -> None:
    """Pass over events that discord.py cannot read: each would end the connection, and come again with the next."""
    parsers: dict[str, Callable[[Any], None]] = client._connection.parsers  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # there is no public way
    for name, parse in list(parsers.items()):
        parsers[name] = _forgiving(name, parse)


def _forgiving(name: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
    def parsed(data: Any) -> None:
        try:
            parse(data)
        except Exception:  # whatever is wrong with it, it is one event of many
            log.exception("discord.event_unreadable", name=name)

    return parsed


def _make(kind: type[_Kind], wanted: discord.Intents, trace: RestTrace, **options: Any) -> _Kind:
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    return kind(
        intents=wanted,
        max_messages=None,
        member_cache_flags=discord.MemberCacheFlags.none(),
        chunk_guilds_at_startup=False,
        guild_ready_timeout=0,
        allowed_mentions=discord.AllowedMentions.none(),
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE),
        http_trace=trace.config(),
        **options,
    )
