from __future__ import annotations

import pytest

from bot.completion import Message, Role, ToolCall
from bot.errors import LeaseLost
from bot.messages import CallRecord
from bot.ports import Claim, Store
from tests.contract.store.samples import Clock, answer, answered, ask, claimed, end, put

WEATHER = ToolCall("call_1", "weather", '{"place": "北京"}')
CLOCK = ToolCall("call_2", "clock", "{}")


async def results(store: Store, turn: int) -> list[str | None]:
    return [record.result for record in await store.calls(turn)]


async def asked(store: Store) -> Claim:
    await put(store, ask(1))
    return await claimed(store)


async def with_calls(store: Store, text: str, said: str, *ended: ToolCall) -> tuple[Message, ...]:
    """The round of a turn that made two calls after a text, of which these ended, and said something in all."""
    claim = await asked(store)
    await store.begin_calls(claim, 1, text, [WEATHER, CLOCK])
    for call in ended:
        await store.end_call(claim, call.id, f"of {call.name}")
    await end(store, claim, answer(said, "[Ann]: how is it?"))
    await put(store, ask(9))
    (only,) = (await store.history((await claimed(store)).turn, rounds=5)).rounds
    return only.messages


async def test_a_call_is_kept_before_it_is_made_and_its_result_after(store: Store) -> None:
    claim = await asked(store)
    await store.begin_calls(claim, 1, "Let me look.", [WEATHER, CLOCK])
    assert list(await store.calls(claim.turn.id)) == [
        CallRecord(1, "Let me look.", WEATHER),
        CallRecord(1, "Let me look.", CLOCK),
    ]
    await store.end_call(claim, "call_2", "noon")
    assert await results(store, claim.turn.id) == [None, "noon"]


async def test_calls_are_those_of_their_turn_in_the_order_of_their_beginning(store: Store) -> None:
    claim = await asked(store)
    await store.begin_calls(claim, 1, "", [CLOCK])
    await store.begin_calls(claim, 2, "", [WEATHER])
    assert [record.call for record in await store.calls(claim.turn.id)] == [CLOCK, WEATHER]
    for other in (0, claim.turn.id + 1, 99):
        assert list(await store.calls(other)) == []


async def test_a_result_is_kept_once_and_only_of_what_was_begun(store: Store) -> None:
    claim = await asked(store)
    await store.begin_calls(claim, 1, "", [WEATHER])
    for result in ("rain", "sun"):
        await store.end_call(claim, "call_1", result)
    await store.end_call(claim, "call_9", "nothing")
    assert await results(store, claim.turn.id) == ["rain"]


async def test_an_id_that_comes_again_gets_its_result_in_the_newest_round(store: Store) -> None:
    claim = await asked(store)
    await store.begin_calls(claim, 1, "", [WEATHER])
    await store.begin_calls(claim, 2, "", [WEATHER, WEATHER])
    for result in ("second", "third", "first"):
        await store.end_call(claim, "call_1", result)
    assert await results(store, claim.turn.id) == ["first", "second", "third"]


async def test_calls_with_an_old_fence_are_not_noted(store: Store, clock: Clock) -> None:
    claim = await asked(store)
    await store.begin_calls(claim, 1, "", [WEATHER])
    clock.now += 31
    await claimed(store, "other")
    with pytest.raises(LeaseLost):
        await store.begin_calls(claim, 2, "", [CLOCK])
    with pytest.raises(LeaseLost):
        await store.end_call(claim, "call_1", "late")
    assert await results(store, claim.turn.id) == [None]


async def test_a_crash_keeps_calls_and_so_does_a_new_attempt(store: Store, clock: Clock) -> None:
    claim = await asked(store)
    await store.begin_calls(claim, 1, "", [WEATHER])
    await store.end_call(claim, "call_1", "rain")
    await store.repost(claim)
    clock.now += 31
    again = await claimed(store, "other")
    assert await results(store, again.turn.id) == ["rain"]
    await store.begin_calls(again, 2, "", [CLOCK])
    assert await results(store, again.turn.id) == ["rain", None]


async def test_asking_again_forgets_the_calls_of_the_last_answer(store: Store) -> None:
    claim = await asked(store)
    await store.begin_calls(claim, 1, "", [WEATHER])
    await end(store, claim)
    assert await results(store, claim.turn.id) == [None]
    assert await store.reopen(claim.turn.id)
    assert await results(store, claim.turn.id) == []


async def test_a_refused_reopen_leaves_calls_alone(store: Store) -> None:
    claim = await asked(store)
    await store.begin_calls(claim, 1, "", [WEATHER])
    await end(store, claim)
    await answered(store, ask(2))
    assert not await store.reopen(claim.turn.id)
    assert await results(store, claim.turn.id) == [None]


async def test_a_round_has_its_calls_between_question_and_answer(store: Store) -> None:
    messages = await with_calls(store, "Let me look.", "Let me look.\n\nRain at noon.", WEATHER, CLOCK)
    assert messages == (
        Message(Role.USER, "[Ann]: how is it?"),
        Message(Role.ASSISTANT, "Let me look.", (WEATHER, CLOCK)),
        Message(Role.TOOL, "of weather", tool_call_id="call_1"),
        Message(Role.TOOL, "of clock", tool_call_id="call_2"),
        Message(Role.ASSISTANT, "Rain at noon."),
    )


async def test_a_call_without_a_result_is_in_no_history(store: Store) -> None:
    messages = await with_calls(store, "", "Noon.", CLOCK)
    assert [message.tool_calls for message in messages] == [(), (CLOCK,), (), ()]
    assert [message.tool_call_id for message in messages] == ["", "", "call_2", ""]


async def test_a_round_of_calls_without_any_result_leaves_the_answer_whole(store: Store) -> None:
    messages = await with_calls(store, "Let me look.", "Let me look.\n\nIt failed.")
    assert [message.content for message in messages] == ["[Ann]: how is it?", "Let me look.\n\nIt failed."]
