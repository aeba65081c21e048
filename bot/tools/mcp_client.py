"""A connection with an MCP server, by the official package; importing that takes a second: import this on use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any, Final

import mcp_types as types
import structlog
from mcp import Client, MCPError
from mcp.client.session import IncomingMessage
from mcp.client.subscriptions import SubscriptionLost
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from bot.errors import ServiceError
from bot.tools.mcp_config import Limits, McpServer
from bot.tools.mcp_schemas import arguments_of, offered_name
from bot.tools.mcp_transports import transport
from bot.tools.registry import ToolFunction

log = structlog.get_logger(__name__)

# Pages of a server's list that are read, and characters of what it says of a tool or of a failure.
_PAGES: Final = 20
_WORDS: Final = 1_000


class Connection:
    """A server that has answered, and what it offers."""

    def __init__(self, server: McpServer, limits: Limits, client: Client, news: asyncio.Event) -> None:
        self._server = server
        self._limits = limits
        self._client = client
        self._news = news
        self._listed: Sequence[types.Tool] = ()
        self._usable: Sequence[ToolFunction] = ()

    @asynccontextmanager
    async def announced(self) -> AsyncGenerator[None]:
        """While this is entered, the server announces changes; those of before 2026 announce them in any case."""
        offered = self._client.server_capabilities.tools
        async with AsyncExitStack() as stack:
            if self._client.protocol_version in MODERN_PROTOCOL_VERSIONS and offered and offered.list_changed:
                try:
                    await stack.enter_async_context(self._client.listen(tools_list_changed=True))
                except (MCPError, SubscriptionLost, TimeoutError) as error:
                    # Changes are then noticed at the next look.
                    log.debug("mcp.unannounced", server=self._server.name, error=type(error).__name__)
            yield

    async def tools(self) -> Sequence[ToolFunction]:
        """The tools that the server has now, as far as they are wanted and can be used; raises when it does not say."""
        listed = await self._list()
        if listed != self._listed:
            wanted = self._server.tools or {tool.name for tool in listed}
            for name in wanted - {tool.name for tool in listed}:
                self._leave_out(name, "the server has no such tool")
            made = [self._function(tool) for tool in listed if tool.name in wanted]
            self._usable = [function for function in made if function is not None]
            self._listed = listed
        return self._usable

    async def wait(self) -> None:
        """Wait until it is time to look again, or there are news: of the tools, of trouble, of the connection's end."""
        # Without news it is time.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.refresh):
                await self._news.wait()
        self._news.clear()

    async def _list(self) -> Sequence[types.Tool]:
        listed: list[types.Tool] = []
        cursor: str | None = None
        for _ in range(_PAGES):
            page = await self._client.list_tools(cursor=cursor)
            listed += page.tools
            cursor = page.next_cursor
            if cursor is None:
                break
        return listed

    def _leave_out(self, tool: str, why: str) -> None:
        log.warning("mcp.tool_left_out", server=self._server.name, tool=tool[:_WORDS], why=why)

    def _function(self, tool: types.Tool) -> ToolFunction | None:
        try:
            arguments = arguments_of(tool.input_schema)
        except ServiceError as error:
            self._leave_out(tool.name, str(error))
            return None
        # A hint that is missing says nothing: what is not called harmless may do anything.
        effects = not (tool.annotations and tool.annotations.read_only_hint)
        return ToolFunction(
            offered_name(self._server.name, tool.name),
            (tool.description or tool.title or tool.name)[:_WORDS],
            tool.input_schema,
            arguments,
            partial(self._call, tool.name),
            effects=effects,
            approval=effects and tool.name not in self._server.trusted,
            seconds=self._limits.call,
        )

    async def _call(self, tool: str, root: dict[str, Any]) -> str:
        """What a tool answers; raises ServiceError with its complaint, or where it gave nothing of use."""
        try:
            result = await self._client.call_tool(tool, root)
        except MCPError as error:
            # It may be that the server is gone and not that the call was wrong: look at once.
            self._news.set()
            raise ServiceError(f"{self._server.name}: {error.message[:_WORDS]}") from error
        except (RuntimeError, ValidationError) as error:
            raise ServiceError(f"{self._server.name} gave no usable answer") from error
        words = "\n".join(map(_words, result.content))
        if not result.content and result.structured_content is not None:
            words = json.dumps(result.structured_content, ensure_ascii=False)
        if result.is_error:
            raise ServiceError(words[:_WORDS] or f"{self._server.name} says that it failed")
        return words


@asynccontextmanager
async def connected(server: McpServer, limits: Limits) -> AsyncGenerator[Connection]:
    """A connection as long as it is needed; raises whatever ends it: the network's errors, the package's, groups."""
    news = asyncio.Event()

    async def heard(message: IncomingMessage) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            news.set()

    client = Client(
        transport(server, news),
        read_timeout_seconds=limits.call,
        message_handler=heard,
        client_info=types.Implementation(name="glimmer", version="1"),
        cache=None,
    )
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(limits.connect):
            await stack.enter_async_context(client)
        yield Connection(server, limits, client, news)


def _words(part: types.ContentBlock) -> str:
    """A part of a result as text; what is no text is named."""
    match part:
        case types.TextContent():
            return part.text
        case types.ImageContent() | types.AudioContent():
            return f"[{part.type}, {part.mime_type}]"
        case types.ResourceLink():
            return f"[resource {part.name}: {part.uri}]"
        case types.EmbeddedResource(resource=types.TextResourceContents() as resource):
            return resource.text
        case types.EmbeddedResource():
            return f"[resource {part.resource.uri}, {part.resource.mime_type}]"
