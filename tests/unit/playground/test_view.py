"""How messages look in a terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from playground import view
from playground.feed import Card


def drawn(what: RenderableType, width: int = 60) -> str:
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(what)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_card_says_who_where_what_and_which_buttons() -> None:
    card = Card("Discord", "glimmer", True, "#general", "**Hello**", ["Stop"], [("a.md", 1_200)])
    shown = "glimmer  Discord #general\n  Hello\n  file: a.md (1,200 bytes)\n  [Stop: /click stop]\n"
    assert drawn(view.draw(card)) == shown


def test_a_card_says_that_it_was_edited_and_that_nobody_else_sees_it() -> None:
    card = Card("Slack", "glimmer", True, "DM", "", private=True)
    assert drawn(view.draw(card, remark="edited")) == "glimmer  Slack DM (edited) (only you see this)\n"


def test_wrapped_lines_keep_the_margin() -> None:
    card = Card("Discord", "alice", False, "DM", "@glimmer one two three four five")
    shown = drawn(view.draw(card), width=20).splitlines()
    assert [line.rstrip() for line in shown[-2:]] == ["  @glimmer one two", "  three four five"]


def test_a_long_title_is_cut() -> None:
    assert view.shortened("A name that is rather long for a line") == "A name that is rather long…"
    assert view.shortened("short") == "short"


@pytest.mark.parametrize(
    ("source", "shown", "styles"),
    [
        ("## A title", "A title", {"bold underline"}),
        ("-# small", "small", {"dim"}),
        ("> quoted", "> quoted", {"italic"}),
        ("a **b** c", "a b c", {"bold"}),
        ("an *i* and _j_", "an i and j", {"italic"}),
        ("~~gone~~", "gone", {"strike"}),
        ("`**code**`", "**code**", {"cyan"}),
        ("snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4", set[str]()),
        ("[here](https://example.org)", "[here](https://example.org)", {"underline"}),
        ("#hash", "#hash", set[str]()),
    ],
)
def test_marks_become_styles(source: str, shown: str, styles: set[str]) -> None:
    text = view.markdown(source)
    assert text.plain == shown
    assert {str(span.style) for span in text.spans} - {""} == styles


def test_nothing_is_a_mark_inside_of_a_code_block() -> None:
    source = "````py\n# **x**\n```\n````\n# y"
    assert view.markdown(source).plain == "````py\n# **x**\n```\n````\ny"


@given(st.text())
def test_no_text_can_drive_the_terminal(text: str) -> None:
    shown = view.harmless(text)
    assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in shown)


@given(st.text(alphabet="`~*_#->[]() \nab", max_size=80))
def test_any_text_can_be_drawn(text: str) -> None:
    assert drawn(view.Indented(view.markdown(text)), width=20) is not None
