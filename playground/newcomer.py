"""What the lines of the terminal chat do, on the platform where the newcomer is."""

from __future__ import annotations

import errno
import mimetypes
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from playground.discord import refusals as discord_refusals
from playground.feed import Seen
from playground.slack import refusals as slack_refusals

HELP: Final = (
    "Type to talk to the bot here. /slack and /discord change the platform. /new TEXT asks in the channel, /dm TEXT in "
    "private, /ask TEXT by command; /stop /model [NAME] /reset /help; /click stop|regenerate|continue|allow|deny; "
    "/edit TEXT, /delete (your last message); /attach FILE [TEXT]; /quit or Ctrl-D."
)
Command = Callable[[str], Awaitable[None]]
_IMPOSSIBLE: Final = (
    discord_refusals.Impossible,
    discord_refusals.Refusal,
    slack_refusals.Impossible,
    slack_refusals.Refusal,
    OSError,
)


class Visitor(Protocol):
    """The newcomer on one platform: plain text goes to `place`, `commands` take what follows their word."""

    @property
    def platform(self) -> str:
        """Its name."""
        ...

    @property
    def place(self) -> str:
        """Where plain text goes: first the channel, then the thread of the answer."""
        ...

    @property
    def commands(self) -> Mapping[str, Command]:
        """What can be done there, by its word."""
        ...

    async def say(self, text: str) -> None:
        """Say something at that place."""
        ...

    def notice(self, seen: Seen) -> bool:
        """Follow the conversation into the thread that was made for it; returns whether that was so."""
        ...


class Newcomer:
    """Somebody at the terminal, who is on the first platform first."""

    def __init__(self, visitors: Sequence[Visitor], tell: Callable[[str], None]) -> None:
        self._visitors = {f"/{visitor.platform.lower()}": visitor for visitor in visitors}
        self._visitor = visitors[0]
        self._tell = tell

    @property
    def place(self) -> str:
        """Where plain text goes."""
        return f"{self._visitor.platform} {self._visitor.place}"

    def notice(self, seen: Seen) -> bool:
        """Follow a conversation into its thread, where the newcomer is and elsewhere; returns whether that was here."""
        followed = [visitor for visitor in self._visitors.values() if visitor.notice(seen)]
        return self._visitor in followed

    async def act(self, line: str) -> None:
        """Do what a line says; tells in one sentence what could not be done."""
        word, _, rest = line.strip().partition(" ")
        try:
            await self._act(word, rest.strip(), line.strip())
        except _IMPOSSIBLE as problem:
            self._tell(f"That cannot be done: {problem}")

    async def _act(self, word: str, rest: str, line: str) -> None:
        if visitor := self._visitors.get(word):
            self._visitor = visitor
            line = rest
        elif command := self._visitor.commands.get(word):
            if word == "/help":
                self._tell(HELP)
            await command(rest)
            return
        elif word.startswith("/"):
            self._tell(f"There is no {word}. {HELP}")
            return
        if line:
            await self._visitor.say(line)


def read_file(name: str, limit: int) -> tuple[str, bytes, str]:
    """A file's name, bytes and media type; raises OSError, also for one of more than `limit` bytes."""
    path = Path(name).expanduser()
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path.name)
    return path.name, data, mimetypes.guess_type(path.name)[0] or "application/octet-stream"
