from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

import storage
from bot.messages import Turn
from bot.ports import Claim
from storage import inbox, lane, spending, turns
from storage.connection import QUERIES, Database, Transaction, database_time
from storage.migrate import prepare
from tests.contract.store.samples import answer, ask

# what runs for every message, claim, page and answer, and what could take long: not who looks at the newest changes
HOT = sorted(set(QUERIES) - {"unsettled", "release_all", "forget_old_files", "changes"})

# what has an index of its own that is as short as there is work to do
SHORT = {
    "SCAN conversation USING INDEX conversation_due",
    "SCAN job USING INDEX job_pending",
    "SCAN ask USING INDEX ask_waiting",
    "SCAN turn USING INDEX turn_open",
}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "glimmer.db"
    prepare(path, exclusive=True)
    database = Database(path, database_time, access="write")
    with closing(database._open()) as opened:
        yield opened


def plan(db: sqlite3.Connection, query: str) -> list[str]:
    sql = QUERIES[query]
    values = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
    return [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


@pytest.mark.parametrize("query", HOT)
def test_no_query_reads_a_whole_table(db: sqlite3.Connection, query: str) -> None:
    scans = [
        step
        for step in plan(db, query)
        if step.startswith("SCAN")
        # what a walk has gathered, a list of scopes, and a single row made on the spot are short by themselves
        and not re.match(r"SCAN (chain|chosen|newest|json_each|CONSTANT ROW)", step)
    ]
    assert set(scans) <= SHORT


def test_a_plan_without_an_index_would_be_noticed(db: sqlite3.Connection) -> None:
    db.execute("DROP INDEX turn_conversation")
    db.execute("DROP INDEX turn_open")
    assert any(step.startswith("SCAN") for step in plan(db, "open_turn"))


def test_every_query_is_used() -> None:
    folder = Path(storage.__file__).parent
    source = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    assert [name for name in QUERIES if f'"{name}"' not in source] == []


def test_every_query_compiles(db: sqlite3.Connection) -> None:
    for name in QUERIES:
        assert plan(db, name) is not None


class Steps:
    """Counts what SQLite's machine does, which unlike time is the same on every run."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.count = 0

    def __enter__(self) -> Self:
        self.db.set_progress_handler(self._step, 1)
        return self

    def _step(self) -> int:
        self.count += 1
        return 0

    def __exit__(self, *_: object) -> None:
        self.db.set_progress_handler(None, 1)


def fill(db: sqlite3.Connection, turns_stored: int) -> int:
    """A conversation of so many answered turns; the number of the last."""
    tx = Transaction(db, 0.0)
    tx.run("know_conversation", conversation="talk")
    number = 0
    for _ in range(turns_stored):
        number = tx.all("insert_turn", conversation="talk", parent=None, asker="ann", since=0, due=0)[0]["id"]
        tx.run("finish", turn=number, kind="answered", question="q", answer="a", outcome="{}")
        tx.run("delivered", turn=number)
        outcome = replace(answer(), model="glm-4.6")
        held = Claim("talk", number, Turn(number, "talk", (ask(number),), since=0))
        spending.write_usage(tx, held, outcome.model, outcome.provider, outcome.usage)
    return number


def cost(db: sqlite3.Connection, stored: int) -> dict[str, int]:
    last = fill(db, stored)
    tx = Transaction(db, 1.0)
    costs: dict[str, int] = {}
    with Steps(db) as steps:
        inbox.accept(tx, ask(1), True, 10)
        costs["accept"] = steps.count
    with Steps(db) as steps:
        claim = lane.claim(tx, "worker", 30)
        costs["claim"] = steps.count
    assert claim is not None
    with Steps(db) as steps:
        assert spending.spending(tx, "discord", 0, "bob", "", "", "") == []
        costs["spending"] = steps.count
    turn = Turn(id=last + 1, conversation="talk", asks=(), since=0, parent=last)
    with Steps(db) as steps:
        assert len(turns.history(tx, turn, 10).rounds) == 10
        costs["history"] = steps.count
    return costs


def test_a_turn_costs_the_same_after_ten_and_after_ten_thousand(tmp_path: Path) -> None:
    costs: list[dict[str, int]] = []
    for stored in (10, 10_000):
        path = tmp_path / f"{stored}.db"
        prepare(path, exclusive=True)
        with closing(Database(path, database_time, access="write")._open()) as db:
            db.execute("BEGIN")
            costs.append(cost(db, stored))
            db.execute("ROLLBACK")
    short, long = costs
    assert {name: long[name] <= short[name] * 1.2 for name in short} == dict.fromkeys(short, True)
