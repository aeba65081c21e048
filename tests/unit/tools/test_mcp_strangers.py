"""MCP servers that are old, broken, slow or not there, written from the specification and not with the package."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import psutil
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.completion import ToolCall
from bot.messages import Address, Author
from bot.tools.mcp_config import Limits, McpServer
from bot.tools.mcp_servers import McpServers, _reason
from bot.tools.registry import Context
from tests.fixtures.mcp_place import EAGER, ELDER, Shelf, serving
from tests.fixtures.virtually import virtually

CONTEXT = Context(httpx.AsyncClient(), Address("console", "", "terminal"), Author("ann", "Ann"), "talk", 0.0)
SECRET = "CANARY"


def elder(*pages: str) -> McpServer:
    return McpServer("old", (*ELDER, *pages))


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if ELDER[1] in child.cmdline()]


async def called(shelf: Shelf, name: str) -> tuple[str, bool]:
    result = await shelf.call(ToolCall("1", name, "{}"), CONTEXT)
    return result.text, result.failed


@dataclass
class ElderSite:
    """A server of the revision 2025-06-18 over HTTP, without a stream of its own; what it has `seen` are the tokens.

    It answers everything with `status`, if there is one. Its tool `endless` has an answer without an end.
    """

    url: str = ""
    status: int = 0
    seen: list[str] = field(default_factory=list[str])

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request.headers.get("Authorization", ""))
        if self.status or request.method != "POST":
            headers = {"Location": f"{self.url.replace('127.0.0.1', 'localhost')}/elsewhere"}
            return web.Response(status=self.status or 405, text="<html>", content_type="text/html", headers=headers)
        message = await request.json()
        if "id" not in message:
            return web.Response(status=202)
        if message["method"] == "tools/call" and message["params"]["name"] == "endless":
            return await _endless(request)
        return web.json_response({"jsonrpc": "2.0", "id": message["id"], **_said(message)})


def _said(message: dict[str, Any]) -> dict[str, Any]:
    results: dict[str, dict[str, Any]] = {
        "initialize": {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "elder", "version": "0"},
        },
        "tools/list": {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in ("fine", "endless")]},
        "tools/call": {"content": [{"type": "text", "text": "fine"}]},
    }
    known = results.get(message["method"])
    return {"error": {"code": -32601, "message": "unknown"}} if known is None else {"result": known}


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    try:
        while True:
            await response.write(b" " * 65_536)
    except ConnectionError:  # whoever asked has had enough
        return response


@asynccontextmanager
async def elder_site() -> AsyncGenerator[ElderSite]:
    site = ElderSite()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()


async def test_an_old_server_is_understood_with_all_its_pages_and_its_noise(silence: None) -> None:
    shelf = Shelf()
    async with serving(shelf, elder("a", "b+c", "d")):
        await shelf.has("old_a")
        assert shelf.names == {"old_a", "old_b", "old_c", "old_d"}
        assert await called(shelf, "old_c") == ("c", False)
        assert shelf.specs[0].parameters["properties"]["title"] == {"type": "string", "default": "a title"}


async def test_an_old_server_announces_what_it_learns(silence: None) -> None:
    shelf = Shelf()
    async with serving(shelf, elder("learn")):
        await shelf.has("old_learn")
        await called(shelf, "old_learn")
        await shelf.has("old_learned")


async def test_a_server_that_announces_nothing_is_looked_at_from_time_to_time(silence: None) -> None:
    shelf = Shelf()
    async with (
        elder_site() as site,
        serving(shelf, McpServer("old", url=site.url), limits=replace(EAGER, refresh=0.01)),
    ):
        await shelf.has("old_fine")
        site.status = 500
        await shelf.until(lambda: not shelf.names)
        site.status = 0
        await shelf.has("old_fine")


async def test_a_server_in_trouble_is_noticed_by_the_first_call_that_fails(silence: None) -> None:
    shelf = Shelf()
    async with elder_site() as site, serving(shelf, McpServer("old", url=site.url)):
        await shelf.has("old_fine")
        site.status = 500
        assert (await called(shelf, "old_fine"))[1]
        await shelf.until(lambda: not shelf.names)


async def test_a_process_that_dies_while_nobody_calls_it_is_noticed_and_started_again(silence: None) -> None:
    shelf = Shelf()
    async with serving(shelf, elder("fine")):
        await shelf.has("old_fine")
        (child,) = children()
        child.kill()
        await shelf.until(lambda: shelf.offers.count(("old", ("old_fine",))) == 2)
        assert await called(shelf, "old_fine") == ("fine", False)


async def test_a_structured_answer_without_words_is_told_as_json(silence: None) -> None:
    shelf = Shelf()
    async with serving(shelf, elder("structured")):
        await shelf.has("old_structured")
        assert await called(shelf, "old_structured") == ('{"degrees": 21, "where": "北京"}', False)


async def test_an_answer_that_is_none_is_a_failure_told_to_the_model(silence: None) -> None:
    shelf = Shelf()
    async with serving(shelf, elder("strange+fine")):
        await shelf.has("old_strange")
        text, failed = await called(shelf, "old_strange")
        assert failed
        assert json.loads(text) == {"error": "old gave no usable answer"}
        assert await called(shelf, "old_fine") == ("fine", False)


async def test_an_answer_without_an_end_is_cut_off(silence: None) -> None:
    shelf = Shelf()
    async with elder_site() as site, serving(shelf, McpServer("old", url=site.url)):
        await shelf.has("old_endless")
        text, failed = await called(shelf, "old_endless")
        assert failed
        assert "too large" in text
        assert await called(shelf, "old_fine") == ("fine", False)


@pytest.mark.parametrize(
    "server",
    [elder("mute"), McpServer("old", ("no-such-program-anywhere",)), McpServer("old", (sys.executable, "-c", ""))],
)
async def test_a_server_that_is_none_is_a_note_and_the_others_go_on(server: McpServer) -> None:
    shelf = Shelf()
    other = McpServer("other", (*ELDER, "fine"))
    with capture_logs() as logs:
        async with serving(shelf, server, other, limits=replace(EAGER, connect=2.0, call=1.0)):
            await shelf.until(lambda: shelf.offers.count(("old", ())) > 2 and "other_fine" in shelf.names)
            assert await called(shelf, "other_fine") == ("fine", False)
    notes = [entry for entry in logs if entry["event"] == "mcp.unavailable"]
    assert {entry["server"] for entry in notes} == {"old"}


@pytest.mark.parametrize("status", [302, 307, 401, 404, 500])
async def test_an_address_where_no_server_is_is_a_note_without_its_secrets(status: int) -> None:
    shelf = Shelf()
    async with elder_site() as site:
        site.status = status
        server = McpServer("old", url=f"{site.url}/{SECRET}", secrets={"Authorization": SECRET})
        with capture_logs() as logs:
            async with serving(shelf, server):
                await shelf.until(lambda: shelf.offers.count(("old", ())) > 1)
        assert set(site.seen) == {SECRET}
    notes = [entry for entry in logs if entry["event"] == "mcp.unavailable"]
    assert notes
    assert SECRET not in str(logs)


async def test_an_address_where_nobody_listens_is_a_note_without_its_secrets() -> None:
    async with elder_site() as site:
        gone = site.url
    shelf = Shelf()
    with capture_logs() as logs:
        async with serving(shelf, McpServer("old", url=f"{gone}/{SECRET}")):
            await shelf.until(lambda: shelf.offers.count(("old", ())) > 2)
    assert [entry["error"].partition(":")[0] for entry in logs][:1] == ["ConnectError"]
    assert SECRET not in str(logs)


async def test_what_a_process_complains_about_can_be_read_in_the_log() -> None:
    shelf = Shelf()
    with capture_logs() as logs:
        async with serving(shelf, elder("fine")):
            await shelf.has("old_fine")
    assert [entry["text"] for entry in logs if entry["event"] == "mcp.complaint"] == ["elder: no configuration found\n"]


@pytest.mark.parametrize("server", [elder("fine"), elder("mute")])
async def test_nothing_is_left_running(server: McpServer, silence: None) -> None:
    shelf = Shelf()
    async with serving(shelf, server, McpServer("other", (*ELDER, "fine"))):
        await shelf.has("other_fine")
        assert children()
    assert children() == []
    assert shelf.names == set()


async def test_closing_alone_ends_it_too(silence: None) -> None:
    shelf = Shelf()
    servers = McpServers((elder("fine"),), shelf, EAGER)
    running = asyncio.create_task(servers.run())
    await shelf.has("old_fine")
    await servers.close()
    assert running.cancelled()
    assert children() == []


def test_the_package_is_not_imported_before_there_is_a_server() -> None:
    code = "import bot.tools.mcp_servers, sys; sys.exit('mcp' in sys.modules or 'jsonschema' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


async def test_without_servers_there_is_nothing_to_do() -> None:
    servers = McpServers((), Shelf())
    await servers.run()
    await servers.close()


def test_a_note_has_one_line_of_what_is_innermost_without_the_address() -> None:
    server = McpServer("old", url=f"http://127.0.0.1/{SECRET}")
    error = ExceptionGroup("many", [ExceptionGroup("inner", [OSError(f"{server.url} is down\nmore {SECRET}")])])
    assert _reason(error, server) == "OSError: … is down"
    assert len(_reason(OSError("x" * 5_000), server)) < 500


@virtually
async def test_a_lost_server_is_tried_again_after_pauses_that_grow_until_it_holds() -> None:
    loop = asyncio.get_running_loop()
    tried: list[float] = []
    lasting = iter([0.0] * 11 + [100.0, 0.0, 0.0])

    @asynccontextmanager
    async def connect(_: McpServer, __: Limits) -> AsyncGenerator[Any]:
        tried.append(loop.time())
        seconds = next(lasting, None)
        if seconds is None:
            raise asyncio.CancelledError
        await asyncio.sleep(seconds)
        raise OSError("gone")
        yield

    servers = McpServers((elder("x"),), Shelf())
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await servers._keep(elder("x"), connect)
    assert [entry["pause"] for entry in logs] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 1, 2, 4]
    assert len(tried) == 15
    assert tried[11] - tried[10] == pytest.approx(300)
    assert tried[12] - tried[11] == pytest.approx(101)
