"""Keeps the asker company until the first text: typing, then a line that says what is being done."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Final

from bot import texts
from bot.ports import Surface
from bot.reply import Reply

# Seconds without text before a line is shown, and between its changes.
THINKING_AFTER: Final = 2.5
THINKING_EVERY: Final = 5.0


class Company:
    """What is shown while there is no text."""

    def __init__(self, surface: Surface, reply: Reply, locale: str) -> None:
        self._surface = surface
        self._reply = reply
        self._locale = locale
        self._begun = time.monotonic()
        self._position = 0
        self._moved = asyncio.Event()

    def stand_in_line(self, position: int) -> None:
        """Show the question's place among those that wait for the model; 0 when it waits no longer."""
        self._position = position
        self._moved.set()

    async def keep(self) -> None:
        """Show that an answer is coming until its first text."""
        await self._surface.typing()
        await asyncio.sleep(THINKING_AFTER - (time.monotonic() - self._begun))
        while not self._reply.text:
            line = self._line()
            if self._surface.limits.status:
                await self._surface.typing(line)
            else:
                self._reply.status(line)
            self._moved.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), THINKING_EVERY)

    def _line(self) -> str:
        if self._position:
            return texts.say("in_line", self._locale, position=str(self._position))
        return texts.say("thinking", self._locale, seconds=str(round(time.monotonic() - self._begun)))
