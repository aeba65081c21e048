from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.errors import OperatorError
from bot.ports import Reception
from storage.connection import Transaction
from storage.faults import FIXES, explained
from storage.sqlite import SqliteStore
from tests.contract.store.samples import Clock, answer, ask, claimed, end, put

LARGE = "x" * 100_000


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[SqliteStore]:
    async with SqliteStore.open(tmp_path / "glimmer.db", clock=Clock()) as opened:
        yield opened


async def pragma(store: SqliteStore, sql: str) -> None:
    def run(tx: Transaction) -> None:
        tx.db.execute(f"PRAGMA {sql}").fetchall()

    await store._write(run)


async def fill_disk(store: SqliteStore) -> None:
    """From now on the file may not grow, which SQLite reports as it does a full disk."""
    await pragma(store, "max_page_count = 1")


async def free_disk(store: SqliteStore) -> None:
    await pragma(store, "max_page_count = 1000000")


async def test_a_full_disk_is_the_operator_s_and_accepts_nothing(store: SqliteStore) -> None:
    await fill_disk(store)
    with pytest.raises(OperatorError, match=r"^DATABASE_URL: .*disk is full"):
        await store.accept(ask(1, text=LARGE), wakes=True, limit=5)
    assert not await store.knows("talk")


async def test_the_store_goes_on_when_there_is_space_again(store: SqliteStore) -> None:
    await fill_disk(store)
    for _ in range(3):
        with pytest.raises(OperatorError):
            await store.accept(ask(1, text=LARGE), wakes=True, limit=5)
    await free_disk(store)
    assert await store.accept(ask(1, text=LARGE), wakes=True, limit=5) is Reception.TAKEN
    assert await end(store, await claimed(store)) is None


async def test_a_finish_without_space_leaves_the_turn_to_be_finished(store: SqliteStore) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await fill_disk(store)
    with pytest.raises(OperatorError):
        await store.finish(claim, answer(LARGE))
    await free_disk(store)
    await store.finish(claim, answer(LARGE))
    await store.delivered(claim)


async def test_a_file_that_became_read_only_is_the_operator_s(store: SqliteStore) -> None:
    await pragma(store, "query_only = ON")
    with pytest.raises(OperatorError, match="read-only"):
        await store.accept(ask(1), wakes=True, limit=5)
    assert not await store.knows("talk")


async def test_a_mistake_of_ours_is_not_blamed_on_the_operator(store: SqliteStore) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    with pytest.raises(sqlite3.IntegrityError):
        await store.delivered(claim)
    await store.finish(claim, answer())


def test_every_fault_names_the_setting_and_what_to_do() -> None:
    for code in FIXES:
        error = sqlite3.OperationalError("secret detail")
        error.sqlite_errorcode = code | (3 << 8)
        with pytest.raises(OperatorError) as caught, explained(Path("/data/glimmer.db")):
            raise error
        assert str(caught.value) == f"DATABASE_URL: /data/glimmer.db {FIXES[code]}"


def partial_copies(folder: Path) -> list[Path]:
    return list(folder.glob("*.partial"))


async def test_a_backup_is_whole_while_the_store_is_used(store: SqliteStore, tmp_path: Path) -> None:
    await put(store, ask(1))
    target = tmp_path / "copy.db"
    target.write_text("an older backup")
    await store.backup(target)
    await put(store, ask(2, conversation="later"))
    async with SqliteStore.open(target) as copy:
        assert await copy.knows("talk")
        assert not await copy.knows("later")
    assert not partial_copies(tmp_path)


async def test_a_backup_that_cannot_be_written_says_where(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="missing"):
        await store.backup(tmp_path / "missing" / "copy.db")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OperatorError, match="folder"):
        await store.backup(tmp_path / "folder")
    with pytest.raises(OperatorError, match="is the database itself"):
        await store.backup(tmp_path / "glimmer.db")
    assert await store.accept(ask(1), wakes=True, limit=5) is Reception.TAKEN
