"""What a turn has called, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.completion import ToolCall
from bot.messages import CallRecord
from bot.ports import Claim
from storage.connection import Transaction
from storage.lane import check


def begin_calls(tx: Transaction, held: Claim, number: int, text: str, wanted: Sequence[ToolCall]) -> None:
    """Note calls that are about to be made in the round of this number."""
    check(tx, held)
    for call in wanted:
        told = {"id": call.id, "name": call.name, "arguments": call.arguments}
        tx.run("begin_call", turn=held.turn.id, round=number, text=text, **told)


def end_call(tx: Transaction, held: Claim, call: str, result: str) -> None:
    """Note the result of a call that has none yet."""
    check(tx, held)
    tx.run("end_call", turn=held.turn.id, id=call, result=result)


def calls(tx: Transaction, turn: int) -> list[CallRecord]:
    """The calls of a turn in their order."""
    return [
        CallRecord(row["round"], row["text"], ToolCall(row["id"], row["name"], row["arguments"]), row["result"])
        for row in tx.all("calls", turn=turn)
    ]
