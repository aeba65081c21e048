"""The desk: commands, shortcuts and clicks, answered in time. Slack sends none of them a second time."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from adapters.slack_app.commands import read_command, rule_words, scope_at
from adapters.slack_app.connection import Connection
from adapters.slack_app.controls import Click, read_clicks
from adapters.slack_app.inbound import PLATFORM, Reader, attachments_of, conversation_of, message_key
from adapters.slack_app.markup import Json, mrkdwn, part, word
from bot import texts
from bot.errors import GlimmerError, PlatformGone, PlatformRefused
from bot.messages import Address, Ask, Control, ControlKind, Reply
from bot.vocabulary import SLOW, Order

log = structlog.get_logger(__name__)

# Slack docs, interactivity/handling-user-interaction: an acknowledgement counts within 3 seconds; the rest is for the
# way.
ANSWER_WITHIN: Final = 2.6
CLICK_WITHIN: Final = 2.0

# Kinds that anybody may use on anything.
_FREE: Final = SLOW | {ControlKind.HELP, ControlKind.UPVOTE, ControlKind.DOWNVOTE}
# Callback id of a shortcut -> what it asks, and whether it is about all of the thread.
_SHORTCUTS: Final = {
    "glimmer_ask": ("Explain this message.", False),
    "glimmer_summarise": ("Summarise this thread.", True),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What Slack is told: an acknowledgement, with a body where the kind of request takes one."""

    status: int = 200
    body: Mapping[str, Any] | None = None


class Desk:
    """Stores what a person asks for by other means than a message, and says what became of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def command(self, form: Json, reader: Reader) -> Answer:
        """Do what follows `/glm`; the sentence about it is the acknowledgement's body, seen by its giver only."""
        order = read_command(word(form, "text"), self._connection.tools)
        user = word(form, "user_id")
        address = reader.address(word(form, "channel_id"), user, title=word(form, "channel_name"))
        sentence = texts.say("not_stored", address.locale)
        with suppress(TimeoutError):  # then it is not known whether it was stored
            async with asyncio.timeout(ANSWER_WITHIN):
                if order.kind is None:
                    sentence = await self._ask(form, order, address, reader)
                else:
                    control = _control(form, order, order.kind, address, reader)
                    sentence = (await self._act(control, user)).text
        return Answer(body={"response_type": "ephemeral", "text": mrkdwn(sentence)}) if sentence else Answer()

    async def _ask(self, form: Json, order: Order, address: Address, reader: Reader) -> str:
        """Post the question for all to see, and take it in as if it had been said; the sentence when that failed."""
        words = reader.text(order.value)
        asker = reader.author(word(form, "user_id"), word(form, "user_name"))
        try:
            barred = await self._connection.inbox.barred(address, asker, order.tool.tool if order.tool else "")
            if barred:
                return barred
            ts = await self._connection.post_question(address, word(form, "user_id"), order.shown(words))
            await self._connection.inbox.ask(order.asked(_asked(form, ts, address, reader), words))
        except (PlatformGone, PlatformRefused) as error:
            log.info("command.not_posted", channel=address.channel, reason=str(error))
            return texts.say("uninvited", address.locale)
        except GlimmerError as error:
            log.warning("command.not_stored", channel=address.channel, reason=str(error))
            return texts.say("not_stored", address.locale)
        return ""

    async def shortcut(self, payload: Json, reader: Reader) -> None:
        """Ask about a message, from its menu; the answer comes into its thread."""
        known = _SHORTCUTS.get(word(payload, "callback_id"))
        message, channel, user = part(payload, "message"), part(payload, "channel"), word(part(payload, "user"), "id")
        ts = word(message, "ts") or word(payload, "message_ts")
        if known is None or not (ts and user and word(channel, "id")):
            return
        ask = _about(payload, message, reader, *known)
        try:
            async with asyncio.timeout(CLICK_WITHIN):
                sentence = await self._connection.inbox.barred(ask.address, ask.author)
                if not sentence:
                    await self._connection.inbox.ask(ask)
        except (GlimmerError, TimeoutError) as error:
            log.warning("shortcut.not_stored", key=ask.key, reason=str(error) or type(error).__name__)
            sentence = texts.say("not_stored", ask.address.locale)
        if sentence:
            whisper = self._connection.whisper(
                ask.address, user, ask.address.thread, sentence, word(payload, "response_url")
            )
            self._connection.start(whisper)

    async def click(self, payload: Json, reader: Reader) -> None:
        """Act on clicks; what takes longer than Slack waits goes on after the acknowledgement."""
        pressed = [(click, asyncio.Event()) for click in read_clicks(payload, reader)]
        for click, done in pressed:
            self._connection.start(self._press(click, done))
        with suppress(TimeoutError):  # a Regenerate waits for the delivery of the answer that it replaces
            async with asyncio.timeout(CLICK_WITHIN):
                for _, done in pressed:
                    await done.wait()

    async def _press(self, click: Click, done: asyncio.Event) -> None:
        control = click.control
        try:
            sentence = (await self._act(control, click.user)).text
        finally:
            done.set()
        if click.home:
            # The home shows what was chosen, or still is.
            await self._connection.home.publish(control.address.workspace, click.user)
        elif sentence:
            await self._connection.whisper(
                control.address, click.user, control.address.thread, sentence, click.response_url
            )

    async def _act(self, control: Control, user: str) -> Reply:
        """What is said about a control that Slack will not send again."""
        try:
            return await self.steer(control, user)
        except GlimmerError as error:
            log.error("control.not_stored", key=control.key, reason=str(error))  # noqa: TRY400  # it has no news
            return Reply(texts.say("not_stored", control.address.locale))

    async def words(self, ask: Ask, order: Order, kind: ControlKind, user: str) -> None:
        """Act on a message that is a command, and whisper what became of it; raises what the inbox raises."""
        address = ask.address
        thread = address.thread or (ask.message if address.direct else "")
        control = Control(
            key=ask.key.replace(f"{PLATFORM}/", f"{PLATFORM}/words/", 1),
            kind=kind,
            # Outside of a thread it is no conversation's, but about what runs there.
            conversation=ask.conversation if address.thread else "",
            address=address,
            actor=ask.author,
            value=rule_words(order, address, ask.author),
            scope=scope_at(order.scope, address),
            origin={"thread": thread},
        )
        reply = await self.steer(control, user)
        self._connection.start(self._connection.hand_over(address, user, thread, reply))

    async def steer(self, control: Control, user: str) -> Reply:
        """Store a control and act on it, with the rights of whoever gave it; raises what the inbox raises."""
        if control.kind not in _FREE:
            rights = await self._connection.people.rights(control.address.workspace, user)
            control = replace(control, actor=replace(control.actor, rights=rights))
        return await self._connection.inbox.control(control)


def _control(form: Json, order: Order, kind: ControlKind, address: Address, reader: Reader) -> Control:
    """The control that a slash command is; such commands are given outside of any thread."""
    occasion = word(form, "trigger_id") or uuid.uuid4().hex
    actor = reader.author(word(form, "user_id"), word(form, "user_name"))
    return Control(
        key=f"{PLATFORM}/command/{reader.workspace.id}/{occasion}",
        kind=kind,
        conversation="",
        address=address,
        actor=actor,
        value=rule_words(order, address, actor),
        scope=scope_at(order.scope, address),
        origin={"response_url": word(form, "response_url")},
    )


def _asked(form: Json, ts: str, address: Address, reader: Reader) -> Ask:
    """The ask that a question is which was posted, with this ts, for whoever gave the command; it has no text yet."""
    channel, user = word(form, "channel_id"), word(form, "user_id")
    home = reader.home(channel)
    return Ask(
        key=message_key(home, channel, ts),
        conversation=conversation_of(home, channel, ts),
        address=replace(address, thread=ts),
        author=reader.author(user, word(form, "user_name")),
        text="",
        at=time.time(),
        message=ts,
        origin={"team": word(form, "team_id"), "user": user, "response_url": word(form, "response_url")},
    )


def _about(payload: Json, message: Json, reader: Reader, question: str, reads_place: bool) -> Ask:
    """The ask that a shortcut in this message's menu is."""
    channel, user = part(payload, "channel"), part(payload, "user")
    where = word(channel, "id")
    home = reader.home(where)
    root = word(message, "thread_ts") or word(message, "ts") or word(payload, "message_ts")
    quote = reader.quote(message)
    occasion = word(payload, "action_ts", "trigger_id") or uuid.uuid4().hex
    return Ask(
        key=f"{PLATFORM}/{home}:{where}:shortcut:{occasion}",
        conversation=conversation_of(home, where, root),
        address=reader.address(where, word(user, "id"), thread=root, title=word(channel, "name")),
        author=reader.author(word(user, "id"), word(user, "name", "username")),
        text=question,
        at=time.time(),
        message="",
        reads_place=reads_place,
        quotes=(quote,) if quote else (),
        attachments=attachments_of(message),
        origin={
            "team": word(user, "team_id") or word(part(payload, "team"), "id"),
            "user": word(user, "id"),
            "response_url": word(payload, "response_url"),
        },
    )
