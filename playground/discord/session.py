"""A gateway session: its events in order, and the connection that they go to."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from collections.abc import Iterator
from itertools import islice

from aiohttp import web

from playground.discord.events import Intent
from playground.discord.model import Json
from playground.discord.service import Event

BACKLOG = 2000  # events kept for RESUME; our own limit
_SHARD_SHIFT = 22  # Discord docs, events/gateway#sharding


class Connection:
    """One WebSocket; a `muted` one stays open but says nothing more, `ended` is when we closed it ourselves."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.socket = socket
        self.muted = False
        self.ended = False
        self.session: Session | None = None
        self.sent = 0
        self._transport = transport
        self._wake = asyncio.Event()

    async def tell(self, op: int, data: Json | bool | None = None) -> None:
        """Send a message that is no event."""
        if not self.muted and not self.socket.closed:
            await self.socket.send_str(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def write(self) -> None:
        """Send the session's events as they come, until cancelled."""
        while True:
            self._wake.clear()
            for number, text in list(self.session.after(self.sent)) if self.session and not self.muted else ():
                await self.socket.send_str(text)
                self.sent = number
            await self._wake.wait()

    def stir(self) -> None:
        """There are new events."""
        self._wake.set()

    def abort(self) -> None:
        """Break the line without a word."""
        if self._transport is not None:
            self._transport.abort()


class Session:
    """What a client identified for, with the events that it may ask for again; `shard` is (number, count)."""

    def __init__(self, intents: int, shard: tuple[int, int]) -> None:
        self.id = uuid.uuid4().hex
        self.intents = intents
        self.shard = shard
        self.number = 0
        self.connection: Connection | None = None
        self.lost_at: float | None = None
        self._events: deque[str] = deque(maxlen=BACKLOG)

    def holds(self, guild_id: str) -> bool:
        """Whether a server, or with "" the direct messages, are this shard's."""
        return (int(guild_id or 0) >> _SHARD_SHIFT) % self.shard[1] == self.shard[0]

    def wants(self, event: Event) -> bool:
        """Whether the event is of this shard and of an intent asked for."""
        return self.holds(event.guild_id) and (not event.intent or bool(self.intents & event.intent))

    def push(self, event: Event) -> None:
        """Queue an event, without the message content unless its intent was asked for."""
        self.number += 1
        whole = event.redacted is None or self.intents & Intent.MESSAGE_CONTENT
        data = event.data if whole else event.redacted
        self._events.append(json.dumps({"op": 0, "t": event.name, "s": self.number, "d": data}))
        if self.connection:
            self.connection.stir()

    def reaches(self, number: int) -> bool:
        """Whether every event after this one is still there."""
        return self.number - len(self._events) <= number <= self.number

    def after(self, number: int) -> Iterator[tuple[int, str]]:
        """The events after this one, with their numbers."""
        first = self.number - len(self._events) + 1
        return islice(enumerate(self._events, first), max(0, number + 1 - first), None)

    def attach(self, connection: Connection, sent: int) -> None:
        """Send events to this connection from now on, beginning after `sent`."""
        self.connection, self.lost_at = connection, None
        connection.session, connection.sent = self, sent
        connection.stir()
