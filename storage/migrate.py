"""Bringing a database to the schema of this program."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import structlog

from storage.backup import copy_database
from storage.faults import explained, fault
from storage.lock import locked

APPLICATION_ID = 0x476C696D  # "Glim", as migration 0001 writes it

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    """A step of the schema; the database's `user_version` is the number of the last one applied."""

    number: int
    sql: str


def migrations() -> Sequence[Migration]:
    """The program's migrations in their order."""
    folder = resources.files("storage") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [Migration(int(file.name.removesuffix(".sql")), file.read_text("utf-8")) for file in files]


def prepare(path: Path, *, exclusive: bool, steps: Sequence[Migration] | None = None) -> None:
    """Make the file a database of this program's version; blocks.

    Without `exclusive` the file must exist, and is locked while it is migrated. Raises OperatorError for whatever only
    the operator can mend.
    """
    steps = migrations() if steps is None else steps
    if not exclusive and not path.exists():
        raise fault(path, "does not exist; name the file that `glimmer run` uses")
    with explained(path), closing(sqlite3.connect(path, isolation_level=None)) as db:
        pending = _pending(db, path, steps)
        if pending and not exclusive:
            with locked(path):
                _apply(db, path, _pending(db, path, steps))
        else:
            _apply(db, path, pending)


def _pending(db: sqlite3.Connection, path: Path, steps: Sequence[Migration]) -> Sequence[Migration]:
    version = _pragma(db, "user_version")
    tables: int = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if (version or tables) and _pragma(db, "application_id") != APPLICATION_ID:
        raise fault(path, "is the database of another program; name another file")
    newest = steps[-1].number
    if version > newest:
        problem = f"is newer (version {version}) than this program (version {newest}); update the program"
        raise fault(path, f"{problem}, or put an older backup in its place")
    return [step for step in steps if step.number > version]


def _apply(db: sqlite3.Connection, path: Path, steps: Sequence[Migration]) -> None:
    holds_something = _pragma(db, "user_version") > 0
    for step in steps:
        if holds_something:
            copy_database(path, path.with_name(f"{path.name}.backup-{step.number:04}"))
        try:
            db.executescript(f"BEGIN IMMEDIATE;\n{step.sql}\n;PRAGMA user_version = {step.number};\nCOMMIT;")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        log.info("database.migrated", path=str(path), version=step.number)


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return db.execute(f"PRAGMA {name}").fetchone()[0]
