"""Whatever is done to them, the store in memory and the one on SQLite say the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

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

    @rule(conversation=CONVERSATIONS, author=AUTHORS)
    def drop_waiting(self, conversation: str, author: str) -> None:
        self.both(lambda store: store.drop_waiting(conversation, author))

    @rule(number=NUMBERS, text=st.sampled_from(["better", "other"]))
    def rewrite(self, number: int, text: str) -> None:
        self.both(lambda store: store.rewrite_question(f"m{number}", text))

    @rule(number=NUMBERS)
    def withdraw(self, number: int) -> None:
        self.both(lambda store: store.withdraw_question(f"m{number}"))

    @rule(number=NUMBERS, place=st.integers(0, 1), digest=st.sampled_from("abc"))
    def keep_file(self, number: int, place: int, digest: str) -> None:
        self.both(lambda store: store.keep_file(f"m{number}", place, digest))

    @rule(number=NUMBERS)
    def forget_files(self, number: int) -> None:
        self.both(lambda store: comparable(store.forget_files(f"m{number}")))

    @rule(age=SECONDS)
    def forget_old_files(self, age: float) -> None:
        self.both(lambda store: store.forget_old_files(age))

    @rule(number=NUMBERS)
    def look_for_files(self, number: int) -> None:
        self.both(lambda store: store.files(f"m{number}"))
        self.both(lambda store: comparable(store.wanted_files("abc")))

    @rule(turn=TURNS, text=st.sampled_from(["so far", "in short"]))
    def summarise(self, turn: int, text: str) -> None:
        self.both(lambda store: store.summarise(turn, text, Usage(1, 1)))

    @rule(turn=TURNS, text=st.sampled_from(["", "late"]))
    def end_job(self, turn: int, text: str) -> None:
        self.both(lambda store: store.end_job(turn, answer(text)))

    @rule(turn=TURNS)
    def close_job(self, turn: int) -> None:
        self.both(lambda store: store.close_job(turn))

    @rule(turn=TURNS)
    def cancel_job(self, turn: int) -> None:
        self.both(lambda store: store.cancel_job(turn))

    @rule(
        author=st.sampled_from(["", "ann"]), conversation=st.sampled_from(["", "one"]), since=st.sampled_from([0, 1010])
    )
    def look_at_spending(self, author: str, conversation: str, since: float) -> None:
        self.both(lambda store: listed(store.spending("discord", since, author=author, conversation=conversation)))

    @precondition(lambda self: self.claims)
    @rule(
        data=st.data(), number=st.integers(1, 2), calls=st.lists(CALLS, max_size=3), text=st.sampled_from(["", "yes"])
    )
    def begin_calls(self, data: st.DataObject, number: int, calls: list[ToolCall], text: str) -> None:
        claim = self.some_claim(data)
        self.both(lambda store: store.begin_calls(claim, number, text, calls))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), call=CALLS, result=st.sampled_from(["", "rain", "sun"]))
    def end_call(self, data: st.DataObject, call: ToolCall, result: str) -> None:
        claim = self.some_claim(data)
        self.both(lambda store: store.end_call(claim, call.id, result))

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), author=AUTHORS, score=st.sampled_from([-1, 1]))
    def rate(self, data: st.DataObject, author: str, score: int) -> None:
        turn = data.draw(st.integers(1, self.turns))
        self.both(lambda store: store.rate(turn, author, score))
        self.both(lambda store: store.ratings(turn))

    @rule(
        author=AUTHORS, value=st.sampled_from([None, "a", "b"]), by=st.sampled_from(["", "discord/ann", "discord/eve"])
    )
    def set_setting(self, author: str, value: str | None, by: str) -> None:
        scope = f"user/discord/{author}"
        self.both(lambda store: store.set_setting(scope, "model", value, by=by))
        self.both(lambda store: store.settings("model", [scope]))

    @rule(author=AUTHORS, conversation=st.sampled_from(["", "one", "two", "talk"]))
    def forget(self, author: str, conversation: str) -> None:
        self.both(lambda store: store.forget("discord", author, conversation))
        entries = self.both(lambda store: gathered(store.export("discord", author=author, conversation=conversation)))
        left = [self.both(lambda store, turn=entry.turn: store.turn(turn)) for entry in entries]
        assert all(turn.state != "delivered" for turn in left)

    @rule(author=st.sampled_from(["", "ann"]), conversation=st.sampled_from(["", "one"]), limit=st.integers(0, 3))
    def look_through(self, author: str, conversation: str, limit: int) -> None:
        self.both(lambda store: gathered(store.export("discord", author=author, conversation=conversation)))
        self.both(lambda store: store.changes("user/discord/a", limit=limit))

    @rule(ref=REFS)
    def forget_post(self, ref: str) -> None:
        self.both(lambda store: store.forget_post(ref))

    @rule(turn=TURNS)
    def stop(self, turn: int) -> None:
        self.both(lambda store: store.request_stop(turn))

    @rule(conversation=CONVERSATIONS)
    def reset(self, conversation: str) -> None:
        self.both(lambda store: store.reset(conversation))

    @rule(turn=TURNS)
    def reopen(self, turn: int) -> None:
        self.both(lambda store: store.reopen(turn))

    @invariant()
    def look_the_same(self) -> None:
        if not hasattr(self, "stores"):
            return
        for owner in ("first", "second"):
            self.both(lambda store, name=owner: store.next_due(name))
        for conversation in ("one", "two", "talk"):
            self.both(lambda store, name=conversation: store.open_turn(name))
            self.both(lambda store, name=conversation: store.last_turn(name))
            self.both(lambda store, name=conversation: store.has_asked(name, "ann"))
        for number in range(1, self.turns + 1):
            self.both(lambda store, turn=number: store.turn(turn))
            self.both(lambda store, turn=number: store.job(turn))
            self.both(lambda store, turn=number: store.calls(turn))
        self.both(lambda store: listed(store.jobs()))
        if self.claims:
            self.both(lambda store: store.history(self.claims[-1].turn, rounds=3))

    @rule(number=NUMBERS, ref=REFS, since=NUMBERS)
    def look_up(self, number: int, ref: str, since: int) -> None:
        self.both(lambda store: store.turn_of_question(f"m{number}"))
        self.both(lambda store: store.turn_of_post(ref))
        self.both(lambda store: store.active_channels("discord", since))
        self.both(lambda store: store.stop_requested(number))


TestTwins = Twins.TestCase
TestTwins.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
