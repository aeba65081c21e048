from __future__ import annotations

import pytest

from bot.messages import Address
from bot.ports import Store
from tests.contract.store.samples import answer, answered, ask, claimed, put

ELSEWHERE = Address("discord", "other guild", "other channel")


async def test_nothing_is_pending_where_nothing_was_asked(store: Store) -> None:
    assert dict(await store.pending("discord")) == {}


async def test_what_waits_and_what_is_being_answered_is_pending_until_its_model_has_ended(store: Store) -> None:
    await put(store, ask(1), ask(2))
    assert dict(await store.pending("discord", author="ann")) == {"m1": "talk", "m2": "talk"}
    claim = await claimed(store)
    assert {each.key for each in claim.turn.asks} == {"m1", "m2"}
    assert dict(await store.pending("discord", author="ann")) == {"m1": "talk", "m2": "talk"}
    await store.finish(claim, answer())
    assert dict(await store.pending("discord")) == {}


async def test_what_is_asked_again_is_pending_again(store: Store) -> None:
    turn = await answered(store, ask(1))
    assert await store.reopen(turn)
    assert dict(await store.pending("discord")) == {"m1": "talk"}


async def test_what_was_dropped_or_only_noted_is_not_pending(store: Store) -> None:
    await answered(store, ask(1))
    await put(store, ask(2))
    await store.drop_waiting("talk", "ann")
    await store.accept(ask(3), wakes=False, limit=9)
    assert dict(await store.pending("discord")) == {}


@pytest.mark.parametrize(
    ("conditions", "keys"),
    [
        ({}, {"m1", "m2", "m3"}),
        ({"author": "ann"}, {"m1", "m3"}),
        ({"author": "eve"}, set[str]()),
        ({"workspace": "guild"}, {"m1", "m2"}),
        ({"channel": "other channel"}, {"m3"}),
        ({"author": "ann", "workspace": "guild", "channel": "channel"}, {"m1"}),
        ({"author": "bob", "channel": "other channel"}, set[str]()),
    ],
)
async def test_all_conditions_count(store: Store, conditions: dict[str, str], keys: set[str]) -> None:
    await put(store, ask(1, conversation="one"), ask(2, "bob", "two"), ask(3, conversation="three", address=ELSEWHERE))
    await put(store, ask(4, conversation="four", address=Address("slack", "guild", "channel")))
    assert set(await store.pending("discord", **conditions)) == keys
    await claimed(store)
    assert set(await store.pending("discord", **conditions)) == keys
