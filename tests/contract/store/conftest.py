from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.ports import Store
from storage.memory import MemoryStore
from storage.sqlite import SqliteStore
from tests.contract.store.samples import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncGenerator[Store]:
    if request.param == "memory":
        yield MemoryStore(clock)
        return
    async with SqliteStore.open(tmp_path / "glimmer.db", clock=clock) as opened:
        yield opened
