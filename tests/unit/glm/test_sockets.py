"""The client over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import pytest

from bot.errors import ModelError
from bot.glm.client import GlmModel, ProviderSettings
from tests.unit.glm.provider import KEY, chunk, collect, question, text_of, zhipu

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[GlmModel]:
    """A model whose only provider is this handler of connections."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    model = GlmModel([ProviderSettings("bigmodel", KEY, f"http://{host}:{port}")])
    try:
        yield model
    finally:
        await model.aclose()
        server.close()
        await server.wait_closed()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    return await reader.readexactly(int(fields[b"content-length"]))


async def test_v11_a_connection_reset_in_mid_stream() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(HEAD + framed(chunk(content="Hel")))
        await writer.drain()
        writer.transport.abort()

    async with serving(handler) as model:
        with pytest.raises(ModelError) as caught:
            await collect(model)
    assert (caught.value.resumable, caught.value.code) == (True, "reset")


async def test_answers_share_one_connection() -> None:
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(2):
            await read_request(reader)
            writer.write(HEAD + framed(zhipu("Hel", "lo")) + framed(b""))
            await writer.drain()

    async with serving(handler) as model:
        for _ in range(2):
            assert text_of(await collect(model)) == "Hello"
    assert connections == 1


async def test_closing_the_iterator_is_noticed_by_the_server() -> None:
    gone = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(HEAD + framed(chunk(content="Hel")))
        await writer.drain()
        assert await reader.read() == b""
        gone.set()

    async with serving(handler) as model:
        async with aclosing(model.stream(question())) as deltas:
            assert (await anext(deltas)).text == "Hel"
        await asyncio.wait_for(gone.wait(), 10)
