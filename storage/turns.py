"""A turn while it is worked on, and the history before it; every write checks the claim's fence first."""

from __future__ import annotations

from bot.messages import Outcome, Post, Round, Turn
from bot.ports import Claim
from storage.connection import Transaction
from storage.lane import check
from storage.rows import answered_round, dump_outcome, load_post

STEPS_PER_ROUND = 4  # how many turns without an answer may lie between two rounds, so that a walk has an end


def place(tx: Transaction, held: Claim, where: str) -> None:
    """Remember where the answer is."""
    check(tx, held)
    tx.run("place", turn=held.turn.id, place=where)


def history(tx: Transaction, turn: Turn, rounds: int) -> list[Round]:
    """The answered rounds up the chain of parents, oldest first."""
    rows = tx.all("history", parent=turn.parent, rounds=rounds, steps=rounds * STEPS_PER_ROUND)
    return [answered_round(row["id"], row["question"], row["answer"]) for row in reversed(rows)]


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
    """Store the outcome, the round of history and what it cost."""
    check(tx, held)
    tx.run(
        "finish",
        turn=held.turn.id,
        kind=outcome.kind,
        question=outcome.question,
        answer=outcome.answer,
        outcome=dump_outcome(outcome),
    )
    tx.run(
        "write_usage",
        turn=held.turn.id,
        fence=held.fence,
        model=outcome.model,
        provider=outcome.provider,
        prompt=outcome.usage.prompt,
        completion=outcome.usage.completion,
        cached=outcome.usage.cached,
        reasoning=outcome.usage.reasoning,
    )
    tx.run("schedule", conversation=held.conversation)


def delivered(tx: Transaction, held: Claim) -> None:
    """Put the turn to rest."""
    check(tx, held)
    tx.run("delivered", turn=held.turn.id)
    tx.run("schedule", conversation=held.conversation)
