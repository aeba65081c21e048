"""What is kept of somebody or of a conversation, read a page at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from bot.messages import Ask, CallRecord, Turn
from bot.records import Entry
from storage import calls
from storage.connection import Transaction
from storage.rows import load_ask, load_turn

PAGE: Final = 50  # entries that are in memory at once
LOOKED_AT: Final = 40 * PAGE  # how many turns a search goes back, so that it has an end
_AFTER_ALL: Final = "\U0010ffff"  # sorts behind every id of a conversation

Position: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Selection:
    """Whose records on a platform are meant, and in which conversation; "" leaves a condition out."""

    platform: str
    author: str
    conversation: str

    @property
    def actor(self) -> str:
        """How changes name the author."""
        return f"{self.platform}/{self.author}"

    @property
    def scope(self) -> str:
        """The scope of the author's own settings, as in `bot.choices.scope_keys`."""
        return f"user/{self.actor}"

    @property
    def beginning(self) -> Position:
        """Before the first record."""
        return self.conversation, 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where entries come from: queries for everybody and for one author, and how a row is read."""

    of_all: str
    of_author: str
    load: Callable[[Transaction, sqlite3.Row], Entry]


def page(tx: Transaction, source: Source, chosen: Selection, after: Position) -> tuple[list[Entry], Position]:
    """The entries that follow a position, and the position of the last."""
    rows = tx.all(
        source.of_author if chosen.author else source.of_all,
        platform=chosen.platform,
        author=chosen.author,
        conversation=after[0],
        after=after[1],
        until=chosen.conversation or _AFTER_ALL,
        limit=PAGE,
    )
    last = (rows[-1]["conversation"], rows[-1]["id"]) if rows else after
    return [source.load(tx, row) for row in rows], last


def earlier(tx: Transaction, conversation: str, words: Sequence[str], before: int) -> tuple[list[Entry], int]:
    """Of a page of turns before one the rounds that hold all words, newest first, and its last turn, 0 for none."""
    rows = tx.all("earlier_turns", conversation=conversation, before=before, limit=PAGE)
    entries = [_turn(tx, row) for row in rows if row["remembered"]]
    return [entry for entry in entries if holds(entry, words)], rows[-1]["id"] if rows else 0


def holds(entry: Entry, words: Sequence[str]) -> bool:
    """Whether each of these words is in the question or the answer, whatever the case of letters."""
    texts = entry.question.casefold(), entry.answer.casefold()
    return all(any(word.casefold() in text for text in texts) for word in words)


def entry_of_turn(turn: Turn, made: Sequence[CallRecord], withdrawn: bool) -> Entry:
    """A turn as people are given it."""
    outcome = turn.outcome
    return Entry(
        turn=turn.id,
        conversation=turn.conversation,
        address=turn.ask.address,
        author=turn.ask.author,
        at=turn.asks[0].at,
        question="\n".join(ask.text for ask in turn.asks),
        files=tuple(file.name for ask in turn.asks for file in ask.attachments),
        answer=outcome.answer if outcome else "",
        kind=outcome.kind if outcome else None,
        model=outcome.model if outcome else "",
        calls=tuple(made),
        withdrawn=withdrawn,
    )


def entry_of_ask(ask: Ask) -> Entry:
    """A message that is in no turn as people are given it."""
    files = tuple(file.name for file in ask.attachments)
    return Entry(0, ask.conversation, ask.address, ask.author, ask.at, ask.text, files)


def _turn(tx: Transaction, row: sqlite3.Row) -> Entry:
    turn = load_turn(row, tx.all("asks_of_turn", turn=row["id"]), ())
    return entry_of_turn(turn, calls.calls(tx, row["id"]), bool(row["withdrawn"]))


def _message(_: Transaction, row: sqlite3.Row) -> Entry:
    return entry_of_ask(load_ask(row["body"]))


SOURCES: Final = (
    Source("export_turns", "export_turns_of_author", _turn),
    Source("export_loose", "export_loose_of_author", _message),
)
