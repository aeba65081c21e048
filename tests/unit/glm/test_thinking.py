from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.glm.catalogue import ThinkingStyle
from bot.glm.thinking import ThinkSplitter

CANARY = "reasoning-canary"


def split(*pieces: str, style: ThinkingStyle = ThinkingStyle.INLINE, boxes: bool = False) -> tuple[str, str]:
    splitter = ThinkSplitter(style, boxes=boxes)
    return joined([splitter.feed(piece) for piece in pieces] + [splitter.end()])


def split_cut(*pieces: str, style: ThinkingStyle = ThinkingStyle.INLINE) -> tuple[str, str]:
    splitter = ThinkSplitter(style)
    return joined([splitter.feed(piece) for piece in pieces] + [splitter.cut()])


def joined(parts: Sequence[tuple[str, str]]) -> tuple[str, str]:
    return "".join(part[0] for part in parts), "".join(part[1] for part in parts)


def test_v25_tags_split_over_chunks() -> None:
    pieces = ("\n<th", "ink", ">\nHmm", " so", "</thi", "nk>", "\n", "\nHel", "lo")
    assert split(*pieces) == ("\nHmm so", "Hello")


def test_v25_reasoning_arrives_before_its_block_is_closed() -> None:
    splitter = ThinkSplitter(ThinkingStyle.INLINE)
    assert splitter.feed("<think>one ") == ("one ", "")
    assert splitter.feed("two <") == ("two ", "")
    assert splitter.feed("3") == ("<3", "")


def test_v26_unclosed_block_is_reasoning_to_the_end() -> None:
    assert split("<think>", CANARY, " </thin") == (f"{CANARY} </thin", "")


def test_v27_orphan_close_of_an_inline_thinker_makes_all_before_it_reasoning() -> None:
    assert split(CANARY, " more</th", "ink>\n\nHello") == (f"{CANARY} more", "Hello")


def test_v27_orphan_close_of_another_model_is_deleted() -> None:
    assert split("</thi", "nk>\n\nHello", style=ThinkingStyle.REASONING) == ("", "Hello")
    assert split("So.</think>Hello", style=ThinkingStyle.NONE) == ("", "So.Hello")


def test_v27_a_quoted_tag_stays() -> None:
    assert split("The tag `</think>` ends it.", style=ThinkingStyle.REASONING)[1] == "The tag `</think>` ends it."


def test_an_inline_thinker_without_any_tag_answers_at_the_end() -> None:
    assert split("Hel", "lo") == ("", "Hello")


@pytest.mark.parametrize(
    "text", [CANARY, f"{CANARY}</thin", "<thi", f"<think>{CANARY}</", f"<think>{CANARY}</think>\n<thi"]
)
def test_an_inline_thinker_that_is_cut_before_its_answer_shows_nothing(text: str) -> None:
    for size in range(len(text) + 1):
        assert split_cut(text[:size], text[size:])[1] == ""
    assert CANARY not in text or CANARY in split_cut(text)[0]


def test_an_answer_that_is_cut_stays_an_answer() -> None:
    assert split_cut("<think>a</think>Hel", "lo <") == ("a", "Hello <")
    assert split_cut("a</think>Hello") == ("a", "Hello")
    assert split_cut("Hel", "lo </thi", style=ThinkingStyle.REASONING) == ("", "Hello </thi")


def test_blocks_right_after_another_are_reasoning() -> None:
    for text in ("<think>a</think>\n <think>b</think><think>c</think>\nHello", "a</think><think>bc</think>Hello"):
        for size in range(len(text)):
            assert split(text[:size], text[size:]) == ("abc", "Hello")
        assert split(*text) == ("abc", "Hello")


def test_blocks_without_end_are_split_in_one_go() -> None:
    assert split("<think>a</think>" * 2_000 + "Hello") == ("a" * 2_000, "Hello")


def test_a_block_after_the_answer_has_begun_is_left_alone() -> None:
    assert split("<think>a</think>\nSo <think>b</think>") == ("a", "So <think>b</think>")
    assert split("<think>a</think>\n<thinking>") == ("a", "<thinking>")


def test_v28_headers() -> None:
    pieces = ("###Thin", "king\nHmm\n##", "#Respon", "se\nHello ### there")
    assert split(*pieces, style=ThinkingStyle.HEADERS) == ("\nHmm\n", "Hello ### there")


@pytest.mark.parametrize("style", list(ThinkingStyle))
def test_v28_headers_of_a_model_that_is_not_known_for_them(style: ThinkingStyle) -> None:
    text = "###Thinking\nHmm\n###Response\nHello"
    for size in range(len(text)):
        reasoning, answer = split(text[:size], text[size:], style=style)
        assert (reasoning.strip(), answer) == ("Hmm", "Hello")


@pytest.mark.parametrize("style", [ThinkingStyle.REASONING, ThinkingStyle.NONE])
@pytest.mark.parametrize("text", ["###Thinking about boats", "### Thinking\nof boats", "###Think\nabout boats"])
def test_an_answer_may_begin_with_a_heading_about_thinking(style: ThinkingStyle, text: str) -> None:
    for size in range(len(text)):
        assert split(text[:size], text[size:], style=style) == ("", text)


def test_v29_box_markers_split() -> None:
    pieces = ("It is <|begin_", "of_box|>4", "2<|end_of_box|", ">, I think <", "3")
    assert split(*pieces, style=ThinkingStyle.REASONING, boxes=True) == ("", "It is 42, I think <3")


def test_v29_box_markers_stay_where_the_model_has_none() -> None:
    assert split("<|begin_of_box|>", style=ThinkingStyle.NONE)[1] == "<|begin_of_box|>"


def test_a_tag_inside_the_answer_is_left_alone() -> None:
    assert split("<think>a</think>Use <think>x</think>.") == ("a", "Use <think>x</think>.")


def test_a_leading_block_is_recognised_for_every_model() -> None:
    for style in (ThinkingStyle.REASONING, ThinkingStyle.NONE):
        assert split(" <think>a</think>\nb", style=style) == ("a", "b")


def test_what_only_looks_like_a_tag_is_text() -> None:
    assert split("<th", style=ThinkingStyle.REASONING) == ("", "<th")
    assert split("a </thin", "g> b", style=ThinkingStyle.REASONING) == ("", "a </thing> b")


TOKENS = [
    "<think>",
    "</think>",
    "<",
    "/",
    "`",
    "\n",
    " ",
    "a",
    "###Thinking",
    "###Response",
    "#",
    "<|begin_of_box|>",
    "|begin_of_box|>",
    "<|",
]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(TOKENS), max_size=12).map("".join),
    st.lists(st.integers(0, 80)),
    st.sampled_from(list(ThinkingStyle)),
    st.booleans(),
)
def test_any_split_of_the_characters_gives_the_same(
    text: str, cuts: list[int], style: ThinkingStyle, boxes: bool
) -> None:
    edges = [0, *(min(cut, len(text)) for cut in sorted(cuts)), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert split(*pieces, style=style, boxes=boxes) == split(text, style=style, boxes=boxes)
    assert split_cut(*pieces, style=style) == split_cut(text, style=style)


@pytest.mark.parametrize("opening", ["<think>", "\n<think>", ""])
def test_reasoning_never_shows_at_any_character_split(opening: str) -> None:
    text = f"{opening}{CANARY}</think>Hello"
    for cut in range(len(text)):
        assert split(text[:cut], text[cut:]) == (CANARY, "Hello")
    assert split(*text) == (CANARY, "Hello")
