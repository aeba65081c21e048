"""Questions that are answered in the background."""

from __future__ import annotations

import sqlite3

from bot.messages import Job, Outcome, OutcomeKind
from storage.connection import Transaction
from storage.rows import dump_outcome, load_outcome, load_turn


def follow(tx: Transaction, turn: int, outcome: Outcome) -> None:
    """Keep the jobs in step with a turn that ends: a new end cancels the job of the last, a DEFERRED one makes one."""
    tx.run("cancel_job", turn=turn)
    if outcome.kind is OutcomeKind.DEFERRED:
        tx.run("make_job", turn=turn, handle=outcome.handle)


def jobs(tx: Transaction) -> list[Job]:
    """The jobs whose ask is still to be made, oldest first."""
    return [_load(tx, row) for row in tx.all("jobs")]


def job(tx: Transaction, turn: int) -> Job | None:
    """A job by the number of its turn."""
    row = tx.one("job", turn=turn)
    return None if row is None else _load(tx, row)


def end_job(tx: Transaction, turn: int, outcome: Outcome) -> bool:
    """Note how an open job ended; whether it was open."""
    columns = {"question": outcome.question, "answer": outcome.answer, "outcome": dump_outcome(outcome)}
    return tx.run("end_job", turn=turn, **columns) > 0


def close_job(tx: Transaction, turn: int) -> None:
    """Note that the ask with a job's answer was made."""
    tx.run("close_job", turn=turn)


def cancel_job(tx: Transaction, turn: int) -> bool:
    """Cancel a job whose ask is still to be made; whether it was."""
    return tx.run("cancel_job", turn=turn) > 0


def _load(tx: Transaction, row: sqlite3.Row) -> Job:
    turn = load_turn(tx.all("turn", turn=row["turn"])[0], tx.all("asks_of_turn", turn=row["turn"]), ())
    return Job(turn, row["handle"], row["since"], load_outcome(row))
