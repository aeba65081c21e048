"""The gateway: HELLO, IDENTIFY, RESUME, heartbeats, and the disasters that a test asks for."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from typing import Any, Literal

from aiohttp import WSMsgType, web

from playground.discord.events import Intent
from playground.discord.journal import Journal
from playground.discord.model import Json
from playground.discord.payloads import guild_create_json, own_user_json
from playground.discord.service import Event
from playground.discord.session import Connection, Session
from playground.discord.world import World

# Discord docs, topics/opcodes-and-status-codes#gateway
HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 1, 2, 6, 7, 9, 10, 11
DECODE_ERROR, NOT_AUTHENTICATED, BAD_TOKEN, ALREADY_AUTHENTICATED = 4002, 4003, 4004, 4005
RATE_LIMITED, BAD_SHARD, BAD_INTENTS, DISALLOWED_INTENTS = 4008, 4010, 4013, 4014
PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
ALL_INTENTS = (1 << 26) - 1
SENDS_PER_MINUTE = 120  # Discord docs, events/gateway#rate-limiting
SESSION_LIFETIME = 180.0  # s; "a few minutes" in Discord docs, events/gateway#disconnecting
IDENTIFY_TOTAL = 1000  # a day; Discord docs, events/gateway#session-start-limit-object

Disaster = Literal["op7", "abort", "invalid", "invalid-resumable", "close-4000", "close-4009", "close-1000", "silent"]


class Gateway:
    """All gateway connections; `interval` is between heartbeats in seconds.

    `identify_interval` is how long one IDENTIFY keeps the next out (5 s at Discord); 0 lets tests restart at once.
    `refusing` breaks new connections.
    """

    def __init__(self, world: World, journal: Journal) -> None:
        self.interval = 41.25
        self.identify_interval = 0.0
        self.refusing = False
        self.identified = 0
        self.resumed = 0
        self.connections: set[Connection] = set()
        self.sessions: dict[str, Session] = {}
        self._world = world
        self._journal = journal
        self._last_identify = float("-inf")
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self._world.address.replace("http", "ws", 1) + "/gateway/"

    @property
    def start_limit(self) -> Json:
        """What `GET /gateway/bot` says about how often one may identify."""
        left = IDENTIFY_TOTAL - self.identified
        return {"total": IDENTIFY_TOTAL, "remaining": left, "reset_after": 86_400_000, "max_concurrency": 1}

    def publish(self, event: Event) -> None:
        """Send an event to every session that asked for its kind, also to those that are disconnected."""
        for session in self.sessions.values():
            if session.wants(event):
                session.push(event)

    def connected(self) -> bool:
        """Whether a client is there and has identified or resumed."""
        return any(c.session is not None and not c.muted for c in self.connections)

    def disconnect(self, disaster: Disaster) -> None:
        """Let something happen to all connections."""
        for connection in list(self.connections):
            task = asyncio.create_task(self._strike(connection, disaster))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Break all connections and forget all sessions."""
        self.refusing = True
        for connection in list(self.connections):
            connection.abort()
        await asyncio.gather(*self._tasks)
        self.sessions.clear()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection from its beginning to its end."""
        socket = web.WebSocketResponse(autoping=True)
        connection = Connection(socket, request.transport)
        if self.refusing:
            connection.abort()
            return web.Response(status=503)
        await socket.prepare(request)
        self.connections.add(connection)
        writer = asyncio.create_task(connection.write())
        try:
            await connection.tell(HELLO, {"heartbeat_interval": int(self.interval * 1000)})
            await self._listen(connection)
        finally:
            self.connections.discard(connection)
            writer.cancel()
            # The line may break while an event is being written; the session keeps the event.
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await writer
            self._detach(connection)
        return socket

    async def _listen(self, connection: Connection) -> None:
        recent: deque[float] = deque(maxlen=SENDS_PER_MINUTE)
        async for frame in connection.socket:
            now = time.monotonic()
            if len(recent) == SENDS_PER_MINUTE and now - recent[0] < 60:
                await connection.socket.close(code=RATE_LIMITED)
                return
            recent.append(now)
            if frame.type != WSMsgType.TEXT:
                continue
            try:
                payload: Json = json.loads(frame.data)
                op, data = int(payload["op"]), payload.get("d")
            except (ValueError, KeyError, TypeError):
                await connection.socket.close(code=DECODE_ERROR)
                return
            await self._receive(connection, op, data)

    async def _receive(self, connection: Connection, op: int, data: Any) -> None:
        if op == HEARTBEAT:
            await connection.tell(HEARTBEAT_ACK)
        elif op in (IDENTIFY, RESUME):
            if connection.session is not None:
                await connection.socket.close(code=ALREADY_AUTHENTICATED)
            elif data.get("token") != self._world.app.token:
                await connection.socket.close(code=BAD_TOKEN)
            else:
                await (self._identify if op == IDENTIFY else self._resume)(connection, data)
        elif connection.session is None:
            await connection.socket.close(code=NOT_AUTHENTICATED)

    async def _identify(self, connection: Connection, data: Json) -> None:
        intents, shard = data.get("intents"), tuple(data.get("shard") or (0, 1))
        if not isinstance(intents, int) or not 0 <= intents <= ALL_INTENTS:
            await connection.socket.close(code=BAD_INTENTS)
        elif intents & PRIVILEGED & ~self._world.app.intents:
            await connection.socket.close(code=DISALLOWED_INTENTS)
        elif not 0 <= shard[0] < shard[1]:
            await connection.socket.close(code=BAD_SHARD)
        elif time.monotonic() - self._last_identify < self.identify_interval:
            await connection.tell(INVALID_SESSION, False)
        else:
            self._begin(connection, Session(intents, (shard[0], shard[1])))

    def _begin(self, connection: Connection, session: Session) -> None:
        self._last_identify = time.monotonic()
        self.identified += 1
        self.sessions[session.id] = session
        session.attach(connection, 0)
        world = self._world
        mine = [g for g in world.guilds.values() if world.app.bot.id in g.members and session.holds(g.id)]
        ready: Json = {
            "v": 10,
            "user": own_user_json(world.app.bot),
            "guilds": [{"id": g.id, "unavailable": True} for g in mine],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": list(session.shard),
            "application": {"id": world.app.id, "flags": world.app.flags},
            "private_channels": [],
        }
        session.push(Event("READY", ready, 0))
        for guild in mine if session.intents & Intent.GUILDS else ():
            session.push(Event("GUILD_CREATE", guild_create_json(world, guild), Intent.GUILDS, guild.id))
        self._journal.stir()

    async def _resume(self, connection: Connection, data: Json) -> None:
        session = self.sessions.get(str(data.get("session_id")))
        number = data.get("seq")
        fresh = session and (session.lost_at is None or time.monotonic() - session.lost_at < SESSION_LIFETIME)
        if not session or not fresh or not isinstance(number, int) or not session.reaches(number):
            await connection.tell(INVALID_SESSION, False)
            return
        self.resumed += 1
        session.attach(connection, number)
        session.push(Event("RESUMED", {}, 0))
        self._journal.stir()

    def _detach(self, connection: Connection) -> None:
        """A client that closes with 1000 or 1001 ends its session; any other end leaves it to be resumed."""
        session = connection.session
        if session and session.connection is connection:
            session.connection, session.lost_at = None, time.monotonic()
            if not connection.ended and connection.socket.close_code in (1000, 1001):
                self.sessions.pop(session.id, None)
        self._journal.stir()

    async def _strike(self, connection: Connection, disaster: Disaster) -> None:
        if disaster == "abort":
            connection.abort()
        elif disaster == "silent":
            connection.muted = True
        elif disaster == "op7":
            await connection.tell(RECONNECT)
        elif disaster.startswith("invalid"):
            resumable = disaster == "invalid-resumable"
            if connection.session and not resumable:
                self.sessions.pop(connection.session.id, None)
            await connection.tell(INVALID_SESSION, resumable)
        else:
            connection.ended = True
            await connection.socket.close(code=int(disaster.removeprefix("close-")))
        self._journal.stir()
