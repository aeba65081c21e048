"""Every tool through the real process, called by the model, on both platforms; one without a call is a failure."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from bot.tools.registry import discover
from playground.glm import Answer, Call
from playground.services import ServicesStandIn
from tests.fixtures.packages import install
from tests.scenarios.guests import PLATFORMS, Guest, offered, open_guest, results
from tests.scenarios.house import script

# Friday, 20 November 2026, 12:00 UTC: eight in the evening in Beijing.
NOON: Final = 1_795_176_000.0
FIXTURES: Final = Path(__file__).parents[1] / "fixtures"
FAR: Final = f"far[echo]=stdio:{sys.executable} {FIXTURES / 'mcp_program.py'}"


@dataclass(frozen=True)
class Example:
    """A call, in which $PAGES stands for the address of the pages, and what is told of it.

    `before` is what was said earlier, "" for nothing.
    """

    arguments: Mapping[str, object]
    result: str
    footer: str
    before: str = ""


EXAMPLES: Final = {
    "weather": Example({"place": "Beijing", "days": 1}, "Beijing, China, 20:00 local time", "weather · Beijing"),
    "time": Example({"place": "Asia/Tokyo"}, "UTC+09:00", "time · Asia/Tokyo"),
    "calculate": Example({"expression": "2**64 + 1"}, "18446744073709551617", "calculate · 2"),
    "read_page": Example({"address": "$PAGES/lighthouse"}, "is 41 metres high", "read_page · "),
    "search_conversation": Example(
        {"query": "ship Margaret"},
        "The ship is the Margaret.",
        "search_conversation · ship",
        "The ship is the Margaret.",
    ),
    "far_echo": Example({"text": "ahoy", "times": 2}, "ahoyahoy", "far_echo · ahoy"),
}


@pytest.fixture
async def services() -> AsyncGenerator[ServicesStandIn]:
    async with ServicesStandIn(now=lambda: NOON) as services:
        yield services


async def talked(guest: Guest, text: str) -> None:
    """Say something before, if it is anything, and wait for the answer."""
    if text:
        guest.house.glm.script(script("Noted."))
        await guest.ask(text)
        await guest.shown("Noted.")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", [*(tool.name for tool in discover()), "far_echo"])
async def test_a_tool(platform: str, name: str, tmp_path: Path, services: ServicesStandIn) -> None:
    assert name in EXAMPLES, f"there is no example of {name}"
    example = EXAMPLES[name]
    arguments = json.loads(json.dumps(example.arguments).replace("$PAGES", services.url))
    async with open_guest(platform, tmp_path) as guest:
        bot = await guest.start(
            WEATHER_URL=services.url,
            GEOCODING_URL=services.url,
            MCP_SERVERS=FAR,
            PYTHONPATH=install(tmp_path, FIXTURES / "open_pages.py"),
            PAGES_URL=services.url,
        )
        await bot.logged("mcp.offers")
        await talked(guest, example.before)
        guest.house.glm.script(Answer(text="", calls=(Call(name, arguments),)))
        guest.house.glm.script(script("So", " it is."))
        # The bot reads only what people have asked it to.
        await (guest.follow_up if example.before else guest.ask)(f"Use {name} for {services.url}/lighthouse")
        answer = await guest.shown("So it is.")
        asked, told = guest.house.asked[-2:]
        assert name in offered(asked)
        assert example.result in " ".join(results(told))
        assert example.footer in answer
