"""What the store tests are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bot.messages import Address, Ask, Author, Control, ControlKind, Outcome, OutcomeKind
from bot.ports import Claim, Store

CHANNEL = Address("discord", "guild", "channel")


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self, _: object = None) -> float:
        return self.now


def ask(number: int, author: str = "ann", conversation: str = "talk", **changes: Any) -> Ask:
    made = Ask(
        key=f"m{number}",
        conversation=conversation,
        address=CHANNEL,
        author=Author(author, author.title()),
        text=f"text {number}",
        at=float(number),
        message=str(number),
    )
    return replace(made, **changes)


def answer(text: str = "an answer", question: str = "a question", kind: OutcomeKind = OutcomeKind.ANSWERED) -> Outcome:
    return Outcome(kind, question=question, answer=text)


def control(key: str) -> Control:
    return Control(key, ControlKind.STOP, "talk", CHANNEL, Author("ann", "Ann"))


async def put(store: Store, *asks: Ask) -> None:
    for each in asks:
        await store.accept(each, wakes=True, limit=100)


async def claimed(store: Store, owner: str = "worker", lease: float = 30.0) -> Claim:
    claim = await store.claim(owner, lease)
    assert claim is not None
    return claim


async def end(store: Store, claim: Claim, outcome: Outcome | None = None) -> Claim | None:
    """Finish, deliver and go on."""
    await store.finish(claim, outcome or answer())
    await store.delivered(claim)
    return await store.proceed(claim)


async def answered(store: Store, question: Ask, outcome: Outcome | None = None, ref: str = "") -> int:
    """The number of a turn that has come to its end, posted as `ref`."""
    await put(store, question)
    claim = await claimed(store)
    if ref:
        post = await store.intend(claim, 1)
        await store.posted(claim, post.number, ref)
    assert await end(store, claim, outcome) is None
    return claim.turn.id


def keys(claim: Claim | None) -> list[str]:
    assert claim is not None
    return [each.key for each in claim.turn.asks]
