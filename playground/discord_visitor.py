"""What the lines of the terminal chat do on Discord."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from playground.discord.interactions import Interaction
from playground.discord.model import Channel, Message, Upload
from playground.discord.refusals import Impossible
from playground.discord.server import DiscordStandIn
from playground.discord_view import DiscordView, button_labels
from playground.feed import Seen
from playground.newcomer import Command, read_file


class DiscordVisitor:
    """The newcomer on Discord."""

    platform = "Discord"

    def __init__(self, discord: DiscordStandIn, view: DiscordView, tell: Callable[[str], None]) -> None:
        self._discord = discord
        self._view = view
        self._tell = tell
        self._person = discord.person("newcomer")
        self._home = discord.channel("general")
        self._last: Message | None = None
        self._channel: Channel = self._home
        self.commands: Mapping[str, Command] = {
            "/new": self._new,
            "/dm": self._dm,
            "/ask": self._ask,
            "/stop": self._stop,
            "/model": self._model,
            "/reset": self._reset,
            "/help": self._help,
            "/click": self._click,
            "/edit": self._edit,
            "/delete": self._delete,
            "/attach": self._attach,
        }

    @property
    def place(self) -> str:
        """Where plain text goes: first the channel, then the thread of the answer."""
        return self._view.where(self._channel)

    def notice(self, seen: Seen) -> bool:
        """Follow the conversation into the thread that was made for it; returns whether that was so."""
        platform, channel, message = seen.key
        mine = platform == self.platform and self._last is not None and message == self._last.id
        if seen.kind != "thread" or not mine or self._channel is not self._home:
            return False
        self._channel = self._discord.world.channels[channel]
        return True

    async def say(self, text: str) -> None:
        """Say something at that place; in the channel to the bot."""
        await self._say(text)

    async def _say(self, text: str, *attachments: Upload) -> None:
        speak = self._person.mention if self._channel is self._home else self._person.say
        self._last = await speak(self._channel, text, attachments=attachments)

    async def _new(self, text: str) -> None:
        self._channel = self._home
        if text:
            await self._say(text)

    async def _dm(self, text: str) -> None:
        self._channel = self._person.dm_channel
        if text:
            await self._say(text)

    async def _attach(self, words: str) -> None:
        name, _, text = words.partition(" ")
        await self._say(text, Upload(*await asyncio.to_thread(read_file, name, self._discord.world.upload_limit)))

    async def _edit(self, text: str) -> None:
        message = self._mine()
        mention = f"<@{self._discord.bot_user.id}> "
        await self._person.edit(message, mention + text if message.content.startswith(mention) else text)

    async def _delete(self, _: str) -> None:
        await self._person.delete(self._mine())

    def _mine(self) -> Message:
        if self._last is None:
            raise Impossible("you have not written anything yet")
        return self._last

    async def _click(self, which: str) -> None:
        message, label = self._newest_with(which.lower() or "stop")
        self._heed(await self._person.click(message, label))

    def _newest_with(self, which: str) -> tuple[Message, str]:
        """The newest message with such a button, here before elsewhere."""
        elsewhere = [c for c in self._discord.world.channels.values() if c is not self._channel]
        for channel in (self._channel, *elsewhere):
            for message in reversed([m for m in channel.messages.values() if not m.deleted]):
                for label in button_labels(message.components):
                    if label.lower() == which:
                        return message, label
        raise Impossible(f"there is no button {which!r}")

    async def _run(self, command: str, options: dict[str, Any]) -> None:
        self._heed(await self._person.slash(command, options, channel=self._channel))

    def _heed(self, interaction: Interaction) -> None:
        if interaction.failed:
            self._tell("The application did not respond.")

    async def _ask(self, question: str) -> None:
        await self._run("ask", {"question": question})

    async def _model(self, name: str) -> None:
        await self._run("model", {"name": name} if name else {})

    async def _stop(self, _: str) -> None:
        await self._run("stop", {})

    async def _reset(self, _: str) -> None:
        await self._run("reset", {})

    async def _help(self, _: str) -> None:
        await self._run("help", {})
