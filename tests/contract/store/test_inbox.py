from __future__ import annotations

import asyncio
from itertools import permutations

import pytest

from bot.messages import Address, Attachment
from bot.ports import Reception, Store
from tests.contract.store.samples import Clock, answer, answered, ask, claimed, control, end, keys, put

FILE = Attachment("a.png", "image/png", 10, "https://files.test/a.png")


async def copied(store: Store, number: int = 1) -> Reception:
    """What becomes of a copy that brings a file."""
    return await store.accept(ask(number, attachments=(FILE,)), wakes=True, limit=5)


async def test_an_ask_is_taken_once_however_often_it_comes(store: Store) -> None:
    receptions = [await store.accept(ask(1), wakes=True, limit=5) for _ in range(3)]
    assert receptions == [Reception.TAKEN, Reception.DUPLICATE, Reception.DUPLICATE]
    assert await end(store, await claimed(store)) is None
    assert await store.accept(ask(1), wakes=True, limit=5) is Reception.DUPLICATE
    assert await store.claim("worker", 30) is None


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
async def test_mail_is_answered_in_the_order_in_which_it_was_said(store: Store, order: tuple[int, ...]) -> None:
    for number in [*order, *reversed(order), *order]:
        await store.accept(ask(number, author=f"author {number}"), wakes=True, limit=5)
    claim = await claimed(store)
    seen = [keys(claim)]
    while (claim := await end(store, claim)) is not None:
        seen.append(keys(claim))
    assert seen == [["m1"], ["m2"], ["m3"]]


async def test_many_accepts_at_once_are_each_stored_once(store: Store) -> None:
    asks = [ask(n % 50, author=f"a{n % 50}") for n in range(200)]
    receptions = await asyncio.gather(*(store.accept(each, wakes=True, limit=100) for each in asks))
    assert receptions.count(Reception.DUPLICATE) == 150
    assert receptions.count(Reception.TAKEN) == 1


async def test_only_the_first_of_a_conversation_is_next(store: Store) -> None:
    assert await store.accept(ask(1), wakes=True, limit=5) is Reception.TAKEN
    assert await store.accept(ask(2, "bob"), wakes=True, limit=5) is Reception.WAITING
    assert await store.accept(ask(3, conversation="other"), wakes=True, limit=5) is Reception.TAKEN


async def test_mail_waits_while_a_turn_is_open(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    assert await store.accept(ask(2), wakes=True, limit=5) is Reception.WAITING
    await end(store, claim)


async def test_mail_after_everything_is_answered_is_taken(store: Store) -> None:
    await answered(store, ask(1))
    assert await store.accept(ask(2), wakes=True, limit=5) is Reception.TAKEN


async def test_a_full_queue_refuses_and_remembers_what_it_refused(store: Store) -> None:
    assert await store.accept(ask(1), wakes=True, limit=2) is Reception.TAKEN
    assert await store.accept(ask(2), wakes=True, limit=2) is Reception.WAITING
    assert await store.accept(ask(3), wakes=True, limit=2) is Reception.FULL
    assert await store.accept(ask(4, conversation="talk two"), wakes=True, limit=2) is Reception.TAKEN
    claim = await claimed(store)
    assert keys(claim) == ["m1", "m2"]
    assert await store.accept(ask(3), wakes=True, limit=2) is Reception.DUPLICATE
    assert await store.accept(ask(5), wakes=True, limit=2) is Reception.WAITING
    assert keys(await end(store, claim)) == ["m5"]


async def test_a_second_copy_brings_the_files_that_the_first_lacked(store: Store) -> None:
    await put(store, ask(1), ask(1, attachments=(FILE,)), ask(1))
    assert (await claimed(store)).turn.ask.attachments == (FILE,)


async def test_files_of_the_first_copy_are_kept(store: Store) -> None:
    other = Attachment("b.png", "image/png", 10, "https://files.test/b.png")
    await put(store, ask(1, attachments=(FILE,)), ask(1, attachments=(other,)))
    assert (await claimed(store)).turn.ask.attachments == (FILE,)


async def test_files_that_come_while_the_turn_runs_are_there_when_it_is_taken_up_again(store: Store) -> None:
    await put(store, ask(1), ask(2))
    claim = await claimed(store)
    assert await copied(store, 2) is Reception.COMPLETED
    await store.hand_back(claim, count=False)
    again = (await claimed(store)).turn
    assert [each.attachments for each in again.asks] == [(), (FILE,)]
    assert again.attempt == 1


@pytest.mark.parametrize("running", [True, False])
async def test_only_the_first_copy_that_brings_files_completes_the_ask(store: Store, running: bool) -> None:
    await put(store, ask(1))
    if running:
        await claimed(store)
    assert await store.accept(ask(1), wakes=True, limit=5) is Reception.DUPLICATE
    assert await copied(store) is Reception.COMPLETED
    assert await copied(store) is Reception.DUPLICATE
    assert await store.accept(ask(1), wakes=True, limit=5) is Reception.DUPLICATE


async def test_files_that_come_after_the_turn_ended_are_not_taken_over_until_it_is_asked_again(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.finish(claim, answer())
    assert await copied(store) is Reception.DUPLICATE
    await store.delivered(claim)
    assert await copied(store) is Reception.DUPLICATE
    assert await store.reopen(claim.turn.id)
    assert await copied(store) is Reception.COMPLETED


async def test_files_complete_nothing_that_is_not_to_be_answered(store: Store) -> None:
    await put(store, ask(1), ask(2))
    claim = await claimed(store)
    await put(store, ask(3), ask(4))
    await store.withdraw_question("m2")
    await store.withdraw_question("m1")
    await store.withdraw_question("m3")
    await store.accept(ask(5), wakes=True, limit=1)
    await store.accept(ask(6), wakes=False, limit=5)
    for number in (1, 2, 3, 5, 6):
        assert await copied(store, number) is Reception.DUPLICATE, number
    assert keys(await end(store, claim)) == ["m4"]
    assert await copied(store, 6) is Reception.DUPLICATE, "by now it is context of a turn that runs"


async def test_a_reply_to_an_old_answer_moves_to_its_conversation_and_continues_there(store: Store) -> None:
    first = await answered(store, ask(1), ref="p1")
    second = await answered(store, ask(2))
    await put(store, ask(3, conversation="elsewhere", reply_to="p1"))
    turn = (await claimed(store)).turn
    assert (turn.conversation, turn.parent) == ("talk", first)
    assert turn.ask.conversation == "talk"
    assert second != first
    assert not await store.knows("elsewhere")


async def test_mail_without_a_target_continues_the_newest_turn(store: Store) -> None:
    await answered(store, ask(1))
    second = await answered(store, ask(2))
    await put(store, ask(3, reply_to="a message of somebody else"))
    assert (await claimed(store)).turn.parent == second


async def test_a_reply_on_another_platform_moves_nothing(store: Store) -> None:
    await answered(store, ask(1), ref="p1")
    await put(store, ask(2, conversation="elsewhere", reply_to="p1", address=Address("slack", "team", "c")))
    assert (await claimed(store)).conversation == "elsewhere"


async def test_a_note_in_a_known_conversation_is_context_of_the_next_turn_only(store: Store, clock: Clock) -> None:
    await answered(store, ask(1))
    for number in (2, 3):
        assert await store.accept(ask(number, "bob"), wakes=False, limit=5) is Reception.NOTED
    assert await store.next_due("worker") is None
    assert await store.claim("worker", 30) is None
    await put(store, ask(4))
    claim = await claimed(store)
    assert [note.text for note in claim.turn.notes] == ["text 2", "text 3"]
    assert claim.turn.notes[0].author == "Bob"
    assert keys(claim) == ["m4"]
    clock.now += 100
    again = await claimed(store, "other")
    assert again.turn.notes == claim.turn.notes
    await end(store, again)
    await put(store, ask(5))
    assert (await claimed(store)).turn.notes == ()


async def test_a_note_in_an_unknown_conversation_makes_it_no_better_known(store: Store) -> None:
    assert await store.accept(ask(1), wakes=False, limit=5) is Reception.NOTED
    assert not await store.knows("talk")


async def test_a_note_is_a_duplicate_the_second_time_also_when_it_would_wake(store: Store) -> None:
    await answered(store, ask(1))
    await store.accept(ask(2), wakes=False, limit=5)
    assert await store.accept(ask(2), wakes=True, limit=5) is Reception.DUPLICATE
    assert await store.claim("worker", 30) is None


async def test_a_turn_is_given_the_twenty_newest_notes(store: Store) -> None:
    await answered(store, ask(1))
    for number in range(2, 32):
        await store.accept(ask(number, "bob"), wakes=False, limit=5)
    await put(store, ask(40))
    notes = (await claimed(store)).turn.notes
    assert [note.text for note in notes] == [f"text {number}" for number in range(12, 32)]


async def test_only_who_asked_has_asked(store: Store) -> None:
    await put(store, ask(1, "ann"))
    await store.accept(ask(2, "bob"), wakes=False, limit=5)
    assert await store.has_asked("talk", "ann")
    assert not await store.has_asked("talk", "bob")
    assert not await store.has_asked("other", "ann")
    assert await store.knows("talk")
    assert not await store.knows("other")


async def test_a_control_is_unsettled_until_it_is_settled(store: Store) -> None:
    assert await store.accept_control(control("c1"))
    assert await store.accept_control(control("c2"))
    assert await store.accept_control(control("c1"))
    assert await store.unsettled() == [control("c1"), control("c2")]
    await store.settle("c1")
    assert await store.unsettled() == [control("c2")]
    assert not await store.accept_control(control("c1"))


async def test_settling_what_was_never_stored_changes_nothing(store: Store) -> None:
    await store.settle("c1")
    assert await store.accept_control(control("c1"))


async def test_active_channels_are_direct_ones_with_asks_since_then(store: Store) -> None:
    def direct(channel: str) -> Address:
        return Address("discord", "", channel)

    await put(
        store,
        ask(10, conversation="a", address=direct("a")),
        ask(30, conversation="b", address=direct("b")),
        ask(20, conversation="c", address=direct("c")),
        ask(40, conversation="c", address=direct("c")),
        ask(50, conversation="d"),
        ask(60, conversation="e", address=Address("slack", "", "e")),
    )
    assert await store.active_channels("discord", 20) == ["c", "b"]
