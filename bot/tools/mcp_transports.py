"""How messages travel to an MCP server and back: through a process of ours, or over HTTP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, Self, TextIO

import httpx2
import structlog
from mcp import StdioServerParameters, stdio_client
from mcp.client._transport import ReadStream, TransportStreams
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from bot.tools.mcp_config import McpServer

log = structlog.get_logger(__name__)

# Bytes of one answer over HTTP; the model is told its beginning only.
SIZE: Final = 8_000_000
# Seconds for the steps of a request. Streams may be silent: a call has its own limit, and lost ones are opened again.
_TIMEOUT: Final = httpx2.Timeout(10.0, read=300.0)
_FAREWELL: Final = httpx2.Timeout(3.0)
_LINE: Final = 4_096


@asynccontextmanager
async def transport(server: McpServer, news: asyncio.Event) -> AsyncGenerator[TransportStreams]:
    """The streams of messages from and to a server; their end is news."""
    opened = _process(server) if server.command else _address(server)
    async with opened as (read, write):
        yield _Watched(read, news), write


class _Watched:
    """A stream of messages whose end is news: the package tells only those who wait for an answer of it."""

    def __init__(self, stream: ReadStream[SessionMessage | Exception], news: asyncio.Event) -> None:
        self._stream = stream
        self._news = news

    async def receive(self) -> SessionMessage | Exception:
        return await self._stream.receive()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        return await anext(self._stream)

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> bool | None:
        self._news.set()
        return await self._stream.__aexit__(exc_type, exc_val, exc_tb)


@asynccontextmanager
async def _process(server: McpServer) -> AsyncGenerator[TransportStreams]:
    # Of our environment the package hands on PATH, HOME and the like only: our own keys stay with us.
    program = StdioServerParameters(command=server.command[0], args=[*server.command[1:]], env=dict(server.secrets))
    async with _complaints(server.name) as complaints, stdio_client(program, complaints) as streams:
        yield streams


@asynccontextmanager
async def _complaints(name: str) -> AsyncGenerator[TextIO]:
    """A standard error for a process, which goes into the log."""
    ours, theirs = os.pipe()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    with os.fdopen(ours, "rb") as source, os.fdopen(theirs, "w") as sink:
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, source)
        logging = asyncio.create_task(_logged(name, reader))
        try:
            yield sink
        finally:
            logging.cancel()
            pipe.close()


async def _logged(name: str, reader: asyncio.StreamReader) -> None:
    while line := await reader.read(_LINE):
        log.debug("mcp.complaint", server=name, text=line.decode("utf-8", "replace"))


@asynccontextmanager
async def _address(server: McpServer) -> AsyncGenerator[TransportStreams]:
    # What is packed could unfold to any size.
    headers = {"User-Agent": "glimmer", "Accept-Encoding": "identity", **server.secrets}
    hooks = {"request": [_hurry], "response": [_bound]}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=_TIMEOUT, event_hooks=hooks) as http,
        streamable_http_client(server.url, http_client=http, max_sse_event_size=SIZE) as streams,
    ):
        yield streams


async def _hurry(request: httpx2.Request) -> None:
    """Take leave quickly, also of a server that does not answer."""
    if request.method == "DELETE":
        request.extensions["timeout"] = _FAREWELL.as_dict()


async def _bound(response: httpx2.Response) -> None:
    """Have an answer end with an error when it grows too large; streams of events are bounded by event."""
    events = response.headers.get("content-type", "").startswith("text/event-stream")
    if isinstance(response.stream, httpx2.AsyncByteStream) and not events:
        limit = 0 if response.headers.get("content-encoding") else SIZE
        response.stream = _Bounded(response.stream, limit)


class _Bounded(httpx2.AsyncByteStream):
    """A body of at most so many bytes."""

    def __init__(self, stream: httpx2.AsyncByteStream, limit: int) -> None:
        self._stream = stream
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        async for part in self._stream:
            taken += len(part)
            if taken > self._limit:
                raise httpx2.StreamError("the answer is too large")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
