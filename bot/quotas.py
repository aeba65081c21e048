"""Quotas: what of them is used up, by what the store says was spent today."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.messages import Address, Spending
from bot.ports import Store
from bot.rulebooks import Rulebook
from bot.rules import Kind, Limit, Presence, Unit

# Days are those of UTC, as providers bill them.
DAY: Final = 86_400.0


def _in_currency(spent: Iterable[Spending], currency: str) -> float:
    return sum(item.cost for item in spent if item.currency == currency)


_COUNTED: Final[Mapping[Unit, Callable[[Sequence[Spending]], float]]] = {
    Unit.REQUESTS: lambda spent: sum(item.answers for item in spent),
    Unit.TOKENS: lambda spent: sum(item.prompt + item.completion for item in spent),
    Unit.USD: lambda spent: _in_currency(spent, "USD"),
    Unit.CNY: lambda spent: _in_currency(spent, "CNY"),
}


def resets_in(now: float) -> float:
    """Seconds until quotas begin anew."""
    return DAY - now % DAY


@dataclass(frozen=True, slots=True)
class Meter:
    """Counts what somebody has used, at a time in Unix seconds.

    Answers under way count as requests; their tokens are known only when they end, so that the last one may exceed.
    """

    store: Store
    address: Address
    author: str
    now: float

    async def exceeded(self, held: Rulebook, presence: Presence, conversation: str) -> Limit | None:
        """The first quota of a book that leaves nothing for one more question in this conversation."""
        for limit in held.book.limits(presence):
            if await self._used(limit, held.workspace, conversation) >= limit.amount:
                return limit
        return None

    async def _used(self, limit: Limit, workspace: str, conversation: str) -> float:
        where = self._conditions(limit.pool, workspace)
        if limit.unit is Unit.PARALLEL:
            # What follows in the same conversation waits for its answer there.
            return len(await self._open(where) - {conversation})
        since = self.now - self.now % DAY
        used = _COUNTED[limit.unit](await self.store.spending(self.address.platform, since, **where))
        return used + len(await self._open(where)) if limit.unit is Unit.REQUESTS else used

    async def _open(self, where: Mapping[str, str]) -> set[str]:
        """The conversations in which something waits or is being answered."""
        return set((await self.store.pending(self.address.platform, **where)).values())

    def _conditions(self, pool: Kind, workspace: str) -> dict[str, str]:
        wanted = {
            "author": self.author if pool is Kind.USER else "",
            "channel": self.address.channel if pool is Kind.CHANNEL else "",
            "workspace": self.address.workspace if pool is Kind.SERVER else workspace,
        }
        return {name: value for name, value in wanted.items() if value}
