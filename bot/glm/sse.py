"""Server-sent events from bytes: lines end at LF, CRLF or CR and nowhere else, whatever Unicode calls a line break."""

from __future__ import annotations

from bot.errors import GlimmerError

_BOM = b"\xef\xbb\xbf"


class EventTooLarge(GlimmerError):
    """One event, or one line, is larger than the decoder was told to hold."""


class EventDecoder:
    """Cuts a stream into events, each as (event name, data), both as bytes.

    `limit` is the size in bytes that one unfinished event may reach; beyond it `feed` raises EventTooLarge.
    """

    __slots__ = ("_data", "_ended_in_cr", "_first", "_held", "_limit", "_name", "_rest")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest: list[bytes] = []  # the unfinished line, in the pieces it came in: joining each time is quadratic
        self._data: list[bytes] = []
        self._name = b""
        self._held = 0
        self._first = True
        self._ended_in_cr = False

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Take the next bytes and return the events that they complete."""
        if self._ended_in_cr and data.startswith(b"\n"):
            data = data[1:]
            self._ended_in_cr = False
        if not data:
            return []
        self._ended_in_cr = data.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return self._lines(data)

    def end(self) -> list[tuple[bytes, bytes]]:
        """The event that the stream left without its blank line, if there is one."""
        return self._lines(b"\n\n")

    def _lines(self, data: bytes) -> list[tuple[bytes, bytes]]:
        lines = data.split(b"\n")
        last = lines.pop()
        if lines and self._rest:
            lines[0] = b"".join((*self._rest, lines[0]))
            self._rest.clear()
            self._held = sum(map(len, self._data))
        events: list[tuple[bytes, bytes]] = []
        for line in lines:
            self._line(line, events)
        if last:
            self._rest.append(last)
            self._hold(len(last))
        return events

    def _line(self, line: bytes, events: list[tuple[bytes, bytes]]) -> None:
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        if not line:
            if self._data:
                events.append((self._name, b"\n".join(self._data)))
                self._data.clear()
            self._name = b""
            self._held = 0
        elif line.startswith(b"data:"):
            value = line[6:] if line.startswith(b" ", 5) else line[5:]
            self._data.append(value)
            self._hold(len(value))
        elif line.startswith(b"event:"):
            self._name = line[6:].strip()

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > self._limit:
            raise EventTooLarge(f"an event is larger than {self._limit} bytes")
