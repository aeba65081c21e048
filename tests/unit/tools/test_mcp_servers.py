"""MCP servers from the official package, as programs of their own, over both of their transports."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from bot.completion import ToolCall
from bot.messages import Address, Author
from bot.tools.box import RESULT_LIMIT
from bot.tools.mcp_config import McpServer
from bot.tools.registry import Context, tool
from tests.fixtures.mcp_place import EAGER, PROGRAM, HttpProgram, Shelf, serving

pytestmark = pytest.mark.usefixtures("silence")
CONTEXT = Context(httpx.AsyncClient(), Address("console", "", "terminal"), Author("ann", "Ann"), "talk", 0.0)
ALL = {f"fix_{name}" for name in ("echo", "large", "mixed", "fail", "hang", "die", "secret", "learn")}


@pytest.fixture(scope="module")
def program() -> Generator[HttpProgram]:
    program = HttpProgram()
    yield program
    program.stop()


@pytest.fixture(params=["stdio", "http"])
def server(request: pytest.FixtureRequest) -> McpServer:
    if request.param == "stdio":
        return McpServer("fix", PROGRAM)
    return McpServer("fix", url=request.getfixturevalue("program").url)


async def called(shelf: Shelf, name: str, **arguments: object) -> tuple[str, bool]:
    result = await shelf.call(ToolCall("1", name, json.dumps(arguments)), CONTEXT)
    return result.text, result.failed


@asynccontextmanager
async def caller() -> AsyncGenerator[tuple[int, asyncio.Event]]:
    """A port, and whether somebody has come to it."""
    came = asyncio.Event()

    async def arrived(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        writer.close()

    async with await asyncio.start_server(arrived, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1], came


async def test_the_tools_of_a_server_can_be_called(server: McpServer) -> None:
    shelf = Shelf()
    async with serving(shelf, server):
        await shelf.has("fix_echo")
        # One has a schema that is none: it alone is left out.
        assert shelf.names - {"fix_learned"} == ALL
        assert await called(shelf, "fix_echo", text="北京", times=2) == ("北京北京", False)
        text, failed = await called(shelf, "fix_echo", text=5, times=10)
        assert failed
        assert "text: must fit type" in text
        assert "times: must fit maximum 9" in text
        words, _ = await called(shelf, "fix_mixed")
        assert words.splitlines()[0] == "before"
        assert "[image, image/png]" in words
        assert "[resource dot: data:text/plain,dot]" in words
        assert "inside" in words
        assert "AAAA" not in words
    assert shelf.names == set()


async def test_the_model_is_told_of_a_tool_what_its_server_says(server: McpServer) -> None:
    shelf = Shelf()
    async with serving(shelf, server):
        await shelf.has("fix_echo")
        (echo,) = (spec for spec in shelf.specs if spec.name == "fix_echo")
        assert echo.description == "Does echo"
        assert echo.parameters["properties"]["text"] == {"type": "string", "title": "Text"}
        assert [
            (item.effects, item.approval) for item in (shelf.find("fix_echo"), shelf.find("fix_learn")) if item
        ] == [
            (False, False),
            (True, True),
        ]


async def test_only_wanted_tools_are_offered_and_trusted_ones_need_no_approval(server: McpServer) -> None:
    shelf = Shelf()
    wanted = frozenset({"echo", "learn", "broken", "missing"})
    async with serving(shelf, replace(server, tools=wanted, trusted=frozenset({"learn"}))):
        await shelf.has("fix_echo", "fix_learn")
        assert shelf.names == {"fix_echo", "fix_learn"}
        learn = shelf.find("fix_learn")
        assert learn
        assert (learn.effects, learn.approval) == (True, False)


async def test_a_large_result_is_cut_and_a_large_complaint_too(server: McpServer) -> None:
    shelf = Shelf()
    async with serving(shelf, server):
        await shelf.has("fix_large", "fix_fail")
        text, failed = await called(shelf, "fix_large")
        assert (len(text), failed) == (RESULT_LIMIT, False)
        text, failed = await called(shelf, "fix_fail")
        assert failed
        assert "the disk is full" in text
        assert len(text) < 2_000


async def test_a_tool_that_never_answers_is_given_up_and_the_server_is_not(server: McpServer) -> None:
    shelf = Shelf()
    async with serving(shelf, server, limits=replace(EAGER, call=1.0)), caller() as (port, came):
        await shelf.has("fix_hang")
        text, failed = await called(shelf, "fix_hang", port=port)
        assert came.is_set()
        assert failed
        assert "within 1 seconds" in text or "timed out" in text
        assert await called(shelf, "fix_echo", text="still here") == ("still here", False)


async def test_a_call_that_is_stopped_leaves_the_server_as_it_was(server: McpServer) -> None:
    shelf = Shelf()
    async with serving(shelf, server), caller() as (port, came):
        await shelf.has("fix_hang")
        call = asyncio.create_task(called(shelf, "fix_hang", port=port))
        await came.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await called(shelf, "fix_echo", text="still here") == ("still here", False)


async def test_a_server_that_learns_a_tool_offers_it(server: McpServer) -> None:
    shelf = Shelf()
    async with serving(shelf, server):
        await shelf.has("fix_learn")
        await called(shelf, "fix_learn")
        await shelf.has("fix_learned")


async def test_a_server_that_dies_in_mid_call_is_told_and_taken_up_again(
    server: McpServer, request: pytest.FixtureRequest
) -> None:
    shelf = Shelf()
    async with serving(shelf, server), caller() as (port, came):
        await shelf.has("fix_die")
        beside = asyncio.create_task(called(shelf, "fix_hang", port=port))
        await came.wait()
        for text, failed in await asyncio.gather(called(shelf, "fix_die"), beside):
            assert failed
            assert json.loads(text)["error"].startswith("fix")
        await shelf.until(lambda: shelf.offers[-1] == ("fix", ()))
        text, failed = await called(shelf, "fix_echo", text="anybody?")
        assert failed
        assert "no tool" in text
        if server.url:
            request.getfixturevalue("program").start()
        await shelf.has("fix_echo")
        assert await called(shelf, "fix_echo", text="back") == ("back", False)


async def test_a_server_gets_its_secrets_and_no_others(server: McpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "ours")
    shelf = Shelf()
    async with serving(shelf, replace(server, secrets={"WANTED": "theirs"})):
        await shelf.has("fix_secret")
        text, _ = await called(shelf, "fix_secret")
        assert text.startswith("theirs, ")
        if server.command:
            assert text == "theirs, None"


async def test_where_names_clash_ours_stay_and_the_first_server_goes_before_the_second(program: HttpProgram) -> None:
    @tool
    async def fix_echo() -> str:
        """Ours."""
        return "ours"

    shelf = Shelf([fix_echo])
    names = frozenset({"echo", "large"})
    # The first of them has to be started and answers last.
    first, second = McpServer("fix", PROGRAM, tools=names), McpServer("fix", url=program.url, tools=names)
    async with serving(shelf, first, second):
        await shelf.until(lambda: len(shelf.offers) == 4)
        assert shelf.names == {"fix_echo", "fix_large"}
        assert (await called(shelf, "fix_echo"))[0] == "ours"
