"""The input line as a state machine, and reading a terminal."""

from __future__ import annotations

import asyncio
import os
import termios
from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.keyboard import HISTORY, LEAVE, LONGEST, Line, reading

LEFT, RIGHT, UP, DOWN, HOME, END = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x1b[H", "\x1b[F"
KEYS = st.lists(
    st.sampled_from([LEFT, RIGHT, UP, DOWN, HOME, END, "\x1bOD", "\x1b[3~", "\x7f", "\x15", "\x17", "\r", "\x1b[1;5C"])
    | st.characters(exclude_categories=["Cs"]),
    max_size=40,
)


def typed(*keys: str) -> Line:
    line = Line()
    line.feed("".join(keys))
    return line


@given(KEYS, st.data())
def test_how_the_keys_arrive_in_pieces_does_not_matter(keys: list[str], data: st.DataObject) -> None:
    text = "".join(keys)
    cut = data.draw(st.integers(0, len(text)))
    whole, halves = Line(), Line()
    expected = whole.feed(text)
    assert halves.feed(text[:cut]) + halves.feed(text[cut:]) == expected
    assert (halves.text, halves.cursor) == (whole.text, whole.cursor)


@given(KEYS)
def test_the_cursor_stays_in_the_line_and_no_control_character_gets_in(keys: list[str]) -> None:
    line = Line()
    for key in keys:
        entered = line.feed(key)
        assert 0 <= line.cursor <= len(line.text)
        assert all(text == LEAVE or text.isprintable() or "\u200d" in text for text in [*entered, line.text])


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        (("abc", "\x7f"), "ab", 2),
        (("abc", LEFT, LEFT, "\x7f"), "bc", 0),
        (("abc", HOME, "\x1b[3~"), "bc", 0),
        (("abc", HOME, "x", END, "y"), "xabcy", 5),
        (("one two  ", "\x17"), "one ", 4),
        (("one two", LEFT, "\x15"), "o", 0),
        (("a", RIGHT, RIGHT, "b"), "ab", 2),
        (("\x7f", LEFT, "a"), "a", 1),
        (("a", LEAVE), "a", 1),
    ],
)
def test_keys_edit_the_line(keys: tuple[str, ...], text: str, cursor: int) -> None:
    line = typed(*keys)
    assert (line.text, line.cursor) == (text, cursor)


def test_a_key_enters_the_line_and_empties_it() -> None:
    line = Line()
    assert line.feed("你好\rnext\nrest") == ["你好", "next"]
    assert line.text == "rest"


def test_control_d_leaves_only_from_an_empty_line() -> None:
    assert Line().feed(LEAVE) == [LEAVE]
    assert Line().feed(f"x{LEAVE}") == []


def test_the_arrows_bring_back_what_was_entered_and_at_last_the_empty_line() -> None:
    line = typed("one\r", "\r", "two\r", UP)
    assert line.text == "two"
    line.feed(UP + UP)
    assert line.text == "one"
    line.feed(DOWN)
    assert line.text == "two"
    line.feed(DOWN)
    assert line.text == ""


def test_history_and_line_are_limited() -> None:
    line = Line()
    for number in range(HISTORY + 5):
        line.feed(f"{number}\r")
    line.feed(UP * (HISTORY + 5))
    assert line.text == "5"
    assert len(typed("x" * (LONGEST + 5)).text) == LONGEST


@pytest.fixture
def pseudo_terminal() -> Generator[tuple[int, int]]:
    ours, theirs = os.openpty()
    yield ours, theirs
    os.close(theirs)
    os.close(ours)


async def test_typing_arrives_at_once_and_unechoed_and_the_terminal_is_given_back(
    pseudo_terminal: tuple[int, int],
) -> None:
    ours, theirs = pseudo_terminal
    before = termios.tcgetattr(theirs)
    got: asyncio.Queue[str] = asyncio.Queue()
    with reading(theirs, got.put_nowait, lambda: got.put_nowait("end")):
        assert not termios.tcgetattr(theirs)[3] & termios.ECHO
        os.write(ours, "é".encode()[:1])  # half a character: nothing to hand on yet
        os.write(ours, "é".encode()[1:])
        async with asyncio.timeout(10):
            received = ""
            while received != "é":
                received += await got.get()
    assert termios.tcgetattr(theirs) == before


async def test_a_terminal_that_goes_away_is_the_end() -> None:
    ours, theirs = os.openpty()
    ended = asyncio.Event()
    with reading(theirs, lambda _: None, ended.set):
        os.close(ours)
        async with asyncio.timeout(10):
            await ended.wait()
    os.close(theirs)
