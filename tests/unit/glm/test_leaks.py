from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.completion import Tool
from bot.glm.leaks import LeakFilter, read_leak

WEATHER = Tool(
    "get_weather",
    "The weather.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer"},
            "zone": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "sky": {},
        },
    },
)
NOTHING: dict[str, object] = {}
BODY = "get_weather<arg_key>city</arg_key><arg_value>Beijing</arg_value>"


def filtered(*pieces: str) -> tuple[str, list[str]]:
    leaks = LeakFilter()
    shown = "".join(leaks.feed(each) for each in pieces) + leaks.end()
    return shown, leaks.bodies


def test_v35_markup_is_taken_out_at_every_split() -> None:
    text = f"One <b> <tool_call>{BODY}</tool_call> two <tool_call>now</tool_call>."
    for cut in range(len(text) + 1):
        assert filtered(text[:cut], text[cut:]) == ("One <b>  two .", [BODY, "now"])
    assert filtered(*text) == ("One <b>  two .", [BODY, "now"])


@pytest.mark.parametrize("cut", range(1, 40))
def test_v35_no_part_of_markup_is_shown_before_its_end_is_known(cut: int) -> None:
    assert LeakFilter().feed(f"<tool_call>{BODY}"[:cut]) == ""


def test_v35_markup_that_is_never_closed_goes_to_the_end() -> None:
    assert filtered("Hm. <tool_call>", BODY, "</tool_") == ("Hm. ", [BODY + "</tool_"])


def test_v35_stray_tags_go_with_what_they_enclose() -> None:
    assert filtered("a<arg_key>city</arg_key>\n<arg_value>Rome</arg_value></tool_call> b") == ("a\n b", [])
    assert filtered("a</arg_value>b") == ("ab", [])


def test_an_answer_may_quote_the_tags() -> None:
    text = "Between `<tool_call>` and `</tool_call>` it writes `<arg_key>`."
    assert filtered(text) == (text, [])
    assert filtered(*text) == (text, [])


def test_what_only_looks_like_a_tag_is_text() -> None:
    assert filtered("if a <", "arg_k and <tool", " <") == ("if a <arg_k and <tool <", [])


TOKENS = [
    "<tool_call>",
    "</tool_call>",
    "<arg_key>",
    "</arg_key>",
    "<arg_value>",
    "</arg_value>",
    "<",
    "`",
    "a",
    "tool",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join), st.lists(st.integers(0, 80)))
def test_any_split_of_the_characters_gives_the_same(text: str, cuts: list[int]) -> None:
    edges = [0, *(min(cut, len(text)) for cut in sorted(cuts)), len(text)]
    assert filtered(*(text[a:b] for a, b in pairwise(edges))) == filtered(text)


@pytest.mark.parametrize(
    ("body", "arguments"),
    [
        (BODY, {"city": "Beijing"}),
        ("get_weather\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n", {"days": 3}),
        ("\nget_weather\n", NOTHING),
        ("get_weather<arg_key>city</arg_key><arg_value>12</arg_value>", {"city": "12"}),
        ("get_weather<arg_key>zone</arg_key><arg_value>null</arg_value>", {"zone": None}),
        ("get_weather<arg_key>sky</arg_key><arg_value>[1, true]</arg_value>", {"sky": [1, True]}),
        ("get_weather<arg_key>sky</arg_key><arg_value>clear <b>\nblue</arg_value>", {"sky": "clear <b>\nblue"}),
        ('{"name": "get_weather", "arguments": {"city": "Rome"}}', {"city": "Rome"}),
    ],
)
def test_v35_well_formed_markup_is_a_call(body: str, arguments: object) -> None:
    call = read_leak(body, [WEATHER])
    assert call is not None
    assert (call.name, json.loads(call.arguments)) == ("get_weather", arguments)
    assert call.id


@pytest.mark.parametrize(
    "body",
    [
        "",
        "launch",
        "get_weather and more",
        "get_weather<arg_key>city</arg_key>",
        "get_weather<arg_key>ci<ty</arg_key><arg_value>x</arg_value>",
        "<arg_key>city</arg_key><arg_value>x</arg_value>",
        '{"name": "launch", "arguments": {}}',
        '{"name": ["get_weather"]}',
    ],
)
def test_v35_other_markup_is_none(body: str) -> None:
    assert read_leak(body, [WEATHER]) is None


def test_v35_much_markup_is_read_in_a_single_pass() -> None:
    pair = "<arg_key>city</arg_key><arg_value>x</arg_value>"
    assert read_leak("get_weather" + pair * 20_000 + "<arg_key>", [WEATHER]) is None
