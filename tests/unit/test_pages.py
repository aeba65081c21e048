"""Cutting a growing text into messages: what must hold for any text, and how particular ones are cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import grapheme_boundary_before

from bot.pages import ELLIPSIS, Paginator
from bot.ports import Limits


def utf8(text: str) -> int:
    return len(text.encode())


@dataclass(frozen=True)
class Document:
    """A text with numbered words, and those parts of it that must stay in one piece."""

    text: str
    whole: tuple[str, ...]


# "№" becomes a number that occurs once in a document.
WHOLE = (
    "[see № here](https://example.org/a_(b)/№)",
    "`code № with spaces`",
    "``tick ` and №``",
    "<https://example.org/№?q=a,b>",
    "https://example.org/路径/№",
    "👩‍👩‍👧‍👦№é́",
)
LOOSE = (
    "word№",
    "Sentence№. Another№!",
    "这是第№句话。然后呢？还有；",
    "한국어№",
    "שלום№ עולם",
    "zero\u200bwidth№\u200d",
    "> quote№",
    "stray ` tick№ [bracket",
    "- item№",
    "1. one№",
    "e\u0301e\u0301№",
    "a | b№",
    "*bold№*",
    "# not№ a heading",
)
words = st.sampled_from(WHOLE + LOOSE)
lines = st.lists(words, min_size=1, max_size=9).map(" ".join)
indents = st.sampled_from(("", "  ", "    ", "\t"))
items = st.tuples(indents, st.sampled_from(("- ", "* ", "2. ")), lines).map("".join)
paragraphs = st.lists(lines | items, min_size=1, max_size=5).map("\n".join)
headings = st.sampled_from(("# Title№", "### 标题№"))


@st.composite
def fences(draw: st.DrawFn) -> str:
    marker = draw(st.sampled_from(("```", "~~~", "`````", "  ```", "> ~~~~")))
    info = draw(st.sampled_from(("", "py", "c++ x=1")))
    content = draw(
        st.lists(st.sampled_from(("x№ = 1", "", "    if y№:", "| a№ | b |", "# 注释№")), min_size=1, max_size=12)
    )
    closing = draw(st.sampled_from((marker, marker, marker + " ", "")))
    return "\n".join((marker + info, "code№", *content, closing))


@st.composite
def tables(draw: st.DrawFn) -> str:
    columns = draw(st.integers(2, 3))
    cells = st.sampled_from(("a№", "数№", "**b№**", "x\\|y№", "", "`c№`", "👩‍👧№"))
    rows = draw(st.lists(st.lists(cells, min_size=columns, max_size=columns), max_size=9))
    head = ["h"] * columns
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, [":-:"] * columns, *rows))


@st.composite
def documents(draw: st.DrawFn, *, only_prose: bool = False) -> Document:
    kinds = paragraphs if only_prose else paragraphs | fences() | tables() | headings
    blocks = draw(st.lists(kinds, min_size=1, max_size=7))
    text = draw(st.sampled_from(("\n\n", "\n\n", "\n", "\n\n\n"))).join(blocks)
    found: list[str] = []
    whole = re.compile("|".join(map(re.escape, WHOLE)))
    numbers = iter(range(100, 100_000))

    def number(part: str) -> str:
        return re.sub("№", lambda _: str(next(numbers)), part)

    parts: list[str] = []
    done = 0
    for match in whole.finditer(text):
        found.append(number(match[0]))
        parts += (number(text[done : match.start()]), found[-1])
        done = match.end()
    text = "".join((*parts, number(text[done:])))
    return Document(text.replace("\n", "\r\n") if draw(st.booleans()) else text, tuple(found))


limits = st.builds(
    Limits,
    page=st.integers(150, 400),
    size=st.sampled_from((len, utf8)),
    pages=st.just(60),
    tables=st.booleans(),
)


def grown(paginator: Paginator, text: str, steps: Sequence[int]) -> list[list[str]]:
    """The pages as a text comes in pieces, checking what is final about them on the way."""
    seen: list[list[str]] = [[]]
    sealed = 0
    for end in [*sorted(step % (len(text) + 1) for step in steps), len(text)]:
        pages = paginator.pages(text[:end])
        assert pages[:sealed] == seen[-1][:sealed]
        sealed = len(paginator.seals)
        assert len(pages) in {sealed, sealed + 1}
        seen.append(pages)
    return [*seen, paginator.pages(text, final=True)]


def ink(pages: Sequence[str]) -> str:
    """What is written, without white space and the lines of fences."""
    return "".join("".join(re.sub(r"(?m)^[ \t>]*(`{3,}|~{3,})[^`\n]*$", "", page).split()) for page in pages)


steps = st.lists(st.integers(0, 10_000), max_size=12)
rooms = st.integers(0, 40)


@given(documents(), limits, rooms, steps)
def test_every_page_fits_with_its_room_and_none_is_blank(
    document: Document, limits: Limits, room: int, steps: list[int]
) -> None:
    for pages in grown(Paginator(limits, room=room), document.text, steps):
        assert all(limits.size(page) + room <= limits.page for page in pages)
        assert all(page.strip() for page in pages)


@given(documents(only_prose=True), limits, rooms, steps)
def test_pages_put_together_are_the_text(document: Document, limits: Limits, room: int, steps: list[int]) -> None:
    for pages in grown(Paginator(limits, room=room), document.text, steps)[-2:]:
        assert "".join("".join(pages).split()) == "".join(document.text.split())


@given(documents(), limits, steps)
def test_every_word_is_shown_once_and_in_order(document: Document, limits: Limits, steps: list[int]) -> None:
    shown = ink(grown(Paginator(limits), document.text, steps)[-1])
    numbers = re.findall(r"\d{3,}", ink([document.text]))
    assert re.findall(r"\d{3,}", shown) == numbers


@given(documents(), limits, steps)
def test_seals_are_between_graphemes_and_outside_of_what_is_whole(
    document: Document, limits: Limits, steps: list[int]
) -> None:
    paginator = Paginator(limits)
    grown(paginator, document.text, steps)
    spans = [(at, at + len(part)) for part in document.whole for at in [document.text.find(part)]]
    for seal in paginator.seals:
        assert grapheme_boundary_before(document.text, seal + 1) == seal
        assert not [document.text[a:b] for a, b in spans if a < seal < b]


@given(documents(), limits, steps)
def test_no_page_shows_a_broken_fence(document: Document, limits: Limits, steps: list[int]) -> None:
    for pages in grown(Paginator(limits), document.text, steps):
        for page in pages:
            marker = ""
            for line in page.splitlines():
                found = re.match(r"[ \t>]*(`{3,}|~{3,})([^`]*)$", line)
                if found and not marker:
                    marker = found[1]
                elif found and found[1].startswith(marker) and not found[2].strip():
                    marker = ""
            assert marker == "", page


@given(documents(), limits, rooms, steps)
def test_seals_are_enough_to_resume(document: Document, limits: Limits, room: int, steps: list[int]) -> None:
    paginator = Paginator(limits, room=room)
    before = grown(paginator, document.text, steps)[-1]
    resumed = Paginator(limits, room=room, seals=paginator.seals)
    assert resumed.pages(document.text, final=True) == before
    assert resumed.seals == paginator.seals
    assert resumed.overflowed == paginator.overflowed


@given(documents(), limits, st.data())
def test_resuming_in_the_middle_goes_on_as_if_nothing_had_happened(
    document: Document, limits: Limits, data: st.DataObject
) -> None:
    half = data.draw(st.integers(0, len(document.text)))
    paginator = Paginator(limits)
    paginator.pages(document.text[:half])
    resumed = Paginator(limits, seals=paginator.seals)
    assert resumed.pages(document.text) == paginator.pages(document.text)


@given(documents(), st.integers(1, 3), steps)
def test_a_text_that_is_too_long_ends_with_an_ellipsis(document: Document, most: int, steps: list[int]) -> None:
    limits = Limits(page=150, pages=most)
    paginator = Paginator(limits)
    for pages in grown(paginator, document.text, steps):
        assert len(pages) <= most
        assert all(len(page) <= 150 for page in pages)
    pages = paginator.pages(document.text, final=True)
    assert paginator.overflowed == pages[-1].endswith(ELLIPSIS)
    assert Paginator(limits, seals=paginator.seals).pages(document.text, final=True) == pages
