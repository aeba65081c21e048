"""Messages, their copies, their edits and their deletions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import structlog

from adapters.slack_app import inbound
from adapters.slack_app.commands import read_words
from adapters.slack_app.connection import Connection
from adapters.slack_app.desk import Desk
from adapters.slack_app.inbound import Reader
from adapters.slack_app.markup import Json, part, parts, word
from adapters.slack_app.recent import Recent
from adapters.slack_app.twins import Twins
from bot import texts
from bot.messages import Ask, Control, ControlKind
from bot.vocabulary import Order

log = structlog.get_logger(__name__)

# How often somebody from another organisation is told that they are not answered, in seconds.
_STRANGERS_TOLD_EVERY: Final = 3_600.0
_REMEMBERED: Final = 2_000
# A message that others have answered is not removed from its thread, but replaced by a gravestone.
_GRAVESTONE: Final = "tombstone"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event, the envelope that it came in, and whose workspace it is about; `at` is when it happened."""

    body: Json
    event: Json
    reader: Reader
    at: float


class Messages:
    """Takes in what people say, say differently, and unsay."""

    def __init__(self, connection: Connection, desk: Desk, twins: Twins) -> None:
        self._connection = connection
        self._desk = desk
        self._twins = twins
        self._commands = Recent(_REMEMBERED)
        self._told = Recent(_REMEMBERED, within=_STRANGERS_TOLD_EVERY)

    async def take(self, arrival: Arrival) -> None:
        """Take in an event about a message; returning means stored, or none of our business."""
        match word(arrival.event, "subtype"):
            case "message_changed":
                await self._changed(arrival)
            case "message_deleted":
                await self._deleted(arrival, word(arrival.event, "deleted_ts"))
            case _:
                await self._said(arrival)

    async def _said(self, arrival: Arrival) -> None:
        event, reader = arrival.event, arrival.reader
        speaks = inbound.is_person(event, reader.workspace) or inbound.is_other_bot(event, reader.workspace)
        if not speaks or not word(event, "channel") or not word(event, "ts"):
            return
        ask = reader.ask(event, arrival.at)
        says_something = bool(ask.text or ask.attachments or ask.quotes)
        if not ask.addressed and not (ask.address.thread and says_something):
            return
        if self._is_unwanted(arrival):
            self._refuse(ask, word(event, "user"))
            return
        order = read_words(ask.text, self._connection.tools, mentioned=reader.is_mentioned(event))
        if order is not None and order.kind is not None:
            await self._obey(ask, order, order.kind, word(event, "user"))
        elif order is not None:
            await self._accept(order.asked(ask, order.value), event)
        else:
            await self._accept(ask, event)

    async def _accept(self, ask: Ask, event: Json) -> None:
        """Store an ask once for both of its copies, preferably with its files."""
        is_mention = word(event, "type") == "app_mention"
        if is_mention and not ask.attachments:
            await self._twins.wait(ask.key, ask.address.channel, words=bool(ask.text))
        await self._connection.inbox.ask(ask)
        if not is_mention and ask.addressed:
            self._twins.accepted(ask.key, ask.address.channel)

    async def _obey(self, ask: Ask, order: Order, kind: ControlKind, user: str) -> None:
        """Act once on a command, whose copies may come at the same time."""
        if not self._commands.add(ask.key):
            return
        try:
            await self._desk.words(ask, order, kind, user)
        except BaseException:
            # It will be sent again.
            self._commands.discard(ask.key)
            raise

    def _is_unwanted(self, arrival: Arrival) -> bool:
        """Whether somebody of another organisation speaks in a shared channel, whom the operator does not serve."""
        if self._connection.answers_strangers or not arrival.body.get("is_ext_shared_channel"):
            return False
        workspace = arrival.reader.workspace
        ours = {workspace.id, workspace.team}
        for authorization in parts(arrival.body, "authorizations"):
            ours |= {word(authorization, "team_id"), word(authorization, "enterprise_id")}
        if workspace.organisation and word(arrival.body, "enterprise_id") == workspace.organisation:
            # In such channels it is the speaker's: somebody of another workspace of the organisation.
            ours.add(word(arrival.body, "team_id"))
        team = word(arrival.event, "user_team", "team")
        return bool(team) and team not in ours

    def _refuse(self, ask: Ask, user: str) -> None:
        if ask.addressed and self._told.add(ask.author.id):
            log.info("ask.from_stranger", key=ask.key)
            sentence = texts.say("strangers", ask.address.locale)
            self._connection.start(self._connection.whisper(ask.address, user, ask.address.thread, sentence))

    async def _changed(self, arrival: Arrival) -> None:
        """An edited question changes what is asked; previews of links and our own edits change nothing."""
        event, reader = arrival.event, arrival.reader
        now, before = part(event, "message"), part(event, "previous_message")
        ts = word(now, "ts") or word(before, "ts")
        if word(now, "subtype") == _GRAVESTONE:
            await self._deleted(arrival, ts)
        elif inbound.is_person(now, reader.workspace) and before and word(now, "text") != word(before, "text"):
            key = inbound.message_key(reader.home(word(event, "channel")), word(event, "channel"), ts)
            await self._reworded(arrival, key, reader.text(word(now, "text")))

    async def _reworded(self, arrival: Arrival, key: str, text: str) -> None:
        """A question is read anew; what would now steer the bot, and did not when it was said, is just words."""
        order = read_words(text, self._connection.tools, mentioned=False)
        asks = order if order is not None and order.kind is None else Order(None, text)
        control = self._control(arrival, ControlKind.QUESTION_EDITED, key)
        control = replace(control, value=asks.shown(asks.value), call=asks.call(asks.value))
        reply = await self._connection.inbox.control(control)
        if reply.text:
            now = part(arrival.event, "message")
            thread = inbound.thread_of(now) or (word(now, "ts") if control.address.direct else "")
            whisper = self._connection.whisper(control.address, word(now, "user"), thread, reply.text)
            self._connection.start(whisper)

    async def _deleted(self, arrival: Arrival, ts: str) -> None:
        channel = word(arrival.event, "channel")
        if ts and channel:
            key = inbound.message_key(arrival.reader.home(channel), channel, ts)
            deleted = (ControlKind.QUESTION_DELETED, key), (ControlKind.ANSWER_DELETED, inbound.post_ref(channel, ts))
            for kind, target in deleted:
                await self._connection.inbox.control(self._control(arrival, kind, target))

    def _control(self, arrival: Arrival, kind: ControlKind, target: str) -> Control:
        user = word(part(arrival.event, "message"), "user") or word(part(arrival.event, "previous_message"), "user")
        address = arrival.reader.address(word(arrival.event, "channel"), user)
        actor = arrival.reader.author(user)
        return Control(f"{kind}/{target}", kind, "", address, actor, target)
