from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decoding import decoded

CHINESE = "春眠不觉晓,处处闻啼鸟。夜来风雨声,花落知多少。"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_chinese_is_read_in_the_encodings_in_which_it_is_written(encoding: str) -> None:
    text = f"# 标题 title\n{CHINESE}\r\n\tx = 1"
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_a_mark_says_the_order_of_bytes(mark: str) -> None:
    assert decoded(f"\ufeff{CHINESE} abc".encode(mark)) == f"{CHINESE} abc"


@pytest.mark.parametrize("text", ["Grüße aus Köln, für 5 €", "“Don’t” – naïve café", "El niño comió piñas"])
def test_old_western_files_are_no_chinese(text: str) -> None:
    assert decoded(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    "data", [PNG, JPEG, b"MZ\x90\x00\x03", b"a\x00b\x00", b"\x7fELF\x02", b"\x1f\x8b\x08\x04\xff\x01"]
)
def test_what_is_no_text_is_not_taken_for_one(data: bytes) -> None:
    assert decoded(data) is None


def test_nothing_is_a_text() -> None:
    assert decoded(b"") == ""


def test_the_colours_of_a_program_are_text() -> None:
    assert decoded(b"\x1b[31mred\x1b[0m\n") == "\x1b[31mred\x1b[0m\n"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("cut", range(1, 8))
def test_a_letter_that_the_end_has_cut_is_left_out(encoding: str, cut: int) -> None:
    text = decoded((CHINESE * 3).encode(encoding)[:-cut])
    assert text is not None
    assert (CHINESE * 3).startswith(text)
    assert len(text) >= len(CHINESE * 3) - cut


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn"))))
def test_every_text_in_utf_8_is_read_as_it_is(text: str) -> None:
    expected = text.removeprefix("\ufeff")
    assert decoded(text.encode()) == expected


@given(st.binary(max_size=200))
def test_whatever_it_is_nothing_is_raised(data: bytes) -> None:
    text = decoded(data)
    assert text is None or "\0" not in text
