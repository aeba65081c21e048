from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.completion import ToolCall
from bot.messages import Address, Author
from bot.tools.box import Result, Toolbox
from bot.tools.registry import Context, ToolFunction
from playground.services import ServicesStandIn

# Friday, 20 November 2026, 12:00 UTC.
NOON = 1_795_176_000.0
Ask = Callable[..., Awaitable[Result]]


@pytest.fixture
async def services() -> AsyncGenerator[ServicesStandIn]:
    async with ServicesStandIn(now=lambda: NOON) as services:
        yield services


@pytest.fixture
async def context(services: ServicesStandIn) -> AsyncGenerator[Context]:
    async with httpx.AsyncClient(trust_env=False) as http:
        address = Address("console", "", "terminal", locale="en-US")
        yield Context(http, address, Author("ann", "Ann"), "talk", NOON, services.addresses)


@pytest.fixture
def ask(context: Context, silence: None) -> Ask:
    """Calls a tool the way that the model does, in the language of the locale."""

    async def called(tool: ToolFunction, locale: str = "en-US", **arguments: Any) -> Result:
        known = tool.arguments(**arguments).model_dump_json()
        spoken = replace(context, address=replace(context.address, locale=locale))
        return await Toolbox([tool]).call(ToolCall("1", tool.name, known), spoken)

    return called
