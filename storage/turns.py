"""A turn while it is worked on, and the history before it; every write checks the claim's fence first."""

from __future__ import annotations

import json
from collections import defaultdict

from bot.completion import Usage
from bot.messages import History, Outcome, Post, Turn
from bot.ports import Claim
from storage import calls, jobs, spending
from storage.connection import Transaction
from storage.lane import check
from storage.rounds import answered_round
from storage.rows import dump_outcome, load_post

STEPS_PER_ROUND = 4  # how many turns without an answer may lie between two rounds, so that a walk has an end


def place(tx: Transaction, held: Claim, where: str) -> None:
    """Remember where the answer is."""
    check(tx, held)
    tx.run("place", turn=held.turn.id, place=where)


def history(tx: Transaction, turn: Turn, rounds: int) -> History:
    """The answered rounds up the chain of parents, and the summary at which the walk ends."""
    rows = tx.all("history", parent=turn.parent, rounds=rounds, steps=1 + rounds * STEPS_PER_ROUND)
    answered = [row for row in rows if not row["summary"]][:rounds]
    files = _files(tx, [row["id"] for row in answered])
    found = [
        answered_round(
            row["id"], row["asker"], row["question"], row["answer"], files[row["id"]], calls.calls(tx, row["id"])
        )
        for row in reversed(answered)
    ]
    return History(tuple(found), rows[-1]["summary"] if rows else "")


def _files(tx: Transaction, turns: list[int]) -> defaultdict[int, list[str]]:
    digests: defaultdict[int, list[str]] = defaultdict(list)
    for row in tx.all("files_of_turns", turns=json.dumps(turns)):
        digests[row["turn"]].append(row["digest"])
    return digests


def summarise(tx: Transaction, turn: int, text: str, usage: Usage, model: str) -> None:
    """Keep a summary at a turn that is still remembered, and what it cost in any case."""
    tx.run("summarise", turn=turn, text=text)
    spending.write_usage_of_summary(tx, turn, model, usage)


def intend(tx: Transaction, held: Claim, page: int) -> Post:
    """Store the intent to post; a number is never used again, also when its post is forgotten."""
    check(tx, held)
    number: int = tx.all("count_post", turn=held.turn.id)[0]["posts"]
    platform = held.turn.ask.address.platform
    return load_post(tx.all("insert_post", turn=held.turn.id, number=number, page=page, platform=platform)[0])


def posted(tx: Transaction, held: Claim, number: int, ref: str) -> None:
    """Note which message the post became."""
    check(tx, held)
    tx.run("posted", turn=held.turn.id, number=number, ref=ref)


def sealed(tx: Transaction, held: Claim, number: int, seal: int) -> None:
    """Note where the page ended."""
    check(tx, held)
    tx.run("sealed", turn=held.turn.id, number=number, seal=seal)


def unposted(tx: Transaction, held: Claim, number: int) -> None:
    """Forget a post."""
    check(tx, held)
    tx.run("unposted", turn=held.turn.id, number=number)


def repost(tx: Transaction, held: Claim) -> None:
    """Begin a new attempt: the posts stay, their seals are forgotten."""
    check(tx, held)
    tx.run("count_attempt", turn=held.turn.id)
    tx.run("forget_seals", turn=held.turn.id)


def finish(tx: Transaction, held: Claim, outcome: Outcome) -> None:
    """Store the outcome, the round of history, what it cost, and the job that it makes."""
    check(tx, held)
    tx.run(
        "finish",
        turn=held.turn.id,
        kind=outcome.kind,
        question=outcome.question,
        answer=outcome.answer,
        outcome=dump_outcome(outcome),
    )
    spending.write_usage(tx, held, outcome.model, outcome.provider, outcome.usage, outcome.first_text)
    jobs.follow(tx, held.turn.id, outcome)
    tx.run("schedule", conversation=held.conversation)


def spend(tx: Transaction, held: Claim, model: str, provider: str, usage: Usage) -> None:
    """Note what was spent before the end of the turn."""
    check(tx, held)
    spending.write_usage(tx, held, model, provider, usage)


def delivered(tx: Transaction, held: Claim) -> None:
    """Put the turn to rest."""
    check(tx, held)
    tx.run("delivered", turn=held.turn.id)
    tx.run("schedule", conversation=held.conversation)
