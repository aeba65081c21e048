"""What the lines of the terminal chat do on Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from playground.feed import Card, Seen
from playground.newcomer import Command, read_file
from playground.slack.interactions import Reply
from playground.slack.links import MAX_UPLOAD
from playground.slack.model import File, Message
from playground.slack.refusals import Impossible
from playground.slack.server import SlackStandIn
from playground.slack_view import SlackView, button_labels


class SlackVisitor:
    """The newcomer on Slack; `show` draws what only they see."""

    platform = "Slack"

    def __init__(
        self, slack: SlackStandIn, view: SlackView, tell: Callable[[str], None], show: Callable[[Card], None]
    ) -> None:
        self._slack = slack
        self._view = view
        self._tell = tell
        self._show = show
        self._person = slack.person("newcomer")
        self._home = slack.channel("general")
        self._channel = self._home
        self._thread = ""
        self._last: Message | None = None
        self.commands: Mapping[str, Command] = {
            "/new": self._new,
            "/dm": self._dm,
            "/ask": lambda question: self._order("ask", question),
            "/stop": lambda _: self._order("stop"),
            "/model": lambda name: self._order("model", name),
            "/reset": lambda _: self._order("reset"),
            "/help": lambda _: self._order("help"),
            "/click": self._click,
            "/edit": self._edit,
            "/delete": self._delete,
            "/attach": self._attach,
        }

    @property
    def place(self) -> str:
        """Where plain text goes: first the channel or the direct message, then the thread of the answer."""
        return self._view.where(self._channel, self._thread)

    def notice(self, seen: Seen) -> bool:
        """Follow the conversation into its thread when the bot answers there; returns whether that was so."""
        message = self._view.message(seen.key) if seen.ours and seen.platform == self.platform else None
        if message is None or self._thread or self._last is None or message.thread != self._last.ts:
            return False
        if message.channel != self._channel.id:
            return False
        self._thread = message.thread
        return True

    async def say(self, text: str) -> None:
        """Say something at that place; in the channel to the bot."""
        await self._say(text)

    async def _say(self, text: str, *files: File) -> None:
        speak = self._person.mention if self._channel is self._home and not self._thread else self._person.say
        self._last = await speak(self._channel, _escaped(text), thread=self._thread, files=files)

    async def _new(self, text: str) -> None:
        self._channel, self._thread = self._home, ""
        if text:
            await self._say(text)

    async def _dm(self, text: str) -> None:
        if self._channel is not self._person.dm:
            await self._person.open_messages_tab()
        self._channel, self._thread = self._person.dm, ""
        if text:
            await self._say(text)

    async def _attach(self, words: str) -> None:
        name, _, text = words.partition(" ")
        file, data, media_type = await asyncio.to_thread(read_file, name, MAX_UPLOAD)
        await self._say(text, await self._person.upload(file, media_type, data))

    async def _edit(self, text: str) -> None:
        message = self._mine()
        mention = f"<@{self._slack.bot_user.id}> "
        kept = mention if message.text.startswith(mention) else ""
        await self._person.edit(message, kept + _escaped(text))

    async def _delete(self, _: str) -> None:
        await self._person.delete(self._mine())

    def _mine(self) -> Message:
        if self._last is None:
            raise Impossible("you have not written anything yet")
        return self._last

    async def _order(self, word: str, rest: str = "") -> None:
        """Give a command; in threads, where Slack allows none, in a message of its own."""
        order = f"{word} {rest}".rstrip()
        if self._thread:
            await self._person.say(self._channel, f"!{_escaped(order)}", thread=self._thread)
            return
        reply = await self._person.slash("/glm", order, self._channel)
        self._heed(reply)
        if text := str((reply.response or {}).get("text", "")):
            bot, here = self._slack.bot_user, self.place
            self._show(Card(self.platform, bot.name, True, here, self._view.plain(text), private=True))

    async def _click(self, which: str) -> None:
        wanted = which.lower() or "stop"
        message, label = self._newest_with(wanted)
        if label in button_labels(message.blocks):
            self._heed(await self._person.click(message, label))
        else:
            await self._person.press_stop(self._slack.world.channels[message.channel], message.thread)

    def _newest_with(self, which: str) -> tuple[Message, str]:
        """The newest message with such a button, here before elsewhere."""
        mine = [c for c in self._slack.world.channels.values() if self._person.id in c.members]
        there = [m for c in mine for m in c.messages.values() if not m.deleted]
        here = (self._channel.id, self._thread)
        for message in sorted(there, key=lambda m: ((m.channel, m.thread) == here, m.ts), reverse=True):
            for label in self._view.labels(message):
                if label.lower() == which:
                    return message, label
        raise Impossible(f"there is no button {which!r}")

    def _heed(self, reply: Reply) -> None:
        if not reply.acked:
            self._tell("The app did not respond in time.")


def _escaped(text: str) -> str:
    """As Slack's client sends what was typed; Slack docs, messaging/formatting-message-text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
