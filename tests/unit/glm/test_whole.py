"""Answers that come in one piece end in the same texts, finishes and errors as those that are streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.completion import FinishReason
from bot.glm.catalogue import catalogue
from bot.glm.wire import Options
from tests.unit.glm.provider import Providers, Reply, question
from tests.unit.glm.test_error_actions import CASES, Row, failing
from tests.unit.glm.virtual import Ending, ask, run, waiting

WHOLE = Options(stream=False)
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'}}
CANARY = "reasoning-canary"


def told(body: object, *, model: str = "glm-5.1", name: str = "bigmodel") -> Ending:
    """What comes of a question whose whole answer is this."""
    transport = Providers(**{name: Reply([json.dumps(body, ensure_ascii=False).encode()])})
    return run(lambda: ask(waiting(transport, name, options=WHOLE), question(model)))


def completion(finish: str = "stop", top: dict[str, Any] | None = None, **message: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 20, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 5}}
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}
    return {"id": "1", "choices": [choice], "usage": usage, **(top or {})}


@pytest.mark.parametrize(("provider", "row", "body"), CASES)
def test_v47_each_row_has_the_text_that_a_stream_has(provider: str, row: Row, body: object) -> None:
    transport = Providers(**{provider: failing(row, body)})
    ending = run(lambda: ask(waiting(transport, provider, options=WHOLE)))
    assert ending.error is not None
    assert (ending.error.text, bool(ending.error.operator)) == (row.text, row.operator)
    assert not any(ending.text)


@pytest.mark.parametrize("name", catalogue().providers)
def test_every_provider_gives_whole_answers_with_their_usage(name: str) -> None:
    ending = told(completion(content="Hello"), name=name)
    last = ending.deltas[-1]
    assert (ending.text, last.finish, last.provider) == ("Hello", FinishReason.STOP, name)
    assert last.usage is not None
    assert (last.usage.prompt, last.usage.completion, last.usage.reasoning) == (20, 9, 5)


@pytest.mark.parametrize(
    ("finish", "ends"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("model_context_window_exceeded", FinishReason.CONTEXT),
        ("something new", FinishReason.STOP),
    ],
)
def test_each_finish_keeps_its_text(finish: str, ends: FinishReason) -> None:
    ending = told(completion(finish, content="Hello"))
    assert (ending.text, ending.deltas[-1].finish) == ("Hello", ends)


@pytest.mark.parametrize("finish", ["sensitive", "content_filter"])
def test_what_the_safety_review_stops_shows_nothing(finish: str) -> None:
    review = {"content_filter": [{"role": "history", "level": 1}]}
    ending = told(completion(finish, review, content="Something bad"))
    assert (ending.text, ending.deltas[-1].finish, ending.deltas[-1].stage) == ("", FinishReason.FILTERED, "history")


@pytest.mark.parametrize("finish", ["tool_calls", "function_call", "stop"])
def test_calls_come_with_it(finish: str) -> None:
    calls = told(completion(finish, content=None, tool_calls=[CALL])).deltas[-1].tool_calls
    assert [(call.name, call.arguments) for call in calls] == [("get_weather", '{"city":"Rome"}')]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("glm-5.1", {"content": "Hello", "reasoning_content": f"\n{CANARY}"}),
        ("glm-z1-air", {"content": f"\n<think>\n{CANARY}</think>\n\nHello"}),
    ],
)
def test_reasoning_stays_apart(model: str, message: dict[str, Any]) -> None:
    ending = told(completion(**message), model=model)
    assert ending.text == "Hello"
    assert CANARY in "".join(delta.reasoning for delta in ending.deltas)


@pytest.mark.parametrize("body", [{}, {"choices": []}, {"choices": None}, [], "x"])
def test_what_is_no_answer_is_a_failure_and_no_empty_answer(body: object) -> None:
    ending = told(body)
    assert ending.error is not None
    assert ending.error.text == "busy"


def test_its_own_network_failing_is_never_a_good_end() -> None:
    for text, sentence in (("", "busy"), ("Hel", "interrupted")):
        ending = told(completion("network_error", content=text))
        assert ending.error is not None
        assert (ending.error.text, ending.text) == (sentence, text)
