"""What answers have cost, as a table for somebody who asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from bot import access, tables, texts
from bot.messages import Control, Spending
from bot.ports import Store

_MONTH: Final = timedelta(days=30)
# Columns of a code block that a window of ordinary size shows; a wider table becomes a list.
_WIDEST: Final = 100
_UNKNOWN: Final = "–"


async def report(store: Store, control: Control, now: float) -> str:
    """A table of what whoever asks has used, this conversation has, and for who may manage it the server.

    `now` is in Unix seconds. Days are those of UTC, as providers bill them.
    """
    locale = control.address.locale
    moment = datetime.fromtimestamp(now, UTC)
    periods = (
        ("usage_today", moment.replace(hour=0, minute=0, second=0, microsecond=0)),
        ("usage_month", moment - _MONTH),
    )
    rows: list[str] = []
    for scope, condition in _conditions(control):
        for period, since in periods:
            spent = await store.spending(control.address.platform, since.timestamp(), **condition)
            rows.append(_row(f"{texts.say(scope, locale)}, {texts.say(period, locale)}", spent))
    head = texts.say("usage_head", locale)
    drawn = tables.draw("\n".join([head, _delimiter(head), *rows]), _WIDEST)
    return f"{drawn}\n{texts.say('usage_note', locale)}"


def _conditions(control: Control) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Whose spending is shown: the name of each scope, and what the store is asked for."""
    yield "scope_me", {"author": control.actor.id}
    if control.conversation:
        yield "scope_conversation", {"conversation": control.conversation}
    if control.address.workspace and access.may_set(control.actor, "server"):
        yield "scope_server", {"workspace": control.address.workspace}


def _row(label: str, spent: Sequence[Spending]) -> str:
    counts = (
        sum(item.answers for item in spent),
        sum(item.prompt for item in spent),
        sum(item.cached for item in spent),
        sum(item.completion for item in spent),
        sum(item.reasoning for item in spent),
    )
    return " | ".join(["", label, *(f"{count:,}" for count in counts), _cost(spent), ""]).strip()


def _cost(spent: Sequence[Spending]) -> str:
    """The costs that are known, each currency by itself."""
    sums: defaultdict[str, float] = defaultdict(float)
    for item in spent:
        if item.currency:
            sums[item.currency] += item.cost
    return " + ".join(f"{amount:.4f} {currency}" for currency, amount in sorted(sums.items())) or _UNKNOWN


def _delimiter(head: str) -> str:
    """The line below the header: names to the left, numbers to the right."""
    return f"| --- |{' ---: |' * (tables.pipes(head) - 2)}"
