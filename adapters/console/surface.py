"""Where a turn is answered on the console: messages that are kept in memory and printed as they change."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TextIO

from bot.errors import PlatformError, PlatformGone
from bot.messages import Page, Post, Turn
from bot.ports import Call, Lane, Limits

# Stands around every call, by its name ("open", "find", or one of Call): what it raises before the call keeps the call
# from having an effect, what it raises after it loses the answer.
Around = Callable[[str], AbstractAsyncContextManager[None]]


@dataclass(slots=True)
class Message:
    """A message as it is now; `at` is when it was posted, in Unix seconds."""

    ref: str
    place: str
    at: float
    page: Page


@dataclass(slots=True)
class Screen:
    """All messages that can be seen, oldest first, by their refs."""

    out: TextIO
    limits: Limits = field(default_factory=lambda: Limits(page=4_000, tables=False))
    around: Around = lambda _: nullcontext()
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    _refs: dict[tuple[int, int, float], str] = field(default_factory=dict[tuple[int, int, float], str])

    def post(self, place: str, page: Page, intent: Post) -> str:
        """Add a message, once for each intent."""
        key = intent.turn, intent.number, intent.at
        if key not in self._refs:
            ref = self._refs[key] = str(len(self._refs) + 1)
            self.messages[ref] = Message(ref, place, time.time(), page)
            self.print(f"[{ref}] {page.text}")
        return self._refs[key]

    def edit(self, ref: str, page: Page) -> None:
        """Change a message; of a text that has only grown the new part is printed."""
        message = self.messages.get(ref)
        if message is None:
            raise PlatformGone(f"there is no message {ref!r}")
        before, message.page = message.page.text, page
        grown = page.text.startswith(before)
        self.print(page.text[len(before) :] if grown else f"[{ref}] {page.text}")

    def delete(self, ref: str) -> None:
        """Take a message away, if it is there."""
        if self.messages.pop(ref, None):
            self.print(f"[{ref}] ✗")

    def print(self, line: str) -> None:
        """Print a line; raises PlatformError when nobody can see it any more."""
        try:
            print(line, file=self.out, flush=True)
        except (OSError, ValueError) as error:  # a closed stream raises ValueError
            raise PlatformError("the terminal is gone") from error


class ConsoleSurface:
    """One turn's place on the screen; its name is the conversation."""

    def __init__(self, screen: Screen, turn: Turn) -> None:
        self._screen = screen
        self._place = turn.conversation

    @property
    def limits(self) -> Limits:
        """What fits into a message."""
        return self._screen.limits

    def lane(self, call: Call, ref: str = "", page: Page | None = None) -> Lane:
        """Nothing limits a terminal, but the Governor wants a name."""
        return Lane(f"{call}:{self._place}")

    async def open(self) -> str:
        """Nothing has to be made ready."""
        async with self._screen.around("open"):
            return self._place

    async def post(self, page: Page, intent: Post) -> str:
        """Post a page and return its ref."""
        async with self._screen.around(Call.POST):
            return self._screen.post(self._place, page, intent)

    async def find(self, intent: Post) -> Sequence[str]:
        """The messages here that are newer than the intent."""
        async with self._screen.around("find"):
            messages = self._screen.messages.values()
            return [message.ref for message in messages if message.place == self._place and message.at >= intent.at]

    async def edit(self, ref: str, page: Page) -> str:
        """Replace what a message shows."""
        async with self._screen.around(Call.EDIT):
            self._screen.edit(ref, page)
            return ref

    async def delete(self, ref: str) -> None:
        """Remove a message."""
        async with self._screen.around(Call.DELETE):
            self._screen.delete(ref)

    async def typing(self, line: str = "") -> None:
        """Nothing to do: whoever looks at a terminal waits for it."""

    async def close(self) -> None:
        """Nothing to do: nothing was shown but the answer."""
