"""Turns that ask whether they may make their call."""

from __future__ import annotations

from bot.completion import ToolCall
from bot.messages import Verdict
from bot.ports import Claim, Store
from tests.contract.store.samples import ask, claimed, put

MAIL = ToolCall("call_1", "mail", '{"to": "bob"}')
CLOCK = ToolCall("call_2", "clock", "{}")
UNTIL = 1900.0


async def verdicts(store: Store, turn: int = 1) -> list[Verdict | None]:
    return [record.verdict for record in await store.calls(turn)]


async def asking(store: Store, until: float = UNTIL) -> Claim:
    """A turn that asks whether it may make its call."""
    await put(store, ask(1))
    claim = await claimed(store)
    await store.begin_calls(claim, 1, "May I?", [MAIL], asked=["call_1"], until=until)
    return claim


async def parked(store: Store, until: float = UNTIL) -> Claim:
    claim = await asking(store, until)
    await store.park(claim)
    return claim
