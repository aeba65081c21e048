"""The console adapter: the smallest one, and the example for the next platform."""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from adapters.console.inbound import PLATFORM, read_line
from adapters.console.surface import ConsoleSurface, Screen
from bot.errors import PlatformError, PlatformGone, PlatformRefused
from bot.messages import Ask, Attachment, Author, Control, Quote, Reply, Turn
from bot.ports import Inbox, Surface
from bot.tool_commands import NO_TOOLS, Tools

log = structlog.get_logger(__name__)


class ConsoleAdapter:
    """A terminal as an Adapter: every line of `lines` is said by `author`, answers appear on `screen`."""

    name = PLATFORM

    def __init__(self, lines: asyncio.StreamReader, screen: Screen, author: Author, tools: Tools = NO_TOOLS) -> None:
        self._lines = lines
        self._screen = screen
        self._author = author
        self._tools = tools
        # Line numbers begin anew with each process, but a key is unique for ever.
        self._session = uuid.uuid4().hex
        self.ready = False

    async def run(self, inbox: Inbox) -> None:
        """Take lines until closed, or until there are no more; one above the reader's limit is left out."""
        self.ready = True
        number = 0
        while line := await self._line():
            number += 1
            if self.ready and line.strip():
                await self._take(inbox, line, f"{self._session}/{number}")
        self.ready = False

    async def close(self) -> None:
        """Take no more lines, and end `run`."""
        self.ready = False
        self._lines.feed_eof()

    async def _line(self) -> str:
        while True:
            try:
                return (await self._lines.readline()).decode(errors="replace")
            except ValueError:
                log.warning("console.line_too_long")

    async def _take(self, inbox: Inbox, line: str, key: str) -> None:
        event = read_line(line, key, self._author, time.time(), self._tools)
        if isinstance(event, Ask):
            await inbox.ask(event)
            return
        await self.reply(event, await inbox.control(event))

    async def reply(self, control: Control, reply: Reply) -> None:
        """Print it; a file is put on this machine's disk."""
        if reply.file is not None:
            path = await asyncio.to_thread(_written, *reply.file)
            await self.tell_operator(f"{reply.text} {path}")
        elif reply.text:
            await self.tell_operator(reply.text)

    def surface(self, turn: Turn) -> Surface:
        """The place in which this turn is answered."""
        return ConsoleSurface(self._screen, turn)

    async def background(self, ask: Ask) -> Sequence[Quote]:
        """Nothing was said before: a terminal begins empty."""
        return ()

    async def asker(self, ask: Ask) -> Author:
        """Who asked: everything comes with its author's name."""
        return ask.author

    async def download(self, ask: Ask, attachment: Attachment, limit: int) -> bytes:
        """A file of this machine: whoever sits here names it by its path."""
        return await asyncio.to_thread(_read, Path(attachment.url), limit)

    async def show_waiting(self, ask: Ask) -> None:
        """Say that the line was taken and waits."""
        await self.tell_operator("…")

    async def show_taken(self, ask: Ask) -> None:
        """Nothing to do: nothing says that it waits."""

    async def tell(self, ask: Ask, text: str) -> None:
        """Say a sentence outside of any turn."""
        await self.tell_operator(text)

    async def tell_operator(self, text: str) -> bool:
        """Say a sentence to whoever sits here; whether that was possible."""
        with suppress(PlatformError):
            # A terminal that is gone cannot be told so.
            self._screen.print(text)
            return True
        return False


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        raise PlatformGone("there is no such file") from error
    except OSError as error:
        raise PlatformError(f"the file cannot be read: {error.strerror}") from error
    if len(data) > limit:
        raise PlatformRefused("the file is too big", text="file_too_big")
    return data


def _written(name: str, text: str) -> Path:
    """A new file in a folder of its own, which others may not look into."""
    path = Path(tempfile.mkdtemp(prefix="glimmer-")) / name
    path.write_text(text, "utf-8")
    return path
