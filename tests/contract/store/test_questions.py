from __future__ import annotations

from bot.completion import ToolCall
from bot.ports import Claim, Reception, Store
from tests.contract.store.samples import answered, ask, claimed, end, keys, put


async def texts(store: Store, claim: Claim) -> list[str]:
    await store.hand_back(claim, count=False)
    return [each.text for each in (await claimed(store)).turn.asks]


async def test_an_edited_question_is_asked_as_edited_while_it_waits(store: Store) -> None:
    await put(store, ask(1))
    await store.rewrite_question("m1", "better")
    assert (await claimed(store)).turn.ask.text == "better"


async def test_an_edit_while_it_is_answered_changes_nothing(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.rewrite_question("m1", "better")
    assert await texts(store, claim) == ["text 1"]


async def test_an_edit_after_the_answer_is_used_when_it_is_asked_again(store: Store) -> None:
    turn = await answered(store, ask(1))
    await store.rewrite_question("m1", "better")
    assert await store.reopen(turn)
    assert (await claimed(store)).turn.ask.text == "better"


ROME, PARIS = ToolCall("command", "weather", '{"place": "Rome"}'), ToolCall("command", "weather", '{"place": "Paris"}')


async def test_an_edit_brings_its_own_call_or_none(store: Store) -> None:
    turn = await answered(store, ask(1, alone=True, call=ROME))
    for call in (PARIS, None, ROME):
        await store.rewrite_question("m1", "better", call)
        assert await store.reopen(turn)
        claim = await claimed(store)
        assert claim.turn.ask.call == call
        await end(store, claim)


async def test_what_has_become_a_call_waits_for_a_turn_of_its_own(store: Store) -> None:
    await put(store, ask(1), ask(2), ask(3))
    await store.rewrite_question("m2", "/weather Rome", ROME)
    first = await claimed(store)
    second = await end(store, first)
    assert second is not None
    assert [keys(claim) for claim in (first, second, await end(store, second))] == [["m1"], ["m2"], ["m3"]]


async def test_an_edit_of_something_unknown_is_ignored(store: Store) -> None:
    await store.rewrite_question("m1", "better")
    assert await store.accept(ask(1), wakes=True, limit=5) is Reception.TAKEN


async def test_a_withdrawn_question_that_waits_is_dropped(store: Store) -> None:
    await put(store, ask(1), ask(2))
    assert await store.withdraw_question("m1")
    assert not await store.withdraw_question("m1")
    assert not await store.withdraw_question("unknown")
    assert keys(await store.claim("worker", 30)) == ["m2"]


async def test_a_withdrawn_note_is_context_of_nothing(store: Store) -> None:
    await answered(store, ask(1))
    await store.accept(ask(2, "bob"), wakes=False, limit=5)
    assert not await store.withdraw_question("m2")
    await put(store, ask(3))
    assert (await claimed(store)).turn.notes == ()


async def test_a_withdrawn_question_that_was_answered_leaves_the_history(store: Store) -> None:
    first = await answered(store, ask(1))
    await answered(store, ask(2))
    assert not await store.withdraw_question("m2")
    await put(store, ask(3))
    turn = (await claimed(store)).turn
    assert [each.turn for each in (await store.history(turn, rounds=5)).rounds] == [first]


async def test_a_question_withdrawn_while_it_is_answered_does_not_enter_the_history(store: Store) -> None:
    await put(store, ask(1), ask(2, "bob"))
    claim = await claimed(store)
    assert not await store.withdraw_question("m1")
    following = await end(store, claim)
    assert following is not None
    assert (await store.history(following.turn, rounds=5)).rounds == ()


async def count_asks(store: Store, turn: int) -> int:
    summary = await store.turn(turn)
    assert summary is not None
    return summary.asks


async def test_one_of_several_questions_leaves_its_turn_also_for_who_takes_it_up(store: Store) -> None:
    await put(store, ask(1), ask(2), ask(3))
    claim = await claimed(store)
    assert await count_asks(store, claim.turn.id) == 3
    assert not await store.withdraw_question("m2")
    assert await count_asks(store, claim.turn.id) == 2
    assert await store.turn_of_question("m2") is None
    assert await texts(store, claim) == ["text 1", "text 3"]
    assert await store.accept(ask(2), wakes=True, limit=5) is Reception.DUPLICATE


async def test_a_turn_stays_in_the_history_while_a_question_of_it_is_left(store: Store) -> None:
    await put(store, ask(1), ask(2))
    claim = await claimed(store)
    await end(store, claim)
    await store.withdraw_question("m2")
    await store.withdraw_question("m2")
    await put(store, ask(3))
    following = (await claimed(store)).turn
    assert [each.turn for each in (await store.history(following, rounds=5)).rounds] == [claim.turn.id]
    await store.withdraw_question("m1")
    assert (await store.history(following, rounds=5)).rounds == ()


async def test_a_question_withdrawn_after_the_answer_is_not_asked_again(store: Store) -> None:
    await put(store, ask(1), ask(2))
    claim = await claimed(store)
    await end(store, claim)
    await store.withdraw_question("m2")
    await store.rewrite_question("m2", "better")
    assert await store.reopen(claim.turn.id)
    assert (await claimed(store)).turn.asks == (ask(1),)


async def test_a_turn_without_any_question_left_can_still_be_taken_up_and_delivered(store: Store) -> None:
    await put(store, ask(1), ask(2))
    claim = await claimed(store)
    for key in ("m1", "m2", "m2"):
        assert not await store.withdraw_question(key)
    assert await count_asks(store, claim.turn.id) == 1
    await store.hand_back(claim)
    again = await claimed(store)
    assert (again.turn.id, keys(again)) == (claim.turn.id, ["m2"])
    await store.intend(again, 1)
    assert await end(store, again) is None
