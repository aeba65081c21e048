"""A machine that does the same to the store in memory and to the one on SQLite, and compares what they say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bot.completion import ToolCall, Usage
from bot.errors import LeaseLost
from bot.messages import Address, Attachment, OutcomeKind
from bot.ports import Claim, Store
from bot.records import Entry
from storage.memory import MemoryStore
from storage.sqlite import SqliteStore
from tests.contract.store.samples import Clock, answer, ask

FILE = (Attachment("a.png", "image/png", 10, "https://files.test/a.png"),)
OWNERS = st.sampled_from(["first", "second"])
AUTHORS = st.sampled_from(["ann", "bob"])
CONVERSATIONS = st.sampled_from(["one", "two"])
NUMBERS = st.integers(1, 12)
REFS = st.sampled_from(["", "p1", "p2"])
POSTS = st.integers(1, 3)
MODELS = st.sampled_from(["", "glm-4.6", "glm-4.5-air"])
ASKED = ToolCall("c", "mail", "{}")
CALLS = st.sampled_from([ToolCall("a", "clock", "{}"), ToolCall("b", "weather", "[]")])
TURNS = st.integers(0, 5)
SECONDS = st.sampled_from([0.0, 1.0, 10.0, 31.0])


async def comparable(digests: Awaitable[Collection[str]]) -> set[str]:
    return set(await digests)


async def gathered(entries: AsyncIterator[Entry]) -> list[Entry]:
    return [entry async for entry in entries]


async def listed(values: Awaitable[Iterable[Any]]) -> list[Any]:
    return list(await values)


class Twins(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.clock = Clock()
        self.claims: list[Claim] = []
        self.turns = 0
        self.runner = asyncio.Runner()
        self.resources = AsyncExitStack()
        folder = self.resources.enter_context(TemporaryDirectory())
        opening = SqliteStore.open(Path(folder) / "glimmer.db", synchronous="NORMAL", clock=self.clock)
        self.stores: list[Store] = [
            MemoryStore(self.clock),
            self.runner.run(self.resources.enter_async_context(opening)),
        ]

    def teardown(self) -> None:
        try:
            self.answer_everything()
        finally:
            self.runner.run(self.resources.aclose())
            self.runner.close()

    def answer_everything(self) -> None:
        self.clock.now += 1000
        while (claim := self.both(lambda store: store.claim("last", 30))) is not None:
            while claim is not None:
                self.both(lambda store, held=claim: store.finish(held, answer()))
                self.both(lambda store, held=claim: store.delivered(held))
                claim = self.both(lambda store, held=claim: store.proceed(held))
        assert self.both(lambda store: store.next_due("last")) is None

    def both(self, call: Callable[[Store], Awaitable[Any]]) -> Any:
        async def outcome(store: Store) -> Any:
            try:
                return await call(store)
            except LeaseLost:
                return LeaseLost

        memory, sqlite = [self.runner.run(outcome(store)) for store in self.stores]
        assert memory == sqlite
        return memory

    def hold(self, claim: Any) -> None:
        if isinstance(claim, Claim):
            assert claim.turn.asks
            assert len(claim.turn.asks) == 1 or not any(each.alone for each in claim.turn.asks)
            assert claim.turn.outcome or not any(post.seal for post in claim.turn.posts)
            self.claims.append(claim)
            self.turns = max(self.turns, claim.turn.id)

    def some_claim(self, data: st.DataObject) -> Claim:
        # mostly the newest, now and then one whose fence may be old
        return self.claims[-1 - min(data.draw(st.integers(0, 3)), len(self.claims) - 1)]

    @rule(number=NUMBERS, author=AUTHORS, conversation=CONVERSATIONS, wakes=st.booleans(), reply_to=REFS)
    def accept(self, number: int, author: str, conversation: str, wakes: bool, reply_to: str) -> None:
        address = Address("discord", "", conversation)
        said = ask(number, author, conversation, address=address, reply_to=reply_to, alone=number % 4 == 0)
        said = replace(said, deferred=number % 5 == 0)
        self.both(lambda store: store.accept(said, wakes=wakes or number % 3 > 0, limit=4))

    @rule(number=NUMBERS)
    def copy_with_files(self, number: int) -> None:
        self.both(lambda store: store.accept(ask(number, attachments=FILE), wakes=True, limit=4))

    @rule(owner=OWNERS)
    def claim(self, owner: str) -> None:
        due = self.both(lambda store: store.next_due(owner))
        claim = self.both(lambda store: store.claim(owner, 30))
        assert (claim is not None) == (due == 0)
        self.hold(claim)

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(owner=OWNERS)
    def renew(self, owner: str) -> None:
        self.both(lambda store: store.renew(owner, 30))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def proceed(self, data: st.DataObject) -> None:
        claim = self.some_claim(data)
        self.hold(self.both(lambda store: store.proceed(claim)))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), after=SECONDS, count=st.booleans())
    def hand_back(self, data: st.DataObject, after: float, count: bool) -> None:
        claim = self.some_claim(data)
        self.both(lambda store: store.hand_back(claim, after=after, count=count))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), ref=REFS)
    def post(self, data: st.DataObject, ref: str) -> None:
        claim = self.some_claim(data)
        post = self.both(lambda store: store.intend(claim, 1))
        if post is not LeaseLost:
            self.both(lambda store: store.posted(claim, post.number, ref))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), number=POSTS, seal=st.integers(0, 9))
    def seal(self, data: st.DataObject, number: int, seal: int) -> None:
        claim = self.some_claim(data)
        self.both(lambda store: store.sealed(claim, number, seal))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), number=POSTS)
    def unpost(self, data: st.DataObject, number: int) -> None:
        claim = self.some_claim(data)
        self.both(lambda store: store.unposted(claim, number))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def repost(self, data: st.DataObject) -> None:
        claim = self.some_claim(data)
        self.both(lambda store: store.repost(claim))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), kind=st.sampled_from(OutcomeKind), text=st.sampled_from(["", "yes"]), deliver=st.booleans())
    def finish(self, data: st.DataObject, kind: OutcomeKind, text: str, deliver: bool) -> None:
        claim = self.some_claim(data)
        # a cost that sums up to the same in any order
        usage = Usage(3, 2, cost=data.draw(st.sampled_from([None, 0.25])), currency="USD")
        outcome = replace(answer(text, kind=kind), model=data.draw(MODELS), usage=usage, handle=text)
        finished = self.both(lambda store: store.finish(claim, outcome))
        if deliver and finished is not LeaseLost:
            self.both(lambda store: store.delivered(claim))
