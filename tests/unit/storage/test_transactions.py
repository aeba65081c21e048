from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.completion import Usage
from bot.ports import Reception
from storage.connection import Transaction
from storage.sqlite import SqliteStore
from tests.contract.store.samples import Clock, answer, ask, claimed, end, keys, put


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[SqliteStore]:
    async with SqliteStore.open(tmp_path / "glimmer.db", clock=Clock()) as opened:
        yield opened


class Gate:
    """Holds the writer's thread until it is opened."""

    def __init__(self, store: SqliteStore) -> None:
        self._opened = threading.Event()
        self.task = asyncio.create_task(store._write(self._hold))

    def _hold(self, _: Transaction) -> None:
        assert self._opened.wait(20)

    async def open(self) -> None:
        self._opened.set()
        await self.task


async def queued(task: asyncio.Task[object]) -> None:
    """Let a task come as far as the writer's queue."""
    await asyncio.sleep(0)
    assert not task.done()


async def test_a_cancelled_accept_is_done_wholly_or_not_at_all(store: SqliteStore) -> None:
    gate = Gate(store)
    task = asyncio.create_task(store.accept(ask(1), wakes=True, limit=5))
    await queued(task)
    task.cancel()
    await gate.open()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.accept(ask(1), wakes=True, limit=5) is Reception.DUPLICATE
    assert await store._write(lambda tx: tx.one("knows", conversation="talk")) is not None


async def test_a_claim_whose_caller_was_cancelled_is_given_back(store: SqliteStore) -> None:
    await put(store, ask(1))
    gate = Gate(store)
    task = asyncio.create_task(store.claim("worker", 1000))
    await queued(task)
    task.cancel()
    await asyncio.sleep(0)
    await gate.open()
    with pytest.raises(asyncio.CancelledError):
        await task
    claim = await claimed(store)
    assert keys(claim) == ["m1"]
    assert claim.turn.attempt == 1


async def test_a_claim_that_is_cancelled_twice_is_given_back(store: SqliteStore) -> None:
    await put(store, ask(1))
    gate = Gate(store)
    task = asyncio.create_task(store.claim("worker", 1000))
    for _ in range(2):
        await queued(task)
        task.cancel()
    await asyncio.sleep(0)
    await gate.open()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert keys(await claimed(store)) == ["m1"]


async def test_a_turn_begun_for_a_cancelled_caller_is_given_back(store: SqliteStore) -> None:
    await put(store, ask(1), ask(2, "bob"))
    first = await claimed(store)
    await store.finish(first, answer())
    await store.delivered(first)
    gate = Gate(store)
    task = asyncio.create_task(store.proceed(first))
    await queued(task)
    task.cancel()
    await asyncio.sleep(0)
    await gate.open()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert keys(await claimed(store)) == ["m2"]


async def test_reads_do_not_wait_for_writes(store: SqliteStore) -> None:
    await put(store, ask(1))
    gate = Gate(store)
    assert await store.knows("talk")
    assert await store.next_due("worker") == 0
    await gate.open()


async def test_a_read_sees_what_was_written_before_it(store: SqliteStore) -> None:
    for number in range(20):
        await store.remember("cursor", str(number))
        assert await store.recall("cursor") == str(number)


async def test_nothing_of_a_transaction_that_raises_is_kept(store: SqliteStore) -> None:
    def half(tx: Transaction) -> None:
        tx.run("know_conversation", conversation="talk")
        raise LookupError

    with pytest.raises(LookupError):
        await store._write(half)
    assert not await store.knows("talk")
    await put(store, ask(1))


async def test_the_reading_connection_cannot_write(store: SqliteStore) -> None:
    with pytest.raises(Exception, match="read-only"):
        await store._read(lambda tx: tx.run("know_conversation", conversation="talk"))


async def test_half_a_surrogate_pair_does_not_stop_a_message(store: SqliteStore) -> None:
    await put(store, ask(1, text="half \ud83d", conversation="talk \udc00"))
    claim = await claimed(store)
    assert claim.turn.ask.text == "half \ufffd"
    assert await end(store, claim, answer("split \ud83d" + "\ude00 and \udfff")) is None
    summary = await store.turn(claim.turn.id)
    assert summary is not None
    assert summary.outcome is not None
    assert summary.outcome.answer == "split \U0001f600 and \ufffd"


async def test_usage_counts_each_claim_that_finished_once(store: SqliteStore) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    outcome = replace(answer(), model="glm-4.6")
    await store.finish(claim, outcome)
    await end(store, claim, outcome)
    assert await store.reopen(claim.turn.id)
    await end(store, await claimed(store), outcome)
    rows = await store._read(lambda tx: tx.db.execute("SELECT turn FROM usage").fetchall())
    assert [row["turn"] for row in rows] == [claim.turn.id] * 2


async def test_what_an_answer_cost_is_kept_with_where_and_how_fast(store: SqliteStore) -> None:
    await put(store, ask(1))
    usage = Usage(5, 4, 3, 2, cost=0.25, currency="CNY")
    await end(store, await claimed(store), replace(answer(), model="glm-4.6", usage=usage, first_text=1.5))
    (row,) = await store._read(lambda tx: tx.db.execute("SELECT * FROM usage").fetchall())
    assert tuple(row)[3:] == (
        *(1000.0, "discord", "guild", "talk", "ann", "glm-4.6", ""),
        *(5, 4, 3, 2, 0.25, "CNY", 1.5, "channel"),
    )


async def test_what_was_dropped_or_refused_is_not_kept(store: SqliteStore) -> None:
    await put(store, ask(1), ask(2))
    await store.accept(ask(3), wakes=True, limit=2)
    await store.withdraw_question("m1")
    await store.drop_waiting("talk", "ann")
    rows = await store._read(lambda tx: tx.db.execute("SELECT state, body FROM ask ORDER BY seq").fetchall())
    assert [tuple(row) for row in rows] == [("dropped", None), ("dropped", None), ("refused", None)]


async def test_what_was_said_in_a_question_taken_out_of_its_turn_is_not_kept(store: SqliteStore) -> None:
    await put(store, ask(1), ask(2))
    await claimed(store)
    await store.withdraw_question("m1")
    rows = await store._read(lambda tx: tx.db.execute("SELECT key, state, body FROM ask ORDER BY seq").fetchall())
    assert tuple(rows[0]) == ("m1", "dropped", None)
    assert rows[1]["state"] == "asked"
