from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack_app.blocks import defused, octets
from adapters.slack_app.flow import STALL, STREAM_AGE, Move, Stream, first_text, goes_on, plan
from bot.messages import ControlKind, Page
from bot.pages import Paginator
from bot.ports import Limits
from tests.unit.adapters.slack_app.scripted import growing, whole

PIECES = [
    *("words ", "more ", "\n", "\n\n", "```py\n", "x = 1\n", "```\n", "<!channel>", "<@U1", "2>", "中文", "# head\n"),
    *("| a | b |\n", "|---|---|\n", "| 1 | 2 |\n", "| long cell | 2 |\n", "- item\n"),
]
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=40)


def stream(sent: str) -> Stream:
    return Stream(sent, 0.0, 0.0)


def planned(flow: Stream, page: Page, *, now: float = 1.0, crowded: bool = False) -> tuple[Move, str]:
    return plan(flow, page, now=now, crowded=crowded)


CASES: list[tuple[str, Page, Move, str]] = [
    ("one", growing("one two"), Move.APPEND, " two"),
    ("one", growing("one"), Move.KEEP, ""),
    ("one", growing("one\n| a"), Move.KEEP, ""),
    ("one", growing("other"), Move.REPLACE, ""),
    ("one two", growing("one"), Move.REPLACE, ""),
    ("one", whole("one two"), Move.STOP, " two"),
    ("one", whole("one"), Move.STOP, ""),
    ("one", whole("one\n| a"), Move.STOP, "\n| a"),
    ("one", whole("other"), Move.REPLACE, ""),
    ("one", Page("one two"), Move.STOP, " two"),
    ("```\nx", growing("```\nx\ny\n```"), Move.APPEND, "\ny"),
    ("```\nx", whole("```\nx\n```"), Move.STOP, "\n```"),
    ("Hi <@U\u20601", whole("Hi <@U12>"), Move.STOP, "2>"),
]


@pytest.mark.parametrize(("sent", "page", "move", "rest"), CASES)
def test_what_is_new_decides_the_call(sent: str, page: Page, move: Move, rest: str) -> None:
    assert planned(stream(sent), page) == (move, rest)


def test_text_goes_before_a_stop_that_would_have_to_wait() -> None:
    assert planned(stream("one"), whole("one two"), crowded=True) == (Move.APPEND_AND_STOP, " two")
    assert planned(stream("one"), whole("one"), crowded=True) == (Move.STOP, "")


def test_a_stream_ends_before_slack_ends_it() -> None:
    assert planned(stream("one"), growing("one two"), now=STREAM_AGE - 0.1)[0] is Move.APPEND
    assert planned(stream("one"), growing("one two"), now=STREAM_AGE) == (Move.STOP, " two")


def test_text_is_not_kept_back_for_long() -> None:
    page = growing("one\n| a | b |")
    assert planned(stream("one"), page, now=STALL - 0.1)[0] is Move.KEEP
    assert planned(stream("one"), page, now=STALL)[0] is Move.REPLACE
    assert planned(stream("one"), growing("one"), now=STALL)[0] is Move.KEEP


def test_a_broken_stream_takes_no_more() -> None:
    assert planned(replace(stream("one"), broken=True), growing("one two"))[0] is Move.REPLACE


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (growing("words"), True),
        (Page("a sealed page"), True),
        (whole("words"), False),
        (Page("words", "restarting"), False),
        (Page("words", controls=(ControlKind.REGENERATE,)), False),
    ],
)
def test_whether_more_follows_can_be_told_from_a_page(page: Page, expected: bool) -> None:
    assert goes_on(page) is expected


@given(texts)
def test_a_stream_always_shows_a_beginning_and_at_last_all(pieces: list[str]) -> None:
    paginator = Paginator(Limits(page=9_000, size=octets), room=160)
    text, shown, flow = "", "", None
    for number, piece in enumerate([*pieces, ""]):
        text += piece
        final = number == len(pieces)
        bodies = paginator.pages(text, final=final)
        if not bodies:
            continue
        page = whole(bodies[-1]) if final else growing(bodies[-1])
        if flow is None:
            flow = stream(first_text(page))
            shown = flow.sent
        move, rest = planned(flow, page)
        if move is Move.REPLACE:
            # From here on it is a message that is edited.
            assert not defused(page.body).startswith(flow.sent)
            return
        flow.grow(rest, 1.0)
        shown += rest
        assert defused(page.body).startswith(shown)
        assert shown == defused(page.body) or move is not Move.STOP


@given(st.lists(st.sampled_from(PIECES[:12]), min_size=1, max_size=40))
def test_text_without_tables_is_never_replaced(pieces: list[str]) -> None:
    paginator = Paginator(Limits(page=9_000, size=octets), room=160)
    text, body, flow = "words\n\n", "", stream("words")
    for number, piece in enumerate([*pieces, ""]):
        text += piece
        [body] = paginator.pages(text, final=number == len(pieces))
        move, rest = planned(flow, growing(body) if number < len(pieces) else whole(body))
        assert move is not Move.REPLACE
        flow.grow(rest, 1.0)
    assert flow.sent == defused(body)
