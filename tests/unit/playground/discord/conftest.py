"""A stand-in for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from playground.discord.server import DiscordStandIn


@pytest.fixture
async def place() -> AsyncIterator[DiscordStandIn]:
    async with DiscordStandIn() as stand_in:
        stand_in.limits.lift()
        yield stand_in
