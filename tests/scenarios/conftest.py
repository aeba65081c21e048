from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.scenarios.house import House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House, None]:
    async with open_house(tmp_path) as opened:
        yield opened
