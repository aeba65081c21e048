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


def filtered_cut(*pieces: str) -> tuple[str, list[str]]:
    leaks = LeakFilter()
    shown = "".join(leaks.feed(each) for each in pieces) + leaks.cut()
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
    long = f"get_weather<arg_key>city</arg_key><arg_value>{'Rome ' * 1_000}"
    assert filtered("Hm. <tool_call>", *long) == ("Hm. ", [long])
    for body in ('{"name": "get_weather"', 'get_weather\n{"city": "Rome"', "functions.get_weather <arg_key>"):
        assert filtered("Hm. <tool_call>", *body) == ("Hm. ", [body])


def test_v35_stray_tags_go_with_what_they_enclose() -> None:
    assert filtered("a<arg_key>city</arg_key>\n<arg_value>Rome</arg_value></tool_call> b") == ("a\n b", [])
    assert filtered("a</arg_value>b") == ("ab", [])


@pytest.mark.parametrize(
    "text",
    [
        "A call starts with <tool_call> and then the name follows. The rest of it.",
        "A call starts with <tool_call>, and ends with </tool_call>. The rest of it.",
        "It is <tool_call>NAME and <arg_key>KEY</arg_key><arg_value>VALUE</arg_value></tool_call>.",
        "用<tool_call>开头，用</tool_call>结束。",
        "Start with <tool_call>.\nThen comes the name.",
        "The tag is <tool_call>",
        "The tag is <tool_call>\n\nThe rest of it.",
        "A call is <tool_call>\nname\nand arguments.",
        "A call is <tool_call>{name}{arguments}.",
        "Names go into <arg_key> and values go into <arg_value>, both without quotes.",
        "<tool_call><tool_call>\nname\n<tool_call>name",
    ],
)
def test_an_answer_may_write_about_the_tags(text: str) -> None:
    for cut in range(len(text) + 1):
        assert filtered(text[:cut], text[cut:]) == (text, [])
    assert filtered(*text) == (text, [])


def test_v35_a_call_after_words_about_the_tags_is_taken_out() -> None:
    assert filtered(f"It starts with <tool_call> so. <tool_call>{BODY}</tool_call> ") == (
        "It starts with <tool_call> so.  ",
        [BODY],
    )
    assert filtered("<tool_call>\nname\n", f"<tool_call>{BODY}</tool_call>")[0] == ""


def test_words_about_a_tag_are_shown_at_once() -> None:
    assert LeakFilter().feed("It is <tool_call> and then") == "It is <tool_call> and then"
    assert LeakFilter().feed("It is <arg_key>, and then") == "It is <arg_key>, and then"


@pytest.mark.parametrize("opening", ["<tool_call>\nname\n", "<arg_value>"])
def test_what_may_become_markup_is_held_back_no_longer_than_2000_characters(opening: str) -> None:
    words = "so and so " * 300
    leaks = LeakFilter()
    assert leaks.feed(opening + words[:1_900]) == ""
    assert leaks.feed(words[1_900:]) == opening + words
    closed = f"{opening}{words}</tool_call></arg_value>"
    assert filtered(*closed)[0].startswith(opening + words)


@pytest.mark.parametrize("body", [f"{BODY}</tool_call>", "now</tool_call>", "<arg_key>city</arg_key>", "</arg_value>"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Write `", "` so."),
        ("Write `` ` ", " `` so."),
        ("```", "```"),
        ("So:\n```xml\n", "\n```\nThat is it."),
        ("1. ```xml\n  ", "\n  ```\n"),
        ("> ````\n> ```xml\n> ", "\n> ```\n> ````\n"),
        ("```markdown\n```xml\n", "\n```\n"),
        ("```js\nx = '```'\n", "\n```"),
        ("```\nnever closed\n\n", ""),
    ],
)
def test_v35_markup_inside_of_code_is_text(before: str, body: str, after: str) -> None:
    text = f"{before}<tool_call>{body}{after}" if body.endswith("call>") else before + body + after
    assert filtered(text) == (text, [])
    assert filtered(*text) == (text, [])


@pytest.mark.parametrize(
    "before", ["`x` ", "A ` of no use.\n", "```\nx\n```\n", "````\n```\n`````\n", "```x```\n", "a ``` b\n", "`a``b`"]
)
def test_v35_markup_behind_code_is_taken_out(before: str) -> None:
    text = f"{before}<tool_call>{BODY}</tool_call>."
    for cut in range(len(text) + 1):
        assert filtered(text[:cut], text[cut:]) == (f"{before}.", [BODY])
    assert filtered(*text) == (f"{before}.", [BODY])


def test_an_answer_may_quote_the_tags() -> None:
    text = "Between `<tool_call>` and `</tool_call>` it writes `<arg_key>`."
    assert filtered(text) == (text, [])
    assert filtered(*text) == (text, [])


@pytest.mark.parametrize("size", range(len(f"<tool_call>{BODY}")))
def test_v35_markup_that_is_cut_is_not_shown(size: int) -> None:
    shown = filtered_cut("Hm. ", f"<tool_call>{BODY}"[:size])[0]
    assert shown == "Hm. " + "<tool_call>"[: size if size < len("<tool_call>") else 0]


def test_text_that_is_cut_stays() -> None:
    assert filtered_cut("It is <tool_call> so", " if a <") == ("It is <tool_call> so if a <", [])


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
    "\n",
    " ",
    "```",
    '{"',
    "x." * 990,
    " word" * 396,
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join), st.lists(st.integers(0, 4_500)))
def test_any_split_of_the_characters_gives_the_same(text: str, cuts: list[int]) -> None:
    edges = [0, *(min(cut, len(text)) for cut in sorted(cuts)), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert filtered(*pieces) == filtered(text)
    assert filtered_cut(*pieces) == filtered_cut(text)


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
