from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import OperatorError
from storage.connection import Transaction
from storage.lock import lock_path, locked
from storage.sqlite import SqliteStore
from tests.contract.store.samples import Clock, ask, claimed, keys, put


async def refusal(path: Path, *, exclusive: bool = True) -> str:
    """What the operator is told about this file."""
    with pytest.raises(OperatorError) as caught:
        async with SqliteStore.open(path, exclusive=exclusive):
            pass
    message = str(caught.value)
    assert message.startswith(f"DATABASE_URL: {path} ")
    assert "\n" not in message
    return message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "glimmer.db"


async def make(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await put(store, *(ask(number, conversation=f"talk {number}") for number in range(50)))


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 999")


def foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE photos (id INTEGER)")


def text(path: Path) -> None:
    path.write_text("dear diary, today I was not a database " * 100, "utf-8")


def torn(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:5000] + b"\xff" * (len(content) - 5000))


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (newer, "newer (version 999) than this program"),
        (foreign, "database of another program"),
        (text, "not a SQLite database"),
        (torn, "is damaged"),
        (directory, "cannot be opened"),
    ],
)
@pytest.mark.parametrize("exclusive", [True, False])
async def test_a_file_that_is_no_good_is_refused(
    path: Path, damage: Callable[[Path], None], told: str, exclusive: bool
) -> None:
    await make(path)
    damage(path)
    assert told in await refusal(path, exclusive=exclusive)


async def test_a_refusal_leaves_no_thread_and_no_lock(path: Path) -> None:
    await make(path)
    newer(path)
    before = threading.active_count()
    await refusal(path)
    assert threading.active_count() <= before
    with locked(path):
        pass


@pytest.mark.parametrize("place", ["missing/glimmer.db", "file/glimmer.db"])
async def test_a_directory_that_is_not_there_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    assert "directory that is missing or not writable" in await refusal(tmp_path / place)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a directory in which nobody can make a file")
async def test_a_directory_in_which_nothing_can_be_made_is_refused() -> None:
    assert "make it writable" in await refusal(Path("/proc/glimmer.db"))


async def test_a_second_process_is_refused_with_the_pid_of_the_first(path: Path) -> None:
    holder = "import sys; from pathlib import Path; from storage.lock import locked\n"
    holder += "with locked(Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", holder, path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    await child.stdout.readline()
    assert f"another process (pid {child.pid})" in await refusal(path)
    child.kill()
    await child.wait()
    async with SqliteStore.open(path):
        assert lock_path(path).read_text() == str(os.getpid())


async def test_a_store_that_was_closed_can_be_opened_again(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await put(store, ask(1))
    async with SqliteStore.open(path) as store:
        assert await store.knows("talk")


async def test_commands_work_beside_a_running_store(path: Path) -> None:
    async with SqliteStore.open(path) as running:
        await put(running, ask(1))
        claim = await claimed(running)
        async with SqliteStore.open(path, exclusive=False) as beside:
            assert await beside.knows("talk")
            await beside.remember("who", "beside")
            assert await beside.claim("beside", 30) is None
        await running.place(claim, "still ours")
        assert await running.recall("who") == "beside"


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_command_makes_no_database(path: Path) -> None:
    assert "does not exist" in await refusal(path, exclusive=False)
    assert files(path.parent) == []


async def test_who_is_alone_takes_over_every_lease_at_once(path: Path) -> None:
    clock = Clock()
    async with SqliteStore.open(path, clock=clock) as store:
        await put(store, ask(1))
        old = await claimed(store, lease=1000)
    async with SqliteStore.open(path, exclusive=False, clock=clock) as store:
        assert await store.claim("beside", 30) is None
    async with SqliteStore.open(path, clock=clock) as store:
        new = await claimed(store)
        assert keys(new) == ["m1"]
        assert new.fence > old.fence
        assert new.turn.attempt == 2


async def test_the_database_s_own_clock_lets_leases_live(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await put(store, ask(1))
        assert await store.next_due("other") == 0
        await claimed(store, lease=1000)
        due = await store.next_due("other")
        assert due is not None
        assert 0 < due <= 1000
        assert await store.claim("other", 30) is None


def test_the_program_ends_although_its_start_failed(path: Path) -> None:
    program = """
import asyncio, sys
from storage.sqlite import SqliteStore
async def main():
    async with SqliteStore.open(sys.argv[1]):
        raise SystemExit(7)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program, str(path)], timeout=30, check=False)
    assert done.returncode == 7


async def test_a_locked_file_is_given_up_before_discord_gives_an_interaction_up(path: Path) -> None:
    def patience(tx: Transaction) -> int:
        return tx.db.execute("PRAGMA busy_timeout").fetchone()[0]

    async with SqliteStore.open(path) as store:
        milliseconds = [await store._write(patience), await store._read(patience)]
        assert all(0 < each <= 2000 for each in milliseconds)


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
async def test_commits_are_as_durable_as_asked_for(path: Path, synchronous: str) -> None:
    async with SqliteStore.open(path, synchronous=synchronous) as store:  # pyright: ignore[reportArgumentType]  # parametrised
        level = await store._write(lambda tx: tx.db.execute("PRAGMA synchronous").fetchone()[0])
        assert level == {"FULL": 2, "NORMAL": 1}[synchronous]
        assert await store._write(lambda tx: tx.db.execute("PRAGMA journal_mode").fetchone()[0]) == "wal"
