"""What the lines of the terminal chat do in Discord."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from playground.discord.interactions import Interaction
from playground.discord.journal import Change
from playground.discord.model import Channel, Message, Upload
from playground.discord.refusals import Impossible, Refusal
from playground.discord.server import DiscordStandIn
from playground.view import button_labels

HELP: Final = (
    "Type to talk to the bot here. /new TEXT asks in the channel, /dm TEXT in private, /ask TEXT by command; "
    "/stop /model [NAME] /reset /help; /click stop|regenerate|continue; /edit TEXT, /delete (your last message); "
    "/attach FILE [TEXT]; /quit or Ctrl-D."
)


class Newcomer:
    """Somebody at the terminal: `place` is where plain text goes, first the channel, then the thread of the answer."""

    def __init__(self, discord: DiscordStandIn, tell: Callable[[str], None]) -> None:
        self._discord = discord
        self._tell = tell
        self._person = discord.person("newcomer")
        self._home = discord.channel("general")
        self._last: Message | None = None
        self.place: Channel = self._home
        self._commands: Mapping[str, Callable[[str], Awaitable[None]]] = {
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

    def notice(self, change: Change) -> bool:
        """Follow the conversation into the thread that was made for it; returns whether that was so."""
        mine = self._last is not None and change.message_id == self._last.id
        if change.kind != "thread" or not mine or self.place is not self._home:
            return False
        self.place = self._discord.world.channels[change.channel_id]
        return True

    async def act(self, line: str) -> None:
        """Do what a line says; tells in one sentence what could not be done."""
        word, _, rest = line.strip().partition(" ")
        try:
            if command := self._commands.get(word):
                await command(rest.strip())
            elif word.startswith("/"):
                self._tell(f"There is no {word}. {HELP}")
            elif word:
                await self._say(line.strip())
        except (Impossible, Refusal, OSError) as problem:
            self._tell(f"That cannot be done: {problem}")

    async def _say(self, text: str, *attachments: Upload) -> None:
        speak = self._person.mention if self.place is self._home else self._person.say
        self._last = await speak(self.place, text, attachments=attachments)

    async def _new(self, text: str) -> None:
        self.place = self._home
        if text:
            await self._say(text)

    async def _dm(self, text: str) -> None:
        self.place = self._person.dm_channel
        if text:
            await self._say(text)

    async def _attach(self, words: str) -> None:
        name, _, text = words.partition(" ")
        await self._say(text, await asyncio.to_thread(_read, name, self._discord.world.upload_limit))

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
        elsewhere = [c for c in self._discord.world.channels.values() if c is not self.place]
        for channel in (self.place, *elsewhere):
            for message in reversed([m for m in channel.messages.values() if not m.deleted]):
                for label in button_labels(message.components):
                    if label.lower() == which:
                        return message, label
        raise Impossible(f"there is no button {which!r}")

    async def _run(self, command: str, options: dict[str, Any]) -> None:
        self._heed(await self._person.slash(command, options, channel=self.place))

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
        self._tell(HELP)
        await self._run("help", {})


def _read(name: str, limit: int) -> Upload:
    """A file by its name; raises Impossible for one of more than `limit` bytes, and OSError."""
    path = Path(name).expanduser()
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Impossible(f"{path.name} is larger than {limit:,} bytes")
    return Upload(path.name, data, mimetypes.guess_type(path.name)[0] or "application/octet-stream")
