from __future__ import annotations

import asyncio

import pytest

from bot.completion import Delta, FinishReason, ModelRequest, Role, Usage
from bot.messages import CallRecord
from bot.tool_loop import CALLS, ROUNDS, ToolLoop
from tests.fixtures.model import ScriptedModel
from tests.fixtures.tool_desk import CONTEXT, REQUEST, Desk, answered, call, text_of, told, wanting


async def test_a_tool_that_was_not_offered_is_not_called() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(call(1)))
    loop = ToolLoop(model, desk.box(), CONTEXT, desk, desk.shown.append)
    request = ModelRequest("glm-one", REQUEST.messages, "user", tools=desk.box().specs[1:])
    assert [delta async for delta in loop.stream(request)]
    assert desk.calls == []
    assert "there is no tool" in model.requests[1].messages[-1].content


async def test_an_answer_without_tools_passes_through() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script("It is ", "fine.")
    deltas, _ = await answered(model, desk)
    assert text_of(deltas) == "It is fine."
    assert deltas[-1].finish is FinishReason.STOP
    assert desk.journal == []


async def test_what_a_tool_gives_is_told_to_the_model_which_then_answers() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script("Let me look.", Delta(reasoning="hm"), wanting(call(1, "Beijing")))
    model.script("It is sunny.")
    deltas, loop = await answered(model, desk)
    assert text_of(deltas) == "Let me look.\n\nIt is sunny."
    wanted, result = model.requests[1].messages[-2:]
    assert (wanted.content, wanted.tool_calls, wanted.reasoning) == ("Let me look.", (call(1, "Beijing"),), "hm")
    assert (result.role, result.content, result.tool_call_id) == (Role.TOOL, told("sunny in Beijing"), "c1")
    assert [delta.finish for delta in deltas if delta.finish] == [FinishReason.STOP]
    assert loop.labels == ["weather · Beijing"]
    assert desk.shown == [["weather · Beijing"], ()]


async def test_text_in_the_last_delta_of_a_round_is_shown() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(call(1), text="Wait."))
    model.script("Sunny.")
    assert text_of((await answered(model, desk))[0]) == "Wait.\n\nSunny."


async def test_all_rounds_are_paid_for() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(call(1)))
    model.script("ok", Delta(finish=FinishReason.STOP, usage=Usage(20, 5, cost=0.25, currency="USD")))
    usage = (await answered(model, desk))[0][-1].usage
    assert usage == Usage(30, 10, cost=0.75, currency="USD")


async def test_all_calls_of_a_round_have_started_before_any_returns() -> None:
    model, desk = ScriptedModel(), Desk(barrier=asyncio.Barrier(3))
    model.script(wanting(call(1), call(2), call(3)))
    await answered(model, desk)
    assert desk.calls == ["town 1", "town 2", "town 3"]
    assert [message.content for message in model.requests[1].messages[-3:]] == [
        told(f"sunny in town {n}") for n in (1, 2, 3)
    ]


async def test_a_call_is_noted_before_it_is_made_and_after() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(call(1)))
    await answered(model, desk)
    assert desk.journal == [("begin", "1:c1"), ("c1", told("sunny in town 1"))]


async def test_a_model_that_never_answers_is_made_to() -> None:
    model, desk = ScriptedModel(), Desk()
    for number in range(ROUNDS):
        model.script(wanting(call(number)))
    model.script("At last.")
    deltas, _ = await answered(model, desk)
    assert [bool(request.tools) for request in model.requests] == [True] * ROUNDS + [False]
    assert text_of(deltas) == "At last."


async def test_a_model_that_wants_tools_without_any_has_ended() -> None:
    model, desk = ScriptedModel(), Desk()
    for number in range(ROUNDS + 1):
        model.script(wanting(call(number)))
    deltas, _ = await answered(model, desk)
    assert deltas[-1].finish is FinishReason.STOP
    assert deltas[-1].tool_calls == ()
    assert len(desk.calls) == ROUNDS


async def test_of_too_many_calls_the_surplus_is_not_made_and_each_has_a_result() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(*(call(number) for number in range(CALLS + 2))))
    await answered(model, desk)
    assert len(desk.calls) == CALLS
    results = [message for message in model.requests[1].messages if message.role is Role.TOOL]
    assert len(results) == CALLS + 2
    assert all("at most" in message.content for message in results[CALLS:])


async def test_the_same_call_is_made_once() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(call(1, "Beijing"), call(2, "Beijing")))
    model.script(wanting(call(3, "Beijing")))
    await answered(model, desk)
    assert desk.calls == ["Beijing"]
    assert "made before" in model.requests[2].messages[-1].content


async def test_after_an_interruption_finished_calls_are_told_and_not_made_again() -> None:
    model, desk = ScriptedModel(), Desk()
    earlier = [CallRecord(1, "Let me look.", call(1), "sunny in town 1"), CallRecord(1, "", call(2), "rain")]
    _, loop = await answered(model, desk, earlier)
    assert desk.calls == []
    wanted, *results = model.requests[0].messages[1:]
    assert wanted.content == "Let me look."
    assert [message.content for message in results] == ["sunny in town 1", "rain"]
    assert loop.labels == ["weather · town 1", "weather · town 2"]


@pytest.mark.parametrize(("name", "made"), [("weather", ["town 1"]), ("remind", [])])
async def test_an_interrupted_call_is_made_again_only_if_it_changes_nothing(name: str, made: list[str]) -> None:
    model, desk = ScriptedModel(), Desk()
    await answered(model, desk, [CallRecord(1, "", call(1, name=name))])
    assert desk.calls == made
    told = model.requests[0].messages[-1].content
    assert ("not known" in told) == (name == "remind")


async def test_an_interrupted_change_is_not_made_again_when_the_model_asks_for_it() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(call(5, "tea", "remind")))
    await answered(model, desk, [CallRecord(1, "", call(1, "tea", "remind"))])
    assert desk.calls == []


# What the asker says meanwhile ---------------------------------------------------------------------------------------


async def test_what_the_asker_says_meanwhile_is_told_after_the_results() -> None:
    model, desk = ScriptedModel(), Desk(said=["[Ann]: and in Kiel?"])
    model.script(wanting(call(1, "Bonn")))
    await answered(model, desk)
    result, remark = model.requests[1].messages[-2:]
    assert (result.role, remark.role, remark.content) == (Role.TOOL, Role.USER, "[Ann]: and in Kiel?")
