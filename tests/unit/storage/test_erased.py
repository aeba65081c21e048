"""What is forgotten is not to be found in the files either."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.completion import ToolCall, Usage
from bot.messages import Outcome, OutcomeKind
from bot.records import Forgotten
from storage import forgetting, turns
from storage.archive import Selection
from storage.connection import Database, Transaction
from storage.sqlite import SqliteStore
from tests.contract.store.samples import answer, answered, ask, claimed, control, end, put

# Longer than a page, so that it also stands in pages of its own.
SECRET = "xyzzy"
LONG = f"{SECRET} " * 3000


def occurrences(path: Path) -> int:
    """How often the secret stands in the database and beside it."""
    return sum(file.read_bytes().count(SECRET.encode()) for file in path.parent.glob(f"{path.name}*") if file.is_file())


def interrupted(_: Transaction, chosen: Selection) -> None:
    raise InterruptedError(chosen.author)


async def fill(store: SqliteStore, text: str) -> None:
    """Have the text wherever somebody's words can be, among those of others."""
    for number in range(0, 60, 3):
        await answered(store, ask(number, "bob"), answer("mine " * number, "theirs"))
        call = ToolCall("command", "clock", text)
        await put(store, ask(number + 1, text=text, origin={"token": text}, alone=True, call=call))
        claim = await claimed(store)
        await store.begin_calls(claim, 1, text, [ToolCall("a", "clock", text)])
        await store.end_call(claim, "a", text)
        await end(store, claim, Outcome(OutcomeKind.ANSWERED, question=text, answer=text, note=text, reasoning=text))
        await store.summarise(claim.turn.id, text, Usage())
        await store.accept(ask(number + 2, text=text), wakes=False, limit=5)
    await store.set_setting("user/discord/ann", "persona", text, by="discord/ann")


async def test_forgotten_words_are_in_no_file(tmp_path: Path) -> None:
    path = tmp_path / "glimmer.db"
    async with SqliteStore.open(path) as store:
        await fill(store, SECRET)
        await answered(store, ask(99, text=LONG), answer(LONG, LONG))
        assert occurrences(path) > 100
        await store.forget("discord", "ann")
        assert occurrences(path) == 0
        assert [entry.author.id async for entry in store.export("discord")] == ["bob"] * 20
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_what_a_control_said_is_kept_until_it_was_acted_on(tmp_path: Path) -> None:
    path = tmp_path / "glimmer.db"
    async with SqliteStore.open(path) as store:
        edit = replace(control("c1"), value=SECRET)
        assert await store.accept_control(edit)
        assert await store.unsettled() == [edit]
        await store.settle("c1")
        assert not await store.accept_control(edit)
        await store._checkpoint()
        assert occurrences(path) == 0


async def test_what_was_interrupted_is_ended_by_another_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with SqliteStore.open(tmp_path / "glimmer.db") as store:
        for number in range(3):
            await answered(store, ask(number))
        with monkeypatch.context() as patched:
            patched.setattr(forgetting, "STEP", 2)
            patched.setattr(forgetting, "STEPS", (forgetting.rounds, interrupted))
            with pytest.raises(InterruptedError):
                await store.forget("discord", "ann")
        await answered(store, ask(9))
        assert (await store.forget("discord", "ann")).rounds == 1
        assert [entry async for entry in store.export("discord")] == []


async def test_what_ends_while_others_are_forgotten_is_forgotten_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "glimmer.db"
    async with SqliteStore.open(path) as store:
        await put(store, ask(1, text=SECRET))
        claim = await claimed(store)
        await store.finish(claim, answer(SECRET, SECRET))

        def ends(tx: Transaction, _: Selection) -> None:
            turns.delivered(tx, claim)

        monkeypatch.setattr(forgetting, "STEPS", (*forgetting.STEPS, ends))
        assert await store.forget("discord", "ann") == Forgotten(rounds=1)
        assert occurrences(path) == 0


async def test_a_reader_of_another_program_delays_only_the_emptying_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.connection.BUSY_SECONDS", 0.0)
    path = tmp_path / "glimmer.db"
    async with SqliteStore.open(path) as store:
        await answered(store, ask(1, text=SECRET))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM ask").fetchall()
            assert (await store.forget("discord", "ann")).rounds == 1
            assert occurrences(path) > 0
        await store._checkpoint()
        assert occurrences(path) == 0


def test_deleted_content_is_overwritten_on_the_writing_connection(tmp_path: Path) -> None:
    database = Database(tmp_path / "glimmer.db", lambda _: 0.0, access="write")
    with closing(database._open()) as db:
        assert db.execute("PRAGMA secure_delete").fetchone()[0] == 1
