"""The services that tools live on, on one loopback port: places, forecasts, and pages of the web."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from playground.services.forecast import forecast
from playground.services.geocoding import search
from playground.services.pages import PAGES, Page
from playground.services.parameters import Query
from playground.services.refusals import Refusal

_HOST: Final = "127.0.0.1"
SERVICES: Final = ("geocoding", "forecast", "pages")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that came: to which of SERVICES, for which path, with which parameters and headers."""

    service: str
    path: str
    query: Query
    headers: Mapping[str, str]


@dataclass(slots=True)
class _Trouble:
    """What the next requests to a service meet; without a `response` they are never answered."""

    service: str
    response: Callable[[], web.Response] | None
    times: int


@dataclass(eq=False)
class ServicesStandIn:
    """Serves while it is entered; `pages` are by their path, `now` is the time of the forecasts in Unix seconds."""

    port: int = 0
    now: Callable[[], float] = time.time
    pages: dict[str, Page] = field(default_factory=lambda: dict(PAGES))
    requests: list[Request] = field(default_factory=list[Request])
    _troubles: list[_Trouble] = field(default_factory=list[_Trouble])
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/v1/search", self._search)
        app.router.add_get("/v1/forecast", self._forecast)
        app.router.add_get("/{path:.*}", self._page)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, self.port).start()
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The root of all of them."""
        return f"http://{_HOST}:{self.port}"

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where each service is, as tools are told it."""
        return dict.fromkeys(SERVICES, self.url)

    def fail(self, service: str, status: int = HTTPStatus.SERVICE_UNAVAILABLE, body: str = "", times: int = 1) -> None:
        """Let the next requests to a service have this answer."""
        self._troubles.append(_Trouble(service, lambda: web.Response(status=status, text=body), times))

    def hang(self, service: str, times: int = 1) -> None:
        """Let the next requests to a service have no answer."""
        self._troubles.append(_Trouble(service, None, times))

    async def _search(self, request: web.Request) -> web.StreamResponse:
        return await self._troubled("geocoding", request) or _answered(search, request.query)

    async def _forecast(self, request: web.Request) -> web.StreamResponse:
        trouble = await self._troubled("forecast", request)
        return trouble or _answered(lambda query: forecast(query, self.now()), request.query)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        page = self.pages.get(request.path)
        trouble = await self._troubled("pages", request)
        return trouble or (web.Response(status=HTTPStatus.NOT_FOUND) if page is None else page.response())

    async def _troubled(self, service: str, request: web.Request) -> web.Response | None:
        self.requests.append(Request(service, request.path, dict(request.query), dict(request.headers)))
        for trouble in self._troubles:
            if trouble.service == service and trouble.times:
                trouble.times -= 1
                if trouble.response is None:
                    await asyncio.Event().wait()
                    return None
                return trouble.response()
        return None


def _answered(answer: Callable[[Query], Mapping[str, object]], query: Query) -> web.Response:
    try:
        return web.json_response(answer(query))
    except Refusal as refusal:
        return web.json_response({"error": True, "reason": str(refusal)}, status=HTTPStatus.BAD_REQUEST)
