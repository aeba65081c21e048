"""What a turn has called, and what came of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.completion import ToolCall
from bot.messages import CallRecord, Verdict
from bot.ports import Claim
from storage.connection import Transaction
from storage.lane import check


def begin_calls(
    tx: Transaction,
    held: Claim,
    number: int,
    text: str,
    wanted: Sequence[ToolCall],
    asked: Collection[str],
    until: float,
) -> None:
    """Note calls of the round of this number that are about to be made, or that people are asked about."""
    check(tx, held)
    for call in wanted:
        told = {"id": call.id, "name": call.name, "arguments": call.arguments}
        waits = call.id in asked
        verdict = {"verdict": Verdict.ASKED if waits else None, "until": until if waits else 0.0}
        tx.run("begin_call", turn=held.turn.id, round=number, text=text, **told, **verdict)


def start_call(tx: Transaction, held: Claim, call: str) -> None:
    """Note that a call that was allowed is about to be made."""
    check(tx, held)
    tx.run("start_call", turn=held.turn.id, id=call)


def end_call(tx: Transaction, held: Claim, call: str, result: str) -> None:
    """Note the result of a call that has none yet."""
    check(tx, held)
    tx.run("end_call", turn=held.turn.id, id=call, result=result)


def calls(tx: Transaction, turn: int) -> list[CallRecord]:
    """The calls of a turn in their order."""
    return [seen_at(tx.now, load_call(row)) for row in tx.all("calls", turn=turn)]


def seen_at(now: float, record: CallRecord) -> CallRecord:
    """A call as it is at this time: about one whose time is over nobody is asked any more."""
    over = record.verdict is Verdict.ASKED and record.until <= now
    return replace(record, verdict=Verdict.UNANSWERED) if over else record


def load_call(row: sqlite3.Row) -> CallRecord:
    """A call from its row."""
    return CallRecord(
        round=row["round"],
        text=row["text"],
        call=ToolCall(row["id"], row["name"], row["arguments"]),
        result=row["result"],
        verdict=None if row["verdict"] is None else Verdict(row["verdict"]),
        until=row["until"],
    )
