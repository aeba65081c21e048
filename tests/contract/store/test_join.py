from __future__ import annotations

from typing import Any

import pytest

from bot.completion import ToolCall
from bot.messages import Attachment, OutcomeKind, Quote
from bot.ports import Claim, Store
from storage.lane import LONGEST_RUN
from tests.contract.store.samples import Clock, answer, answered, ask, claimed, end, keys, put

NOT_PLAIN: list[dict[str, Any]] = [
    {"attachments": (Attachment("a.png", "image/png", 1, ""),)},
    {"quotes": (Quote("Bob", "hi"),)},
    {"call": ToolCall("a", "clock", "{}")},
    {"job": 3},
    {"deferred": True},
    {"alone": True},
    {"reads_place": True},
    {"author": "bob"},
]


async def joined(store: Store, claim: Claim) -> list[str]:
    return [each.key for each in await store.join(claim)]


async def begun(store: Store, **changes: Any) -> Claim:
    await put(store, ask(1, **changes))
    return await claimed(store)


async def test_what_the_asker_adds_becomes_part_of_the_turn(store: Store, clock: Clock) -> None:
    claim = await begun(store)
    await put(store, ask(3), ask(2))
    assert list(await store.join(claim)) == [ask(2), ask(3)]
    assert await joined(store, claim) == []
    summary = await store.turn_of_question("m3")
    assert summary is not None
    assert (summary.id, summary.asks) == (claim.turn.id, 3)
    assert await store.pending("discord") == {"m1": "talk", "m2": "talk", "m3": "talk"}
    clock.now += 31
    assert keys(await claimed(store, "other")) == ["m1", "m2", "m3"]


async def test_what_has_joined_waits_no_more(store: Store) -> None:
    claim = await begun(store)
    await put(store, ask(2))
    await store.join(claim)
    assert list(await store.drop_waiting("talk", "ann")) == []
    assert await end(store, claim) is None
    assert await store.next_due("worker") is None
    assert [entry.question async for entry in store.export("discord")] == ["text 1\ntext 2"]


async def test_what_was_said_before_the_question_but_came_late_stands_before_it(store: Store, clock: Clock) -> None:
    await put(store, ask(5))
    claim = await claimed(store)
    await put(store, ask(4))
    assert await joined(store, claim) == ["m4"]
    clock.now += 31
    assert keys(await claimed(store, "other")) == ["m4", "m5"]


@pytest.mark.parametrize("changes", NOT_PLAIN)
async def test_only_plain_words_of_the_asker_join_and_nothing_overtakes(store: Store, changes: dict[str, Any]) -> None:
    claim = await begun(store)
    await put(store, ask(2), ask(3, **changes), ask(4))
    assert await joined(store, claim) == ["m2"]
    following = await end(store, claim)
    assert keys(following)[0] == "m3"


async def test_nothing_joins_while_something_else_comes_first(store: Store) -> None:
    claim = await begun(store)
    await put(store, ask(2, "bob"), ask(3))
    assert await joined(store, claim) == []
    assert keys(await end(store, claim)) == ["m2"]


async def test_nothing_joins_a_question_that_is_answered_alone(store: Store) -> None:
    claim = await begun(store, alone=True)
    await put(store, ask(2))
    assert await joined(store, claim) == []


async def test_a_question_with_files_is_joined_by_words(store: Store) -> None:
    claim = await begun(store, attachments=(Attachment("a.png", "image/png", 1, ""),))
    await put(store, ask(2))
    assert await joined(store, claim) == ["m2"]


@pytest.mark.parametrize(("own", "other", "expected"), [("p1", "p1", ["m3"]), ("p1", "", []), ("", "p1", [])])
async def test_what_goes_on_from_elsewhere_does_not_join(
    store: Store, own: str, other: str, expected: list[str]
) -> None:
    await answered(store, ask(1), ref="p1")
    await put(store, ask(2, reply_to=own))
    claim = await claimed(store)
    await put(store, ask(3, reply_to=other))
    assert await joined(store, claim) == expected


async def test_notes_do_not_join(store: Store) -> None:
    claim = await begun(store)
    await store.accept(ask(2), wakes=False, limit=5)
    assert await joined(store, claim) == []


async def test_no_more_join_at_once_than_are_answered_together(store: Store) -> None:
    claim = await begun(store)
    await put(store, *(ask(number) for number in range(2, LONGEST_RUN + 4)))
    assert len(await joined(store, claim)) == LONGEST_RUN
    assert len(await joined(store, claim)) == 2


@pytest.mark.parametrize("kind", ["stopped", "withdrawn", "finished"])
async def test_nothing_joins_a_turn_whose_end_is_certain(store: Store, kind: str) -> None:
    claim = await begun(store)
    await put(store, ask(2))
    if kind == "stopped":
        await store.request_stop(claim.turn.id)
    elif kind == "withdrawn":
        await store.withdraw_question("m1")
    else:
        await store.finish(claim, answer(kind=OutcomeKind.STOPPED))
    assert await joined(store, claim) == []
    assert keys(await end(store, claim)) == ["m2"]


async def test_what_has_joined_can_be_taken_out_again(store: Store, clock: Clock) -> None:
    claim = await begun(store)
    await put(store, ask(2))
    await store.join(claim)
    assert not await store.withdraw_question("m1")
    await put(store, ask(3))
    assert await joined(store, claim) == ["m3"]
    clock.now += 31
    assert keys(await claimed(store, "other")) == ["m2", "m3"]
