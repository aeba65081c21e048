"""The guard of one answer: what a search brings, and what is shown of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.completion import Delta, FinishReason, Message, ModelRequest, Role, Source, Tool, ToolCall
from bot.errors import ModelError
from bot.guard import Guard
from tests.fixtures.model import ScriptedModel, Step

TIDES = Source("Tides", "https://tides.example/?place=north")
MOON = Source("Moon", "https://moon.example/")
LIST = "Sources:\n1. [Tides](https://tides.example/?place=north)"
CARRYING = "https://evil.example/?said=9931"
CLOCK = Tool("clock", "The time.", {})
REQUEST = ModelRequest("glm-one", (Message(Role.USER, "[Ann]: tides?"),), "user", search=True)
CALL = (ToolCall("c1", "clock", "{}"),)


def ending(text: str = "", *sources: Source, reason: FinishReason = FinishReason.STOP, **more: object) -> Delta:
    calls = CALL if more.get("calls") else ()
    return Delta(text, finish=reason, sources=sources, tool_calls=calls)


async def said(*rounds: Sequence[Step], request: ModelRequest = REQUEST, locale: str = "") -> list[Delta]:
    """All deltas of these rounds of one answer."""
    model = ScriptedModel()
    for steps in rounds:
        model.script(*steps)
    guard = Guard(model, "[Ann]: tides?", lambda _: None, locale)
    return [delta for _ in rounds async for delta in guard.stream(request)]


def text_of(deltas: Sequence[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


async def test_sources_are_listed_below_the_answer_in_its_last_delta() -> None:
    deltas = await said(["High ", "at noon [ref_1].", ending("", TIDES)])
    assert [delta.text for delta in deltas] == ["High ", "at noon [ref_1].", f"\n\n{LIST}"]
    assert deltas[-1].finish is FinishReason.STOP


async def test_the_heading_is_in_the_language_of_the_asker() -> None:
    assert text_of(await said(["中午。", ending("", MOON)], locale="zh-CN")) == (
        "中午。\n\n来源:\n1. [Moon](https://moon.example/)"
    )


async def test_without_sources_nothing_is_added() -> None:
    assert text_of(await said(["High.", ending()])) == "High."


async def test_the_sources_of_all_rounds_are_listed_once_those_of_the_last_first() -> None:
    tooled = ModelRequest("glm-one", REQUEST.messages, "user", tools=(CLOCK,), search=True)
    first = ["Let me see.", ending("", MOON, TIDES, reason=FinishReason.TOOLS, calls=True)]
    deltas = await said(first, ["High.", ending("", TIDES)], request=tooled)
    assert text_of(deltas) == f"Let me see.High.\n\n{LIST}\n2. [Moon](https://moon.example/)"


async def test_a_model_that_is_offered_no_more_tools_has_had_its_last_round() -> None:
    assert LIST in text_of(await said(["High.", ending("", TIDES, reason=FinishReason.TOOLS, calls=True)]))


@pytest.mark.parametrize("text", ["", " \n"])
async def test_an_empty_answer_stays_empty(text: str) -> None:
    assert text_of(await said([text, ending("", TIDES)])) == text


async def test_an_answer_that_was_stopped_by_the_safety_review_lists_nothing() -> None:
    assert text_of(await said(["Hi", ending("", TIDES, reason=FinishReason.FILTERED)])) == "Hi"


async def test_an_answer_that_breaks_off_lists_nothing() -> None:
    with pytest.raises(ModelError):
        await said(["Hi", ModelError("broken", text="interrupted")])


@pytest.mark.parametrize(
    ("answer", "end"),
    [("So:\n```py\nx = 1", "\n```"), ("So:\n- a\n  ~~~~\n  x", "\n  ~~~~"), ("So:\n```py\nx = 1\n```", "")],
)
async def test_a_list_is_never_part_of_a_block_of_code(answer: str, end: str) -> None:
    deltas = await said([answer, ending("", TIDES, reason=FinishReason.LENGTH)])
    assert text_of(deltas) == f"{answer}{end}\n\n{LIST}"


@pytest.mark.parametrize("search", [True, False])
async def test_what_was_searched_for_counts_as_text_of_strangers(search: bool) -> None:
    request = ModelRequest("glm-one", REQUEST.messages, "user", search=search)
    shown = text_of(await said([f"See {CARRYING} and ![x](https://evil.example/x.png).", ending()], request=request))
    assert (f"`{CARRYING}`" in shown) == search
    assert ("![x]" not in shown) == search


@pytest.mark.parametrize("head", ["Sources:", "来源:"])
async def test_so_does_an_answer_that_was_searched_for_before(head: str) -> None:
    before = (Message(Role.USER, "[Ann]: x"), Message(Role.ASSISTANT, f"High.\n\n{head}\n1. [Tides]({MOON.url})"))
    asked = ModelRequest("glm-one", (*before, *REQUEST.messages), "user")
    assert text_of(await said([f"See {CARRYING}.", ending()], request=asked)) == f"See `{CARRYING}`."


async def test_the_address_of_a_source_is_known_in_the_list_only() -> None:
    shown = text_of(await said([f"See {TIDES.url} there.", ending("", TIDES)]))
    assert shown == f"See `{TIDES.url}` there.\n\n{LIST}"


async def test_what_was_held_back_stands_before_the_list() -> None:
    assert text_of(await said(["See https://tides.example", ending("/north", TIDES)])) == (
        f"See https://tides.example/north\n\n{LIST}"
    )
