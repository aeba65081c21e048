"""What the operator exports and removes on the command line."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot import archivist
from bot.archivist import Whose, whose
from bot.errors import OperatorError
from bot.messages import Outcome, OutcomeKind
from bot.service import blobs_of
from bot.settings import Settings
from storage.sqlite import SqliteStore
from tests.fixtures.stage import an_ask

ANN = Whose("console", "ann")


@pytest.fixture
def loaded(tmp_path: Path) -> Settings:
    return Settings.model_validate({"database_url": f"sqlite:///{tmp_path}/glimmer.db"})


@pytest.fixture
async def running(loaded: Settings) -> AsyncGenerator[SqliteStore]:
    """The store of a bot that runs meanwhile; Ann has asked, with a file."""
    async with SqliteStore.open(loaded.database_path) as store:
        ask = an_ask("mine")
        await store.accept(ask, wakes=True, limit=9)
        claim = await store.claim("worker", 60.0)
        assert claim is not None
        await store.keep_file(ask.key, 0, await blobs_of(loaded).put(b"file"))
        await store.finish(claim, Outcome(OutcomeKind.ANSWERED, "mine", "yours"))
        await store.delivered(claim)
        await store.proceed(claim)
        yield store


@pytest.mark.parametrize(
    ("user", "conversation", "meant"),
    [
        ("discord/12", "", Whose("discord", "12")),
        ("slack/T1.U1", "slack/T1/C1/5", Whose("slack", "T1.U1", "slack/T1/C1/5")),
        ("", "discord/1/2", Whose("discord", "", "discord/1/2")),
    ],
)
def test_what_is_meant_is_named_by_a_user_or_a_conversation(user: str, conversation: str, meant: Whose) -> None:
    assert whose(user, conversation) == meant


@pytest.mark.parametrize(
    ("user", "conversation"), [("", ""), ("ann", ""), ("discord/", ""), ("/12", ""), ("discord/12", "slack/T1/C1/5")]
)
def test_what_names_nobody_is_the_operators_mistake(user: str, conversation: str) -> None:
    with pytest.raises(OperatorError):
        whose(user, conversation)


@pytest.mark.usefixtures("running")
async def test_a_new_file_is_written_that_only_its_owner_may_read(loaded: Settings, tmp_path: Path) -> None:
    target = tmp_path / "export.json"
    await archivist.export(loaded, ANN, "json", target)
    [entry] = json.loads(target.read_text("utf-8"))
    assert (entry["question"], entry["answer"]) == ("mine", "yours")
    assert target.stat().st_mode & 0o777 == 0o600
    with pytest.raises(OperatorError, match="cannot be made"):
        await archivist.export(loaded, ANN, "md", target)


@pytest.mark.usefixtures("running")
async def test_without_anything_no_file_is_made(loaded: Settings, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="nothing"):
        await archivist.export(loaded, Whose("console", "bob"), "md", tmp_path / "export.md")
    assert not (tmp_path / "export.md").exists()


async def test_what_is_removed_is_counted_and_its_files_go(loaded: Settings, running: SqliteStore) -> None:
    assert await archivist.forget(loaded, ANN) == ["rounds: 1", "files: 1"]
    blobs = blobs_of(loaded)
    assert [digest for shelf in await blobs.shelves() for digest in await blobs.tidy(shelf)] == []
    assert await archivist.forget(loaded, ANN) == ["nothing of theirs was found"]
    assert [entry async for entry in running.export("console")] == []


async def test_what_is_being_answered_is_told_and_left(loaded: Settings, running: SqliteStore) -> None:
    await running.accept(an_ask("again"), wakes=True, limit=9)
    assert await running.claim("worker", 60.0) is not None
    *_, last = await archivist.forget(loaded, ANN)
    assert last.startswith("left: 1, being answered now")
