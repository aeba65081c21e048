"""The playground's conversationalist."""

from __future__ import annotations

import pytest

from playground.glm import Exchange, Thinking
from playground.glm.persona import DELAY, RATE, respond


def asked(*questions: str, provider: str = "zai", model: str = "glm-4.7") -> Exchange:
    messages = [{"role": "system", "content": "Be kind."}]
    for question in questions:
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": "Yes."}]
    body = {"model": model, "messages": messages[:-1]}
    return Exchange(provider, "POST", "/", {}, 0.0, body)


def said(*questions: str) -> str:
    text = respond(asked(*questions)).text
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    ("question", "sign"),
    [
        ("draw me a table", "|---"),
        ("show some code", "```python"),
        ("tell me a story", "lighthouse"),
        ("a long one please", "## 12. "),
        ("what can you do", "*story*"),
        ("think about it", "reasoning"),
        ("今天天气怎么样？", "替身"),
        ("讲个故事", "灯塔"),
        ("How are you?", "How are you?"),
    ],
)
def test_the_words_of_the_question_choose_the_answer(question: str, sign: str) -> None:
    text = said(question)
    assert sign in text
    assert said(question) == text


@pytest.mark.parametrize(
    "question", ["table", "code", "story", "long", "help", "think", "你好", "故事", "a", "Who are you?"]
)
def test_every_answer_says_that_it_is_a_stand_in(question: str) -> None:
    for text in (said(question), said("x", question), said("x", "y", question)):
        assert "stand-in" in text or "替身" in text
        assert "$" not in text


def test_the_answer_tells_how_much_of_the_conversation_was_shown() -> None:
    assert "first question" in said("Hi")
    assert "1 question earlier" in said("What is the sea?", "And the sky?")
    assert "What is the sea?" in said("What is the sea?", "And the sky?")
    assert "2 questions earlier" in said("a", "b", "c")
    assert "2 个问题" in said("一", "二", "三")


def test_follow_ups_vary() -> None:
    assert len({said("x"), said("x", "x"), said("x", "x", "x")}) == 3


def test_long_questions_are_quoted_in_part() -> None:
    assert "w" * 121 not in said("w" * 5000)


def test_a_long_answer_fills_several_messages() -> None:
    assert len(said("a long one")) > 6000


def test_reasoning_comes_on_request_and_inline_from_models_that_always_do() -> None:
    assert respond(asked("hi")).reasoning == ""
    assert respond(asked("think hard")).reasoning
    inline = respond(asked("hi", provider="bigmodel", model="glm-z1-air"))
    assert inline.reasoning
    assert inline.thinking is Thinking.TAGS


def test_the_pace_is_that_of_an_ordinary_model() -> None:
    answer = respond(asked("hi"))
    assert (answer.rate, answer.delay) == (RATE, DELAY) == (40.0, 0.4)
