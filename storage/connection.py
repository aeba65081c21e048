"""A connection on which a whole transaction is one function in the database's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeAlias, TypeVar

import aiosqlite

from storage.faults import explained

BUSY_SECONDS = 2.0  # how long another process may keep the file locked; Discord waits 3 s for an interaction's answer
CACHED_STATEMENTS = 256  # more than there are queries, so that each is compiled once

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
Value: TypeAlias = str | float | None
Clock: TypeAlias = Callable[[sqlite3.Connection], float]


def database_time(db: sqlite3.Connection) -> float:
    """Unix seconds by the database's clock, to the millisecond; `unixepoch('subsec')` is NULL before SQLite 3.42."""
    return db.execute("SELECT (julianday('now') - 2440587.5) * 86400.0").fetchone()[0]


def read_queries() -> Mapping[str, str]:
    """The named queries: each begins at its name; parameters are named, and :now is the clock in Unix seconds."""
    files = (resources.files("storage") / "queries").iterdir()
    texts = (file.read_text("utf-8") for file in files if file.name.endswith(".sql"))
    named = (part.partition("\n") for text in texts for part in text.split("-- name: ")[1:])
    return {name.strip(): sql.partition("\n-- ")[0].strip().rstrip(";") for name, _, sql in named}


QUERIES = read_queries()


@dataclass(frozen=True, slots=True)
class Transaction:
    """Named queries within one transaction, and its time; used in the database's thread only."""

    db: sqlite3.Connection
    now: float

    def all(self, query: str, /, **values: Value) -> list[sqlite3.Row]:
        """All rows; also runs a RETURNING to its end, since an unfinished one keeps the write lock."""
        return self._execute(query, values).fetchall()

    def one(self, query: str, /, **values: Value) -> sqlite3.Row | None:
        """The first row, if any."""
        rows = self.all(query, **values)
        return rows[0] if rows else None

    def run(self, query: str, /, **values: Value) -> int:
        """How many rows were changed."""
        return self._execute(query, values).rowcount

    def _execute(self, query: str, values: dict[str, Value]) -> sqlite3.Cursor:
        values["now"] = self.now
        try:
            return self.db.execute(QUERIES[query], values)
        except UnicodeEncodeError:  # half of a surrogate pair, which JSON can carry and UTF-8 cannot
            return self.db.execute(QUERIES[query], {name: _mended(value) for name, value in values.items()})


class Database(aiosqlite.Connection):
    """One connection and its thread; the thread outlives the program unless it is used as a context manager."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        access: Literal["read", "write"],
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
    ) -> None:
        super().__init__(self._open, iter_chunk_size=64)
        self._path = path
        self._clock = clock
        self._synchronous = synchronous
        self._access = access

    def _open(self) -> sqlite3.Connection:
        with explained(self._path):
            db = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=CACHED_STATEMENTS
            )
            try:
                self._set_up(db)
            except BaseException:
                db.close()
                raise
            return db

    def _set_up(self, db: sqlite3.Connection) -> None:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL").fetchall()
        db.execute(f"PRAGMA synchronous = {self._synchronous}")
        db.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten, also where builds of SQLite leave that out.
        db.execute("PRAGMA secure_delete = ON").fetchall()
        if self._access == "read":
            db.execute("PRAGMA query_only = ON")

    async def transact(
        self,
        work: Callable[Concatenate[Transaction, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Run a function as one transaction, committed when it returns and rolled back when it raises.

        A cancelled caller does not stop it: it is done wholly or not at all. Raises OperatorError for a full disk and
        its like, after which the connection goes on working.
        """

        def call(tx: Transaction) -> Result:
            return work(tx, *args, **kwargs)

        return await self._execute(self._transaction, call)  # pyright: ignore[reportUnknownMemberType]  # aiosqlite leaves it untyped

    async def checkpoint(self) -> None:
        """Empty the log of the file, which still holds what was deleted; left for later while another program reads."""
        await self._execute(self._checkpoint)  # pyright: ignore[reportUnknownMemberType]  # aiosqlite leaves it untyped

    def _checkpoint(self) -> None:
        with explained(self._path):
            self._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _transaction(self, work: Callable[[Transaction], Result]) -> Result:
        db = self._conn
        with explained(self._path):
            db.execute("BEGIN IMMEDIATE" if self._access == "write" else "BEGIN")
            try:
                result = work(Transaction(db, self._clock(db)))
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # SQLite has rolled back already after some errors
                    db.execute("ROLLBACK")
                raise
        return result


def _mended(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
