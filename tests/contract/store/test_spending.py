from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import pytest

from bot.completion import Usage
from bot.messages import Address, Outcome, OutcomeKind, Spending
from bot.ports import Store
from storage.memory import MemoryStore
from storage.sqlite import SqliteStore
from tests.contract.store.samples import Clock, answer, answered, ask, claimed, end, put

USAGE = Usage(100, 20, 50, 5, cost=0.25, currency="USD")
Kept: TypeAlias = SqliteStore | MemoryStore

ELSEWHERE = Address("discord", "other guild", "other channel")
SLACK = Address("slack", "guild", "channel")


def costing(usage: Usage = USAGE, model: str = "glm-4.6") -> Outcome:
    return replace(answer(), model=model, usage=usage)


def spent(answers: int, model: str = "glm-4.6") -> Spending:
    """What so many answers of USAGE cost."""
    return Spending(model, answers, 100 * answers, 20 * answers, 50 * answers, 5 * answers, 0.25 * answers, "USD")


async def test_nothing_was_spent_where_nothing_was_answered(store: Store) -> None:
    assert list(await store.spending("discord", 0)) == []


async def test_spending_is_summed_by_model_with_the_most_answers_first(store: Store) -> None:
    for number, model in enumerate(["glm-4.5-air", "glm-4.6", "glm-4.6"]):
        await answered(store, ask(number), costing(model=model))
    assert list(await store.spending("discord", 0)) == [spent(2), spent(1, "glm-4.5-air")]


@pytest.mark.parametrize(
    ("conditions", "answers"),
    [
        ({}, 4),
        ({"author": "ann"}, 3),
        ({"author": "bob"}, 1),
        ({"conversation": "talk"}, 2),
        ({"workspace": "guild"}, 3),
        ({"workspace": "other guild"}, 1),
        ({"channel": "channel"}, 3),
        ({"channel": "other channel"}, 1),
        ({"author": "ann", "channel": "channel"}, 2),
        ({"channel": "channel", "workspace": "other guild"}, 0),
        ({"conversation": "talk", "channel": "other channel"}, 0),
        ({"author": "ann", "workspace": "guild"}, 2),
        ({"author": "bob", "conversation": "talk"}, 1),
        ({"author": "bob", "conversation": "apart"}, 0),
        ({"conversation": "talk", "workspace": "other guild"}, 0),
        ({"author": "eve"}, 0),
    ],
)
async def test_all_conditions_count(store: Store, conditions: dict[str, str], answers: int) -> None:
    for question in (
        ask(1),
        ask(2, "bob"),
        ask(3, conversation="apart"),
        ask(4, conversation="far", address=ELSEWHERE),
        ask(5, conversation="slack", address=SLACK),
    ):
        await answered(store, question, costing())
    found = await store.spending("discord", 0, **conditions)
    assert list(found) == ([spent(answers)] if answers else [])


async def test_platforms_are_counted_apart(store: Store) -> None:
    await answered(store, ask(1), costing())
    assert list(await store.spending("slack", 0)) == []
    assert list(await store.spending("slack", 0, conversation="talk")) == []


async def test_spending_begins_at_a_time(store: Store, clock: Clock) -> None:
    for number in range(3):
        await answered(store, ask(number), costing())
        clock.now += 10
    for conditions in ({}, {"author": "ann"}, {"conversation": "talk"}, {"workspace": "guild"}, {"channel": "channel"}):
        assert list(await store.spending("discord", 1010.0, **conditions)) == [spent(2)]


async def test_each_attempt_counts_and_a_repeated_finish_once(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.finish(claim, costing(Usage(1, 1)))
    await end(store, claim, costing())
    assert await store.reopen(claim.turn.id)
    await end(store, await claimed(store), costing())
    assert list(await store.spending("discord", 0)) == [spent(2)]


async def test_an_end_without_a_model_costs_nothing(store: Store) -> None:
    await answered(store, ask(1), answer(kind=OutcomeKind.FAILED))
    await answered(store, ask(2), Outcome(OutcomeKind.DEFERRED, question="later", handle="task"))
    assert list(await store.spending("discord", 0)) == []


async def test_what_has_no_known_price_is_counted_with_what_has_one(store: Store) -> None:
    await answered(store, ask(1), costing(Usage(100, 20, 50, 5)))
    await answered(store, ask(2), costing())
    assert list(await store.spending("discord", 0)) == [replace(spent(2), cost=0.25)]


async def test_a_price_of_nothing_is_a_price(store: Store) -> None:
    await answered(store, ask(1), costing(Usage(1, 2, cost=0.0, currency="CNY"), "glm-4.5-flash"))
    await answered(store, ask(2), costing(Usage(1, 2, currency="CNY")))
    assert list(await store.spending("discord", 0)) == [
        Spending("glm-4.5-flash", 1, 1, 2, 0, 0, 0.0, "CNY"),
        Spending("glm-4.6", 1, 1, 2, 0, 0, 0.0, ""),
    ]


async def test_currencies_are_never_added_up(store: Store) -> None:
    yuan = replace(USAGE, currency="CNY")
    for number, usage in enumerate([USAGE, yuan, yuan]):
        await answered(store, ask(number), costing(usage))
    assert list(await store.spending("discord", 0)) == [replace(spent(2), currency="CNY"), spent(1)]


async def test_a_summary_counts_for_its_place_and_for_no_author(store: Kept) -> None:
    turn = await answered(store, ask(1))
    await store.summarise(turn, "so far", USAGE, model="glm-4.5-air")
    for conditions in ({}, {"conversation": "talk"}, {"workspace": "guild"}, {"channel": "channel"}):
        assert list(await store.spending("discord", 0, **conditions)) == [spent(1, "glm-4.5-air")]
    for author in ("ann", "bob"):
        assert list(await store.spending("discord", 0, author=author)) == []
        assert list(await store.spending("discord", 0, author=author, conversation="talk")) == []


async def test_a_summary_that_came_too_late_has_cost_all_the_same(store: Kept) -> None:
    turn = await answered(store, ask(1))
    await store.withdraw_question("m1")
    await store.summarise(turn, "so far", USAGE, model="glm-4.6")
    await store.summarise(turn, "so far", USAGE, model="glm-4.6")
    assert list(await store.spending("discord", 0)) == [spent(2)]


async def test_the_answer_of_a_job_costs_once(store: Store) -> None:
    turn = await answered(store, ask(1), Outcome(OutcomeKind.DEFERRED, question="later", handle="task"))
    await store.end_job(turn, costing())
    assert list(await store.spending("discord", 0)) == []
    await answered(store, ask(2, job=turn), costing())
    assert list(await store.spending("discord", 0)) == [spent(1)]
