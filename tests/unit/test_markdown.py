"""Blocks of a text, what a page repeats of them, and the seams within them."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markdown import LINES, PROSE_LINES, SENTENCES, WORDS, Kind, blocks, carried, ink, may_cut, seams, spans


def short(opening: str) -> bool:
    return len(opening) <= 40


def scanned(source: str) -> list[tuple[Kind, str]]:
    return [(block.kind, source[block.start : block.end]) for block in blocks(source, short)]


def pieces(pattern: re.Pattern[str], source: str) -> list[str]:
    """A text of one block, cut at all its seams."""
    (block,) = blocks(source, short)
    whole = spans(source, block.start, block.end, lambda _: True)
    at = [0, *seams(pattern, source, block, len(source), whole), len(source)]
    return [source[start:end] for start, end in pairwise(at)]


def test_a_text_is_scanned_into_blocks() -> None:
    parts = [
        (Kind.HEADING, "# Title"),
        (Kind.PROSE, "Two lines\nof prose"),
        (Kind.PROSE, "- a list\n  - nested | item"),
        (Kind.TABLE, "| a | b |\n|---|---|\n| 1 | 2 |"),
        (Kind.FENCE, "```py\n| a | b |\n|---|---|\n\n# comment\n```"),
        (Kind.PROSE, "The end."),
    ]
    for between in ("\n\n", "\n", "\n \n\n"):
        source = between.join(text for _, text in parts)
        joined = [text.strip() for _, text in scanned(source)]
        # Without a blank line the list is part of the paragraph above it.
        assert joined == [text for _, text in parts] or between == "\n"
    assert [kind for kind, _ in scanned("\n\n".join(text for _, text in parts))] == [kind for kind, _ in parts]


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        pytest.param("text\n# Title\ntext", "PROSE HEADING PROSE", id="heading in a paragraph"),
        pytest.param("#tag\n####### seven", "PROSE", id="no headings"),
        pytest.param("text\n```\ncode\n```\ntext", "PROSE FENCE PROSE", id="fence in a paragraph"),
        pytest.param("```a`b```\ntext", "PROSE", id="code span of three ticks"),
        pytest.param("````\n```\ncode\n````\ntext", "FENCE PROSE", id="shorter fence inside"),
        pytest.param("~~~\n```\n~~~\ntext", "FENCE PROSE", id="other fence inside"),
        pytest.param("```\ncode\n```py\n```\ntext", "FENCE PROSE", id="closing has no info"),
        pytest.param("    ```\r\n    code\r\n  ``` \r\ntext", "FENCE PROSE", id="indented"),
        pytest.param("1. ```sh\n   ls\n   ```\n2. two", "FENCE PROSE", id="in a list item"),
        pytest.param("> ```sh\n> ls\n> ```\n> two", "FENCE PROSE", id="in a quotation"),
        pytest.param("```\n\ncode", "FENCE", id="not yet closed"),
        pytest.param("```" + "x" * 50 + "\ncode", "PROSE", id="opening too long to repeat"),
        pytest.param("| a | b |", "PROSE", id="one line with pipes"),
        pytest.param("a | b\nc | d", "PROSE", id="lines with pipes"),
        pytest.param("text\na | b\n-|-\n1 | 2\ntext", "PROSE TABLE PROSE", id="table in a paragraph"),
        pytest.param("|a|\n|-|\n|-|\n|-|", "TABLE", id="rows of dashes"),
        pytest.param("|a|\n|-|\n|1|\n# b | c\n", "TABLE HEADING", id="heading ends a table"),
        pytest.param("|" + "a" * 50 + "|\n|-|\n|1|", "PROSE", id="header too long to repeat"),
    ],
)
def test_a_block_is(source: str, kinds: str) -> None:
    assert " ".join(kind.name for kind, _ in scanned(source)) == kinds


@given(st.lists(st.sampled_from(("```", "~~~\n", "\n", "\r\n", "> ", "a", "|-|\n", "| a |\n", "# ", " ")), max_size=40))
def test_blocks_hold_all_the_ink_in_order(scraps: list[str]) -> None:
    source = "".join(scraps)
    done = 0
    for block in blocks(source, short):
        assert not source[done : block.start].strip()
        assert block.start <= block.body <= block.foot <= block.end
        assert block.start < block.end
        done = block.end
    assert not source[done:].strip()


@pytest.mark.parametrize(
    ("source", "opening"),
    [
        ("", ""),
        ("text\n", ""),
        ("```py x\ncode\n", "```py x\n"),
        ("```py\r\ncode\r\n", "```py\n"),
        ("  ~~~~\n  code", "  ~~~~\n"),
        ("- ```py\n  code\n", "  ```py\n"),
        ("> 1. ```py\n> code\n", ">    ```py\n"),
        ("```\ncode\n```", ""),
        ("```\ncode\n```\n", ""),
        ("|a|b|\n|-|-|\n|1|2|\n", "|a|b|\n|-|-|\n"),
        ("|a|b|\n|-|-|\n|1|2|\n\n", ""),
        ("|a|b|\n|-|-|\n|1|2|\ntext", ""),
        ("|a|b|\n|-|-|\n| one | two", "|a|b|\n|-|-|\n||"),
        ("|a|b|\n|-|-|\n| one | ", "|a|b|\n|-|-|\n||"),
        ("a|b\n-|-\none | two", "a|b\n-|-\n||"),
    ],
)
def test_the_next_page_repeats(source: str, opening: str) -> None:
    assert carried(source, short) == opening


def test_an_open_fence_says_what_closes_it() -> None:
    (block,) = blocks("- ~~~~py\n  code", short)
    assert block.closing == "  ~~~~"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (LINES, ["a b\n", "---\n", "c"]),
        (PROSE_LINES, ["a b\n---\n", "c"]),
    ],
)
def test_a_line_of_dashes_stays_with_the_prose_above(pattern: re.Pattern[str], expected: list[str]) -> None:
    assert pieces(pattern, "a b\n---\nc") == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["One. ", "Two! ", "Three?) ", "four"],
        ["Version 1.5 is of 2. May"],
        ["你好。", "再见！", "「好吗？」", "分号；", "完"],
        ["See `a. b` there. ", "So"],
        ["**Bold.** ", "Then"],
    ],
)
def test_sentences_end(expected: list[str]) -> None:
    assert pieces(SENTENCES, "".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["one  ", "two\u3000", "three"],
        ["汉", "字，", "「引", "号」", "GLM模", "型"],
        ["か\u3099", "く"],
        ["no\u00a0break"],
        ["a \u0301b"],
        ["`a b` ", "``c ` d`` ", "e"],
        ["[a b](c) ", "![d [e f]](g_(h)) ", "<https://a.b/c,d>,e"],
        ["用https://a.b/中文，", "好"],
        ["open ", "`a b c"],
        ["open ", "``a ` b`"],
        ["open ", "[a b c](http"],
        ["open ", "[a b c](https://a.b/c"],
        ["a - ", "b > ", "c"],
    ],
)
def test_words_end(expected: list[str]) -> None:
    assert pieces(WORDS, "".join(expected)) == expected


def test_a_span_that_no_page_holds_may_be_cut() -> None:
    source = "a `b c d`"
    (block,) = blocks(source, short)
    assert spans(source, 0, len(source), lambda span: len(span) < 5) == []
    assert seams(WORDS, source, block, len(source), ()) == [2, 5, 7]


def test_seams_of_a_fence_have_code_on_both_sides() -> None:
    source = "```py\n\na\nb\n\n```"
    (block,) = blocks(source, short)
    assert ink(source, block) == (source.index("a"), source.index("b") + 1)
    assert seams(LINES, source, block, len(source), ()) == [source.index("b")]


@pytest.mark.parametrize("follows", ["```", "~~~", "# x", "> x", "- x", "12. x", "| x"])
def test_no_cut_makes_something_else_of_what_follows(follows: str) -> None:
    assert not may_cut("a " + follows, 2)
    assert may_cut("a\n" + follows, 2)
