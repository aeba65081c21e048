"""Files beside the database, each named by the SHA-256 of its content."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from bot.errors import OperatorError

Result = TypeVar("Result")

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SHELF: Final = re.compile(r"[0-9a-f]{2}")
PRIVATE: Final = 0o700


def folder_beside(database: Path) -> Path:
    """Where the files beside a database are kept."""
    return database.with_name(f"{database.name}.files")


class BlobFolder:
    """Keeps files in a folder that nobody else may read, made when the first one comes; works beside the loop.

    The methods are those of `bot.attachments.Blobs`. A file is there whole or not at all, also when the power fails.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, data: bytes) -> str:
        """Keep a file."""
        return await self._apart(lambda: self._put(data))

    async def head(self, digest: str, size: int) -> bytes | None:
        """The beginning of a file."""
        return await self._apart(lambda: _head(self._path(digest), size))

    async def remove(self, digest: str) -> None:
        """Remove a file."""
        await self._apart(lambda: self._path(digest).unlink(missing_ok=True))

    async def shelves(self) -> Sequence[str]:
        """The folders by the first two digits of their files."""
        return await self._apart(self._shelves)

    async def tidy(self, shelf: str) -> Sequence[str]:
        """The digests of the files in a folder."""
        return await self._apart(lambda: _tidied(self._folder / shelf))

    async def _apart(self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            problem = f"{error.strerror}; check its rights and the disk"
            raise OperatorError(f"DATABASE_URL: the folder {self._folder} beside the database: {problem}") from error

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        for folder in (self._folder, path.parent):
            folder.mkdir(PRIVATE, exist_ok=True)
        # The temporary file is readable for its owner only, and so is what it becomes.
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync(path.parent)
        return digest

    def _shelves(self) -> Sequence[str]:
        with suppress(FileNotFoundError):  # no file was ever kept
            return sorted(path.name for path in self._folder.iterdir() if _SHELF.fullmatch(path.name))
        return []


class MemoryBlobs:
    """Keeps files for as long as the process lives; the methods are those of `bot.attachments.Blobs`."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def put(self, data: bytes) -> str:
        """Keep a file."""
        digest = hashlib.sha256(data).hexdigest()
        self.files[digest] = data
        return digest

    async def head(self, digest: str, size: int) -> bytes | None:
        """The beginning of a file."""
        data = self.files.get(digest)
        return None if data is None else data[:size]

    async def remove(self, digest: str) -> None:
        """Remove a file."""
        self.files.pop(digest, None)

    async def shelves(self) -> Sequence[str]:
        """The only part."""
        return ["all"]

    async def tidy(self, shelf: str) -> Sequence[str]:
        """The digests of all files."""
        return list(self.files)


def _head(path: Path, size: int) -> bytes | None:
    with suppress(FileNotFoundError), path.open("rb") as file:
        return file.read(size)
    return None


def _tidied(shelf: Path) -> Sequence[str]:
    """The files of a folder; what has no digest for a name was being written when its process died."""
    names = sorted(path.name for path in shelf.iterdir())
    for name in names:
        if not _DIGEST.fullmatch(name):
            (shelf / name).unlink(missing_ok=True)
    return [name for name in names if _DIGEST.fullmatch(name)]


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
