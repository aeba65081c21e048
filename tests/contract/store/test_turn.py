from __future__ import annotations

from dataclasses import replace

import pytest

from bot.completion import Message, Role, Usage
from bot.messages import Attachment, Author, ControlKind, Outcome, OutcomeKind, Quote, Right, Turn
from bot.ports import Claim, Store
from tests.contract.store.samples import Clock, answer, answered, ask, claimed, end, put

FULL_OUTCOME = Outcome(
    OutcomeKind.STOPPED,
    question="[Ann]: why?",
    answer="because",
    note="Stopped.",
    controls=(ControlKind.REGENERATE, ControlKind.CONTINUE),
    model="glm-4.6",
    provider="zai",
    usage=Usage(1, 2, 3, 4),
)


async def rounds(store: Store, turn: Turn, limit: int = 50) -> list[int]:
    return [each.turn for each in (await store.history(turn, rounds=limit)).rounds]


async def test_an_ask_comes_back_as_it_was_given(store: Store) -> None:
    made = ask(
        1,
        text="你好 \u2028 \x00 {\"a\": '1'} \u202e",
        quotes=(Quote("Bob", "said"),),
        attachments=(Attachment("a.png", "image/png", 3, "https://files.test/a"),),
        origin={"token": "t", "id": "1"},
        addressed=False,
    )
    given = replace(made, author=Author("ann", "Ann\n[x]: y", frozenset({Right.MODERATE, Right.MANAGE_SERVER})))
    await put(store, given)
    turn = (await claimed(store)).turn
    assert turn.asks == (given,)
    assert turn.ask.author.rights == given.author.rights


async def test_an_outcome_comes_back_as_it_was_given(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.finish(claim, FULL_OUTCOME)
    clock.now += 31
    assert (await claimed(store, "other")).turn.outcome == FULL_OUTCOME
    summary = await store.turn(claim.turn.id)
    assert summary is not None
    assert summary.outcome == FULL_OUTCOME


async def test_a_post_is_known_before_it_is_posted(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    first = await store.intend(claim, 1)
    clock.now += 1
    second = await store.intend(claim, 2)
    assert (first.number, first.page, first.at, first.ref, first.seal) == (1, 1, 1000.0, "", None)
    await store.posted(claim, first.number, "p1")
    await store.hand_back(claim)
    shown = (await claimed(store)).turn.posts
    assert [(post.number, post.page, post.ref) for post in shown] == [(1, 1, "p1"), (2, 2, "")]
    assert shown[1] == second


async def test_the_number_of_a_forgotten_post_is_never_used_again(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    first = await store.intend(claim, 1)
    await store.unposted(claim, first.number)
    second = await store.intend(claim, 1)
    assert second.number == 2
    await store.hand_back(claim)
    assert (await claimed(store)).turn.posts == (second,)


async def sealed(store: Store) -> Claim:
    """A claim on a turn with one page that is posted and sealed."""
    await put(store, ask(1))
    claim = await claimed(store)
    post = await store.intend(claim, 1)
    await store.posted(claim, post.number, "p1")
    await store.sealed(claim, post.number, 7)
    return claim


async def taken_up(store: Store, claim: Claim) -> tuple[int, list[tuple[str, int | None]]]:
    """The attempt and the posts of the turn for who claims it next."""
    await store.hand_back(claim)
    turn = (await claimed(store)).turn
    return turn.attempt, [(post.ref, post.seal) for post in turn.posts]


async def test_a_finished_turn_keeps_its_seals_for_who_delivers_it(store: Store) -> None:
    claim = await sealed(store)
    await store.finish(claim, answer())
    assert await taken_up(store, claim) == (1, [("p1", 7)])


async def test_a_turn_that_is_asked_again_keeps_its_posts_without_their_seals(store: Store) -> None:
    claim = await sealed(store)
    assert await taken_up(store, claim) == (2, [("p1", None)])


async def test_seals_forgotten_by_a_claim_do_not_come_back(store: Store) -> None:
    await store.hand_back(await sealed(store))
    claim = await claimed(store)
    await store.finish(claim, answer())
    assert await taken_up(store, claim) == (2, [("p1", None)])


async def test_a_new_attempt_under_the_same_lease_keeps_the_posts_without_their_seals(store: Store) -> None:
    claim = await sealed(store)
    await store.repost(claim)
    await store.finish(claim, answer())
    assert await taken_up(store, claim) == (2, [("p1", None)])


async def test_history_is_the_rounds_that_lead_to_the_turn(store: Store) -> None:
    first = await answered(store, ask(1), answer("one", "[Ann]: first"), ref="p1")
    second = await answered(store, ask(2), answer("two"))
    await put(store, ask(3, reply_to="p1"), ask(4, "bob"))
    branch = await claimed(store)
    (only,) = (await store.history(branch.turn, rounds=5)).rounds
    assert only.turn == first
    assert only.messages == (Message(Role.USER, "[Ann]: first"), Message(Role.ASSISTANT, "one"))
    straight = await end(store, branch)
    assert straight is not None
    assert await rounds(store, straight.turn) == [first, branch.turn.id]
    assert second not in await rounds(store, straight.turn)


async def test_history_is_cut_to_the_newest_rounds(store: Store) -> None:
    turns = [await answered(store, ask(number)) for number in range(6)]
    await put(store, ask(10))
    turn = (await claimed(store)).turn
    assert await rounds(store, turn, 3) == turns[-3:]
    assert await rounds(store, turn, 50) == turns
    assert await rounds(store, turn, 0) == []


@pytest.mark.parametrize(
    ("outcome", "remembered"),
    [
        (answer(), True),
        (answer(kind=OutcomeKind.STOPPED), True),
        (answer("", kind=OutcomeKind.STOPPED), False),
        (answer(kind=OutcomeKind.FAILED), False),
        (answer(kind=OutcomeKind.RETRACTED), False),
    ],
)
async def test_only_what_was_answered_or_stopped_is_remembered(
    store: Store, outcome: Outcome, remembered: bool
) -> None:
    before = await answered(store, ask(1))
    turn = await answered(store, ask(2), outcome)
    await put(store, ask(3))
    assert await rounds(store, (await claimed(store)).turn) == ([before, turn] if remembered else [before])


async def test_a_turn_is_not_part_of_its_own_history(store: Store) -> None:
    before = await answered(store, ask(1))
    turn = await answered(store, ask(2))
    assert await store.reopen(turn)
    assert await rounds(store, (await claimed(store)).turn) == [before]


async def test_a_reset_ends_the_history_but_not_the_record(store: Store) -> None:
    old = await answered(store, ask(1), ref="p1")
    await store.reset("talk")
    new = await answered(store, ask(2))
    await put(store, ask(3), ask(4, "bob", reply_to="p1"))
    claim = await claimed(store)
    assert await rounds(store, claim.turn) == [new]
    to_old = await end(store, claim)
    assert to_old is not None
    assert to_old.turn.parent == old
    assert await rounds(store, to_old.turn) == []
    assert await store.turn(old) is not None


async def test_a_reset_keeps_waiting_mail_and_drops_notes(store: Store) -> None:
    await answered(store, ask(1))
    await put(store, ask(2))
    await store.accept(ask(3, "bob"), wakes=False, limit=5)
    await store.reset("talk")
    turn = (await claimed(store)).turn
    assert [each.key for each in turn.asks] == ["m2"]
    assert turn.notes == ()


async def test_a_turn_that_runs_through_a_reset_leaves_the_history(store: Store) -> None:
    await put(store, ask(1), ask(2, "bob"))
    claim = await claimed(store)
    await store.reset("talk")
    following = await end(store, claim)
    assert following is not None
    assert await rounds(store, following.turn) == []


async def test_resetting_an_unknown_conversation_makes_it_no_better_known(store: Store) -> None:
    await store.reset("talk")
    assert not await store.knows("talk")


async def test_finishing_again_replaces_the_outcome(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.finish(claim, answer("first"))
    await store.finish(claim, answer("second"))
    clock.now += 31
    outcome = (await claimed(store, "other")).turn.outcome
    assert outcome is not None
    assert outcome.answer == "second"
