"""The keyboard: an input line that can be edited while the screen is drawn, and reading without blocking."""

from __future__ import annotations

import asyncio
import codecs
import os
import re
import signal
import termios
import tty
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

LONGEST: Final = 4_000  # characters; what Discord's client takes at most
HISTORY: Final = 100
_AT_ONCE: Final = 4_096

_KEY: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[ -~]|\x1b[^\[O\x1b]|[^\x1b]")
_BEGUN: Final = re.compile(r"\x1b(\[[0-?]{0,16}[ -/]{0,4}|O)?")
_WORD: Final = re.compile(r"\S*\s*$")
LEAVE: Final = "\x04"


class Line:
    """A line being typed, with a cursor and what was entered before."""

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self._pending = ""
        self._past: list[str] = []
        self._back = 0

    def feed(self, data: str) -> list[str]:
        """Take keys as the terminal sends them; returns the lines entered, and LEAVE for Ctrl-D on an empty line."""
        data, entered = self._pending + data, list[str]()
        while data and not _BEGUN.fullmatch(data):
            match = _KEY.match(data)
            key = match[0] if match else data[0]  # an escape that begins nothing
            entered += self._press(key)
            data = data[len(key) :]
        self._pending = data
        return entered

    def _press(self, key: str) -> list[str]:
        if key in "\r\n":
            return [self._enter()]
        if key == LEAVE and not self.text:
            return [LEAVE]
        if action := _ACTIONS.get(key):
            action(self)
        elif key.isprintable() or key == "\u200d":  # a joiner is no printable character, but part of many emoji
            self._insert(key)
        return []

    def _enter(self) -> str:
        text = self.text
        if text.strip():
            self._past = [*self._past, text][-HISTORY:]
        self._back = 0
        self._set("")
        return text

    def _insert(self, key: str) -> None:
        if len(self.text) < LONGEST:
            self.text = self.text[: self.cursor] + key + self.text[self.cursor :]
            self.cursor += 1

    def _set(self, text: str) -> None:
        self.text, self.cursor = text, len(text)

    def erase(self, start: int) -> None:
        """Take away what is between a place and the cursor."""
        start = max(0, start)
        self.text, self.cursor = self.text[:start] + self.text[self.cursor :], start

    def move(self, to: int) -> None:
        """Put the cursor at a place, as far as there is one."""
        self.cursor = min(max(0, to), len(self.text))

    def recall(self, step: int) -> None:
        """Go through what was entered before; `step` 1 is one further back."""
        back = self._back + step
        if 0 <= back <= len(self._past):
            self._back = back
            self._set(self._past[-back] if back else "")

    def word_start(self) -> int:
        """Where the word before the cursor begins."""
        match = _WORD.search(self.text, 0, self.cursor)
        return match.start() if match else 0


def _erase_one(line: Line) -> None:
    line.erase(line.cursor - 1)


def _delete(line: Line) -> None:
    line.text = line.text[: line.cursor] + line.text[line.cursor + 1 :]


_ACTIONS: Final[Mapping[str, Callable[[Line], None]]] = {
    "\x7f": _erase_one,
    "\x08": _erase_one,
    "\x15": lambda line: line.erase(0),
    "\x17": lambda line: line.erase(line.word_start()),
    "\x1b[3~": _delete,
    **dict.fromkeys(("\x01", "\x1b[H", "\x1bOH", "\x1b[1~"), lambda line: line.move(0)),
    **dict.fromkeys(("\x05", "\x1b[F", "\x1bOF", "\x1b[4~"), lambda line: line.move(LONGEST)),
    **dict.fromkeys(("\x02", "\x1b[D", "\x1bOD"), lambda line: line.move(line.cursor - 1)),
    **dict.fromkeys(("\x06", "\x1b[C", "\x1bOC"), lambda line: line.move(line.cursor + 1)),
    **dict.fromkeys(("\x10", "\x1b[A", "\x1bOA"), lambda line: line.recall(1)),
    **dict.fromkeys(("\x0e", "\x1b[B", "\x1bOB"), lambda line: line.recall(-1)),
}


@contextmanager
def reading(descriptor: int, take: Callable[[str], None], end: Callable[[], None]) -> Generator[None]:
    """Hand on what is typed, key by key, from the running loop; `end` is called when the terminal is gone.

    The terminal does not echo meanwhile, and is as it was afterwards.
    """
    loop, decoder = asyncio.get_running_loop(), codecs.getincrementaldecoder("utf-8")(errors="replace")

    def read() -> None:
        try:
            data = os.read(descriptor, _AT_ONCE)
        except OSError:  # the terminal was closed
            data = b""
        if data:
            take(decoder.decode(data))
        else:
            loop.remove_reader(descriptor)
            end()

    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    # A shell gives the terminal its own mode while we are suspended.
    loop.add_signal_handler(signal.SIGCONT, tty.setcbreak, descriptor)
    loop.add_reader(descriptor, read)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        loop.remove_signal_handler(signal.SIGCONT)
        with suppress(termios.error):  # a terminal that was closed has no mode to give back
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
