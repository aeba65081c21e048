"""What the tool loop does about calls that somebody must allow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bot import approvals
from bot.completion import Delta, FinishReason, ModelRequest, ToolCall
from bot.messages import CallRecord, Verdict
from bot.tool_loop import ToolLoop
from bot.tools.box import Toolbox
from tests.fixtures.model import ScriptedModel
from tests.fixtures.tool_desk import CONTEXT, REQUEST, Desk, answered, call, text_of, told, wanting


def asked(number: int, verdict: Verdict | None, text: str = "boat") -> CallRecord:
    return CallRecord(1, "", call(number, text, "sell"), verdict=verdict, until=1.0)


async def test_a_call_that_somebody_must_allow_ends_the_stream_for_now() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script("I will sell it.", wanting(call(1, "boat", "sell"), call(2, "Kiel")))
    deltas, loop = await answered(model, desk)
    assert [record.call.id for record in loop.undecided] == ["c1"]
    assert deltas[-1].finish is FinishReason.TOOLS
    assert text_of(deltas) == "I will sell it.\n\n"
    # The others of its round are made meanwhile.
    assert desk.calls == ["Kiel"]
    assert desk.journal == [("begin", "1:c1?,c2"), ("c2", told("sunny in Kiel"))]
    assert loop.labels == ["weather · Kiel"]
    assert len(model.requests) == 1


async def test_while_nobody_has_decided_the_question_stays() -> None:
    model, desk = ScriptedModel(), Desk()
    deltas, loop = await answered(model, desk, [asked(1, Verdict.ASKED)])
    assert [record.call.id for record in loop.undecided] == ["c1"]
    assert deltas[-1].finish is FinishReason.TOOLS
    assert (desk.calls, desk.journal, model.requests) == ([], [], [])


async def test_an_allowed_call_is_noted_as_begun_before_it_is_made() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script("Sold.")
    deltas, loop = await answered(model, desk, [asked(1, Verdict.ALLOWED)])
    assert text_of(deltas) == "Sold."
    assert desk.calls == ["boat"]
    assert [event for event, _ in desk.journal] == ["start", "c1"]
    assert loop.labels == ["sell · boat"]
    assert "sold" in model.requests[0].messages[-1].content


async def test_the_same_call_twice_is_made_once_also_when_it_was_allowed() -> None:
    model, desk = ScriptedModel(), Desk()
    await answered(model, desk, [asked(1, Verdict.ALLOWED), asked(2, Verdict.ALLOWED)])
    assert desk.calls == ["boat"]


async def test_an_allowed_call_waits_for_a_tool_that_comes_back() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script("Sold.")
    whole, box = desk.box(), Toolbox([])
    begun = asyncio.Event()
    loop = ToolLoop(model, box, CONTEXT, desk, lambda _: begun.set())
    request = ModelRequest("glm-one", REQUEST.messages, "user", tools=())
    reading = asyncio.create_task(collected(loop, request, [asked(1, Verdict.ALLOWED)]))
    await begun.wait()
    assert desk.journal == []
    box.offer("far", [tool for tool in (whole.find("sell"),) if tool])
    await reading
    assert desk.calls == ["boat"]


async def collected(loop: ToolLoop, request: ModelRequest, earlier: Sequence[CallRecord]) -> list[Delta]:
    return [delta async for delta in loop.stream(request, earlier)]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [(Verdict.DENIED, "said no"), (Verdict.UNANSWERED, "in time"), (Verdict.PASSED_OVER, "conversation went on")],
)
async def test_what_was_not_allowed_is_not_done_and_the_model_is_told_why(verdict: Verdict, words: str) -> None:
    model, desk = ScriptedModel(), Desk()
    model.script("Then not.")
    _, loop = await answered(model, desk, [asked(1, verdict)])
    assert desk.calls == []
    assert words in model.requests[0].messages[-1].content
    assert [call for call, _ in desk.journal] == ["c1"]
    assert loop.labels == []


@pytest.mark.parametrize(("verdict", "again"), [(Verdict.DENIED, False), (Verdict.PASSED_OVER, True)])
async def test_nobody_is_asked_twice_about_what_they_have_refused(verdict: Verdict, again: bool) -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(call(5, "boat", "sell")))
    _, loop = await answered(model, desk, [asked(1, verdict)])
    assert bool(loop.undecided) == again
    assert desk.calls == []


async def test_what_changes_something_must_be_allowed_once_strangers_have_a_say() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(call(1, "Kiel")))
    model.script(wanting(call(2, "tea", "remind")))
    _, loop = await answered(model, desk)
    assert desk.calls == ["Kiel"]
    assert [record.call.id for record in loop.undecided] == ["c2"]


async def test_a_call_that_cannot_be_made_is_nothing_to_ask_about() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(ToolCall("c1", "sell", '{"colour": "red"}')))
    _, loop = await answered(model, desk)
    assert loop.undecided == []
    assert "do not fit" in model.requests[1].messages[-1].content


async def test_what_is_too_long_to_be_shown_is_not_done() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(call(1, "x" * approvals.SHOWN, "sell")))
    _, loop = await answered(model, desk)
    assert (loop.undecided, desk.calls) == ([], [])
    assert "at most" in model.requests[1].messages[-1].content


async def test_what_was_said_before_an_interruption_is_said_again() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script("Sunny.")
    deltas, _ = await answered(model, desk, [CallRecord(1, "Let me look.", call(1), "sunny")])
    assert text_of(deltas) == "Let me look.\n\nSunny."
