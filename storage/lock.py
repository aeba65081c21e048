"""One process for a database file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from storage.faults import fault


def lock_path(path: Path) -> Path:
    """The lock file of a database; it stays when nobody holds it, since removing it would race with the next holder."""
    return path.with_name(f"{path.name}.lock")


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the database for this process alone; the system frees it when the process dies, however it dies.

    Advisory, and of no use on a network disk. Raises OperatorError when another process holds it.
    """
    try:
        handle = os.open(lock_path(path), os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise fault(path, f"cannot be locked: {lock_path(path)}: {error.strerror}; make it writable") from error
    try:
        _take(handle, path)
        yield
    finally:
        os.close(handle)


def _take(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
    except BlockingIOError as error:
        holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
        problem = f"is in use by another process (pid {holder}); end that one or name another file"
        raise fault(path, problem) from error
    except OSError as error:
        raise fault(path, f"cannot be locked: {error.strerror}; check the disk of {lock_path(path)}") from error
