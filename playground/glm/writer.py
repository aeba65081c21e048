"""Writing one answer to one client."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Mapping, Sequence

from aiohttp import web

from playground.glm.dialects import (
    DIALECTS,
    OPENAI,
    ZHIPU,
    Dialect,
    Head,
    Json,
    Plan,
    completion,
    found_by,
    plan,
    speech,
)
from playground.glm.exchange import Exchange
from playground.glm.pacing import Pacer, Stream
from playground.glm.refusals import as_json, failure, zhipu_error
from playground.glm.script import BEFORE_HEADERS, Answer, Broken, Cut, Raw, Sensitive, Silence
from playground.glm.usage import usage_of

_DIALECT_OF: Mapping[str, Dialect] = {"bigmodel": ZHIPU, "zai": ZHIPU, "aimlapi": OPENAI, "acedata": OPENAI}
_USAGE_ON_REQUEST = frozenset({"aimlapi"})
# The sample bill of the documents: 1677 tokens written for 14 read cost 19237 credits, and a dollar is 2,000,000.
_CREDITS_PER_TOKEN = 19237 / 1691
_CREDITS_PER_DOLLAR = 2_000_000


class Writer:
    """Writes an answer: streamed when that was asked for, else as one object."""

    def __init__(self, request: web.Request, exchange: Exchange, pacer: Pacer, answer: Answer) -> None:
        self._request = request
        self._exchange = exchange
        self._pacer = pacer
        self._answer = answer
        self._said = speech(answer, exchange.body.get("max_tokens"))
        self._head = Head(secrets.token_hex(12), int(time.time()), exchange.model.rpartition("/")[2])
        self._interval = 1 / answer.rate if answer.rate else 0.0
        self._lead = b""
        self._started_at = asyncio.get_running_loop().time()

    async def write(self) -> web.StreamResponse:
        """Write it all, and return the finished response."""
        await self._stand(BEFORE_HEADERS)
        if self._answer.whole or not self._exchange.body.get("stream"):
            return await self._whole()
        response = web.StreamResponse(headers={"Content-Type": self._answer.wire.content_type})
        response.enable_chunked_encoding()
        await response.prepare(self._request)
        await self._stream(self._plan())
        if isinstance(self._answer.ending, Cut):
            self._reset()
        else:
            await response.write_eof()
        return response

    def _plan(self) -> Plan:
        asked = self._exchange.body.get("stream_options", {}).get("include_usage", False)
        shown = asked or self._exchange.provider not in _USAGE_ON_REQUEST
        usage = usage_of(self._answer, self._said, self._exchange) if shown else None
        found = found_by(self._answer, self._exchange.search)
        return plan(self._answer, self._said, self._dialect(), self._head, usage, found)

    def _dialect(self) -> Dialect:
        name = self._answer.dialect
        return DIALECTS[name] if name else _DIALECT_OF[self._exchange.provider]

    async def _stream(self, layout: Plan) -> None:
        self._lead = layout.head
        done = 0
        for place in sorted({hold.after for hold in self._answer.holds if hold.after > 0} | {0}):
            if place:
                await self._play(layout.tokens[done:place])
            await self._stand(place)
            done = place
        await self._play(layout.tokens[done:])
        self._send([layout.tail])

    async def _play(self, frames: Sequence[bytes]) -> None:
        first = self._started_at + self._answer.delay + self._exchange.tokens * self._interval
        await self._pacer.play(Stream(frames, self._tokens, first, self._interval))

    def _tokens(self, frames: Sequence[bytes], now: float) -> None:
        exchange = self._exchange
        if exchange.first_token_at is None:
            exchange.first_token_at = now
        exchange.last_token_at = now
        exchange.tokens += len(frames)
        self._send(frames)

    def _send(self, frames: Sequence[bytes]) -> None:
        """Put frames on the wire, an HTTP chunk each: writing past aiohttp's writer takes a third of its time."""
        transport = self._request.transport
        if transport is None or transport.is_closing():
            return
        frames = [frame for frame in (self._lead, *frames) if frame]
        self._lead = b""
        if size := self._answer.wire.split:
            joined = b"".join(frames)
            frames = [joined[at : at + size] for at in range(0, len(joined), size)]
        transport.write(b"".join([b"%x\r\n%b\r\n" % (len(frame), frame) for frame in frames]))

    async def _stand(self, place: int) -> None:
        for hold in self._answer.holds:
            if hold.after != place:
                continue
            await hold.stand()
            self._started_at = asyncio.get_running_loop().time() - self._elapsed()

    def _elapsed(self) -> float:
        """The time that the schedule had come to, so that a released answer goes on in its own pace."""
        if not self._exchange.tokens:
            return 0.0
        return self._answer.delay + self._exchange.tokens * self._interval

    async def _whole(self) -> web.StreamResponse:
        frames = [b""] * self._said.length
        await self._pacer.play(Stream(frames, _nowhere, self._started_at + self._answer.delay, self._interval))
        for hold in self._answer.holds:
            await hold.stand()
        if isinstance(self._answer.ending, Cut):
            self._reset()
            return web.Response()
        raw = self._complete()
        return web.Response(status=raw.status, body=raw.body, content_type="application/json")

    def _complete(self) -> Raw:
        match self._answer.ending:
            case Sensitive(role, level) if self._dialect() is ZHIPU:
                return zhipu_error(400, "1301", "STAND-IN: unsafe", contentFilter=[{"level": level, "role": role}])
            case Broken(code, message):
                return failure(self._exchange.provider, code, message)
            case Silence():
                return Raw()
            case _:
                return as_json(200, self._completion())

    def _completion(self) -> Json:
        usage = usage_of(self._answer, self._said, self._exchange)
        whole = completion(self._answer, self._said, self._dialect(), self._head, usage)
        whole |= found_by(self._answer, self._exchange.search)
        if self._exchange.provider != "aimlapi":
            return whole
        credits_used = round(_CREDITS_PER_TOKEN * whole.get("usage", {}).get("total_tokens", 0))
        spent = {"credits_used": credits_used, "usd_spent": credits_used / _CREDITS_PER_DOLLAR}
        return whole | {"meta": {"usage": spent}}

    def _reset(self) -> None:
        """Reset the connection: with a linger time of 0, closing sends RST."""
        transport = self._request.transport
        if transport is None:
            return
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


def _nowhere(_frames: Sequence[bytes], _now: float) -> None:
    """The tokens of an answer that is sent whole are only waited for."""
