from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.ports import Reception
from storage.sqlite import SqliteStore
from tests.contract.store.samples import ask, claimed

CHILD = """
import asyncio, itertools, sys
from storage.sqlite import SqliteStore
from tests.contract.store.samples import ask

async def writer(store, first):
    for number in itertools.count(first, 4):
        await store.accept(ask(number, conversation=f"talk {number}"), wakes=True, limit=5)
        print(number, flush=True)

async def main():
    async with SqliteStore.open(sys.argv[1], synchronous=sys.argv[2]) as store:
        await asyncio.gather(*(writer(store, first) for first in range(4)))

asyncio.run(main())
"""
ROOT = Path(__file__).parents[3]


def acknowledged_before_kill(path: Path, synchronous: str, after: int) -> list[int]:
    """Kill a process in the middle of accepting; the numbers that it had said were stored."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), synchronous], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(after)]
        child.kill()
        lines += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    # the log of the migration goes to the same place, and the last line may be half written
    return [int(line) for line in lines if line.endswith("\n") and line.strip().isdigit()]


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
@pytest.mark.parametrize("after", [3, 50, 400])
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, synchronous: str, after: int) -> None:
    path = tmp_path / "glimmer.db"
    stored = acknowledged_before_kill(path, synchronous, after)
    assert len(stored) >= after - 1
    async with SqliteStore.open(path) as store:
        again = [await store.accept(ask(number), wakes=True, limit=5) for number in stored]
        assert set(again) == {Reception.DUPLICATE}
        assert (await claimed(store)).turn.attempt == 1
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
