from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.glm.sse import EventDecoder, EventTooLarge

STREAM = (
    b"\xef\xbb\xbf: hello\r\ndata: one\r\n\r\nevent: error\rdata:two\rdata: three\r\r"
    + "data: 你好👋 \u2028 \u0085 \x0b\n\n:\n\nid: 7\ndata\ndata:  kept\n\n: bye\ndata: last".encode()
)
EVENTS = [
    (b"", b"one"),
    (b"error", b"two\nthree"),
    (b"", "你好👋 \u2028 \u0085 \x0b".encode()),
    (b"", b" kept"),
    (b"", b"last"),
]


def decode(*reads: bytes, limit: int = 1000) -> list[tuple[bytes, bytes]]:
    decoder = EventDecoder(limit)
    events = [event for read in reads for event in decoder.feed(read)]
    return events + decoder.end()


def data_of(*reads: bytes) -> list[bytes]:
    return [data for _, data in decode(*reads)]


def test_v02_every_two_way_split_of_the_bytes_gives_the_same_events() -> None:
    for cut in range(len(STREAM) + 1):
        assert decode(STREAM[:cut], STREAM[cut:]) == EVENTS


@settings(deadline=None)
@given(st.lists(st.integers(0, len(STREAM))))
def test_v02_any_split_of_the_bytes_gives_the_same_events(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert decode(*(STREAM[a:b] for a, b in pairwise(edges))) == EVENTS


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, 300))
def test_foreign_bytes_give_the_same_events_however_they_are_cut(data: bytes, cut: int) -> None:
    assert decode(data) == decode(data[:cut], data[cut:])


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c"])
def test_v03_raw_line_separators_inside_content(separator: str) -> None:
    line = f'{{"a":"x{separator}y"}}'.encode()
    assert data_of(b"data: " + line + b"\n\n") == [line]


def test_v04_comments_before_between_and_after() -> None:
    assert data_of(b": a\n\ndata: 1\n: b\n\n: c\n\ndata: 2\n\n: d\n") == [b"1", b"2"]


def test_v05_data_without_a_space() -> None:
    assert data_of(b"data:1\n\ndata: 2\n\n") == [b"1", b"2"]


def test_v06_crlf_and_lone_cr() -> None:
    assert data_of(b"data: 1\r\n\r\ndata: 2\r\rdata: 3\n\n") == [b"1", b"2", b"3"]


def test_v06_crlf_cut_between_its_bytes_is_one_line_end() -> None:
    assert data_of(b"data: 1\r", b"\ndata: 2\r", b"\n\r", b"\n") == [b"1\n2"]


def test_v07_byte_order_mark() -> None:
    assert data_of(b"\xef\xbb", b"\xbfdata: 1\n\n") == [b"1"]


def test_v08_no_blank_line_at_the_end() -> None:
    assert data_of(b"data: 1\n\ndata: 2") == [b"1", b"2"]


def test_a_line_without_end_is_refused_at_the_limit() -> None:
    decoder = EventDecoder(100)
    assert decoder.feed(b"x" * 100) == []
    with pytest.raises(EventTooLarge):
        decoder.feed(b"x")


def test_an_event_of_many_lines_is_refused_at_the_limit() -> None:
    decoder = EventDecoder(100)
    with pytest.raises(EventTooLarge):
        decoder.feed(b"data: 12345678901\n" * 10)


def test_many_events_together_may_exceed_the_limit_of_one() -> None:
    assert len(decode(b"data: 123456789\n\n" * 50, limit=20)) == 50


def test_comments_are_not_held() -> None:
    decoder = EventDecoder(20)
    for _ in range(10):
        assert decoder.feed(b": keep-alive\n") == []
