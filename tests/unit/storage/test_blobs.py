from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from bot.errors import OperatorError
from storage.blobs import BlobFolder

DATA = b"some bytes"
DIGEST = hashlib.sha256(DATA).hexdigest()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "glimmer.db.files"


@pytest.fixture
def blobs(folder: Path) -> BlobFolder:
    return BlobFolder(folder)


async def test_a_file_is_named_by_its_content(blobs: BlobFolder, folder: Path) -> None:
    assert await blobs.put(DATA) == DIGEST
    assert (folder / DIGEST[:2] / DIGEST).read_bytes() == DATA
    assert files(folder) == [folder / DIGEST[:2] / DIGEST]


async def test_nobody_else_may_read_it(blobs: BlobFolder, folder: Path) -> None:
    await blobs.put(DATA)
    assert {mode(path) for path in files(folder)} == {0o600}
    assert {mode(path) for path in (folder, folder / DIGEST[:2])} == {0o700}


async def test_the_same_file_twice_is_one(blobs: BlobFolder) -> None:
    assert await blobs.put(DATA) == await blobs.put(DATA)
    assert await blobs.tidy(DIGEST[:2]) == [DIGEST]


async def test_its_beginning_is_read(blobs: BlobFolder) -> None:
    await blobs.put(DATA)
    assert await blobs.head(DIGEST, 4) == DATA[:4]
    assert await blobs.head(DIGEST, 1_000) == DATA
    assert await blobs.head("00" * 32, 4) is None


async def test_removing_twice_is_fine(blobs: BlobFolder) -> None:
    await blobs.put(DATA)
    await blobs.remove(DIGEST)
    await blobs.remove(DIGEST)
    assert await blobs.head(DIGEST, 4) is None


async def test_all_files_are_found(blobs: BlobFolder) -> None:
    assert list(await blobs.shelves()) == []
    digests = {await blobs.put(bytes([number])) for number in range(50)}
    found = [digest for shelf in await blobs.shelves() for digest in await blobs.tidy(shelf)]
    assert len(found) == 50
    assert set(found) == digests


async def test_what_was_half_written_when_a_process_died_is_removed(blobs: BlobFolder, folder: Path) -> None:
    await blobs.put(DATA)
    (folder / DIGEST[:2] / "tmpabc").write_bytes(b"half")
    assert await blobs.tidy(DIGEST[:2]) == [DIGEST]
    assert [path.name for path in (folder / DIGEST[:2]).iterdir()] == [DIGEST]


async def test_a_write_that_fails_leaves_nothing_and_tells_the_operator(
    blobs: BlobFolder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OperatorError, match="No space left"):
        await blobs.put(DATA)
    assert files(folder) == []
