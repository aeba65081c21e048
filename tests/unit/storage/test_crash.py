from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from bot.ports import Reception
from storage.sqlite import SqliteStore
from tests.contract.store.samples import ask, claimed

ACCEPTING = """
import asyncio, itertools, sys
from storage.sqlite import SqliteStore
from tests.contract.store.samples import ask

async def writer(store, first):
    for number in itertools.count(first, 4):
        await store.accept(ask(number, conversation=f"talk {number}"), wakes=True, limit=5)
        print(number, flush=True)

async def main():
    async with SqliteStore.open(sys.argv[1], synchronous=sys.argv[2]) as store:
        await asyncio.gather(*(writer(store, first) for first in range(4)))

asyncio.run(main())
"""
DEFERRING = """
import asyncio, itertools, sys
from dataclasses import replace
from bot.messages import OutcomeKind
from storage.sqlite import SqliteStore
from tests.contract.store.samples import answer, answered, ask

LATER = replace(answer("", kind=OutcomeKind.DEFERRED), handle="task", model="glm-4.6")

async def main():
    async with SqliteStore.open(sys.argv[1], synchronous=sys.argv[2]) as store:
        for number in itertools.count():
            await answered(store, ask(number, conversation=f"talk {number}"), LATER)
            await store.end_job(number + 1, answer())
            print(number, flush=True)

asyncio.run(main())
"""
CALLING = """
import asyncio, itertools, sys
from bot.completion import ToolCall
from storage.sqlite import SqliteStore
from tests.contract.store.samples import ask, claimed, put

async def main():
    async with SqliteStore.open(sys.argv[1], synchronous=sys.argv[2]) as store:
        await put(store, ask(1))
        claim = await claimed(store)
        for number in itertools.count():
            call = ToolCall(f"call_{number // 2}", "mail", "{}")
            if number % 2:
                await store.end_call(claim, call.id, "sent")
            else:
                await store.begin_calls(claim, 1 + number // 2, "", [call])
            print(number, flush=True)

asyncio.run(main())
"""
ROOT = Path(__file__).parents[3]


def acknowledged_before_kill(program: str, path: Path, synchronous: str, after: int) -> list[int]:
    """Kill a process in the middle of its work; the numbers that it had said were stored."""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path), synchronous], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        # the log of the migrations goes to the same place, and the last line may be half written
        stored = [int(line) for line in islice(filter(is_number, child.stdout), after)]
        child.kill()
        stored += [int(line) for line in child.stdout if is_number(line)]
    assert child.returncode == -signal.SIGKILL
    return stored


def is_number(line: str) -> bool:
    return line.endswith("\n") and line.strip().isdigit()


def assert_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
@pytest.mark.parametrize("after", [3, 50, 400])
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, synchronous: str, after: int) -> None:
    path = tmp_path / "glimmer.db"
    stored = acknowledged_before_kill(ACCEPTING, path, synchronous, after)
    assert len(stored) >= after
    async with SqliteStore.open(path) as store:
        again = [await store.accept(ask(number), wakes=True, limit=5) for number in stored]
        assert set(again) == {Reception.DUPLICATE}
        assert (await claimed(store)).turn.attempt == 1
    assert_sound(path)


@pytest.mark.parametrize("after", [1, 40])
async def test_a_deferred_question_has_its_job_and_its_cost_or_is_still_to_be_asked(tmp_path: Path, after: int) -> None:
    path = tmp_path / "glimmer.db"
    stored = acknowledged_before_kill(DEFERRING, path, "FULL", after)
    async with SqliteStore.open(path) as store:
        jobs = await store.jobs()
        assert {job.turn.ask.key for job in jobs if job.outcome} >= {f"m{number}" for number in stored}
        assert all(job.turn.outcome for job in jobs)
        (spent,) = await store.spending("discord", 0)
        assert spent.answers == len(jobs)
    assert_sound(path)


@pytest.mark.parametrize("after", [1, 2, 41])
async def test_what_was_begun_and_what_came_of_it_survives_a_kill(tmp_path: Path, after: int) -> None:
    path = tmp_path / "glimmer.db"
    stored = acknowledged_before_kill(CALLING, path, "FULL", after)
    async with SqliteStore.open(path) as store:
        records = await store.calls((await claimed(store)).turn.id)
    results = {int(record.call.id.removeprefix("call_")): record.result for record in records}
    assert results.keys() >= {number // 2 for number in stored}
    assert all(results[number // 2] == "sent" for number in stored if number % 2)
    assert [result for result in results.values() if result is None] in ([], [None])
    assert_sound(path)
