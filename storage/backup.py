"""Copies of a database that is in use."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from bot.errors import OperatorError
from storage.faults import explained, fault


def copy_database(source: Path, target: Path) -> None:
    """Write a whole and consistent copy; what stood at `target` is replaced once the copy is complete.

    Blocks. Raises OperatorError when the source cannot be read or the target not be written.
    """
    if target.exists() and target.samefile(source):
        raise OperatorError(f"backup: {target} is the database itself; name another file")
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        with explained(source), closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as db:
            _copy(db, partial)
        partial.replace(target)
    except OSError as error:
        raise fault(target, f"cannot be written as a backup: {error.strerror}; name another place") from error
    finally:
        with suppress(OSError):  # the copy may never have been begun, or its directory be gone
            partial.unlink(missing_ok=True)


def _copy(db: sqlite3.Connection, target: Path) -> None:
    with explained(target), closing(sqlite3.connect(target)) as copy:
        db.backup(copy)
