"""Removing what somebody asked and said; each step is a transaction that others need not wait for long."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final, TypeAlias

from bot.messages import Outcome, OutcomeKind
from bot.records import Forgotten
from storage.archive import Selection
from storage.connection import Transaction
from storage.files import forget_files, wanted_files
from storage.rows import dump_outcome, load_ask

Step: TypeAlias = Callable[[Transaction, Selection], Forgotten | None]

STEP: Final = 50  # rounds or messages in one transaction
# What is left of a round's outcome.
NOTHING_LEFT: Final = Outcome(OutcomeKind.RETRACTED)


def rounds(tx: Transaction, chosen: Selection) -> Forgotten | None:
    """Forget some of their rounds; None when there are no more."""
    rows = tx.all("rounds_of_author", **_conditions(chosen), limit=STEP)
    return sum((_round(tx, row["id"]) for row in rows), Forgotten()) if rows else None


def loose(tx: Transaction, chosen: Selection) -> Forgotten | None:
    """Forget some of their notes and waiting messages; None when there are no more."""
    rows = tx.all("loose_of_author", **_conditions(chosen), limit=STEP)
    return sum((_message(tx, row) for row in rows), Forgotten()) if rows else None


# Rounds go first, with the notes in them.
STEPS: Final[tuple[Step, ...]] = (rounds, loose)


def rest(tx: Transaction, chosen: Selection) -> Forgotten:
    """Forget their ratings and, unless only a conversation is meant, their settings; count what is under way."""
    # What has ended since their rounds were gone through would be neither forgotten nor counted.
    ended = rounds(tx, chosen) or Forgotten()
    ratings = tx.run("forget_ratings", **_conditions(chosen))
    left: int = tx.all("rounds_under_way", **_conditions(chosen))[0]["rounds"]
    if chosen.conversation:
        return ended + Forgotten(ratings=ratings, left=left)
    settings = tx.run("forget_settings", scope=chosen.scope, actor=chosen.actor)
    tx.run("forget_changes", scope=chosen.scope, actor=chosen.actor)
    return ended + Forgotten(ratings=ratings, settings=settings, left=left)


def reworded(question: str, said: str) -> str:
    """A question without the lines of a message that was quoted in it."""
    lines = set(said.split("\n")) - {""}
    return "\n".join(line for line in question.split("\n") if line not in lines)


def _conditions(chosen: Selection) -> dict[str, str]:
    return {"platform": chosen.platform, "author": chosen.author, "conversation": chosen.conversation}


def _round(tx: Transaction, turn: int) -> Forgotten:
    digests = {row["digest"] for row in tx.all("forget_files_of_round", turn=turn)}
    forgotten = Forgotten(
        rounds=1,
        calls=tx.run("forget_calls", turn=turn),
        summaries=tx.run("forget_summaries", turn=turn),
        ratings=tx.run("forget_ratings_of_round", turn=turn),
        jobs=tx.run("cancel_job", turn=turn),
        files=frozenset(digests - wanted_files(tx, digests)),
    )
    tx.run("forget_job", turn=turn)
    tx.run("blank_asks", turn=turn)
    tx.run("drop_context", turn=turn)
    tx.run("forget_round", turn=turn, outcome=dump_outcome(NOTHING_LEFT))
    return forgotten


def _message(tx: Transaction, row: sqlite3.Row) -> Forgotten:
    ask = load_ask(row["body"])
    tx.run("drop_ask", seq=row["seq"])
    if row["state"] == "waiting":
        tx.run("schedule", conversation=row["conversation"])
        return Forgotten(files=frozenset(forget_files(tx, row["key"])), waiting=(ask,))
    summaries = 0
    if row["turn"] is not None:
        question: str = tx.all("question", turn=row["turn"])[0]["question"]
        tx.run("reword_question", turn=row["turn"], question=reworded(question, ask.text))
        summaries = tx.run("forget_summaries", turn=row["turn"])
    return Forgotten(notes=1, summaries=summaries)
