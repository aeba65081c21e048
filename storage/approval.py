"""Calls that somebody must allow: their turn waits without a lease until it is known what people say."""

from __future__ import annotations

from bot.messages import CallRecord, Verdict
from bot.ports import Claim
from storage.calls import load_call
from storage.connection import Transaction
from storage.lane import check


def park(tx: Transaction, held: Claim) -> None:
    """Release the lease with the turn unfinished, until nobody is asked any more or the time is over."""
    check(tx, held)
    if tx.one("waiting", conversation=held.conversation, limit=1) is not None:
        pass_over(tx, held.conversation)
    tx.run("park", turn=held.turn.id)
    tx.run("release", conversation=held.conversation)
    tx.run("schedule", conversation=held.conversation)


def decide(tx: Transaction, turn: int, number: int, verdict: Verdict) -> list[CallRecord]:
    """Answer for the calls of a round that people are still asked about, and say which these were."""
    rows = tx.all("decide", turn=turn, round=number, verdict=verdict)
    if rows:
        _wait_less(tx, turn)
    return [load_call(row) for row in sorted(rows, key=lambda row: row["number"])]


def pass_over(tx: Transaction, conversation: str) -> None:
    """Ask nobody any more about the calls of the turn that is under way: the conversation goes on."""
    rows = tx.all("pass_over", conversation=conversation)
    if rows:
        _wait_less(tx, rows[0]["turn"])


def _wait_less(tx: Transaction, turn: int) -> None:
    """Let a turn wait for those that are still asked about only; one that is leased sees to that when it is parked."""
    for row in tx.all("wait_less", turn=turn):
        tx.run("schedule", conversation=row["conversation"])
