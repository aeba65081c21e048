from __future__ import annotations

from dataclasses import replace

from bot.completion import ToolCall
from bot.messages import Quote
from bot.ports import Reception, Store
from tests.contract.store.samples import Clock, answer, answered, ask, claimed, end, keys, put


async def state(store: Store, turn: int) -> str:
    summary = await store.turn(turn)
    assert summary is not None
    return summary.state


async def test_a_summary_follows_its_turn(store: Store) -> None:
    await put(store, ask(1), ask(2, "bob"))
    claim = await claimed(store)
    number = claim.turn.id
    running = await store.turn(number)
    assert running is not None
    assert (running.conversation, running.asker, running.state, running.last) == ("talk", "ann", "running", True)
    await store.finish(claim, answer())
    assert await state(store, number) == "finished"
    await store.delivered(claim)
    assert await state(store, number) == "delivered"
    await store.proceed(claim)
    before = await store.turn(number)
    assert before is not None
    assert not before.last


async def test_a_turn_is_found_by_its_question_its_post_and_its_conversation(store: Store) -> None:
    await put(store, ask(1), ask(2), ask(3, "bob"))
    claim = await claimed(store)
    post = await store.intend(claim, 1)
    assert await store.turn_of_post("") is None
    await store.posted(claim, post.number, "p1")
    found = await store.turn(claim.turn.id)
    assert await store.turn_of_question("m1") == found
    assert await store.turn_of_question("m2") == found
    assert await store.turn_of_post("p1") == found
    assert await store.open_turn("talk") == found
    assert await store.turn_of_question("m3") is None


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    assert await store.turn(1) is None
    assert await store.turn(0) is None
    assert await store.turn_of_question("m1") is None
    assert await store.turn_of_post("p1") is None
    assert await store.open_turn("talk") is None


async def test_a_delivered_turn_is_not_open(store: Store) -> None:
    await answered(store, ask(1))
    assert await store.open_turn("talk") is None


async def test_a_forgotten_post_leads_to_no_turn(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    post = await store.intend(claim, 1)
    await store.posted(claim, post.number, "p1")
    await store.unposted(claim, post.number)
    assert await store.turn_of_post("p1") is None


async def test_dropping_takes_the_waiting_mail_of_one_author_in_one_conversation(store: Store) -> None:
    await put(store, ask(1), ask(2, "bob"), ask(3), ask(4, "ann", conversation="talk two"))
    assert await store.drop_waiting("talk", "ann") == [ask(1), ask(3)]
    assert await store.drop_waiting("talk", "ann") == []
    assert keys(await store.claim("worker", 30)) == ["m2"]
    assert keys(await store.claim("worker", 30)) == ["m4"]


async def test_what_was_dropped_is_returned_whole_in_the_order_in_which_it_was_said(store: Store) -> None:
    late = ask(9, quotes=(Quote("Bob", "said"),), origin={"token": "t"})
    await put(store, late, ask(3, alone=True))
    assert await store.drop_waiting("talk", "ann") == [ask(3, alone=True), late]


async def test_in_an_unknown_conversation_nothing_is_dropped(store: Store) -> None:
    assert await store.drop_waiting("talk", "ann") == []
    assert not await store.knows("talk")


async def test_dropping_all_leaves_nothing_due(store: Store) -> None:
    await put(store, ask(1))
    assert await store.drop_waiting("talk", "ann") == [ask(1)]
    assert await store.next_due("worker") is None
    assert await store.claim("worker", 30) is None
    assert await store.accept(ask(1), wakes=True, limit=5) is Reception.DUPLICATE
    assert await store.accept(ask(2), wakes=True, limit=5) is Reception.TAKEN


async def test_dropping_does_not_touch_what_is_being_answered(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    assert await store.drop_waiting("talk", "ann") == []
    assert await end(store, claim) is None


async def test_a_deleted_message_of_a_delivered_turn_is_forgotten(store: Store) -> None:
    first = await answered(store, ask(1), ref="p1")
    second = await answered(store, ask(2), ref="p2")
    await store.forget_post("p2")
    await store.forget_post("p2")
    await store.forget_post("unknown")
    assert await store.turn_of_post("p2") is None
    found = await store.turn_of_post("p1")
    assert found is not None
    assert found.id == first
    assert await store.reopen(second)
    again = await claimed(store)
    assert again.turn.posts == ()
    assert (await store.intend(again, 1)).number == 2


async def test_a_deleted_message_of_a_turn_that_is_worked_on_is_left_to_its_worker(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    post = await store.intend(claim, 1)
    await store.forget_post("")
    await store.posted(claim, post.number, "p1")
    await store.forget_post("p1")
    assert await store.turn_of_post("p1") is not None
    await store.finish(claim, answer())
    await store.forget_post("p1")
    assert await store.turn_of_post("p1") is not None


async def test_forgetting_no_message_in_particular_forgets_no_intent(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    post = await store.intend(claim, 1)
    await end(store, claim)
    await store.forget_post("")
    assert await store.reopen(claim.turn.id)
    assert (await claimed(store)).turn.posts == (post,)


async def test_a_stop_is_seen_by_whoever_takes_the_turn_up(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    turn = (await claimed(store)).turn.id
    assert not await store.stop_requested(turn)
    await store.request_stop(turn)
    assert await store.stop_requested(turn)
    clock.now += 31
    await claimed(store, "other")
    assert await store.stop_requested(turn)


async def test_a_stop_of_an_unknown_turn_is_ignored(store: Store) -> None:
    await store.request_stop(5)
    assert not await store.stop_requested(5)
    assert not await store.stop_requested(0)


async def test_reopening_asks_again_in_the_same_posts(store: Store, clock: Clock) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.place(claim, "thread")
    await store.repost(claim)
    post = await store.intend(claim, 1)
    await store.posted(claim, post.number, "p1")
    await store.sealed(claim, post.number, 9)
    await store.request_stop(claim.turn.id)
    await end(store, claim)
    clock.now += 100
    assert await store.reopen(claim.turn.id)
    assert not await store.stop_requested(claim.turn.id)
    assert await store.next_due("worker") == 0
    again = (await claimed(store)).turn
    assert (again.id, again.attempt, again.outcome, again.place) == (claim.turn.id, 1, None, "thread")
    assert again.since == clock.now
    assert [(shown.ref, shown.seal) for shown in again.posts] == [("p1", None)]
    assert again.asks == claim.turn.asks
    assert again.first


async def test_reopening_keeps_the_calls_of_tools_that_have_changed_something(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    calls = [ToolCall(f"c{number}", name, "{}") for number, name in enumerate(("look", "paint", "paint", "sell"))]
    await store.begin_calls(claim, 1, "", calls, asked=["c3"], until=9e9)
    await store.end_call(claim, "c1", "painted")
    await end(store, claim)
    assert await store.reopen(claim.turn.id, ["paint", "sell"])
    kept = await store.calls(claim.turn.id)
    assert [(record.call.id, record.result) for record in kept] == [("c1", "painted"), ("c2", None)]


async def test_only_a_delivered_last_turn_is_reopened(store: Store) -> None:
    first = await answered(store, ask(1))
    await put(store, ask(2))
    claim = await claimed(store)
    assert not await store.reopen(first)
    assert not await store.reopen(claim.turn.id)
    await store.finish(claim, answer())
    assert not await store.reopen(claim.turn.id)
    await store.delivered(claim)
    assert not await store.reopen(first)
    assert await store.reopen(claim.turn.id)
    assert not await store.reopen(claim.turn.id)
    assert not await store.reopen(99)


async def test_a_turn_reopened_before_its_worker_proceeds_goes_on_under_the_same_lease(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    await store.finish(claim, answer())
    await store.delivered(claim)
    assert await store.reopen(claim.turn.id)
    again = await store.proceed(claim)
    assert again is not None
    assert (again.turn.id, again.turn.attempt, again.turn.outcome) == (claim.turn.id, 1, None)


async def test_a_reopened_turn_goes_before_waiting_mail(store: Store) -> None:
    turn = await answered(store, ask(1))
    await put(store, ask(2, "bob"))
    assert await store.reopen(turn)
    claim = await claimed(store)
    assert claim.turn.id == turn
    assert keys(await end(store, claim)) == ["m2"]


async def test_settings_are_kept_by_scope_and_name(store: Store) -> None:
    await store.set_setting("channel:1", "model", "glm-4.6")
    await store.set_setting("user:1", "model", "glm-4.5-air")
    await store.set_setting("user:1", "model", "glm-5.1")
    await store.set_setting("user:1", "language", "zh")
    assert await store.settings("model", ["user:1", "channel:1", "server:1"]) == {
        "channel:1": "glm-4.6",
        "user:1": "glm-5.1",
    }
    await store.set_setting("user:1", "model", None)
    await store.set_setting("user:2", "model", None)
    assert await store.settings("model", ["user:1"]) == {}
    assert await store.settings("language", ["user:1"]) == {"user:1": "zh"}
    assert await store.settings("model", []) == {}


async def test_what_is_remembered_is_recalled(store: Store) -> None:
    assert await store.recall("cursor") is None
    await store.remember("cursor", "1")
    await store.remember("cursor", "2")
    assert await store.recall("cursor") == "2"


async def test_the_last_word_of_each_person_about_an_answer_is_kept(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    for author, score in (("ann", 1), ("bob", -1), ("ann", -1)):
        await store.rate(claim.turn.id, author, score)
    assert await store.ratings(claim.turn.id) == {"ann": -1, "bob": -1}
    assert await store.ratings(claim.turn.id + 1) == {}


async def test_the_newest_conversation_of_somebody_in_a_channel_is_known(store: Store) -> None:
    await put(store, ask(1), ask(2, "bob"))
    here = ask(1).address
    assert await store.newest_conversation(here, "ann") == "talk"
    assert await store.newest_conversation(here, "eve") == ""
    await put(store, replace(ask(3), conversation="newer"))
    assert await store.newest_conversation(here, "ann") == "newer"
    assert await store.newest_conversation(here, "bob") == "talk"
    assert await store.newest_conversation(replace(here, channel="elsewhere"), "ann") == ""


async def test_the_last_turn_is_the_newest_whatever_became_of_it(store: Store) -> None:
    assert await store.last_turn("talk") is None
    first = await answered(store, ask(1))
    assert await store.last_turn("talk") == await store.turn(first)
    await answered(store, ask(2, conversation="other"))
    await put(store, ask(3))
    assert await store.last_turn("talk") == await store.turn(first)
    claim = await claimed(store)
    running = await store.last_turn("talk")
    assert running is not None
    assert (running.id, running.state) == (claim.turn.id, "running")
    await end(store, claim)
    await store.withdraw_question("m3")
    assert await store.last_turn("talk") == await store.turn(claim.turn.id)
