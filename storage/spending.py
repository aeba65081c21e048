"""What answers and summaries cost, and the sums of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.completion import Usage
from bot.messages import Spending
from bot.ports import Claim
from storage.connection import Transaction, Value


def write_usage(
    tx: Transaction, held: Claim, model: str, provider: str, usage: Usage, first_text: float | None = None
) -> None:
    """Note what one attempt cost, once for a claim; without a model it cost nothing."""
    turn = held.turn
    address = turn.ask.address
    tx.run(
        "write_usage",
        turn=turn.id,
        fence=held.fence,
        platform=address.platform,
        workspace=address.workspace,
        channel=address.channel,
        conversation=turn.conversation,
        author=turn.ask.author.id,
        model=model,
        provider=provider,
        first_text=first_text,
        **_columns(usage),
    )


def write_usage_of_summary(tx: Transaction, turn: int, model: str, usage: Usage) -> None:
    """Note what a summary cost, where its turn was asked."""
    tx.run("write_usage_of_summary", turn=turn, model=model, **_columns(usage))


def spending(
    tx: Transaction, platform: str, since: float, author: str, conversation: str, workspace: str, channel: str
) -> list[Spending]:
    """What was spent since then, by model."""
    conditions = {"author": author, "conversation": conversation, "workspace": workspace, "channel": channel}
    rows = tx.all("spending", platform=platform, since=since, **conditions)
    return totals(Spending(**dict(row)) for row in rows)


def totals(parts: Iterable[Spending]) -> list[Spending]:
    """The sums by model and currency, the most answers first; what has no known price joins what has one."""
    sums: dict[tuple[str, str], Spending] = {}
    # Those with a price come first, so that the others find them.
    for part in sorted(parts, key=lambda part: (not part.currency, part.currency)):
        known = (key for key in sums if key[0] == part.model and part.currency in ("", key[1]))
        key = next(known, (part.model, part.currency))
        sums[key] = _sum(sums[key], part) if key in sums else part
    return sorted(sums.values(), key=lambda each: (-each.answers, each.model, each.currency))


def spent(model: str, usage: Usage) -> Spending:
    """What one answer or summary cost."""
    known = usage.cost is not None
    counted = usage.prompt, usage.completion, usage.cached, usage.reasoning
    return Spending(model, 1, *counted, usage.cost or 0.0, usage.currency if known else "")


def _sum(one: Spending, other: Spending) -> Spending:
    return replace(
        one,
        answers=one.answers + other.answers,
        prompt=one.prompt + other.prompt,
        completion=one.completion + other.completion,
        cached=one.cached + other.cached,
        reasoning=one.reasoning + other.reasoning,
        cost=one.cost + other.cost,
    )


def _columns(usage: Usage) -> dict[str, Value]:
    return {
        "prompt": usage.prompt,
        "completion": usage.completion,
        "cached": usage.cached,
        "reasoning": usage.reasoning,
        "cost": usage.cost,
        "currency": usage.currency,
    }
