"""What is wrong with a database file, in one line for the operator."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bot.errors import OperatorError

FIXES: Mapping[int, str] = {
    sqlite3.SQLITE_FULL: "has no room to grow: the disk is full; free some space",
    sqlite3.SQLITE_READONLY: "is read-only; give this user the right to write to it and to its directory",
    sqlite3.SQLITE_PERM: "may not be accessed; give this user the right to read and write it",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that it is a file and that this user may read and write it",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error; check the disk and its free space",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database; name another file or move this one away",
    sqlite3.SQLITE_CORRUPT: "is damaged; put a backup in its place",
    sqlite3.SQLITE_BUSY: "is kept locked by another program; end that program",
}
_PRIMARY_CODE = 0xFF  # SQLite docs, rescode.html: the low byte of an extended result code is its primary code


def fault(path: Path, problem: str) -> OperatorError:
    """The operator's error about this database; `problem` goes on from its path and says how to mend it."""
    return OperatorError(f"DATABASE_URL: {path} {problem}")


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Raise OperatorError in place of a SQLite error that only the operator can mend; others pass unchanged."""
    try:
        yield
    except sqlite3.Error as error:
        code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & _PRIMARY_CODE
        if code not in FIXES:
            raise
        raise fault(path, FIXES[code]) from error
