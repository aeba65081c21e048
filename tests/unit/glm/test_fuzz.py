"""Ten thousand damaged streams: none hangs, none raises, and reasoning that is marked as such is never shown.

Reasoning in a field of its own stays hidden whatever happens to the stream. Reasoning inside the content is known by
its two marks alone: there one damage is promised to do no harm, whichever mark it hits, as long as the pieces keep
their order. Without both marks, or behind the closing one, a text is an answer by definition.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from random import Random

import pytest
from structlog.testing import capture_logs

from bot.completion import Tool
from bot.errors import GlimmerError
from bot.glm.answer import AnswerReader, Bounds
from bot.glm.catalogue import catalogue
from tests.unit.glm.provider import DONE, chunk, event, openai, refusal, zhipu

STREAMS, BATCHES = 10_000, 10
CANARY = "reasoning-canary"
WEATHER = Tool("get_weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})

THOUGHTS = b"".join(chunk(reasoning_content=text) for text in (f"\n{CANARY} 1", f" {CANARY} 你好👋", f" {CANARY}."))
LEAK = ("<tool_", "call>get_weather<arg_key>city</arg_key>", "<arg_value>Rome</arg_value></tool", "_call>")
CALLS = (
    {"index": 0, "id": "call_1", "function": {"name": "get_weather", "arguments": '{"ci'}},
    {"index": 0, "function": {"arguments": 'ty":"Rome"}'}},
)
MESSAGE = {"role": "assistant", "content": "Hello", "reasoning_content": f"\n{CANARY}", "tool_calls": None}
WHOLE = {
    "id": "1",
    "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}],
    "usage": {"prompt_tokens": 1},
}

MARKED = (
    THOUGHTS + zhipu("Hel", "lo 你好👋", "\u2028!"),
    THOUGHTS + openai("Hello! How can I", " assist you", "?"),
    THOUGHTS + b"".join(chunk(tool_calls=[call]) for call in CALLS) + zhipu(finish="tool_calls"),
    THOUGHTS + zhipu("Let me check.", *LEAK),
    THOUGHTS + zhipu("Hel").removesuffix(DONE) + event({"error": {"code": 1305, "message": CANARY}}),
    THOUGHTS + zhipu("Hel", finish="sensitive"),
    b": keep-alive\r\n\r\n" + (THOUGHTS + zhipu("Hel", "lo")).replace(b"\n", b"\r\n"),
    json.dumps(WHOLE).encode(),
    refusal("1301", CANARY, contentFilter=[{"role": "history", "level": 1}]),
)
# The pieces as they were recorded: the tags are cut.
THINKING = ("\n<th", "ink", f">\nHmm {CANARY}", f" so {CANARY}", "</thi", "nk>\n", "\nHel", "lo")
INSIDE = {"role": "assistant", "content": f"\n<think>\n{CANARY}</think>\n\nHello"}
INLINE = (
    zhipu(*THINKING),
    openai(*THINKING),
    json.dumps({"choices": [{"finish_reason": "stop", "message": INSIDE}], "request_id": "1"}).encode(),
)


def cut(data: bytes, draw: Random) -> bytes:
    return data[: draw.randrange(len(data) + 1)]


def flip(data: bytes, draw: Random) -> bytes:
    place = draw.randrange(len(data) or 1)
    return data[:place] + bytes([draw.randrange(256)]) + data[place + 1 :]


def drop(data: bytes, draw: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    place = draw.randrange(len(lines) or 1)
    return b"".join([*lines[:place], *lines[place + 1 :]])


def duplicate(data: bytes, draw: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    place = draw.randrange(len(lines) or 1)
    return b"".join([*lines[:place], *lines[place : place + 1] * 2, *lines[place + 1 :]])


def swap(data: bytes, draw: Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    a, b = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"".join(lines)


def glue(data: bytes, draw: Random) -> bytes:
    """The end of an event is lost together with the line end, as it was reported."""
    events = data.split(b"\n\n")
    place = draw.randrange(len(events))
    events[place] = events[place][: draw.randrange(len(events[place]) + 1)]
    return b"\n\n".join(events[: place + 1]) + b"\n\n".join(events[place + 1 :])


Damage = Callable[[bytes, Random], bytes]
IN_ORDER: Sequence[Damage] = (cut, flip, drop, duplicate, glue)
ANY: Sequence[Damage] = (*IN_ORDER, swap)
KINDS: Mapping[str, tuple[Sequence[bytes], Sequence[Damage], int]] = {
    "glm-5.1": (MARKED, ANY, 3),
    "glm-z1-air": ((*MARKED, *INLINE), IN_ORDER, 1),
    "glm-4.5v": (MARKED, ANY, 3),
}


def pieces(data: bytes, draw: Random) -> list[bytes]:
    edges = sorted(draw.randrange(len(data) + 1) for _ in range(draw.randrange(8)))
    return [data[a:b] for a, b in pairwise([0, *edges, len(data)]) if a < b]


def read(model: str, reads: Sequence[bytes]) -> None:
    offer = catalogue().offer(model, "bigmodel")
    assert offer is not None
    reader = AnswerReader(offer, Bounds(stream=20_000, event=4_000, text=2_000), [WEATHER])
    deltas = [reader.feed(data) for data in reads if not reader.ended and reader.fault is None]
    if not reader.ended and reader.fault is None:
        deltas.append(reader.end())
    given = [delta for delta in deltas if delta is not None]
    # All but the reasoning is in the representation.
    assert CANARY not in repr(given)
    assert [delta.finish for delta in given[:-1]] == [None] * len(given[:-1])
    if not reader.ended:
        assert isinstance(reader.fault, GlimmerError)
        assert CANARY not in repr((reader.fault, vars(reader.fault)))


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_streams_end_and_never_show_what_is_marked_as_reasoning(batch: int) -> None:
    draw = Random(batch)
    with capture_logs() as logs:
        for _ in range(STREAMS // BATCHES):
            model = draw.choice(list(KINDS))
            shapes, damages, most = KINDS[model]
            data = draw.choice(shapes)
            for _ in range(draw.randint(1, most)):
                data = draw.choice(damages)(data, draw)
            read(model, pieces(data, draw))
    assert CANARY not in repr(logs)


@pytest.mark.parametrize("model", KINDS)
def test_whole_streams_hide_the_reasoning_wherever_they_are_cut_into_reads(model: str) -> None:
    for shape in KINDS[model][0]:
        for cuts in range(len(shape)):
            read(model, [shape[:cuts], shape[cuts:]])


@pytest.mark.parametrize("shape", INLINE)
def test_every_beginning_of_a_stream_that_thinks_inside_its_content_hides_it(shape: bytes) -> None:
    for size in range(len(shape)):
        read("glm-z1-air", [shape[:size]])
