"""Copies of a database that is in use, and of the files beside it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from bot.errors import OperatorError
from storage.blobs import PRIVATE, folder_beside
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


def copy_files(source: Path, target: Path) -> None:
    """Copy the files beside a database to beside its copy; one that is there already is the same by its name.

    Blocks. Raises OperatorError when they cannot be read or written.
    """
    origin, folder = folder_beside(source), folder_beside(target)
    try:
        for path in sorted(origin.glob("??/" + "?" * 64)):
            shelf = folder / path.parent.name
            if not (shelf / path.name).exists():
                for each in (folder, shelf):
                    each.mkdir(PRIVATE, exist_ok=True)
                _copy_file(path, shelf / path.name)
    except OSError as error:
        raise fault(folder, f"cannot be written as a backup: {error.strerror}; name another place") from error


def _copy_file(source: Path, target: Path) -> None:
    partial = target.with_name("partial")
    with suppress(FileNotFoundError):  # it is not wanted any more, and was removed while others were copied
        shutil.copy(source, partial)
        partial.replace(target)


def _copy(db: sqlite3.Connection, target: Path) -> None:
    with explained(target), closing(sqlite3.connect(target)) as copy:
        db.backup(copy)
