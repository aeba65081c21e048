from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import pytest

from bot import approvals
from bot.completion import Delta, FinishReason, Message, ModelRequest, Role, ToolCall, Usage
from bot.marking import quoted
from bot.messages import Address, Author, CallRecord, Verdict
from bot.tool_loop import CALLS, ROUNDS, ToolLoop
from bot.tools.box import Toolbox
from bot.tools.registry import Context, tool
from tests.fixtures.model import ScriptedModel

CONTEXT = Context(httpx.AsyncClient(), Address("console", "", "terminal"), Author("ann", "Ann"), "talk", 0.0)
REQUEST = ModelRequest("glm-one", (Message(Role.USER, "weather?"),), "user")


@dataclass
class Desk:
    """The tools, what was done with them, and what was noted and shown."""

    calls: list[str] = field(default_factory=list[str])
    journal: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    shown: list[Sequence[str]] = field(default_factory=list[Sequence[str]])
    said: list[str] = field(default_factory=list[str])
    barrier: asyncio.Barrier | None = None

    async def begin(self, records: Sequence[CallRecord]) -> None:
        made = [f"{record.call.id}{'?' if record.verdict else ''}" for record in records]
        self.journal.append(("begin", f"{records[0].round}:{','.join(made)}"))

    async def start(self, call: str) -> None:
        self.journal.append(("start", call))

    async def heard(self) -> str:
        return self.said.pop(0) if self.said else ""

    async def end(self, call: str, result: str) -> None:
        self.journal.append((call, result))

    def box(self) -> Toolbox:
        @tool
        async def weather(place: str) -> str:
            """The weather."""
            self.calls.append(place)
            if self.barrier is not None:
                await self.barrier.wait()
            return f"sunny in {place}"

        @tool(effects=True)
        async def remind(text: str) -> str:
            """Sets a reminder."""
            self.calls.append(text)
            return "done"

        @tool(approval=True)
        async def sell(text: str) -> str:
            """Sells something."""
            self.calls.append(text)
            return "sold"

        return Toolbox([weather, remind, sell])


def wanting(*calls: ToolCall, text: str = "") -> Delta:
    return Delta(text, finish=FinishReason.TOOLS, tool_calls=calls, usage=Usage(10, 5, cost=0.5, currency="USD"))


def call(number: int, place: str = "", name: str = "weather") -> ToolCall:
    key = "place" if name == "weather" else "text"
    return ToolCall(f"c{number}", name, json.dumps({key: place or f"town {number}"}))


async def answered(
    model: ScriptedModel, desk: Desk, earlier: Sequence[CallRecord] = ()
) -> tuple[list[Delta], ToolLoop]:
    box = desk.box()
    loop = ToolLoop(model, box, CONTEXT, desk, desk.shown.append)
    request = ModelRequest("glm-one", REQUEST.messages, "user", tools=box.specs)
    return [delta async for delta in loop.stream(request, earlier)], loop


def told(result: str) -> str:
    """A result as the model is told it."""
    return quoted("tool weather", result)


async def test_a_tool_that_was_not_offered_is_not_called() -> None:
    model, desk = ScriptedModel(), Desk()
    model.script(wanting(call(1)))
    loop = ToolLoop(model, desk.box(), CONTEXT, desk, desk.shown.append)
    request = ModelRequest("glm-one", REQUEST.messages, "user", tools=desk.box().specs[1:])
    assert [delta async for delta in loop.stream(request)]
    assert desk.calls == []
    assert "there is no tool" in model.requests[1].messages[-1].content


def text_of(deltas: Sequence[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


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


# What somebody must allow --------------------------------------------------------------------------------------------


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


# What the asker says meanwhile ---------------------------------------------------------------------------------------


async def test_what_the_asker_says_meanwhile_is_told_after_the_results() -> None:
    model, desk = ScriptedModel(), Desk(said=["[Ann]: and in Kiel?"])
    model.script(wanting(call(1, "Bonn")))
    await answered(model, desk)
    result, remark = model.requests[1].messages[-2:]
    assert (result.role, remark.role, remark.content) == (Role.TOOL, Role.USER, "[Ann]: and in Kiel?")
