from __future__ import annotations

import pytest

from bot.completion import Usage
from bot.messages import OutcomeKind
from bot.ports import Store
from tests.contract.store.samples import answer, answered, ask, claimed, control, put

NOTHING = Usage()


async def talk(store: Store, count: int, first: int = 1) -> list[int]:
    """The numbers of so many answered turns, each with a post p1, p2, …"""
    return [await answered(store, ask(number), ref=f"p{number}") for number in range(first, first + count)]


async def seen(store: Store, number: int = 90, *, reply_to: str = "", rounds: int = 50) -> tuple[str, list[int]]:
    """The summary and the rounds that a new turn would be given."""
    await put(store, ask(number, reply_to=reply_to))
    claim = await claimed(store)
    history = await store.history(claim.turn, rounds=rounds)
    await store.finish(claim, answer(kind=OutcomeKind.FAILED))
    await store.delivered(claim)
    await store.proceed(claim)
    return history.summary, [item.turn for item in history.rounds]


async def test_a_summary_stands_for_its_round_and_all_before(store: Store) -> None:
    turns = await talk(store, 4)
    await store.summarise(turns[1], "so far", NOTHING)
    assert await seen(store) == ("so far", turns[2:])


async def test_without_a_summary_there_are_only_rounds(store: Store) -> None:
    turns = await talk(store, 2)
    assert await seen(store) == ("", turns)


async def test_the_nearest_summary_counts(store: Store) -> None:
    turns = await talk(store, 4)
    await store.summarise(turns[2], "newer", NOTHING)
    await store.summarise(turns[0], "older", NOTHING)
    assert await seen(store) == ("newer", turns[3:])


async def test_a_later_summary_of_the_same_round_replaces_the_first(store: Store) -> None:
    turns = await talk(store, 2)
    await store.summarise(turns[0], "first", NOTHING)
    await store.summarise(turns[0], "second", NOTHING)
    assert await seen(store) == ("second", turns[1:])


@pytest.mark.parametrize(("rounds", "summary"), [(0, ""), (1, ""), (2, "so far"), (3, "so far")])
async def test_a_summary_is_given_where_the_rounds_reach_it(store: Store, rounds: int, summary: str) -> None:
    turns = await talk(store, 3)
    await store.summarise(turns[0], "so far", NOTHING)
    after = turns[1:]
    assert await seen(store, rounds=rounds) == (summary, after[len(after) - min(rounds, 2) :])


async def test_a_summary_of_the_last_round_leaves_no_rounds(store: Store) -> None:
    turns = await talk(store, 2)
    await store.summarise(turns[-1], "all of it", NOTHING)
    assert await seen(store) == ("all of it", [])


async def test_another_branch_does_not_see_a_summary(store: Store) -> None:
    turns = await talk(store, 3)
    await store.summarise(turns[1], "so far", NOTHING)
    assert await seen(store, reply_to="p1") == ("", turns[:1])


async def test_nothing_from_before_a_reset_comes_back_in_a_summary(store: Store) -> None:
    turns = await talk(store, 3)
    await store.summarise(turns[0], "old", NOTHING)
    await store.reset("talk")
    await store.summarise(turns[2], "late", NOTHING)
    assert await seen(store) == ("", [])
    new = await talk(store, 1, first=10)
    assert await seen(store, 91) == ("", new)
    assert await seen(store, 92, reply_to="p3") == ("", [])


async def test_withdrawing_a_question_forgets_what_stands_for_its_round(store: Store) -> None:
    turns = await talk(store, 5)
    await store.summarise(turns[0], "before", NOTHING)
    await store.summarise(turns[2], "with it", NOTHING)
    await store.summarise(turns[3], "with it, too", NOTHING)
    await store.withdraw_question("m2")
    assert await seen(store) == ("before", turns[2:])


async def test_withdrawing_a_later_question_leaves_a_summary(store: Store) -> None:
    turns = await talk(store, 3)
    await store.summarise(turns[1], "so far", NOTHING)
    await store.withdraw_question("m3")
    assert await seen(store) == ("so far", [])


async def test_taking_one_of_several_questions_out_forgets_the_summary(store: Store) -> None:
    await put(store, ask(1), ask(2))
    claim = await claimed(store)
    await store.finish(claim, answer())
    await store.delivered(claim)
    await store.proceed(claim)
    await store.summarise(claim.turn.id, "so far", NOTHING)
    await store.withdraw_question("m1")
    assert await seen(store) == ("", [claim.turn.id])


async def test_withdrawing_what_was_said_around_a_question_forgets_the_summary(store: Store) -> None:
    first = await answered(store, ask(1))
    await store.accept(ask(2, "bob"), wakes=False, limit=5)
    second = await answered(store, ask(3))
    await store.summarise(second, "bob says", NOTHING)
    await store.withdraw_question("m2")
    assert await seen(store) == ("", [first, second])


async def test_a_summary_that_comes_after_its_question_was_withdrawn_is_not_kept(store: Store) -> None:
    turns = await talk(store, 3)
    await store.withdraw_question("m2")
    await store.summarise(turns[1], "with it", NOTHING)
    assert await seen(store) == ("", [turns[0], turns[2]])


async def test_asking_again_forgets_what_stands_for_the_old_answer(store: Store) -> None:
    turns = await talk(store, 2)
    await store.summarise(turns[1], "with the old answer", NOTHING)
    assert await store.reopen(turns[1])
    claim = await claimed(store)
    assert [item.turn for item in (await store.history(claim.turn, rounds=5)).rounds] == turns[:1]
    await store.finish(claim, answer("new"))
    await store.delivered(claim)
    await store.proceed(claim)
    assert await seen(store) == ("", turns)


async def test_a_summary_of_no_turn_is_ignored(store: Store) -> None:
    await store.accept_control(control("c1"))
    await store.summarise(99, "nothing", NOTHING)
    assert await seen(store) == ("", [])


async def test_a_round_names_the_files_of_its_questions_in_order(store: Store) -> None:
    await put(store, ask(1), ask(2), ask(3))
    for key, number, digest in (("m2", 0, "c"), ("m1", 1, "b"), ("m1", 0, "z"), ("m3", 0, "d")):
        assert await store.keep_file(key, number, digest)
    claim = await claimed(store)
    await store.finish(claim, answer())
    await store.delivered(claim)
    await store.proceed(claim)
    await store.withdraw_question("m3")
    plain = await answered(store, ask(4))
    await put(store, ask(5))
    history = await store.history((await claimed(store)).turn, rounds=5)
    assert [(item.turn, item.files) for item in history.rounds] == [(claim.turn.id, ("z", "b", "c")), (plain, ())]
