"""A stand-in for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.api import Api, calling


@pytest.fixture
async def place() -> AsyncIterator[DiscordStandIn]:
    async with DiscordStandIn() as stand_in:
        stand_in.limits.lift()
        yield stand_in


@pytest.fixture
async def api(place: DiscordStandIn) -> AsyncIterator[Api]:
    async with calling(place) as client:
        yield client
