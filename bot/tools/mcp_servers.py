"""Tools of MCP servers: each server is kept connected, and while it is, its tools may be called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final, cast

import structlog

from bot.tools.box import Toolbox
from bot.tools.mcp_config import Limits, McpServer

if TYPE_CHECKING:
    from bot.tools.mcp_client import Connection

    Connect = Callable[[McpServer, Limits], AbstractAsyncContextManager[Connection]]

log = structlog.get_logger(__name__)

# Seconds that the end of all connections may take; the package kills a process that has not ended after four.
_LEAVE: Final = 8.0
_WORDS: Final = 300


class McpServers:
    """Offers the tools of all servers to a box, under the servers' names; a server that is not there offers none."""

    def __init__(self, configured: Sequence[McpServer], box: Toolbox, limits: Limits | None = None) -> None:
        self._configured = configured
        self._box = box
        self._limits = limits or Limits()
        self._running: asyncio.Task[object] | None = None
        for server in configured:
            # Where two want one name, their order in the settings decides and not who answers first.
            box.offer(server.name, ())

    async def run(self) -> None:
        """Keep the servers connected until this is cancelled; one that fails is a note in the log."""
        if not self._configured:
            return
        self._running = asyncio.current_task()
        # Importing the package on the loop would hold up everything for a second.
        connect = await asyncio.to_thread(_load)
        async with asyncio.TaskGroup() as group:
            for server in self._configured:
                group.create_task(self._keep(server, connect), name=f"mcp {server.name}")

    async def close(self) -> None:
        """End `run`, and with it the connections and their processes."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running}, timeout=_LEAVE)

    async def _keep(self, server: McpServer, connect: Connect) -> None:
        """Stay connected with a server; when that ends, however it does, try again after a pause."""
        clock = asyncio.get_running_loop().time
        shortest, longest = self._limits.pauses
        pause = shortest
        while True:
            began = clock()
            try:
                await self._follow(server, connect)
            except Exception as error:  # noqa: BLE001  # somebody else's program and network, through a library: it may be anything
                if clock() - began > self._limits.refresh:
                    pause = shortest
                log.warning("mcp.unavailable", server=server.name, error=_reason(error, server), pause=pause)
            finally:
                self._box.offer(server.name, ())
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)

    async def _follow(self, server: McpServer, connect: Connect) -> None:
        """Offer what a server has, and again whenever that changes; raises when it is lost."""
        offered: Sequence[object] | None = None
        async with connect(server, self._limits) as connection:
            while True:
                async with connection.announced():
                    tools = await connection.tools()
                    if tools is not offered:
                        self._box.offer(server.name, tools)
                        log.info("mcp.offers", server=server.name, tools=[item.name for item in tools])
                        offered = tools
                    await connection.wait()


def _load() -> Connect:
    from bot.tools.mcp_client import connected

    return connected


def _reason(error: BaseException, server: McpServer) -> str:
    """The first line of the innermost of grouped errors; more could quote messages, and an address may hold a key."""
    if isinstance(error, BaseExceptionGroup):
        return _reason(cast("BaseExceptionGroup[BaseException]", error).exceptions[0], server)
    said = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {said.replace(server.url, '…') if server.url else said}"[:_WORDS]
