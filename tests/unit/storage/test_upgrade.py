from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.completion import ToolCall, Usage
from bot.messages import CallRecord, Spending, Verdict
from bot.records import Forgotten
from storage.migrate import migrations, prepare
from storage.sqlite import SqliteStore
from tests.contract.store.samples import Clock, answer, claimed, end, keys

WRITTEN = Path(__file__).with_name("version_1.sql")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database as a program of version 1 left it."""
    old = tmp_path / "glimmer.db"
    prepare(old, exclusive=True, steps=migrations()[:1])
    with closing(sqlite3.connect(old)) as db:
        db.executescript(WRITTEN.read_text("utf-8"))
    return old


async def test_the_history_and_its_files_are_still_there(path: Path) -> None:
    async with SqliteStore.open(path, clock=Clock()) as store:
        turn = (await claimed(store)).turn
        if turn.conversation == "other":
            turn = (await claimed(store, "second")).turn
        assert [each.key for each in turn.asks] == ["m3"]
        history = await store.history(turn, rounds=5)
        (only,) = history.rounds
        assert [message.content for message in only.messages] == ["[Ann]: first", "one"]
        assert (only.files, history.summary) == (("ab" * 32,), "")


async def test_what_was_spent_is_known_by_who_asked_where(path: Path) -> None:
    async with SqliteStore.open(path, clock=Clock()) as store:
        spent = [Spending("glm-4.6", 1, 5, 4, 3, 2, 0.0, "")]
        for conditions in (
            {},
            {"author": "ann"},
            {"conversation": "talk"},
            {"workspace": "guild"},
            {"channel": "channel"},
        ):
            assert list(await store.spending("discord", 0, **conditions)) == spent
        assert list(await store.spending("discord", 0, author="bob")) == []
        assert list(await store.spending("slack", 0)) == []


async def test_everything_else_goes_on_where_it_stood(path: Path) -> None:
    async with SqliteStore.open(path, clock=Clock()) as store:
        assert await store.settings("model", ["user/ann"]) == {"user/ann": "glm-4.6"}
        posted = await store.turn_of_post("p1")
        assert posted is not None
        assert posted.outcome is not None
        assert posted.outcome.usage == Usage(5, 4, 3, 2)
        claims = [await claimed(store), await claimed(store, "second")]
        assert sorted(keys(claim)[0] for claim in claims) == ["m3", "m4"]
        running = next(claim for claim in claims if claim.conversation == "other")
        assert running.turn.attempt == 2
        assert running.turn.ask.attachments == ()
        assert await end(store, running, answer()) is None


async def test_what_is_new_works_on_what_is_old(path: Path) -> None:
    async with SqliteStore.open(path, clock=Clock()) as store:
        await store.summarise(1, "so far", Usage(1, 1), model="glm-4.5-air")
        claim = await claimed(store)
        talk = claim if claim.conversation == "talk" else await claimed(store, "second")
        assert (await store.history(talk.turn, rounds=5)).summary == "so far"
        assert await store.jobs() == []
        assert await store.calls(1) == []
        assert [entry.turn async for entry in store.export("discord", author="ann")] == [1, 4]
        assert await store.forget("discord", "ann") == Forgotten(
            rounds=1, summaries=1, left=1, files=frozenset({"ab" * 32})
        )


async def test_what_settled_controls_said_is_no_longer_kept(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO control (key, settled, body) VALUES ('c1', 1, 'old words')")
        db.commit()
    prepare(path, exclusive=True)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT key, settled, body FROM control").fetchall() == [("c1", 1, "")]


async def test_calls_of_before_were_asked_about_by_nobody(tmp_path: Path) -> None:
    path = tmp_path / "glimmer.db"
    prepare(path, exclusive=True, steps=migrations()[:3])
    with closing(sqlite3.connect(path)) as db:
        db.executescript("""
            INSERT INTO conversation (id) VALUES ('talk');
            INSERT INTO turn (id, conversation, asker, since, due, first) VALUES (1, 'talk', 'ann', 1, 1, 1);
            INSERT INTO call VALUES (1, 1, 1, 'Let me look.', 'a', 'clock', '{}', 'noon');
        """)
    async with SqliteStore.open(path) as store:
        assert list(await store.calls(1)) == [CallRecord(1, "Let me look.", ToolCall("a", "clock", "{}"), "noon")]
        assert list(await store.decide(1, 1, Verdict.ALLOWED)) == []


def test_the_new_schema_breaks_no_reference(path: Path) -> None:
    prepare(path, exclusive=True)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert all(path.with_name(f"glimmer.db.backup-{number}").exists() for number in ("0002", "0003", "0004"))
