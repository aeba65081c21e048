"""How Slack's events reach the app: over a socket that is watched, or over HTTP."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Final, Protocol

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
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
    """The Events API over HTTP: Bolt checks each request's signature and its age."""

    def __init__(self, app: AsyncApp) -> None:
        self._app = app
        self._closing = asyncio.Event()
        self.ready = False

    async def run(self) -> None:
        """Let requests in until closed."""
        self.ready = not self._closing.is_set()
        await self._closing.wait()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request of Slack's; before and after the run it is told to come again."""
        if not self.ready:
            return web.Response(status=503)
        return await to_aiohttp_response(await self._app.async_dispatch(await to_bolt_request(request)))

    async def close(self) -> None:
        """Let nothing more in."""
        self.ready = False
        self._closing.set()
