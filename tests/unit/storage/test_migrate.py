from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import OperatorError
from storage.lock import locked
from storage.migrate import Migration, migrations, prepare
from storage.sqlite import SqliteStore

FIRST = Migration(
    1, "PRAGMA application_id = 0x476C696D; CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('a');"
)
SECOND = Migration(2, "ALTER TABLE note ADD COLUMN at REAL;")
THIRD = Migration(3, "CREATE TABLE other (id INTEGER);")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "glimmer.db"


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


def columns(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [row[1] for row in db.execute("PRAGMA table_info(note)")]


def test_numbers_go_up_by_one_from_one() -> None:
    assert [step.number for step in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_new_database_is_brought_to_the_newest_version_without_a_backup(path: Path) -> None:
    prepare(path, exclusive=True)
    assert version(path) == migrations()[-1].number
    assert list(path.parent.glob("*.backup-*")) == []


def test_a_backup_is_made_before_each_step_of_a_database_that_holds_something(path: Path) -> None:
    prepare(path, exclusive=True, steps=[FIRST])
    prepare(path, exclusive=True, steps=[FIRST, SECOND, THIRD])
    assert version(path) == 3
    assert columns(path) == ["text", "at"]
    before_second, before_third = (path.with_name(f"glimmer.db.backup-000{number}") for number in (2, 3))
    assert (version(before_second), columns(before_second)) == (1, ["text"])
    assert (version(before_third), columns(before_third)) == (2, ["text", "at"])
    with closing(sqlite3.connect(before_second)) as db:
        assert db.execute("SELECT text FROM note").fetchall() == [("a",)]


async def test_a_backup_holds_what_a_running_store_wrote(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await store.remember("cursor", "7")
    newest = migrations()[-1].number
    prepare(path, exclusive=True, steps=[*migrations(), Migration(newest + 1, "CREATE TABLE later (id INTEGER);")])
    with closing(sqlite3.connect(path.with_name(f"glimmer.db.backup-{newest + 1:04}"))) as db:
        assert db.execute("SELECT value FROM memory").fetchall() == [("7",)]
        assert db.execute("PRAGMA user_version").fetchone() == (newest,)


def test_what_was_applied_is_not_applied_again(path: Path) -> None:
    for _ in range(3):
        prepare(path, exclusive=True, steps=[FIRST])
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM note").fetchone() == (1,)


def test_a_step_that_fails_is_undone_and_those_before_it_stay(path: Path) -> None:
    broken = Migration(3, "CREATE TABLE half (id INTEGER); INSERT INTO missing VALUES (1);")
    prepare(path, exclusive=True, steps=[FIRST])
    with pytest.raises(sqlite3.OperationalError, match="missing"):
        prepare(path, exclusive=True, steps=[FIRST, SECOND, broken])
    assert version(path) == 2
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").fetchone() == (0,)
    prepare(path, exclusive=True, steps=[FIRST, SECOND, THIRD])
    assert version(path) == 3


def test_a_command_migrates_only_when_nobody_runs(path: Path) -> None:
    prepare(path, exclusive=True, steps=[FIRST])
    with locked(path), pytest.raises(OperatorError, match="in use by another process"):
        prepare(path, exclusive=False, steps=[FIRST, SECOND])
    assert version(path) == 1
    prepare(path, exclusive=False, steps=[FIRST, SECOND])
    assert version(path) == 2


def test_a_command_reads_beside_a_running_process_when_there_is_nothing_to_migrate(path: Path) -> None:
    prepare(path, exclusive=True, steps=[FIRST])
    with locked(path):
        prepare(path, exclusive=False, steps=[FIRST])
    assert version(path) == 1
