"""The GLM stand-in: four providers on one loopback port."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self, cast

from aiohttp import web

from playground.glm import persona
from playground.glm.background import Background
from playground.glm.exchange import Exchange
from playground.glm.models import MODELS
from playground.glm.pacing import Pacer
from playground.glm.refusals import Problem, Reason, as_json, refuse
from playground.glm.routes import ROOTS, Route, route
from playground.glm.script import Raw, Respond, Response, Rule, Script
from playground.glm.tokens import prompt_tokens
from playground.glm.validate import check, check_count, check_submit
from playground.glm.writer import Writer

DEFAULT_KEY = "stand-in.key"
_HOST = "127.0.0.1"
_BACKLOG = 1024
_BODY_LIMIT = 64 * 1024 * 1024
_KEPT = 10_000
_CLOSING = 1.0


class GlmStandIn:
    """Serves all four providers while it is entered.

    `keys` is one key for all, or one per provider. What no script answers, `default` does. `concurrency` is how many
    requests one model of a provider takes at a time, None any number; it may be changed while running.
    """

    def __init__(
        self, port: int = 0, keys: Mapping[str, str] | str = DEFAULT_KEY, default: Respond = persona.respond
    ) -> None:
        self.keys = dict.fromkeys(ROOTS, keys) if isinstance(keys, str) else dict(keys)
        self.concurrency: int | None = None
        self._port = port
        self._script = Script(default)
        self._kept: deque[Exchange] = deque(maxlen=_KEPT)
        self._in_flight: Counter[tuple[str, str]] = Counter()
        self._request_ids: dict[tuple[str, str], None] = {}
        self._background = Background()
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._pacer = Pacer(self._changed)
        self._connections: set[asyncio.Transport] = set()
        self._closing = False
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_CLOSING)
        await runner.setup()
        await web.TCPSite(runner, _HOST, self._port, backlog=_BACKLOG).start()
        self._port = int(runner.addresses[0][1])
        self._runner = runner
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        for transport in tuple(self._connections):
            transport.abort()
        if self._runner is not None:
            await self._runner.cleanup()

    def base_url(self, provider: str) -> str:
        """The API root of a provider, as it goes into the settings."""
        return f"http://{_HOST}:{self._port}{ROOTS[provider]}"

    @property
    def requests(self) -> Sequence[Exchange]:
        """Every request so far, oldest first; at most the last 10,000."""
        return list(self._kept)

    def script(
        self,
        answer: Response | Respond,
        match: Callable[[Exchange], bool] | None = None,
        times: int | None = 1,
    ) -> None:
        """Queue an answer for the requests that match: so many of them, None for all."""
        self._script.add(Rule(answer, match, times))

    async def wait_for(self, predicate: Callable[[], bool], timeout: float = 10.0) -> None:  # noqa: ASYNC109  # the whole point
        """Wait until something is true; looked at whenever a request or an answer moves. Raises TimeoutError."""
        if predicate():
            return
        waiter = (predicate, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter[1]
        finally:
            self._waiters.remove(waiter)

    def _changed(self) -> None:
        for predicate, future in self._waiters:
            if not future.done() and predicate():
                future.set_result(None)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        provider = request.path.split("/")[1]
        if provider not in ROOTS:
            return web.Response(status=404)
        now = asyncio.get_running_loop().time()
        headers = {name.lower(): value for name, value in request.headers.items()}
        exchange = Exchange(provider, request.method, request.path, headers, now)
        self._kept.append(exchange)
        transport = request.transport
        if transport is not None:
            self._connections.add(transport)
        try:
            return await self._serve(request, exchange, await request.read())
        except asyncio.CancelledError:
            exchange.client_gone = not self._closing
            raise
        finally:
            if transport is not None:
                self._connections.discard(transport)
            exchange.ended_at = asyncio.get_running_loop().time()
            self._changed()

    async def _serve(self, request: web.Request, exchange: Exchange, content: bytes) -> web.StreamResponse:
        called = route(exchange.provider, exchange.method, exchange.path)
        problem = self._authorize(exchange) or _parse(exchange, called, content)
        if problem is not None or called is None:
            return _refuse(exchange, problem or Problem(Reason.NO_ROUTE, exchange.path))
        match called:
            case Route.MODELS, _:
                return _send(_models(exchange.provider))
            case Route.RESULT, number:
                return _send(self._background.result(exchange.provider, number))
            case Route.TOKENIZER, _:
                return _send(_counted(exchange))
            case Route.SUBMIT, _:
                return self._submit(exchange)
            case _:
                return await self._chat(request, exchange)

    def _submit(self, exchange: Exchange) -> web.StreamResponse:
        problem = check_submit(exchange.provider, exchange.body) or self._register(exchange)
        if problem is not None:
            return _refuse(exchange, problem)
        response = self._script.respond(exchange)
        return _send(response if isinstance(response, Raw) else self._background.submit(exchange, response))

    async def _chat(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        problem = check(exchange.provider, exchange.body) or self._register(exchange) or self._admit(exchange)
        if problem is not None:
            return _refuse(exchange, problem)
        with self._flight(exchange):
            self._changed()
            response = self._script.respond(exchange)
            if isinstance(response, Raw):
                return _send(response)
            return await Writer(request, exchange, self._pacer, response).write()

    def _authorize(self, exchange: Exchange) -> Problem | None:
        header = exchange.headers.get("authorization")
        if header is None:
            return Problem(Reason.NO_KEY)
        scheme, _, key = header.partition(" ")
        if scheme != "Bearer" or not key.strip():
            return Problem(Reason.NOT_BEARER)
        expected = self.keys.get(exchange.provider, "")
        return None if secrets.compare_digest(key.encode(), expected.encode()) else Problem(Reason.BAD_KEY)

    def _register(self, exchange: Exchange) -> Problem | None:
        request_id = (exchange.provider, str(exchange.body.get("request_id", "")))
        if request_id in self._request_ids:
            return Problem(Reason.SAME_REQUEST, request_id[1])
        if request_id[1]:
            self._request_ids[request_id] = None
        if len(self._request_ids) > _KEPT:
            del self._request_ids[next(iter(self._request_ids))]
        return None

    def _admit(self, exchange: Exchange) -> Problem | None:
        running = self._in_flight[exchange.provider, exchange.model]
        if self.concurrency is not None and running >= self.concurrency:
            return Problem(Reason.TOO_MANY, f"{running} in flight")
        return None

    @contextmanager
    def _flight(self, exchange: Exchange) -> Generator[None]:
        lane = (exchange.provider, exchange.model)
        self._in_flight[lane] += 1
        try:
            yield
        finally:
            self._in_flight[lane] -= 1


def _parse(exchange: Exchange, called: tuple[Route, str] | None, content: bytes) -> Problem | None:
    """Read the body of a call that has one."""
    if called is None or exchange.method == "GET":
        return None
    if not exchange.headers.get("content-type", "").startswith("application/json"):
        return Problem(Reason.PARAMETER, "Content-Type: not application/json")
    with suppress(ValueError):  # what is no JSON gets the same refusal as what is no object
        body: object = json.loads(content)
        if isinstance(body, dict):
            exchange.body = cast("dict[str, Any]", body)
            return None
    return Problem(Reason.PARAMETER, "the body is not a JSON object")


def _refuse(exchange: Exchange, problem: Problem) -> web.Response:
    refusal, exchange.refused = refuse(exchange.provider, problem)
    return _send(refusal)


def _send(raw: Raw) -> web.Response:
    return web.Response(status=raw.status, body=raw.body, headers={**raw.headers, "Content-Type": raw.content_type})


def _models(provider: str) -> Raw:
    created = int(time.time())
    rows = [
        {"id": name, "object": "model", "created": created, "owned_by": "stand-in"}
        for name, served in MODELS[provider].items()
        if served.listed
    ]
    return as_json(200, {"object": "list", "data": rows})


def _counted(exchange: Exchange) -> Raw:
    if problem := check_count(exchange.provider, exchange.body):
        refusal, exchange.refused = refuse(exchange.provider, problem)
        return refusal
    tokens = prompt_tokens(exchange.messages)
    return as_json(200, {"model": exchange.model, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})
