"""What Slack sends, each kind to whoever acts on it; raising keeps an event from being acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog

from adapters.slack_app.connection import Connection
from adapters.slack_app.desk import Answer, Desk
from adapters.slack_app.inbound import PLATFORM, Reader, conversation_of, said_at
from adapters.slack_app.markup import Json, part, word
from adapters.slack_app.messages import Arrival, Messages
from adapters.slack_app.places import Places
from adapters.slack_app.twins import Twins
from bot.messages import Control, ControlKind

log = structlog.get_logger(__name__)

# Slack waits 3 seconds (docs, apis/events-api); a third of that is for the way there and back.
ACCEPT_WITHIN: Final = 2.0


class Events:
    """Takes everything that passed Bolt's checks: events, commands, shortcuts and clicks; ignores all other kinds."""

    def __init__(
        self, connection: Connection, *, twins: Twins | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._desk = Desk(connection)
        self._places = Places(connection)
        messages = Messages(connection, self._desk, twins or Twins())
        self._handlers: Mapping[str, Callable[[Arrival], Awaitable[None]]] = {
            "message": messages.take,
            "app_mention": messages.take,
            "agent_session_stopped": self._stopped,
            "app_home_opened": self._opened,
            "app_uninstalled": self._removed,
            "tokens_revoked": self._removed,
        }
        self._interactions = {"block_actions": self._desk.click, "message_action": self._desk.shortcut}

    async def take(self, body: Mapping[str, Any], retries: int = 0) -> Answer:
        """Take in one request's payload and say what to answer; `retries` is Slack's count of earlier attempts.

        Raises when an event could not be stored within 2 seconds: it must not be acknowledged then.
        """
        handler = self._handlers.get(word(part(body, "event"), "type"))
        interaction = self._interactions.get(word(body, "type"))
        is_command = "command" in body
        if handler is None and interaction is None and not is_command:
            return Answer()
        reader = self._reader(body)
        if reader is None:
            return Answer()
        if is_command:
            return await self._desk.command(body, reader)
        if interaction is not None:
            await interaction(body, reader)
        elif handler is not None:
            event = part(body, "event")
            at = said_at(word(event, "ts"), self._clock(), retries)
            async with asyncio.timeout(ACCEPT_WITHIN):
                await handler(Arrival(body, event, reader, at))
        return Answer()

    def _reader(self, body: Json) -> Reader | None:
        workspace = self._places.workspace(body)
        if workspace is None:
            return None
        return Reader(workspace, self._connection.people)

    async def _stopped(self, arrival: Arrival) -> None:
        """Slack's own Stop was pressed; whoever pressed it sees the answer end."""
        event, reader = arrival.event, arrival.reader
        channel, user, thread = (word(event, name) for name in ("channel", "user", "thread_ts"))
        if not channel or not user:
            return
        home = reader.home(channel)
        await self._connection.inbox.control(
            Control(
                key=f"{PLATFORM}/stopped/{home}:{channel}:{word(event, 'event_ts') or thread}",
                kind=ControlKind.STOP,
                conversation=conversation_of(home, channel, thread) if thread else "",
                address=reader.address(channel, user, thread=thread),
                actor=reader.author(user),
            )
        )

    async def _opened(self, arrival: Arrival) -> None:
        event, home = arrival.event, arrival.reader.workspace.id
        user, channel = word(event, "user"), word(event, "channel")
        if word(event, "tab") == "home" and user:
            self._connection.start(self._connection.home.publish(home, user))
        elif word(event, "tab") == "messages" and channel:
            self._connection.start(self._connection.suggest_prompts(home, channel, user))

    async def _removed(self, arrival: Arrival) -> None:
        """The app was removed, or its token revoked; a revoked token of a person is not the app's."""
        tokens = part(arrival.event, "tokens")
        if tokens and not tokens.get("bot"):
            return
        home = arrival.reader.workspace.owner
        log.error("slack.workspace_lost", workspace=home, reason=word(arrival.event, "type"))
        await self._connection.forget_workspace(home)
