"""Who works on which conversation, and on what."""

from __future__ import annotations

import sqlite3
from itertools import takewhile

from bot.errors import LeaseLost
from bot.messages import Ask
from bot.ports import Claim
from storage.connection import Transaction
from storage.rows import load_ask, load_turn

LONGEST_RUN = 10  # messages of one author that are answered together


def claim(tx: Transaction, owner: str, lease: float) -> Claim | None:
    """Lease the conversation whose work has waited longest, and begin its next turn."""
    lane = tx.one("lease", owner=owner, lease=lease)
    return None if lane is None else _begin(tx, lane["id"], lane["fence"])


def proceed(tx: Transaction, held: Claim) -> Claim | None:
    """Begin the next turn under the same lease, or release it."""
    check(tx, held)
    lane = tx.one("continue_lease", conversation=held.conversation)
    if lane is None:
        tx.run("release", conversation=held.conversation)
        return None
    return _begin(tx, held.conversation, lane["fence"])


def hand_back(tx: Transaction, held: Claim, after: float, count: bool) -> None:
    """Release the lease with the turn unfinished."""
    check(tx, held)
    tx.run("hand_back", turn=held.turn.id, after=after, count=count)
    tx.run("release", conversation=held.conversation)
    tx.run("schedule", conversation=held.conversation)


def join(tx: Transaction, held: Claim) -> list[Ask]:
    """Take the mail that is next into the turn while it is plain words that could have been asked together with it."""
    check(tx, held)
    company = {_company(ask) for ask in tx.all("asks_to_join", turn=held.turn.id)}
    waiting = tx.all("waiting", conversation=held.conversation, limit=LONGEST_RUN)
    fitting = takewhile(lambda row: _company(row) in company, waiting)
    joined = list(takewhile(lambda mail: is_plain(mail[1]), ((row["seq"], load_ask(row["body"])) for row in fitting)))
    for seq, _ in joined:
        tx.run("ask_begun", turn=held.turn.id, seq=seq)
    tx.run("schedule", conversation=held.conversation)
    return [ask for _, ask in joined]


def is_plain(ask: Ask) -> bool:
    """Whether an ask is nothing but words: no files, nothing around it, and nothing that is answered otherwise."""
    more = ask.attachments, ask.quotes, ask.call, ask.job, ask.deferred, ask.alone, ask.reads_place
    return not any(more)


def check(tx: Transaction, held: Claim) -> None:
    """Raise LeaseLost when the claim's fence is old."""
    if tx.one("fenced", conversation=held.conversation, fence=held.fence) is None:
        raise LeaseLost(f"turn {held.turn.id} is no longer ours")


def renew(tx: Transaction, owner: str, lease: float) -> None:
    """Prolong all leases of this owner."""
    tx.run("renew", owner=owner, lease=lease)


def release_all(tx: Transaction) -> None:
    """End all leases; for a process that is alone with the database."""
    tx.run("release_all")


def next_due(tx: Transaction, owner: str) -> float | None:
    """Seconds until this owner may claim something; work under another's lease counts from the end of the lease."""
    at: float | None = tx.all("next_due", owner=owner)[0]["at"]
    return None if at is None else max(0.0, at - tx.now)


def _begin(tx: Transaction, conversation: str, fence: int) -> Claim:
    turn = tx.one("resume_turn", conversation=conversation)
    if turn is None:
        turn = _new_turn(tx, conversation)
    elif turn["state"] == "running":
        tx.run("forget_seals", turn=turn["id"])
    said = tx.all("asks_of_turn", turn=turn["id"])
    return Claim(conversation, fence, load_turn(turn, said, tx.all("posts_of_turn", turn=turn["id"])))


def _new_turn(tx: Transaction, conversation: str) -> sqlite3.Row:
    waiting = tx.all("waiting", conversation=conversation, limit=LONGEST_RUN)
    first = waiting[0]
    run = list(takewhile(lambda ask: _company(ask) == _company(first), waiting))
    turn = tx.all(
        "insert_turn",
        conversation=conversation,
        parent=first["parent"],
        asker=first["author"],
        since=first["at"],
        due=min(ask["accepted"] for ask in run),
    )[0]
    for ask in run:
        tx.run("ask_begun", turn=turn["id"], seq=ask["seq"])
    tx.run("use_notes", turn=turn["id"], conversation=conversation)
    # the lane's due work is now this turn, in place of the mail it was made from
    tx.run("schedule", conversation=conversation)
    return turn


def _company(ask: sqlite3.Row) -> tuple[str, int | None, int | None]:
    return ask["author"], ask["parent"], ask["seq"] if ask["alone"] else None
