"""Whatever is done to them, the store in memory and the one on SQLite say the same."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from bot.completion import ToolCall, Usage
from bot.messages import Verdict
from tests.contract.store.samples import answer
from tests.contract.store.twins import (
    ASKED,
    AUTHORS,
    CALLS,
    CONVERSATIONS,
    NUMBERS,
    REFS,
    SECONDS,
    TURNS,
    Twins,
    comparable,
    gathered,
    listed,
)

CALL = ToolCall("command", "clock", "{}")


class Stores(Twins):
    """What is done beside answering: calls, controls, files, jobs, settings, and looking things up."""

    @rule(conversation=CONVERSATIONS, author=AUTHORS)
    def drop_waiting(self, conversation: str, author: str) -> None:
        self.both(lambda store: store.drop_waiting(conversation, author))

    @rule(number=NUMBERS, text=st.sampled_from(["better", "other"]), call=st.sampled_from([None, CALL]))
    def rewrite(self, number: int, text: str, call: ToolCall | None) -> None:
        self.both(lambda store: store.rewrite_question(f"m{number}", text, call))

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
        data=st.data(),
        number=st.integers(1, 2),
        calls=st.lists(CALLS, max_size=3),
        asked=st.sampled_from(["", "a", "b", "ab"]),
        seconds=SECONDS,
    )
    def begin_calls(self, data: st.DataObject, number: int, calls: list[ToolCall], asked: str, seconds: float) -> None:
        claim, until = self.some_claim(data), self.clock.now + seconds
        self.both(lambda store: store.begin_calls(claim, number, "so", calls, asked=asked, until=until))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), call=CALLS)
    def start_call(self, data: st.DataObject, call: ToolCall) -> None:
        claim = self.some_claim(data)
        self.both(lambda store: store.start_call(claim, call.id))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), seconds=SECONDS)
    def park(self, data: st.DataObject, seconds: float) -> None:
        claim, until = self.some_claim(data), self.clock.now + seconds
        self.both(lambda store: store.begin_calls(claim, 1, "may I?", [ASKED], asked=["c"], until=until))
        self.both(lambda store: store.park(claim))

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), number=st.integers(1, 2), verdict=st.sampled_from(Verdict))
    def decide(self, data: st.DataObject, number: int, verdict: Verdict) -> None:
        turn = data.draw(st.integers(0, self.turns))
        self.both(lambda store: listed(store.decide(turn, number, verdict)))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def join(self, data: st.DataObject) -> None:
        claim = self.some_claim(data)
        self.both(lambda store: store.join(claim))

    @precondition(lambda self: self.claims)
    @rule(words=st.sampled_from([[], ["YES"], ["text", "1"], ["better"]]), limit=st.integers(0, 3))
    def search(self, words: list[str], limit: int) -> None:
        self.both(lambda store: listed(store.search(self.claims[-1].turn, words, limit=limit)))

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


TestTwins = Stores.TestCase
TestTwins.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
