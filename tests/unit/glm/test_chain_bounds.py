"""When a question fails that nobody answers, in every way in which all of its providers may fail."""

from __future__ import annotations

from typing import NamedTuple

import httpx
import pytest

from bot.completion import FinishReason
from bot.glm.answer import Bounds
from bot.glm.wire import Options
from tests.unit.glm.provider import HANG, HOSTS, Providers, Reply, chunk, event, refusal, zhipu
from tests.unit.glm.virtual import Ending, ask, run, waiting

BOUNDS = Bounds()
# What docs/howto/models.md says: before a first piece; with answers that begin and hang; whatever happens.
BEGINS = BOUNDS.silence
HANGS = BOUNDS.silence + BOUNDS.idle
EVER = BOUNDS.whole

ROLE = event({"choices": [{"delta": {"role": "assistant", "content": ""}, "finish_reason": None}]})
HM = chunk(reasoning_content="hm")
BREAK = httpx.ReadError("x")
WHOLE = b'{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}'


class Way(NamedTuple):
    """How each provider fails, by when a question has to end, and when it does with one, two and four of them."""

    reply: Reply | Exception
    bound: float
    ends: tuple[float, float, float]
    stream: bool = True


WAYS = {
    "refuses the key": Way(Reply([refusal("1002")], status=401), BEGINS, (0.0, 0.0, 0.0)),
    "is down": Way(Reply([b"<html>"], status=502), BEGINS, (3.0, 6.0, 12.0)),
    "cannot be reached": Way(httpx.ConnectError("x"), BEGINS, (3.0, 6.0, 12.0)),
    "limits without end": Way(Reply([refusal("1302")], status=429), BEGINS, (15.0, 14.0, 16.0)),
    "never answers": Way(Reply([HANG]), BEGINS, (18.0, 18.0, 18.0)),
    "cuts before anything": Way(Reply([1.0, BREAK]), BEGINS, (6.0, 12.0, 18.0)),
    "cuts the reasoning": Way(Reply([HM, 1.0, BREAK]), HANGS, (6.0, 12.0, 24.0)),
    "cuts the reasoning late": Way(Reply([HM, 14.0, BREAK]), HANGS, (45.0, 64.0, 64.0)),
    "says who speaks and hangs": Way(Reply([ROLE, HANG]), HANGS, (60.0, 60.0, 18.0)),
    "says late who speaks and hangs": Way(Reply([2.5, ROLE, HANG]), HANGS, (62.5, 18.0, 18.0)),
    "hangs in the reasoning": Way(Reply([HM, HANG]), HANGS, (60.0, 60.0, 60.0)),
    "begins late and hangs in the reasoning": Way(Reply([8.0, HM, HANG]), HANGS, (68.0, 76.0, 48.0)),
    "thinks for long and hangs": Way(Reply([*[HM, 14.0] * 10, HANG]), EVER, (186.0, 300.0, 300.0)),
    "thinks without end": Way(Reply([HM, 14.0] * 100), EVER, (300.0, 300.0, 300.0)),
    "sends events of nothing": Way(Reply([ROLE, 14.0] * 100), EVER, (300.0, 18.0, 18.0)),
    "never gives its whole answer": Way(Reply([HANG]), EVER, (300.0, 300.0, 300.0), stream=False),
}


def failing(way: Way, count: int, *fallbacks: str) -> tuple[Ending, int]:
    """What comes of a question when so many providers fail, and how many requests that takes."""
    names = tuple(HOSTS)[:count]
    transport = Providers(**dict.fromkeys(names, way.reply))
    model = waiting(transport, *names, fallbacks=fallbacks, options=Options(stream=way.stream))
    return run(lambda: ask(model)), len(transport.asked)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("place", "count"), [(0, 1), (1, 2), (2, 4)])
def test_a_question_that_nobody_answers_ends_in_the_stated_time(way: str, place: int, count: int) -> None:
    ending, _ = failing(WAYS[way], count)
    thought_out = bool(ending.deltas) and ending.deltas[-1].finish is FinishReason.LENGTH
    assert (ending.error is not None) or thought_out
    assert ending.seconds == pytest.approx(WAYS[way].ends[place])
    assert ending.seconds <= WAYS[way].bound


@pytest.mark.parametrize("way", WAYS)
def test_more_models_to_fall_back_to_do_not_move_the_bound(way: str) -> None:
    ending, requests = failing(WAYS[way], 4, "glm-4.7", "glm-4.6", "glm-4.5-air")
    assert ending.seconds <= WAYS[way].bound
    # Each offer once, and what may be asked again of four providers in a minute.
    assert requests <= 15 + 4 * 11


# What healthy answers need --------------------------------------------------------------------------------------------


def answered(*replies: Reply, stream: bool = True) -> Ending:
    """What comes of a question at providers of which each has a reply of its own."""
    names = tuple(HOSTS)[: len(replies)]
    transport = Providers(**dict(zip(names, replies, strict=True)))
    return run(lambda: ask(waiting(transport, *names, options=Options(stream=stream))))


def test_who_thinks_for_minutes_is_waited_for_also_after_others_have_hung() -> None:
    thinker = Reply([*[HM, 14.0] * 14, zhipu("Hello")])
    ending = answered(Reply([HM, HANG]), Reply([HM, HANG]), thinker)
    assert (ending.text, ending.seconds) == ("Hello", 2 * 15.0 + 14 * 14.0)


def test_after_others_have_hung_the_last_one_has_what_is_left_of_the_minute() -> None:
    assert answered(Reply([HM, HANG]), Reply([HM, 44.0, zhipu("Hello")])).text == "Hello"
    ending = answered(Reply([HM, HANG]), Reply([HM, 46.0, zhipu("Hello")]))
    assert (ending.text, ending.seconds) == ("", 60.0)


def test_pauses_of_one_that_goes_on_are_not_counted_together() -> None:
    assert answered(Reply([*[HM, 50.0] * 5, zhipu("Hello")])).text == "Hello"


def test_the_only_one_has_its_whole_minute_between_two_visible_words_whatever_hung_before() -> None:
    slow = Reply([chunk(content="Hel"), 59.0, zhipu("lo")])
    assert answered(Reply([HM, HANG]), slow).text == "Hello"


def test_a_whole_answer_may_take_its_minute_at_each() -> None:
    assert answered(Reply([HANG]), Reply([59.0, WHOLE]), stream=False).text == "Hello"
