from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import remarks, texts
from bot.attachments import Enclosure
from bot.completion import Delta, FinishReason, Media, MediaKind, ModelInfo
from bot.remarks import ROOM
from bot.reply import TAIL_ROOM
from bot.sight import Exhibit, View

LONG = "x" * 300
READER = ModelInfo("glm-4-32b-0414-128k", 128_000, 8_000, images=False, providers=("bigmodel",))
EYE = ModelInfo("glm-4.1v-thinking-flashx", 64_000, 8_000, images=True, providers=("bigmodel",))
PICTURE = Media(MediaKind.IMAGE, "image/png", b"picture")
MARKS = ("cut_off", "context_full")
WHYS = ("not_together", "not_taken", "not_public", "too_heavy", "nobody_sees")


def test_notes_stand_in_their_order_and_only_those_that_fit() -> None:
    assert remarks.joined(["one", "", "two", "three"], 10) == "one two"
    assert remarks.joined(["one", "much too long", "two"], 10) == "one two"
    assert remarks.joined(["much too long"], 10) == ""


@given(st.lists(st.text(max_size=60), max_size=8), st.integers(0, 200))
def test_notes_never_take_more_than_their_room_and_the_first_is_there_if_it_fits(notes: list[str], room: int) -> None:
    said = remarks.joined(notes, room)
    assert len(said) <= room
    first = next(filter(None, notes), "")
    assert said.startswith(first) or len(first) > room


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_what_else_stands_below_a_page_fits_beside_the_notes(locale: str) -> None:
    mention = "\n-# <@12345678901234567890>"
    longest = max(len(mention), len(texts.say("too_many_pages", locale)) + 1)
    assert ROOM + 1 + longest <= TAIL_ROOM


def longest_notes(locale: str) -> list[str]:
    """Each note with the longest names that there are."""
    files = [Enclosure(LONG, trouble=name) for name in texts.names() if name.startswith("file_")]
    clip = Exhibit(LONG, Media(MediaKind.VIDEO, "video/mp4", b"film"))
    views = [View(EYE, (PICTURE,), 99, (clip,), why) for why in WHYS]
    return [
        *(remarks.missing([file, file], locale, 1_000) for file in files),
        remarks.cut(locale),
        remarks.unread([Enclosure(LONG)] * 20, locale),
        *itertools.chain(*(remarks.looked(view, READER, locale) for view in views)),
        remarks.other_pictures(locale),
        remarks.who_answered(Delta(finish=FinishReason.STOP, model=EYE.name, provider="bigmodel"), "x", "y", locale),
        remarks.tools("with_tools", [LONG, LONG], locale),
    ]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_every_note_fits_beside_the_mark_of_the_end(locale: str) -> None:
    marks = max(len(texts.say(mark, locale)) for mark in MARKS)
    assert [note for note in longest_notes(locale) if len(note) > ROOM - marks - 1] == []


def test_files_that_nobody_reads_are_named_once() -> None:
    files = [Enclosure("a.docx"), Enclosure("b.mp3"), Enclosure("c.txt", ""), Enclosure("d.png", media=PICTURE)]
    assert remarks.unread(files, "en-US") == "I can't read files like “a.docx” (+1)."
    assert remarks.unread([*files[2:], Enclosure("e.txt", trouble="file_gone")], "en-US") == ""


def test_a_file_is_named_without_what_could_pass_for_our_marks() -> None:
    assert "“a b”" in remarks.unread([Enclosure("a\n]<b")], "en-US")


def test_who_looked_and_at_how_many_is_said() -> None:
    notes = remarks.looked(View(EYE, (PICTURE,), 3), READER, "en-US")
    assert notes == [
        "I looked at the first 1 of 3 pictures.",
        texts.say("seen_by", "en-US", seer=EYE.name, model=READER.name),
    ]


def test_where_the_chosen_model_has_seen_all_nothing_is_said() -> None:
    assert remarks.looked(View(EYE, (PICTURE,), 1), EYE, "en-US") == []
    assert remarks.looked(View(), READER, "en-US") == []


def test_why_nobody_looks_is_said_only_where_nobody_does() -> None:
    clip = Exhibit("a.mov", Media(MediaKind.VIDEO, "video/quicktime", b"film"))
    assert "“a.mov”" in remarks.unseen(View(missed=(clip,), why="not_taken"), "en-US")
    assert remarks.unseen(View(EYE, (PICTURE,), 1, (clip,), "not_together"), "en-US") == ""
    assert remarks.unseen(View(), "en-US") == ""
