"""Rows of tables, and how a table is drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import width

from bot.tables import begins_table, cells, draw, pipes, plain

WIDEST = 90


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("| a | b |", ["a", "b"]),
        ("a|b", ["a", "b"]),
        ("  | a |  ", ["a"]),
        ("| a | | c |\r", ["a", "", "c"]),
        (r"| a \| b | c |", ["a | b", "c"]),
        ("| half", ["half"]),
        ("| one<br>two<BR/>three |", ["one two three"]),
        ("|", [""]),
    ],
)
def test_a_row_is_split_at_pipes_that_are_not_escaped(line: str, expected: list[str]) -> None:
    assert cells(line) == expected


def test_escaped_pipes_do_not_count() -> None:
    assert pipes(r"| a \| b |") == 2


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("| a | b |", "|---|---|"), ("a | b", ":-- | --:"), ("| a |", "|-|"), ("|a|b|\r", "| - | - |\r"), ("a|b", "-|-")],
)
def test_a_header_over_as_many_delimiters_begins_a_table(header: str, delimiter: str) -> None:
    assert begins_table(header, delimiter)


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        pytest.param("| a | b |", "|---|", id="fewer delimiters"),
        pytest.param("a", "---", id="heading"),
        pytest.param("a", "|-|", id="no pipe in the header"),
        pytest.param(r"a \| b", "|-|-|", id="only an escaped pipe"),
        pytest.param("a | b", "c | d", id="row"),
        pytest.param("a | b", "", id="end"),
        pytest.param("> a | b", "> -|-", id="quotation"),
    ],
)
def test_other_lines_begin_none(header: str, delimiter: str) -> None:
    assert not begins_table(header, delimiter)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("**bold**", "bold"),
        ("***both***", "both"),
        ("*it* and _it_ and __bold__", "it and it and bold"),
        ("~~gone~~", "gone"),
        ("`code`", "code"),
        ("`**not bold**`", "**not bold**"),
        ("`` a`b ``", "a`b"),
        ("snake_case_name", "snake_case_name"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        (r"\*star\*", "*star*"),
        ("[text](https://example.org/a_(b))", "text (https://example.org/a_(b))"),
        ('![alt](a.png "title")', "alt (a.png)"),
        ("```", ""),
        ("**open", "**open"),
        ("a\0b*c*", "abc"),
    ],
)
def test_inline_markup_becomes_plain_text(cell: str, expected: str) -> None:
    assert plain(cell) == expected


def test_columns_are_as_wide_as_they_look() -> None:
    source = "| Name | 数量 | x |\n|:--|--:|:-:|\n| apple | 3 | abc |\n| 香蕉 | 12 | 👩‍👩‍👧 |\n| e\u0301 | | b |\n"
    assert draw(source, WIDEST).split("\n") == [
        "```",
        "Name   数量   x",
        "-----  ----  ---",
        "apple     3  abc",
        "香蕉     12  👩‍👩‍👧",
        "e\u0301             b",
        "```",
    ]


def test_missing_cells_are_empty_and_surplus_ones_are_kept() -> None:
    assert draw("| a | b |\n|--|--|\n| 1 |\n| 1 | 2 | 3 |", WIDEST) == "```\na  b\n-  -  -\n1\n1  2  3\n```"


def test_a_wide_table_becomes_records_with_their_markup() -> None:
    link = f"[text](https://example.org/{'x' * WIDEST})"
    source = rf"""| Name | **Where** | |
|---|---|---|
| one | {link} | |
| two\|2 | | note |"""
    assert draw(source, WIDEST) == f"Name: one\n**Where**: {link}\n\nName: two|2\nnote"


def test_a_wide_header_without_rows_is_not_lost() -> None:
    assert draw(f"| {'a' * 60} | {'b' * 60} |\n|--|--|", WIDEST) == "a" * 60 + " | " + "b" * 60


letters = st.sampled_from(("a", "b", " ", "数", "，", "👩\u200d👧", "e\u0301", "ש", "\u200b", "😀"))
texts = st.lists(letters, max_size=9).map("".join).map(str.strip)
grids = st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(texts, min_size=n, max_size=n), min_size=1, max_size=6))


@given(grids, st.sampled_from(("-", ":-", "-:", ":-:")))
def test_every_line_of_an_aligned_table_is_as_wide_as_its_underline(grid: list[list[str]], mark: str) -> None:
    rows = (grid[0], [mark] * len(grid[0]), *grid[1:])
    drawn = draw("\n".join("|" + "|".join(row) + "|" for row in rows), 1000).split("\n")[1:-1]
    assert all(width(line) <= width(drawn[1]) for line in drawn)
    assert len(drawn) == len(rows)
    lines = drawn[:1] + drawn[2:]
    assert ["".join(line.split()) for line in lines] == ["".join("".join(row).split()) for row in grid]


@given(grids, st.integers(5, 60))
def test_a_drawn_table_is_never_wider_than_allowed_and_loses_nothing(grid: list[list[str]], widest: int) -> None:
    rows = (["h"] * len(grid[0]), ["-"] * len(grid[0]), *grid)
    drawn = draw("\n".join("|" + "|".join(row) + "|" for row in rows), widest)
    if drawn.startswith("```"):
        assert all(width(line) <= widest for line in drawn.split("\n")[1:-1])
    at = 0
    for cell in (cell for row in grid for cell in row):
        at = drawn.index(cell, at) + len(cell)
