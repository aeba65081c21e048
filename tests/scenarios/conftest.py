from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.fixtures.workshop import Workshop, open_workshop
from tests.scenarios.guests import PLATFORMS, Guest, open_guest
from tests.scenarios.house import House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House, None]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture(params=PLATFORMS)
async def guest(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Guest]:
    """Somebody on Discord, and once more on Slack."""
    async with open_guest(request.param, tmp_path) as guest:
        yield guest


@pytest.fixture
async def workshop() -> AsyncGenerator[Workshop]:
    async with open_workshop() as workshop:
        yield workshop
