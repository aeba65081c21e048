"""Cutting a growing text into messages: what must hold for any text, and how particular ones are cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
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
# fmt: off
WHOLE = (
    "[see № here](https://example.org/a_(b)/№)", "`code № with spaces`", "``tick ` and №``", "👩‍👩‍👧‍👦№é́",
    "<https://example.org/№?q=a,b>", "https://example.org/路径/№",
)
LOOSE = (
    "word№", "Sentence№. Another№!", "这是第№句话。然后呢？还有；", "한국어№", "שלום№ עולם", "zero\u200bwidth№\u200d",
    "> quote№", "stray№ [bracket", "- item№", "1. one№", "e\u0301e\u0301№", "a | b№", "*bold№*", "# not№ a heading",
)
# fmt: on
words = st.sampled_from(WHOLE + LOOSE)
lines = st.lists(words, min_size=1, max_size=9).map(" ".join)
items = st.tuples(st.sampled_from(("", "  ", "    ", "\t")), st.sampled_from(("- ", "* ", "2. ")), lines).map("".join)
paragraphs = st.lists(lines | items, min_size=1, max_size=5).map("\n".join)
headings = st.sampled_from(("# Title№", "### 标题№"))


@st.composite
def fences(draw: st.DrawFn, *, closed: bool = False) -> str:
    marker = draw(st.sampled_from(("```", "~~~", "`````", "  ```", "> ~~~~")))
    info = draw(st.sampled_from(("", "py", "c++ x=1")))
    content = draw(
        st.lists(st.sampled_from(("x№ = 1", "", "    if y№:", "| a№ | b |", "# 注释№")), min_size=1, max_size=12)
    )
    closing = draw(st.sampled_from((marker, marker + " ", marker if closed else "")))
    return "\n".join((marker + info, "code№", *content, closing))


@st.composite
def tables(draw: st.DrawFn) -> str:
    columns = draw(st.integers(2, 3))
    cells = st.sampled_from(("a№", "数№", "**b№**", "x\\|y№", "", "`c№`", "👩‍👧№"))
    rows = draw(st.lists(st.lists(cells, min_size=columns, max_size=columns), max_size=9))
    return "\n".join("| " + " | ".join(row) + " |" for row in (["h"] * columns, [":-:"] * columns, *rows))


ANY = paragraphs | fences() | tables() | headings
WELL_FORMED = paragraphs | fences(closed=True) | tables() | headings


@st.composite
def documents(draw: st.DrawFn, kinds: st.SearchStrategy[str] = ANY) -> Document:
    blocks = draw(st.lists(kinds, min_size=1, max_size=6))
    text = draw(st.sampled_from(("\n\n", "\n\n", "\n", "\n\n\n"))).join(blocks)
    found: list[str] = []
    numbers = iter(range(100, 100_000))

    def number(part: str) -> str:
        return re.sub("№", lambda _: str(next(numbers)), part)

    parts: list[str] = []
    done = 0
    for match in re.finditer("|".join(map(re.escape, WHOLE)), text):
        found.append(number(match[0]))
        parts += (number(text[done : match.start()]), found[-1])
        done = match.end()
    text = "".join((*parts, number(text[done:])))
    return Document(text.replace("\n", "\r\n") if draw(st.booleans()) else text, tuple(found))


limits = st.builds(
    Limits, page=st.integers(150, 400), size=st.sampled_from((len, utf8)), pages=st.just(60), tables=st.booleans()
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


def numbers(pages: Sequence[str]) -> list[str]:
    """The numbers of the words on some pages."""
    return re.findall(r"\d{3,}", "\n".join(pages))


steps = st.lists(st.integers(0, 10_000), max_size=8)
rooms = st.integers(0, 40)


# fmt: off
SCRAPS = (
    "```", "~~~", "````", "`", "py", "\n", "\n\n", "\r\n", " ", "\t", "    ", "\u3000", "# ", "- ", "> ", "1. ",
    "| a | b |\n|--|:-:|\n", "| x | y |\n", "|", "\\|", "---", "[", "](", ")", "https://e.org/", "<", "**", "word ",
    "wor" * 20, "word " * 12, "中文。" * 8, "👩\u200d👩\u200d👧" * 4, "e\u0301\u0301", "\u200b", " " * 60, "\n" * 20,
)
# fmt: on
scraps = st.lists(st.sampled_from(SCRAPS), min_size=20, max_size=120).map("".join)


@given(documents(), limits, rooms, steps)
def test_every_page_fits_with_its_room_and_none_is_blank(
    document: Document, limits: Limits, room: int, steps: list[int]
) -> None:
    for pages in grown(Paginator(limits, room=room), document.text, steps):
        assert all(limits.size(page) + room <= limits.page for page in pages)
        assert all(page.strip() for page in pages)


@given(documents(paragraphs), limits, rooms, steps)
def test_pages_put_together_are_the_text(document: Document, limits: Limits, room: int, steps: list[int]) -> None:
    for pages in grown(Paginator(limits, room=room), document.text, steps)[-2:]:
        assert "".join("".join(pages).split()) == "".join(document.text.split())


@given(documents(), limits, steps)
def test_every_word_is_shown_once_and_in_order(document: Document, limits: Limits, steps: list[int]) -> None:
    assert numbers(grown(Paginator(limits), document.text, steps)[-1]) == numbers([document.text])


@given(documents(WELL_FORMED), limits, steps)
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
    for end in sorted(step % (len(document.text) + 1) for step in steps):
        before = paginator.pages(document.text[:end])
        resumed = Paginator(limits, room=room, seals=paginator.seals)
        assert resumed.pages(document.text[:end]) == before
        assert (resumed.seals, resumed.overflowed) == (paginator.seals, paginator.overflowed)
    resumed = Paginator(limits, room=room, seals=paginator.seals)
    assert resumed.pages(document.text, final=True) == paginator.pages(document.text, final=True)


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


@given(scraps, limits, steps)
def test_no_text_breaks_what_must_always_hold(text: str, limits: Limits, steps: list[int]) -> None:
    paginator = Paginator(limits)
    for pages in grown(paginator, text, steps):
        assert all(limits.size(page) <= limits.page for page in pages)
        assert all(page.strip() for page in pages)
    resumed = Paginator(limits, seals=paginator.seals)
    assert resumed.pages(text, final=True) == paginator.pages(text, final=True)
    assert list(paginator.seals) == sorted(set(paginator.seals))


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 60)), min_size=2, max_size=12), st.integers(150, 400))
def test_a_heading_is_never_alone_at_the_end_of_a_page(sizes: list[tuple[int, int]], page: int) -> None:
    text = "\n\n".join(f"## {'h' * head}\n\n{'word ' * body}" for head, body in sizes)
    for shown in Paginator(Limits(page=page, pages=60)).pages(text, final=True):
        assert not shown.splitlines()[-1].startswith("#")


def cut(text: str, *, tables: bool = True) -> list[str]:
    return Paginator(Limits(page=100, tables=tables)).pages(text, final=True)


def code(lines: int, start: int = 0) -> str:
    return "".join(f"line {index:02}\n" for index in range(start, lines))


@pytest.mark.parametrize("text", ["", " ", "\n \r\n\t", "\u3000\n"])
def test_white_space_alone_makes_no_page(text: str) -> None:
    assert Paginator(Limits(page=100)).pages(text) == []
    assert cut(text) == []


def test_what_fits_is_one_page_and_is_not_sealed() -> None:
    paginator = Paginator(Limits(page=100), room=20)
    assert paginator.pages("x" * 80) == ["x" * 80]
    assert paginator.seals == ()
    assert len(paginator.pages("x" * 81)) == 2
    assert paginator.seals == (80,)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("One line. Two\nlines of a paragraph that is half a page.", "\n\n" + "w. " * 30, id="paragraph"),
        pytest.param("- one item with a sentence. And another one.\n  - two", "\n- " + "w. " * 30, id="line"),
        pytest.param(
            "A sentence that fills more than half of the page, so it ends.", " Then " + "w " * 30, id="sentence"
        ),
        pytest.param(
            "这是一个足够长的句子，所以它在这里结束。" * 3, "然后还有一些没有结束的文字" * 6, id="chinese sentence"
        ),
        pytest.param("w " * 45 + "word", " otherwise " + "w " * 30, id="word"),
        pytest.param("长" * 100, "长" * 20, id="between CJK characters"),
        pytest.param("a" * 100, "a" * 20, id="nothing better"),
        pytest.param("a" * 98, "e\u0301\u0302 and more", id="grapheme"),
        pytest.param("w " * 40 + "end", " [a link with words](https://example.org/a/b/c) w", id="link"),
        pytest.param("w " * 40 + "end", " `some code that is whole`" + " w" * 9, id="code span"),
        pytest.param("w " * 40 + "end", " https://example.org/中文/路径" + " w" * 9, id="address"),
        pytest.param("w " * 48, "see # nothing" + " w" * 9, id="beginning that would mislead"),
        pytest.param("a b", "\n\n" + "https://example.org/" + "x" * 80, id="short page before a long address"),
        pytest.param("w " * 30 + "end", "\n\n# Heading\n\n" + "w " * 49, id="heading goes with its text"),
        pytest.param("w " * 30 + "end", "\n\n```\n" + code(7) + "```", id="short fence moves"),
        pytest.param("w " * 30 + "end", "\n\n| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 7, id="short table"),
    ],
)
def test_the_best_boundary_is_taken(first: str, second: str) -> None:
    assert cut(first + second)[0] == first.rstrip()


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("See https://e.org/" + "x" * 200, ["See https://e.org/" + "x" * 82, "x" * 100, "x" * 18]),
        ("# Title\n\nhttps://e.org/" + "x" * 84, ["# Title", "https://e.org/" + "x" * 84]),
        ("x" * 100 + "```y", ["x" * 99, "x```y"]),
        ("```\n" + "word " * 20 + "\n```", ["```\n" + "word " * 17 + "word\n```", "```\nword word \n```"]),
        ("```\n" + "x" * 92 + "\n`````", ["```\n" + "x" * 91 + "\n```", "```\nx\n`````"]),
        ("```" + "x" * 120 + "\ny", ["```" + "x" * 97, "x" * 23 + "\ny"]),
        ("w " * 40 + "\n" + " " * 200 + "end", ["w " * 39 + "w", "end"]),
        ("\n" * 1000 + "far", ["far"]),
        ("```only this", ["```only this\n```"]),
    ],
)
def test_a_tight_page_is_still_cut_well(text: str, pages: list[str]) -> None:
    assert cut(text) == pages


def test_a_fence_that_only_closes_on_the_next_page_is_not_reopened() -> None:
    paginator = Paginator(Limits(page=96))
    first = "```\n" + code(11)
    assert paginator.pages(first + "``") == [first + "```", "```\n``\n```"]
    assert paginator.pages(first + "```\nAfter.") == [first + "```", "After."]


def test_a_long_fence_is_cut_between_lines_closed_and_reopened() -> None:
    assert cut("Look:\n  ~~~py x=1\n" + code(12) + "  ~~~\nDone.") == [
        "Look:\n  ~~~py x=1\n" + code(9) + "  ~~~",
        "  ~~~py x=1\n" + code(12, 9) + "  ~~~\nDone.",
    ]


def test_a_growing_fence_is_closed_below_its_body() -> None:
    paginator = Paginator(Limits(page=100))
    assert paginator.pages("Look:\n```py") == ["Look:"]
    assert paginator.pages("Look:\n```py\nx = 1\n") == ["Look:\n```py\nx = 1\n```"]
    assert paginator.closing == "```"
    assert paginator.pages("Look:\n```py\nx = 1\n```") == ["Look:\n```py\nx = 1\n```"]
    assert paginator.closing == ""


def test_a_table_is_cut_between_rows_under_its_header() -> None:
    rows = "".join(f"| {index} | x |\n" for index in range(30))
    pages = cut("| n | v |\n|--:|---|\n" + rows)
    assert [page.split("\n")[:3] for page in pages] == [["```", " n  v", "--  -"]] * len(pages)
    assert [line.split()[0] for page in pages for line in page.split("\n")[3:-1]] == [str(n) for n in range(30)]


def test_where_tables_are_shown_they_stay_as_written() -> None:
    head = "| n | v |\n|---|---|\n"
    pages = cut(head + "| 1 | x |\n" * 12, tables=False)
    assert all(page.startswith(head) for page in pages)
    assert sum(page.count("| 1 | x |") for page in pages) == 12


def test_the_rest_of_a_long_row_stays_under_its_header() -> None:
    first, second, *_ = cut("| n | long |\n|---|---|\n| 1 | " + "word " * 30 + "|\n")
    assert first.startswith("n: 1\nlong: word")
    assert second.startswith("long: word")


def test_a_header_is_shown_as_it_is_until_its_delimiter_row_has_come() -> None:
    paginator = Paginator(Limits(page=600))
    assert paginator.pages("| a | b |\n|--") == ["| a | b |\n|--"]
    assert paginator.pages("| a | b |\n|--|--") == ["```\na  b\n-  -\n```"]


def test_painting_does_not_cost_more_when_more_is_sealed() -> None:
    measured: list[int] = []

    def size(text: str) -> int:
        measured.append(len(text))
        return len(text)

    paginator = Paginator(Limits(page=100, size=size, pages=1000))
    paginator.pages("word " * 2001)
    measured.clear()
    paginator.pages("word " * 2002)
    assert len(measured) <= 2
    assert max(measured) <= 100
