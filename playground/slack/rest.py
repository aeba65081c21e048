"""The way of a Web API call: fault, token, limit, scope, arguments, operation; half the latency before and after."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import web

from playground.slack import (
    arguments,
    routes_agents,
    routes_chat,
    routes_conversations,
    routes_files,
    routes_streams,
    routes_users,
    routes_views,
)
from playground.slack.calls import Call, Context, Method
from playground.slack.faults import Fault, Faults, Hold
from playground.slack.journal import Journal
from playground.slack.model import Json, Team
from playground.slack.refusals import Refusal
from playground.slack.service import Service
from playground.slack.tiers import Key, Tiers

METHODS: dict[str, Method] = {
    m.name: m
    for table in (
        routes_users.METHODS,
        routes_chat.METHODS,
        routes_streams.METHODS,
        routes_agents.METHODS,
        routes_conversations.METHODS,
        routes_views.METHODS,
        routes_files.METHODS,
    )
    for m in table
}
GRACE = 0.1  # s after a 429 was sent in which the app cannot yet have heard of it
_GUEST = Team("", "", "", "", "", agent=False)


@dataclass(eq=False)
class Reply:
    """What a call is answered with; `told` is the limit on which a 429 said when to come again."""

    body: Json | str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    told: tuple[Key, float] | None = None


class Rest:
    """Answers /api/<method>; `latency` is in seconds a call, half of it before the effect, `jitter` the most on top.

    `violations` has a sentence for every call that broke a documented limit or rule, or came before its Retry-After
    had passed.
    """

    def __init__(self, service: Service, journal: Journal) -> None:
        self.latency = 0.0
        self.jitter = 0.0
        self.tiers = Tiers({m.name: m.limit for m in METHODS.values()})
        self.faults = Faults()
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.in_flight = 0
        self._service = service
        self._journal = journal
        self._told: dict[Key, tuple[float, float]] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        self.in_flight += 1
        try:
            call = await _read(request)
            self.calls.append(call)
            self._journal.stir()
            return await self._carry_out(request, call)
        finally:
            self.in_flight -= 1
            self._journal.stir()

    async def _carry_out(self, request: web.Request, call: Call) -> web.StreamResponse:
        half = (self.latency + random.uniform(0, self.jitter)) / 2
        await asyncio.sleep(half)
        fault = self.faults.take(call)
        if isinstance(fault, Hold) and not fault.applied:
            await fault.wait()
        reply = self._apply(call, fault)
        if isinstance(fault, Hold) and fault.applied:
            await fault.wait()
        await asyncio.sleep(half)
        if fault and fault.mode == "lose" and request.transport:
            request.transport.abort()
        if reply.told:
            key, wait = reply.told
            now = asyncio.get_running_loop().time()
            self._told[key] = (now + GRACE, now + wait)
        return _response(reply)

    def _apply(self, call: Call, fault: Fault | None) -> Reply:
        """Let a call take effect, unless a fault or a rule is against it."""
        if fault and fault.mode == "answer":
            owner = self._owner(call)
            call.team = owner.id if owner else ""
            reply = _failed(call, fault)
        elif fault and fault.mode == "lose" and not fault.applied:
            reply = Reply("")
        else:
            reply = self._decide(call)
        call.status = reply.status
        call.error = "" if isinstance(reply.body, str) else reply.body.get("error", "")
        return reply

    def _decide(self, call: Call) -> Reply:
        headers: dict[str, str] = {}
        try:
            found = METHODS.get(call.method)
            if found is None:
                self._note(call, "no such method here")
                raise Refusal("unknown_method", extra={"req_method": call.method})
            team = self._team(call, found)
            call.team = team.id
            headers["x-oauth-scopes"] = ",".join(sorted(team.scopes))
            headers["x-accepted-oauth-scopes"] = found.scope
            reply = self._limited(call, team) or Reply(self._operate(call, found, team))
        except Refusal as refusal:
            self._note(call, refusal.broken)
            reply = Reply(refusal.body, refusal.status)
        reply.headers |= headers
        return reply

    def _team(self, call: Call, found: Method) -> Team:
        """Whose token it is; calls with the app's token belong to no team."""
        given, team = _token(call), self._owner(call)
        if not given:
            raise Refusal("not_authed")
        if team is None:
            raise Refusal("invalid_auth")
        if team.revoked:
            raise Refusal("token_revoked")
        if not given.startswith(found.token):
            raise Refusal("not_allowed_token_type", broken=f"a token {given[:5]}… where {found.token} is needed")
        return team

    def _owner(self, call: Call) -> Team | None:
        world, given = self._service.world, _token(call)
        if given == world.app_token:
            return _GUEST
        owner = next((t for t in world.teams.values() if t.bot_token == given), None)
        return world.addressed(owner, call.args) if owner else None

    def _limited(self, call: Call, team: Team) -> Reply | None:
        channel = str(call.args.get("channel", "")) if call.method == "chat.postMessage" else ""
        for key in ((call.method, team.id, ""), (call.method, team.id, channel)):
            said, until = self._told.get(key, (0.0, 0.0))
            if said < call.at < until:
                self._note(call, f"called {until - call.at:.2f} s before its Retry-After had passed")
                break
        excess = self.tiers.check(call.method, team.id, channel)
        if excess is None:
            return None
        headers = {"Retry-After": str(excess.retry_after)}
        told = (excess.key, float(excess.retry_after))
        return Reply({"ok": False, "error": "ratelimited"}, 429, headers, told)

    def _operate(self, call: Call, found: Method, team: Team) -> Json:
        """Check scope and arguments, and carry the call out."""
        for name in arguments.unknown(found.arguments, call.args):
            self._note(call, f"unknown argument {name}")
        context = Context(self._service, team, {})
        if found.scope:
            context.need(found.scope)
        context.args = arguments.read(found.arguments, call.args)
        answer: Json = {"ok": True, **found.operation(context)}
        for sentence in context.breaches:
            self._note(call, sentence)
        if context.warnings:
            metadata: Json = answer.get("response_metadata", {})
            answer["warning"] = ",".join(context.warnings)
            answer["response_metadata"] = {"warnings": context.warnings, **metadata}
        return answer

    def _note(self, call: Call, sentence: str) -> None:
        if sentence:
            self.violations.append(f"{call.method}: {sentence}")


async def _read(request: web.Request) -> Call:
    """The call with its arguments out of query, form or JSON; the token moves into the headers."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        args |= _object(await request.text())
    elif request.can_read_body:
        args |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    headers = dict(request.headers)
    token = args.pop("token", None)
    if token and "Authorization" not in headers:
        headers["Authorization"] = f"Bearer {token}"
    now = asyncio.get_running_loop().time()
    return Call(now, request.match_info["method"], args, headers)


def _token(call: Call) -> str:
    return call.headers.get("Authorization", "").removeprefix("Bearer ").strip()


def _object(body: str) -> Json:
    try:
        given: Any = json.loads(body or "{}")
    except ValueError:
        return {}
    return cast("Json", given) if isinstance(given, dict) else {}


def _failed(call: Call, fault: Fault) -> Reply:
    if fault.status >= 500:
        return Reply("upstream connect error", fault.status)
    error = "ratelimited" if fault.status == 429 else fault.error
    wait = fault.retry_after
    headers: Mapping[str, str] = {"Retry-After": f"{wait:g}"} if wait is not None else {}
    told = ((call.method, call.team, ""), wait) if fault.status == 429 and wait is not None else None
    return Reply({"ok": False, "error": error}, fault.status, dict(headers), told)


def _response(reply: Reply) -> web.Response:
    if isinstance(reply.body, str):
        return web.Response(text=reply.body, status=reply.status, headers=reply.headers)
    return web.json_response(reply.body, status=reply.status, headers=reply.headers)
