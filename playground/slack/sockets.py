"""The server side of Socket Mode: tickets, connections, hello and disconnect, pings, acknowledgements."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import Callable
from typing import Any, Literal, cast

from aiohttp import WSMsgType, web

from playground.slack.journal import Journal
from playground.slack.model import Json

MAX_SOCKETS = 10  # connections of one app; Slack docs, apis/events-api/using-socket-mode#connections
MAX_TICKETS = 100  # URLs handed out and not yet used; a bound of our own
MAX_UNANSWERED = 3  # pings without a pong until the line counts as dead; a guess
APPROXIMATE_LIFETIME = 18060  # s; as in the recorded hello

Reason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]
Acknowledge = Callable[[str, Json | None], None]


class Socket:
    """One connection; a silent one swallows whatever goes either way, a dismissed one gets no more envelopes."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.silent = False
        self.dismissed = False
        self.unanswered = 0
        self._request = request

    async def send(self, message: Json) -> bool:
        """Send a message; False when the line is broken, True also when a silent line lost it."""
        if self.silent:
            return True
        try:
            await self.socket.send_json(message)
        except (ConnectionError, RuntimeError):  # aiohttp raises RuntimeError when it is closed already
            return False
        return True

    def abort(self) -> None:
        """Break the TCP connection without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()


class Sockets:
    """All connections of the app; `ping_every` is in seconds.

    `refusing` breaks new connections. `opened` counts those that there ever were.
    """

    def __init__(self, app_id: str, journal: Journal, acknowledge: Acknowledge) -> None:
        self.ping_every = 5.0
        self.refusing = False
        self.opened = 0
        self._app_id = app_id
        self._journal = journal
        self._acknowledge = acknowledge
        self._tickets: list[str] = []
        self._open: list[Socket] = []
        self._turn = 0

    @property
    def live(self) -> list[Socket]:
        """The connections that get envelopes; a silent one is among them, as nobody knows yet."""
        return [socket for socket in self._open if not socket.dismissed]

    def ticket(self) -> str:
        """A ticket for one connection, as it stands in the URL from `apps.connections.open`."""
        made = secrets.token_urlsafe(24)
        self._tickets = [*self._tickets, made][-MAX_TICKETS:]
        return made

    def next(self) -> Socket | None:
        """The connection for the next envelope: Slack spreads them over all."""
        self._turn += 1
        live = self.live
        return live[self._turn % len(live)] if live else None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection from its beginning to its end."""
        ticket = request.query.get("ticket", "")
        if self.refusing:
            return web.Response(status=503, text="refused")
        if ticket not in self._tickets:
            return web.Response(status=401, text="unknown ticket")
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        made = Socket(socket, request)
        if len(self._open) >= MAX_SOCKETS:
            await made.send(self._farewell("too_many_websockets"))
            await socket.close()
        else:
            await self._live(made)
        return socket

    async def disconnect(self, reason: Reason) -> None:
        """Tell all clients to reconnect; after anything but a warning their line is closed at the next ping."""
        for socket in self.live:
            socket.dismissed = reason != "warning"
            await socket.send(self._farewell(reason))

    def silence(self) -> None:
        """Keep the present connections open, but without pongs, events or acknowledgements."""
        for socket in self._open:
            socket.silent = True

    def drop(self) -> None:
        """Break all TCP connections."""
        for socket in self._open:
            socket.abort()

    async def _live(self, made: Socket) -> None:
        self.opened += 1
        self._open.append(made)
        pinging = asyncio.create_task(self._ping(made))
        try:
            await made.send(self._hello())
            self._journal.stir()
            await self._listen(made)
        finally:
            self._open.remove(made)
            self._journal.stir()
            pinging.cancel()
            # The line may break while a ping is being written.
            with contextlib.suppress(asyncio.CancelledError, ConnectionError, RuntimeError):
                await pinging

    async def _listen(self, made: Socket) -> None:
        async for frame in made.socket:
            if made.silent:
                continue
            if frame.type == WSMsgType.PING:
                await made.socket.pong(cast("bytes", frame.data))
            elif frame.type == WSMsgType.PONG:
                made.unanswered = 0
            elif frame.type == WSMsgType.TEXT:
                self._take(cast("str", frame.data))

    def _take(self, text: str) -> None:
        """An acknowledgement; Slack ignores what is none."""
        try:
            said: Any = json.loads(text)
        except ValueError:
            return
        if isinstance(said, dict):
            answer = cast("Json", said)
            self._acknowledge(str(answer.get("envelope_id")), answer.get("payload") or None)

    async def _ping(self, made: Socket) -> None:
        while made.unanswered < MAX_UNANSWERED:
            await asyncio.sleep(self.ping_every)
            if made.dismissed:
                await made.socket.close()
                return
            if not made.silent:
                made.unanswered += 1
                await made.socket.ping(b"Ping from applink")
        made.abort()

    def _farewell(self, reason: Reason) -> Json:
        return {"type": "disconnect", "reason": reason, "num_connections": len(self._open), **self._about()}

    def _hello(self) -> Json:
        about = self._about()
        about["debug_info"] |= {"build_number": 10, "approximate_connection_time": APPROXIMATE_LIFETIME}
        return {"type": "hello", "num_connections": len(self._open), **about}

    def _about(self) -> Json:
        return {"debug_info": {"host": "applink-111-local"}, "connection_info": {"app_id": self._app_id}}
