"""How Slack's events reach the app: over a socket that is watched, or over HTTP."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, Protocol

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_app import failures
from adapters.slack_app.failures import translated
from bot.errors import OperatorError, PlatformError

log = structlog.get_logger(__name__)

# The SDK looks after its socket once in this many seconds, and pings it as often: a silent line is noticed after 1.5
# of them (measured, facts on the libraries).
PING_EVERY: Final = 4.0
# Seconds between our own looks, which find a lost connection at once, and between attempts to connect.
WATCH_EVERY: Final = 0.25
RETRY: Final = 2.0
# Seconds for a request to arrive in full; Slack itself waits for no longer (docs, apis/events-api).
READ_WITHIN: Final = 3.0
# Seconds between two lines about requests without a valid signature: a scanner must not fill the log.
UNSIGNED_EVERY: Final = 60.0


class Transport(Protocol):
    """A way in for events."""

    @property
    def ready(self) -> bool:
        """Whether events arrive."""
        ...

    async def run(self) -> None:
        """Keep the way open until closed; raises OperatorError."""
        ...

    async def close(self) -> None:
        """Let nothing more in."""
        ...


class SocketTransport:
    """Socket Mode; a lost connection is replaced within a second, a silent one within ten."""

    def __init__(self, app: AsyncApp, app_token: str, client: AsyncWebClient) -> None:
        logger = logging.getLogger("slack_sdk.socket_mode")
        self._handler = AsyncSocketModeHandler(app, app_token, logger, client, ping_interval=PING_EVERY)
        self._closing = asyncio.Event()
        self.ready = False

    async def run(self) -> None:
        """Connect, and look after the connection until closed; raises OperatorError for a token Slack refuses."""
        while not self._closing.is_set():
            self.ready = await self._handler.client.is_connected()
            if not self.ready:
                await self._connect()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), WATCH_EVERY if self.ready else RETRY)

    async def _connect(self) -> None:
        try:
            async with translated():
                await self._handler.client.connect_to_new_endpoint()
        except PlatformError as error:
            code = failures.code_of(error)
            if code in failures.OPERATOR:
                raise OperatorError(
                    f"SLACK_APP_TOKEN: Slack refused the token ({code}); make an app-level token with the scope "
                    "connections:write on the page Basic Information of your app"
                ) from None
            log.warning("slack.disconnected", reason=str(error), retry_in=RETRY)
        else:
            self.ready = await self._handler.client.is_connected()
            log.info("slack.connected")

    async def close(self) -> None:
        """Close the socket; what was not acknowledged is sent again by Slack."""
        self._closing.set()
        self.ready = False
        await self._handler.close_async()


class HttpTransport:
    """The Events API over HTTP; only what Slack has signed, at most five minutes ago, is read at all.

    `clock` gives seconds.
    """

    def __init__(self, app: AsyncApp, signing_secret: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret)
        self._closing = asyncio.Event()
        self._unsigned = Unsigned(clock)
        self.ready = False

    async def run(self) -> None:
        """Let requests in until closed."""
        self.ready = not self._closing.is_set()
        await self._closing.wait()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request of Slack's; before and after the run it is told to come again.

        The server that it came to bounds its size, in `read`.
        """
        if not self.ready:
            return web.Response(status=503)
        try:
            async with asyncio.timeout(READ_WITHIN):
                content = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        if not self._is_signed(content, request.headers):
            self._unsigned.count()
            return web.Response(status=401)
        parsed = _parsed(content, request)
        if parsed is None:
            return web.Response(status=400)
        return await to_aiohttp_response(await self._app.async_dispatch(parsed))

    def _is_signed(self, content: bytes, headers: Mapping[str, str]) -> bool:
        try:
            return self._verifier.is_valid_request(content, dict(headers))
        except Exception:  # noqa: BLE001  # whatever the verifier trips over, it is no signature of Slack's
            return False

    async def close(self) -> None:
        """Let nothing more in."""
        self.ready = False
        self._closing.set()


class Unsigned:
    """Requests without a valid signature: the first of them is told at once, those after it once a minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._count = 0
        self._next = clock()

    def count(self) -> None:
        """One more; `requests` in the log counts those since the line before."""
        self._count += 1
        now = self._clock()
        if now >= self._next:
            log.info("slack.unsigned", requests=self._count)
            self._count = 0
            self._next = now + UNSIGNED_EVERY


def _parsed(content: bytes, request: web.Request) -> AsyncBoltRequest | None:
    """What Bolt makes of a request, None where that is nothing."""
    try:
        parsed = AsyncBoltRequest(body=content.decode(), query=request.query_string, headers={**request.headers})
    except Exception as error:  # noqa: BLE001  # Bolt looks into what it has parsed without asking what it is
        log.warning("slack.request_unreadable", reason=type(error).__name__)
        return None
    return parsed if parsed.body else None
