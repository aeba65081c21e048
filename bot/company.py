"""Keeps the asker company while there is no text: typing, then a line that says what is being done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from heapq import merge
from itertools import count
from typing import Final

from bot import texts
from bot.ports import Surface
from bot.reply import Reply

# Seconds without text before a line is shown, and between its changes.
THINKING_AFTER: Final = 2.5
THINKING_EVERY: Final = 5.0
# Seconds after which the line says plainly that nothing has come: nobody shall be left without a text for 25.
PLAIN_AFTER: Final = 20.0
# What is due within so many seconds is due now: timers are that exact.
_NOW: Final = 0.01


class Company:
    """What is shown while there is no text."""

    def __init__(self, surface: Surface, reply: Reply, locale: str) -> None:
        self._surface = surface
        self._reply = reply
        self._locale = locale
        self._begun = 0.0
        self._position = 0
        self._labels: Sequence[str] = ()
        self._moved = asyncio.Event()

    def stand_in_line(self, position: int) -> None:
        """Show the question's place among those that wait for the model; 0 when it waits no longer."""
        self._position = position
        self._moved.set()

    def work(self, labels: Sequence[str]) -> None:
        """Show which tools are at work, also beside text; none when they are done."""
        self._labels = labels
        self._moved.set()

    async def keep(self) -> None:
        """Show that an answer is coming until its first text, and what tools do until the end."""
        self._begun = asyncio.get_running_loop().time()
        times = merge((PLAIN_AFTER,), count(THINKING_AFTER, THINKING_EVERY))
        due = next(times)
        await self._surface.typing()
        while True:
            await self._wait(None if self._reply.text else due - self._passed)
            self._moved.clear()
            while due <= self._passed + _NOW:
                due = next(times)
            await self._show(self._line())

    @property
    def _passed(self) -> float:
        return asyncio.get_running_loop().time() - self._begun

    async def _wait(self, seconds: float | None) -> None:
        # Not wait_for: until Python 3.12 it may swallow a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._moved.wait()

    async def _show(self, line: str) -> None:
        if not self._surface.limits.status:
            self._reply.status(line)
        elif line:
            await self._surface.typing(line)

    def _line(self) -> str:
        if self._labels:
            return texts.say("at_tools", self._locale, tools=", ".join(self._labels))
        if self._reply.text:
            return ""
        if self._position:
            return texts.say("in_line", self._locale, position=str(self._position))
        passed = round(self._passed)
        return texts.say("thinking" if passed < PLAIN_AFTER else "no_text_yet", self._locale, seconds=str(passed))
