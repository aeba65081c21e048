from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.errors import LeaseLost
from bot.messages import Ask
from bot.ports import Claim, Store
from tests.contract.store.samples import Clock, answer, answered, ask, claimed, end, keys, put

FENCED: dict[str, Callable[[Store, Claim], Awaitable[object]]] = {
    "proceed": lambda store, claim: store.proceed(claim),
    "hand_back": lambda store, claim: store.hand_back(claim),
    "place": lambda store, claim: store.place(claim, "thread"),
    "intend": lambda store, claim: store.intend(claim, 1),
    "posted": lambda store, claim: store.posted(claim, 1, "p1"),
    "sealed": lambda store, claim: store.sealed(claim, 1, 10),
    "unposted": lambda store, claim: store.unposted(claim, 1),
    "repost": lambda store, claim: store.repost(claim),
    "finish": lambda store, claim: store.finish(claim, answer()),
    "delivered": lambda store, claim: store.delivered(claim),
}


async def test_without_work_nothing_is_claimed(store: Store) -> None:
    assert await store.claim("worker", 30) is None
    assert await store.next_due("worker") is None


async def test_consecutive_mail_of_one_author_is_one_turn(store: Store) -> None:
    await put(store, ask(1), ask(2), ask(3, "bob"), ask(4))
    claim = await claimed(store)
    assert keys(claim) == ["m1", "m2"]
    assert claim.turn.ask.key == "m2"
    assert claim.turn.since == 1.0
    claim = await end(store, claim)
    assert keys(claim) == ["m3"]
    assert claim is not None
    assert keys(await end(store, claim)) == ["m4"]


async def test_a_run_ends_where_the_reply_target_changes(store: Store) -> None:
    first = await answered(store, ask(1), ref="p1")
    second = await answered(store, ask(2), ref="p2")
    await put(store, ask(3, reply_to="p1"), ask(4, reply_to="p1"), ask(5), ask(6, reply_to="p2"))
    claim = await claimed(store)
    assert (keys(claim), claim.turn.parent) == (["m3", "m4"], first)
    claim = await end(store, claim)
    assert claim is not None
    assert (keys(claim), claim.turn.parent) == (["m5"], claim.turn.id - 1)
    claim = await end(store, claim)
    assert claim is not None
    assert (keys(claim), claim.turn.parent) == (["m6"], second)


async def turns_of(store: Store, *waiting: Ask) -> list[list[str]]:
    """The keys of the turns that this mail becomes."""
    await put(store, *waiting)
    claim: Claim | None = await claimed(store)
    seen: list[list[str]] = []
    while claim is not None:
        seen.append(keys(claim))
        claim = await end(store, claim)
    return seen


async def test_an_ask_that_is_alone_is_answered_with_neither_of_its_neighbours(store: Store) -> None:
    waiting = (ask(1), ask(2), ask(3, alone=True), ask(4), ask(5))
    assert await turns_of(store, *waiting) == [["m1", "m2"], ["m3"], ["m4", "m5"]]


async def test_asks_that_are_alone_are_not_answered_with_each_other(store: Store) -> None:
    waiting = (ask(1, alone=True), ask(2, alone=True), ask(3))
    assert await turns_of(store, *waiting) == [["m1"], ["m2"], ["m3"]]


async def test_a_run_stops_at_ten(store: Store) -> None:
    await put(store, *(ask(number) for number in range(12)))
    claim = await claimed(store)
    assert len(claim.turn.asks) == 10
    assert keys(await end(store, claim)) == ["m10", "m11"]


async def test_a_conversation_is_worked_on_by_one_at_a_time(store: Store) -> None:
    await put(store, ask(1), ask(2, "bob"))
    await claimed(store)
    assert await store.claim("other", 30) is None


async def test_conversations_are_taken_in_the_order_in_which_their_work_came(store: Store, clock: Clock) -> None:
    for conversation in ("b", "c", "a"):
        await put(store, ask(ord(conversation), conversation=conversation))
        clock.now += 1
    await put(store, ask(1, conversation="a"), ask(200, "bob", conversation="b"))
    assert [(await claimed(store)).conversation for _ in range(3)] == ["b", "c", "a"]


async def test_claims_at_once_take_different_conversations(store: Store) -> None:
    await put(store, *(ask(number, conversation=f"talk {number}") for number in range(20)))
    claims = await asyncio.gather(*(claimed(store, f"worker {n}") for n in range(20)))
    assert len({claim.conversation for claim in claims}) == 20


async def test_only_the_first_turn_of_a_conversation_is_its_first(store: Store) -> None:
    await put(store, ask(1), ask(2, "bob"))
    claim = await claimed(store)
    assert claim.turn.first
    assert claim.turn.parent is None
    following = await end(store, claim)
    assert following is not None
    assert not following.turn.first
    assert following.turn.parent == claim.turn.id


async def test_an_expired_lease_is_taken_over_with_a_higher_fence(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    old = await claimed(store, lease=30)
    clock.now += 29
    assert await store.claim("other", 30) is None
    clock.now += 2
    new = await claimed(store, "other")
    assert new.fence > old.fence
    assert new.turn.id == old.turn.id
    assert (old.turn.attempt, new.turn.attempt) == (1, 2)


@pytest.mark.parametrize("method", FENCED)
async def test_an_old_fence_raises_and_writes_nothing(store: Store, clock: Clock, method: str) -> None:
    await put(store, ask(1))
    old = await claimed(store)
    await store.intend(old, 1)
    clock.now += 31
    new = await claimed(store, "other")
    with pytest.raises(LeaseLost):
        await FENCED[method](store, old)
    await store.hand_back(new, count=False)
    assert (await claimed(store)).turn == new.turn


@pytest.mark.parametrize("method", FENCED)
async def test_a_released_claim_is_old(store: Store, method: str) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.hand_back(claim)
    with pytest.raises(LeaseLost):
        await FENCED[method](store, claim)


async def test_a_lease_is_not_taken_over_by_its_own_owner_however_old_it_is(store: Store, clock: Clock) -> None:
    await put(store, ask(1), ask(2, conversation="talk two"))
    held = await claimed(store)
    clock.now += 10_000
    assert keys(await store.claim("worker", 30)) == ["m2"]
    assert await store.claim("worker", 30) is None
    await store.finish(held, answer())
    assert (await claimed(store, "other")).turn.id == held.turn.id


async def test_a_heartbeat_keeps_the_leases_of_its_owner_only(store: Store, clock: Clock) -> None:
    await put(store, ask(1, conversation="a"), ask(2, conversation="b"))
    await claimed(store, "dead", lease=30)
    alive = await claimed(store, "alive", lease=30)
    clock.now += 20
    await store.renew("alive", 30)
    clock.now += 20
    assert (await claimed(store, "third")).conversation == "a"
    assert await store.claim("third", 30) is None
    await store.finish(alive, answer())


async def test_an_expired_lease_that_nobody_took_over_still_writes(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    clock.now += 100
    await store.finish(claim, answer())


async def test_proceed_releases_only_when_nothing_waits(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.finish(claim, answer())
    await store.delivered(claim)
    await put(store, ask(2))
    following = await store.proceed(claim)
    assert keys(following) == ["m2"]
    assert following is not None
    with pytest.raises(LeaseLost):
        await store.place(claim, "the turn before is no longer ours")
    assert await end(store, following) is None
    await put(store, ask(3))
    assert keys(await store.claim("other", 30)) == ["m3"]


async def test_mail_that_comes_while_the_last_turn_is_released_is_not_stranded(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.finish(claim, answer())
    await store.delivered(claim)
    following, _ = await asyncio.gather(store.proceed(claim), store.accept(ask(2), wakes=True, limit=5))
    assert keys(following or await store.claim("worker", 30)) == ["m2"]


async def test_a_delivered_turn_whose_worker_died_does_not_hold_up_the_rest(store: Store, clock: Clock) -> None:
    await put(store, ask(1), ask(2, "bob"))
    claim = await claimed(store)
    await store.finish(claim, answer())
    await store.delivered(claim)
    clock.now += 31
    assert keys(await store.claim("other", 30)) == ["m2"]


async def test_a_finished_turn_is_claimed_for_delivery_without_counting(store: Store, clock: Clock) -> None:
    await put(store, ask(1), ask(2, "bob"))
    claim = await claimed(store)
    await store.place(claim, "thread 7")
    post = await store.intend(claim, 1)
    await store.posted(claim, post.number, "p1")
    await store.finish(claim, answer("whole"))
    for owner in ("second", "third"):
        clock.now += 31
        turn = (await claimed(store, owner)).turn
        assert (turn.attempt, turn.place, turn.outcome) == (1, "thread 7", answer("whole"))
        assert [shown.ref for shown in turn.posts] == ["p1"]


async def test_work_handed_back_is_due_later(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.hand_back(claim, after=10)
    assert await store.claim("worker", 30) is None
    assert await store.next_due("worker") == pytest.approx(10)
    clock.now += 10
    assert await store.next_due("worker") == 0
    assert (await claimed(store)).turn.attempt == 2


async def test_a_turn_put_off_goes_before_later_mail_of_its_conversation(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    await store.hand_back(await claimed(store), after=10)
    await put(store, ask(2, "bob"), ask(3, conversation="other"))
    assert (await claimed(store)).conversation == "other"
    assert await store.claim("worker", 30) is None
    clock.now += 10
    assert keys(await store.claim("worker", 30)) == ["m1"]


async def test_a_drain_leaves_the_attempts_as_they_were(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.repost(claim)
    await store.hand_back(claim, count=False)
    claim = await claimed(store)
    assert claim.turn.attempt == 1
    await store.hand_back(claim)
    claim = await claimed(store)
    assert claim.turn.attempt == 2
    await store.hand_back(claim, count=False)
    assert (await claimed(store)).turn.attempt == 2


async def test_a_new_attempt_under_the_same_lease_counts(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.repost(claim)
    await store.hand_back(claim)
    assert (await claimed(store)).turn.attempt == 3


async def test_work_under_a_lease_is_due_for_others_when_the_lease_ends(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    assert await store.next_due("other") == 0
    await claimed(store, lease=30)
    clock.now += 10
    assert await store.next_due("other") == pytest.approx(20)
    clock.now += 100
    assert await store.next_due("other") == 0


async def test_work_under_its_own_lease_is_never_due_for_an_owner(store: Store, clock: Clock) -> None:
    await put(store, ask(1), ask(2, "bob"))
    claim = await claimed(store)
    assert await store.next_due("worker") is None
    clock.now += 100
    assert await store.next_due("worker") is None
    await put(store, ask(3, conversation="later"))
    assert await store.next_due("worker") == 0
    await store.hand_back(claim, after=5)
    assert keys(await store.claim("worker", 30)) == ["m3"]
    assert await store.next_due("worker") == pytest.approx(5)


async def test_a_clock_that_is_set_back_delays_no_mail(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    clock.now -= 500
    assert await store.next_due("worker") == 0
    assert keys(await store.claim("worker", 30)) == ["m1"]
