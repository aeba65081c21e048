"""The questions and answers of the benchmarks: each answer is recognised by any piece of it."""

from __future__ import annotations

import re
import string
from typing import Final

from playground.glm import Answer, Exchange

RATE: Final = 60.0  # tokens a second
DELAY: Final = 0.4  # seconds before the first token
TOKENS: Final = 300

_QUESTION = re.compile(r"\bQuestion (a[0-9]{3})\b")
_TAG = re.compile(r"a[0-9]{3}")


def tag(number: int) -> str:
    """The name of a question, which every token of its answer begins with."""
    return f"a{number:03}"


def question(name: str) -> str:
    """What is asked."""
    return f"Question {name}: please tell me all about it."


def tokens(name: str, count: int) -> tuple[str, ...]:
    """The answer in tokens of six characters, in paragraphs of sixty."""
    letters = string.ascii_lowercase
    return tuple(f"{name}{letters[i % 26]}{chr(10) if i % 60 == 59 else ' '}" for i in range(count))


def asked_in(exchange: Exchange) -> str:
    """The name of the question in a request, "" for another request."""
    found = _QUESTION.findall(exchange.question)
    return found[-1] if found else ""


def name_in(text: str) -> str:
    """The name of the answer that a visible text is a piece of, "" when it is of none."""
    found = _TAG.search(text)
    return found[0] if found else ""


class Model:
    """What the GLM stand-in answers: a stream of the length and at the rate that were agreed on for the question."""

    def __init__(self) -> None:
        self.lengths: dict[str, int] = {}
        self.rates: dict[str, float] = {}

    def respond(self, exchange: Exchange) -> Answer:
        """The answer to a request."""
        name = asked_in(exchange)
        length = self.lengths.get(name, TOKENS)
        if length == 1:
            return Answer(text=tokens(name, 1))
        return Answer(text=tokens(name, length), rate=self.rates.get(name, RATE), delay=DELAY)
