"""Values to rows and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from pydantic import TypeAdapter

from bot.messages import Ask, Control, Outcome, Post, Quote, Turn
from bot.ports import Summary

Value = TypeVar("Value")

_ASK = TypeAdapter(Ask)
_CONTROL = TypeAdapter(Control)
_OUTCOME = TypeAdapter(Outcome)


def dump_ask(ask: Ask) -> str:
    """An ask as JSON."""
    return _dump(_ASK, ask)


def load_ask(text: str) -> Ask:
    """An ask from JSON."""
    return _ASK.validate_json(text)


def dump_control(control: Control) -> str:
    """A control as JSON."""
    return _dump(_CONTROL, control)


def load_control(text: str) -> Control:
    """A control from JSON."""
    return _CONTROL.validate_json(text)


def dump_outcome(outcome: Outcome) -> str:
    """An outcome as JSON without its question and answer, which have columns of their own."""
    return _dump(_OUTCOME, replace(outcome, question="", answer=""))


def load_outcome(row: sqlite3.Row) -> Outcome | None:
    """The outcome of a row of `turn` or `job`."""
    if row["outcome"] is None:
        return None
    return replace(_OUTCOME.validate_json(row["outcome"]), question=row["question"], answer=row["answer"])


def load_post(row: sqlite3.Row) -> Post:
    """A post from the columns of its name."""
    return Post(**dict(row))


def load_summary(row: sqlite3.Row) -> Summary:
    """A summary from a row of the query `turn`."""
    return Summary(
        id=row["id"],
        conversation=row["conversation"],
        asker=row["asker"],
        state=row["state"],
        last=bool(row["last"]),
        asks=row["asks"],
        outcome=load_outcome(row),
    )


def load_turn(row: sqlite3.Row, said: Sequence[sqlite3.Row], posts: Sequence[sqlite3.Row]) -> Turn:
    """A turn from its row, the asks and notes in it, and its posts."""
    asks = [(ask["state"], load_ask(ask["body"])) for ask in said]
    return Turn(
        id=row["id"],
        conversation=row["conversation"],
        asks=tuple(ask for state, ask in asks if state == "asked"),
        since=row["since"],
        notes=tuple(Quote(ask.author.name, ask.text) for state, ask in asks if state == "context"),
        parent=row["parent"],
        attempt=row["attempt"],
        place=row["place"],
        posts=tuple(load_post(post) for post in posts),
        first=bool(row["first"]),
        outcome=load_outcome(row),
    )


def _dump(adapter: TypeAdapter[Value], value: Value) -> str:
    # pydantic's own JSON refuses lone surrogates, which the connection mends later
    return json.dumps(adapter.dump_python(value, mode="json"), ensure_ascii=False)
