from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot.errors import OperatorError
from storage import backup
from storage.blobs import BlobFolder, folder_beside
from storage.sqlite import SqliteStore


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "glimmer.db"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "monday.db"


async def back_up(source: Path, target: Path) -> None:
    async with SqliteStore.open(source) as store:
        await store.backup(target)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def made(target: Path) -> list[Path]:
    return list(target.parent.glob(f"{target.name}*"))


async def test_the_files_beside_the_database_are_copied_with_it(source: Path, target: Path) -> None:
    blobs = BlobFolder(folder_beside(source))
    digests = {await blobs.put(bytes([number])) for number in range(5)}
    await back_up(source, target)
    copies = BlobFolder(folder_beside(target))
    assert {await copies.head(digest, 9) for digest in digests} == {bytes([number]) for number in range(5)}
    assert names(folder_beside(target)) == digests


async def test_nobody_else_may_read_the_copies(source: Path, target: Path) -> None:
    await BlobFolder(folder_beside(source)).put(b"data")
    await back_up(source, target)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder_beside(target), *folder_beside(target).rglob("*"))}
    assert modes == {0o700, 0o600}


async def test_a_second_backup_adds_what_is_new(source: Path, target: Path) -> None:
    blobs = BlobFolder(folder_beside(source))
    first = await blobs.put(b"first")
    await back_up(source, target)
    second = await blobs.put(b"second")
    await back_up(source, target)
    assert names(folder_beside(target)) == {first, second}


async def test_without_files_there_is_no_folder(source: Path, target: Path) -> None:
    await back_up(source, target)
    assert {target.name} == {path.name for path in made(target)}


async def test_what_is_half_written_is_left_out(source: Path, target: Path) -> None:
    digest = await BlobFolder(folder_beside(source)).put(b"data")
    (folder_beside(source) / digest[:2] / "tmpabc").write_bytes(b"ha")
    await back_up(source, target)
    assert names(folder_beside(target)) == {digest}


async def test_a_file_that_is_removed_meanwhile_is_left_out(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, removed = sorted([await BlobFolder(folder_beside(source)).put(data) for data in (b"one", b"two")])
    copy = backup.shutil.copy

    def copy_and_remove(path: Path, to: Path) -> None:
        copy(path, to)
        (folder_beside(source) / removed[:2] / removed).unlink(missing_ok=True)

    monkeypatch.setattr(backup.shutil, "copy", copy_and_remove)
    await back_up(source, target)
    assert names(folder_beside(target)) == {kept}


async def test_a_place_for_the_files_that_cannot_be_written_is_named(source: Path, target: Path) -> None:
    await BlobFolder(folder_beside(source)).put(b"data")
    folder_beside(target).write_text("in the way")
    with pytest.raises(OperatorError, match=r"monday\.db\.files cannot be written as a backup"):
        await back_up(source, target)
