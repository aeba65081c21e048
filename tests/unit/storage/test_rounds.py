from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.completion import Role, ToolCall
from bot.messages import CallRecord
from storage.rounds import answered_round

TEXTS = st.lists(st.text(st.sampled_from("ab \n"), max_size=6), max_size=4)


def record(number: int, text: str = "", result: str | None = "done") -> CallRecord:
    return CallRecord(number, text, ToolCall(f"call_{number}", "clock", "{}"), result)


def said(texts: list[str], answer: str) -> list[str]:
    """What the assistant says in a round in which it called a tool after each of these texts."""
    calls = [record(number, text) for number, text in enumerate(texts, 1)]
    messages = answered_round(1, "ann", "why?", answer, (), calls).messages
    return [message.content for message in messages if message.role is Role.ASSISTANT]


@pytest.mark.parametrize(
    ("texts", "answer", "expected"),
    [
        ([], "one\n\ntwo", ["one\n\ntwo"]),
        (["one"], "one\n\ntwo", ["one", "two"]),
        (["one", "", "two"], "one\n\ntwo\n\nthree", ["one", "", "two", "three"]),
        (["one", "one"], "one\n\none\n\ntwo", ["one", "one", "two"]),
        ([" one\n"], "\none\n\ntwo", ["one", "two"]),
        (["one\n\ntwo"], "one\n\ntwo\n\nthree", ["one\n\ntwo", "three"]),
    ],
)
def test_what_was_said_before_a_call_stands_before_it(texts: list[str], answer: str, expected: list[str]) -> None:
    assert said(texts, answer) == expected


def test_what_an_interrupted_attempt_said_is_not_lost() -> None:
    assert said(["Let me look."], "Rain.") == ["Let me look.", "Rain."]


def test_the_beginning_of_a_word_is_not_what_was_said_before() -> None:
    assert said(["I"], "It rains.") == ["", "It rains."]


@pytest.mark.parametrize("answer", ["Let me look.", "Let me look.\n\n"])
def test_an_answer_that_ended_with_a_call_stays_whole_since_no_message_is_empty(answer: str) -> None:
    assert said(["Let me look."], answer) == ["", answer]


@given(TEXTS, st.text(st.sampled_from("cd \n"), max_size=6))
def test_nothing_is_said_twice_and_nothing_is_lost(texts: list[str], last: str) -> None:
    answer = "".join(f"{text}\n\n" for text in texts if text) + last
    heard = "".join("".join(said(texts, answer)).split())
    assert heard == "".join(answer.split())


@given(TEXTS)
def test_the_last_message_of_an_answer_with_text_has_text(texts: list[str]) -> None:
    answer = "".join(f"{text}\n\n" for text in texts) + "end"
    assert said(texts, answer)[-1].strip()


def test_rounds_without_results_are_left_out() -> None:
    calls = [record(1, "one", None), record(2, "two")]
    contents = [
        message.content for message in answered_round(1, "ann", "why?", "one\n\ntwo\n\nthree", (), calls).messages
    ]
    assert contents == ["why?", "", "done", "one\n\ntwo\n\nthree"]


def test_an_empty_result_is_a_result() -> None:
    messages = answered_round(1, "ann", "why?", "so", (), [record(1, result="")]).messages
    assert [message.role for message in messages] == [Role.USER, Role.ASSISTANT, Role.TOOL, Role.ASSISTANT]
