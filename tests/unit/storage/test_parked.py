"""Turns that wait for people outlive the process."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.completion import ToolCall
from bot.messages import Verdict
from storage.sqlite import SqliteStore
from tests.contract.store.samples import Clock, ask, claimed, put

MAIL = ToolCall("call_1", "mail", "{}")
UNTIL = 1900.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "glimmer.db"


async def ask_people(path: Path, *, park: bool) -> None:
    """Have a process that asks about a call, and dies."""
    async with SqliteStore.open(path, clock=Clock()) as store:
        await put(store, ask(1))
        claim = await claimed(store)
        await store.begin_calls(claim, 1, "May I?", [MAIL], asked=["call_1"], until=UNTIL)
        if park:
            await store.park(claim)


async def test_a_parked_turn_is_parked_in_the_next_process(path: Path) -> None:
    await ask_people(path, park=True)
    clock = Clock()
    async with SqliteStore.open(path, clock=clock) as store:
        assert await store.next_due("worker") == UNTIL - clock.now
        (decided,) = await store.decide(1, 1, Verdict.ALLOWED)
        assert (decided.call, decided.verdict, decided.until) == (MAIL, Verdict.ALLOWED, UNTIL)
        assert (await claimed(store)).turn.attempt == 1


async def test_a_decision_outlives_the_process_that_took_it(path: Path) -> None:
    await ask_people(path, park=True)
    async with SqliteStore.open(path, clock=Clock()) as store:
        await store.decide(1, 1, Verdict.DENIED)
    async with SqliteStore.open(path, clock=Clock()) as store:
        claim = await claimed(store)
        assert [record.verdict for record in await store.calls(claim.turn.id)] == [Verdict.DENIED]


async def test_a_process_that_dies_before_it_has_parked_leaves_the_question_open(path: Path) -> None:
    await ask_people(path, park=False)
    async with SqliteStore.open(path, clock=Clock()) as store:
        claim = await claimed(store)
        assert [record.verdict for record in await store.calls(claim.turn.id)] == [Verdict.ASKED]
        await store.park(claim)
        assert await store.claim("worker", 30) is None


async def test_no_verdict_is_kept_that_this_program_does_not_know(path: Path) -> None:
    await ask_people(path, park=True)
    async with SqliteStore.open(path, clock=Clock()) as store:
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            await store._write(lambda tx: tx.run("decide", turn=1, round=1, verdict="perhaps"))
        assert [record.verdict for record in await store.calls(1)] == [Verdict.ASKED]
