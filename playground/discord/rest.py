"""The way of a REST call: fault, authorisation, limits, operation, and half the latency before and after."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections import deque
from typing import Any, NamedTuple, cast

from aiohttp import BodyPartReader, web

from playground.discord import routes_application, routes_channels, routes_interactions, routes_messages
from playground.discord.calls import Answer, Backend, Call, Request, Route
from playground.discord.faults import Fault, Faults, Hold
from playground.discord.journal import Journal
from playground.discord.limits import INVALID_LIMIT, Limits
from playground.discord.model import Json, Upload
from playground.discord.refusals import Refusal

INVALID_WINDOW = 600.0  # s; Discord docs, topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
ROUTES: list[Route] = [
    *routes_application.ROUTES,
    *routes_messages.ROUTES,
    *routes_channels.ROUTES,
    *routes_interactions.ROUTES,
]
MALFORMED = object()
_FILE = re.compile(r"^files\[\d+\]$")


class Refused(NamedTuple):
    """A call that was not answered with 2xx; `at` is the loop's time in seconds."""

    method: str
    path: str
    status: int
    code: int
    at: float


class Rest:
    """Answers /api/v10; `latency` is in seconds a call, half of it before the effect, `jitter` at most so much more."""

    def __init__(self, backend: Backend, journal: Journal) -> None:
        self.latency = 0.0
        self.jitter = 0.0
        self.limits = Limits()
        self.faults = Faults()
        self.requests: list[Request] = []
        self.refusals: list[Refused] = []
        self.in_flight = 0
        self._backend = backend
        self._journal = journal
        self._invalid: deque[float] = deque()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        self.in_flight += 1
        try:
            call, uploads = await _read(request)
            self.requests.append(call)
            self._journal.stir()
            return await self._carry_out(request, call, uploads)
        finally:
            self.in_flight -= 1
            self._journal.stir()

    async def _carry_out(self, request: web.Request, call: Request, uploads: list[Upload]) -> web.StreamResponse:
        half = (self.latency + random.uniform(0, self.jitter)) / 2
        await asyncio.sleep(half)
        fault = self.faults.take(call.method, call.path)
        if isinstance(fault, Hold) and not fault.applied:
            await fault.wait()
        response = self._apply(call, uploads, fault)
        if isinstance(fault, Hold) and fault.applied:
            await fault.wait()
        await asyncio.sleep(half)
        if fault and fault.mode == "lose" and request.transport:
            request.transport.abort()
        return response

    def _apply(self, call: Request, uploads: list[Upload], fault: Fault | None) -> web.Response:
        """Let a call take effect, unless a fault or a rule is against it."""
        headers: dict[str, str] = {}
        if fault and fault.mode == "answer":
            answer = Answer(fault.body, fault.status)
        elif fault and fault.mode == "lose" and not fault.applied:
            answer = Answer(status=204)
        elif self._banned():
            return web.Response(status=429, text="error code: 1015")
        else:
            answer, headers = self._decide(call, uploads)
        call.status = answer.status
        if answer.status >= 400:
            self._refuse(call, answer, headers)
        return _response(answer, headers)

    def _decide(self, call: Request, uploads: list[Upload]) -> tuple[Answer, dict[str, str]]:
        headers: dict[str, str] = {}
        try:
            found, ids = _route(call)
            if not found.open and call.authorization != f"Bot {self._backend.service.world.app.token}":
                raise Refusal(0, status=401, message="401: Unauthorized")
            if call.body is MALFORMED:
                raise Refusal(50109)
            major = ids.get(found.major, "") + (ids.get("token", "") if found.open else "")
            verdict = self.limits.check(found.limit, major, exempt=found.open)
            headers = verdict.headers
            if verdict.refusal is not None:
                return Answer(verdict.refusal, 429), headers
            return found.operation(Call(self._backend, call, ids, uploads)), headers
        except Refusal as refusal:
            via = {"Via": "1.1 google"} if refusal.status == 429 else {}
            return Answer(refusal.body, refusal.status), {**headers, **via}

    def _refuse(self, call: Request, answer: Answer, headers: dict[str, str]) -> None:
        """Keep what was refused, and count it against the limit of invalid calls."""
        call.code = cast("Json", answer.body or {}).get("code", 0)
        self.refusals.append(Refused(call.method, call.path, answer.status, call.code, call.at))
        if answer.status in (401, 403, 429) and headers.get("X-RateLimit-Scope") != "shared":
            self._invalid.append(time.monotonic())

    def _banned(self) -> bool:
        while self._invalid and self._invalid[0] < time.monotonic() - INVALID_WINDOW:
            self._invalid.popleft()
        return len(self._invalid) >= INVALID_LIMIT


def _route(call: Request) -> tuple[Route, dict[str, str]]:
    for found in ROUTES:
        match = found.path.match(call.path) if found.method == call.method else None
        if match:
            return found, match.groupdict()
    raise Refusal(0)


def _response(answer: Answer, headers: dict[str, str]) -> web.Response:
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    # Client libraries compare the content type as a whole, so nothing may follow it.
    typed = {**headers, "Content-Type": "application/json"}
    return web.Response(body=json.dumps(answer.body).encode(), status=answer.status, headers=typed)


async def _read(request: web.Request) -> tuple[Request, list[Upload]]:
    path = request.raw_path.split("?")[0].removeprefix("/api/v10")
    authorization = request.headers.get("Authorization", "")
    call = Request(time.monotonic(), request.method, path, dict(request.query), authorization)
    uploads: list[Upload] = []
    if request.content_type == "multipart/form-data":
        call.body, uploads = await _read_parts(request)
        call.files = [u.name for u in uploads]
    elif request.can_read_body:
        call.body = _parsed(await request.read())
    return call, uploads


async def _read_parts(request: web.Request) -> tuple[Any, list[Upload]]:
    body: Any = None
    uploads: list[Upload] = []
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            continue
        data = bytes(await part.read(decode=True))
        if part.name == "payload_json":
            body = _parsed(data)
        elif part.name and _FILE.match(part.name):
            kind = part.headers.get("Content-Type", "application/octet-stream")
            uploads.append(Upload(part.filename or "file", data, kind))
    return body, uploads


def _parsed(data: bytes) -> Any:
    """The JSON of a body, None for an empty one, MALFORMED for anything else."""
    try:
        return json.loads(data) if data else None
    except ValueError:
        return MALFORMED
