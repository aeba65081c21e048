"""How events, commands and actions reach the app: over its sockets, or signed to its request URL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from typing import Any, Literal

from aiohttp import web

from playground.slack import events, subscriptions
from playground.slack.envelopes import Delivered, Kind, envelope, kind_of
from playground.slack.http_delivery import HttpDelivery
from playground.slack.journal import Journal
from playground.slack.model import Channel, ChannelKind, Json, Message, Team
from playground.slack.payloads import TOKEN, message_json
from playground.slack.sockets import Sockets
from playground.slack.world import World

ACK_WITHIN = 3.0  # s; Slack docs, apis/events-api#responding
RETRY_AFTER = (0.0, 60.0, 300.0)  # s; "almost immediately", 1 and 5 minutes in Slack docs, apis/events-api#retries

MentionOrder = Literal["message", "app_mention", "only_message", "only_app_mention"]
_ORDERS: dict[MentionOrder, tuple[str, ...]] = {
    "message": ("message", "app_mention"),
    "app_mention": ("app_mention", "message"),
    "only_message": ("message",),
    "only_app_mention": ("app_mention",),
}


class Delivery:
    """Delivers over Socket Mode while a socket is connected, else to `url` when there is one.

    `ack_within` and `retry_after` are in seconds. `log` has every attempt in order. `mention_order` says which copies
    of a mention are sent and in which order, `mention_files` whether the app_mention copy has the files.
    """

    def __init__(self, world: World, journal: Journal, *, signing_secret: str, app_token: str) -> None:
        self.url = ""
        self.ack_within = ACK_WITHIN
        self.retry_after: Sequence[float] = RETRY_AFTER
        self.mention_order: MentionOrder = "message"
        self.mention_files = False
        self.subscribed = set(subscriptions.SCOPES)
        self.log: list[Delivered] = []
        self.app_token = app_token
        self.http = HttpDelivery(signing_secret)
        self.sockets = Sockets(world.app_id, journal, self._acknowledge)
        self._world = world
        self._journal = journal
        self._open: dict[str, Delivered] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    # Sockets ------------------------------------------------------------------------------------------------------

    def ticket(self) -> str:
        """A ticket for the URL that `apps.connections.open` answers with."""
        return self.sockets.ticket()

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """The route of Socket Mode connections."""
        return await self.sockets.serve(request)

    def connected(self) -> bool:
        """Whether a socket is there over which something may arrive."""
        return any(not socket.silent for socket in self.sockets.live)

    def refuse_sockets(self, refusing: bool = True) -> None:
        """Let new connections fail, or work again."""
        self.sockets.refusing = refusing

    def drop_sockets(self) -> None:
        """Break all TCP connections without a word."""
        self.sockets.drop()

    def silence(self) -> None:
        """Keep the present sockets open, but let nothing pass, pongs neither."""
        self.sockets.silence()

    def refresh(self) -> asyncio.Task[None]:
        """Ask all clients to reconnect, as Slack does every few hours."""
        return self._start(self.sockets.disconnect("refresh_requested"))

    # Events -------------------------------------------------------------------------------------------------------

    def announce(self, team: Team, event: Json, *, channel: Channel | None = None) -> None:
        """Send an event if the app is to be told of it; a new message that names the app goes out in two copies."""
        for copy in self._copies(team, event, channel):
            if subscriptions.reaches(self.subscribed, team, copy, channel):
                self._start(self._insist(events.callback(self._world, team, copy, channel)))

    def touch(self, message: Message) -> None:
        """Tell of a change that leaves the text as it is, as Slack does for previews of links and for replies."""
        channel = self._world.channels[message.channel]
        event = events.changed_event(self._world, message, message_json(self._world, message), self._world.clock.ts())
        for team in self._world.installed_in(channel):
            self.announce(team, event, channel=channel)

    def uninstall(self, team: Team) -> None:
        """Take the app out of a workspace: its token is void, and the app hears of it."""
        self._world.revoke(team)
        self.announce(team, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [team.bot_user_id]}})
        self.announce(team, {"type": "app_uninstalled"})

    def again(self, what: Delivered | Json) -> asyncio.Task[Delivered]:
        """Send the same once more, with the same event id and as a retry."""
        if isinstance(what, Delivered):
            return self._start(self._attempt(what.kind, what.body, what.attempt + 1, "http_timeout"))
        return self._start(self._attempt(kind_of(what), what, 1, "http_timeout"))

    def raw(self, body: Json) -> asyncio.Task[Delivered]:
        """Send any payload once, also one in a Socket Mode envelope, of which a fresh one is made."""
        inner = body["payload"] if "envelope_id" in body else body
        return self._start(self._attempt(kind_of(inner), inner, body.get("retry_attempt") or 0, ""))

    async def verify(self) -> bool:
        """Whether the request URL answers Slack's challenge."""
        return await self.http.verify(self.url, TOKEN, self.ack_within)

    async def ask(self, body: Json) -> Delivered:
        """Send a command or an action, once as Slack does, and wait until it is acknowledged or too late."""
        return await self._attempt(kind_of(body), body, 0, "")

    async def close(self) -> None:
        """Break all connections and forget what is still to be sent."""
        self.sockets.refusing = True
        self.sockets.drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.http.close()

    # --------------------------------------------------------------------------------------------------------------

    def _copies(self, team: Team, event: Json, channel: Channel | None) -> list[Json]:
        message = channel.messages.get(event.get("ts", "")) if channel and event["type"] == "message" else None
        # In a direct message there is but the one copy; Slack docs, reference/events/app_mention.
        if message is None or event["channel_type"] == ChannelKind.DM or message.user == team.bot_user_id:
            return [event]
        if f"<@{team.bot_user_id}>" not in message.text:
            return [event]
        mention = events.mention_event(self._world, message, files=self.mention_files)
        return [{"message": event, "app_mention": mention}[kind] for kind in _ORDERS[self.mention_order]]

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _insist(self, body: Json) -> None:
        """Send an event until it is acknowledged, or Slack gives up."""
        done = await self._attempt("events_api", body, 0, "")
        for attempt, wait in enumerate(self.retry_after, start=1):
            if done.acked_at is not None or not done.retry:
                return
            await asyncio.sleep(wait)
            done = await self._attempt("events_api", body, attempt, done.failure)

    async def _attempt(self, kind: Kind, body: Json, attempt: int, reason: str) -> Delivered:
        # The app must not see what later happens to objects that the payload shares with the world.
        frozen = json.loads(json.dumps(body))
        made = Delivered(asyncio.get_running_loop().time(), kind, frozen, attempt, reason)
        self.log.append(made)
        if self.sockets.live or not self.url:
            await self._over_socket(made)
        else:
            await self.http.send(self.url, made, self.ack_within)
        self._journal.stir()
        return made

    async def _over_socket(self, delivered: Delivered) -> None:
        """Wait for a socket if there is none just now, and then for the acknowledgement, each for `ack_within`."""
        packed = envelope(delivered)
        self._open[packed["envelope_id"]] = delivered
        try:
            await self._journal.wait_for(lambda: self.sockets.live, self.ack_within)
            if (socket := self.sockets.next()) is not None:
                await socket.send(packed)
            await self._journal.wait_for(lambda: delivered.settled, self.ack_within)
        except TimeoutError:
            delivered.failure = "timeout"
        finally:
            del self._open[packed["envelope_id"]]

    def _acknowledge(self, envelope_id: str, payload: Json | None) -> None:
        """Any socket may acknowledge; an unknown or late acknowledgement is ignored."""
        if (found := self._open.get(envelope_id)) is not None and not found.settled:
            found.acked_at = asyncio.get_running_loop().time()
            found.response = payload
            self._journal.stir()
