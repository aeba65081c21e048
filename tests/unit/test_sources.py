"""What strangers called their pages, and where they are, does no harm in the list below an answer."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.addresses import is_public_host
from bot.completion import Source
from bot.sources import MOST, listing

PLAIN = Source("Tides of the North Sea", "https://tides.example/north")
LINE = re.compile(r"\d\. (?:\[(?P<title>[^\[\]<>\n]*)\]\((?P<address>https?://[!-'*-;=?-~]+)\)|(?P<bare>[^\[\]<>\n]+))")


def lines(*sources: Source) -> list[str]:
    return listing(sources, "en").splitlines()[1:]


def test_sources_are_numbered_links_under_a_heading_in_the_askers_language() -> None:
    other = Source("Moon", "http://moon.example")
    expected = "1. [Tides of the North Sea](https://tides.example/north)\n2. [Moon](http://moon.example)"
    assert listing([PLAIN, other], "en-US") == f"Sources:\n{expected}"
    assert listing([PLAIN, other], "zh-CN") == f"来源:\n{expected}"


def test_without_sources_there_is_no_list() -> None:
    assert listing([], "en") == ""
    assert listing([Source("", "javascript:alert(1)")], "en") == ""


def test_at_most_five_are_listed_and_each_address_once() -> None:
    many = [Source(f"Page {n}", f"https://x.example/{n // 2}") for n in range(40)]
    assert [line[3:11] for line in lines(*many)] == [f"[Page {n}]"[:8] for n in range(0, 2 * MOST, 2)]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://files.example/x",
        "//x.example",
        "x.example/page",
        "https://",
        "https://localhost/x",
        "http://127.0.0.1:8080/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://10.1.2.3/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://printer.local/",
        "https://wiki.corp/secret",
        "https://metadata.google.internal/",
        "https://intranet/",
        "https://user:secret@x.example/",
        "https://bank.example@evil.example/",
        "https://x.example\\@evil.example/",
        "https://x.example:99999999/",
        "https://x.example:80a/",
        "https://[x.example/",
        f"https://x.example/{'y' * 500}",
    ],
)
def test_an_address_that_nobody_should_follow_is_left_out_and_the_title_stays(address: str) -> None:
    assert lines(Source("Title", address), PLAIN) == ["1. Title", f"2. [{PLAIN.title}]({PLAIN.url})"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://x.example/a?b=c&d=%20#e", "https://x.example/a?b=c&d=%20#e"),
        ("HTTPS://X.Example/Path", "https://x.example/Path"),
        ("https://x.example:8443/", "https://x.example:8443/"),
        ("https://x.example/Foo_(bar)", "https://x.example/Foo_%28bar%29"),
        ("https://x.example/北京 1", "https://x.example/%E5%8C%97%E4%BA%AC%201"),
        ("https://例子.中国/", "https://xn--fsqu00a.xn--fiqs8s/"),
        (
            "https://x.example/>) ![x](https://evil.example/?q",
            "https://x.example/%3E%29%20!%5Bx%5D%28https://evil.example/?q",
        ),
        (
            "https://x.example/\n1. [x](<https://evil.example>)",
            "https://x.example/%0A1.%20%5Bx%5D%28%3Chttps://evil.example%3E%29",
        ),
        ("https://8.8.8.8/dns", "https://8.8.8.8/dns"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"),
    ],
)
def test_other_addresses_lead_to_the_same_place_and_end_nothing(address: str, shown: str) -> None:
    assert lines(Source("Title", address)) == [f"1. [Title]({shown})"]


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("# Big **bold** `code` ||spoiler|| ~~no~~ _it_", "Big bold code spoiler no it"),
        (
            "x](https://evil.example) ![y](https://evil.example/z)",
            "x (https:​//evil.​example) ! y (https:​//evil.​example/z)",
        ),
        ("one\ntwo\r\n\tthree\u2028four", "one two three four"),
        ("<@1234> <!channel> <https://evil.example|safe>", "@​1234 !channel https:​//evil.​example safe"),
        ("@everyone look at discord.gg/trap", "@​everyone look at discord.​gg/trap"),
        ("\u202eelpmaxe.live\u202c", "elpmaxe.​live"),
        ("GLM-4.6 costs 0.60", "GLM-4.6 costs 0.60"),
        ("<quoted>x</quoted>", "quoted x /quoted"),
        ("长" * 200, "长" * 80),
    ],
)
def test_a_title_is_one_line_of_plain_text(title: str, shown: str) -> None:
    assert lines(Source(title, "https://x.example/")) == [f"1. [{shown}](https://x.example/)"]


@pytest.mark.parametrize("title", ["", "   ", "***", "\u200b" * 20])
def test_a_page_without_a_title_goes_by_its_host(title: str) -> None:
    assert lines(Source(title, "https://x.example/page")) == ["1. [x.​example](https://x.example/page)"]


ANY = st.text(alphabet=st.sampled_from(list("ab1.:/\\@<>()[]!*_`|~#?=%\n \u200b\u202e北")), max_size=60)


@given(st.lists(st.builds(Source, ANY, st.one_of(ANY, ANY.map(lambda rest: f"https://x.example/{rest}"))), max_size=8))
def test_whatever_strangers_write_each_line_is_a_number_and_one_link_or_plain_text(sources: list[Source]) -> None:
    written = lines(*sources)
    assert len(written) <= MOST
    for line in written:
        found = LINE.fullmatch(line)
        assert found, line
        title = found["title"] or found["bare"]
        assert not re.search(r"://|@(?!\u200b)|[`*|~\\\u202e]", title), line


@pytest.mark.parametrize(
    "host", ["x.example", "a-b.x.example", "xn--fiqs8s.cn", "x.example.", "_dmarc.x.example", "1.2.x.example"]
)
def test_names_of_the_internet_are_public(host: str) -> None:
    assert is_public_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "x",
        "x..example",
        "-x.example",
        "x-.example",
        "1.2.3",
        "0x1.0x2",
        "192.168.0.1",
        "a.localhost",
        "x.home.arpa",
        "中国.cn",
    ],
)
def test_others_are_not(host: str) -> None:
    assert not is_public_host(host)
