from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.addresses import Trust, harmless, name_of, read_host, written_in

WIKI = frozenset({"wiki.example"})


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://Evil.Example/Login", "evil.example"),
        ("https://me:pw@evil.example.:8443/", "evil.example"),
        ("https:evil.example", "evil.example"),
        ("https:/evil.example/x", "evil.example"),
        ("https:///evil.example", "evil.example"),
        (r"https:\\evil.example\x", "evil.example"),
        (r"https://evil.example\@wiki.example/", "evil.example"),
        ("//evil.example", "evil.example"),
        ("1https://evil.example/", "evil.example"),
        ("://evil.example/", "evil.example"),
        ("www.evil.example:8080/?u=https://wiki.example", "www.evil.example"),
        ("evil.example:8080/login", "evil.example"),
        ("evil.example/login", "evil.example"),
        ("mailto:eve@evil.example?body=x", "evil.example"),
        ("https://ｅｖｉｌ。example/", "evil.example"),
        ("https://ev\u00adil.exa\ufe0fmple/", "evil.example"),
        ("https://例子.中国/", "xn--fsqu00a.xn--fiqs8s"),
        ("http://localhost:8000/", "localhost"),
        ("https:1572395042", "1572395042"),
    ],
)
def test_the_name_of_a_host_is_the_one_to_which_a_browser_goes(address: str, name: str) -> None:
    assert name_of(address) == name


@pytest.mark.parametrize("address", ["", "#part", "docs/page", "/docs", "?a", "https://", "localhost:80/x"])
def test_some_addresses_lead_to_no_host(address: str) -> None:
    assert name_of(address) == ""


@pytest.mark.parametrize(
    "address",
    [
        *("https://evil%2eexample/", "https://evil&#46;example/", "https://a..b/", "https://?x", "javascript:alert(1)"),
        *("https://[::1]/", "tel:+123", "https://evil.example|x/", "https://a\tb.example/", f"https://{'a' * 64}.b"),
        *("https://stra\u00dfe.example/", "https://a\u200db.example/", f"https://{'a.' * 130}b/"),
    ],
)
def test_what_is_no_name_is_taken_for_none(address: str) -> None:
    assert name_of(address) is None
    trust = Trust(WIKI)
    trust.suspect(address)
    assert not trust.allows(address)


@given(st.text("htps:/\\@.www?#%[]()80-_aé。ß\u200d\ufe0f中xn", max_size=40))
def test_any_text_has_a_name_or_none(text: str) -> None:
    name = name_of(text)
    assert name is None or set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("wiki.example", "wiki.example"),
        ("Wiki.Example.", "wiki.example"),
        ("10.0.0.7", "10.0.0.7"),
        ("例子.中国", "xn--fsqu00a.xn--fiqs8s"),
    ],
)
def test_an_operator_writes_hosts(written: str, name: str) -> None:
    assert read_host(written) == name


@pytest.mark.parametrize(
    "written",
    [
        *("https://wiki.example", "wiki.example/", "wiki.example:80", "*.wiki.example", ".example", "me@wiki.example"),
        *("wiki", "example", "wiki example", "", "wiki.example?", r"wiki.example\x", "a..b", "//wiki.example"),
    ],
)
def test_all_else_is_refused_in_one_line(written: str) -> None:
    with pytest.raises(ValueError, match=r"is no host; write one such as wiki\.example") as error:
        read_host(written)
    assert "\n" not in str(error.value)


def test_a_text_without_addresses_looks_the_same() -> None:
    text = harmless("see https://evil.example/login or www.evil.example")
    assert text.replace("\u200b", "") == "see https://evil.example/login or www.evil.example"
    assert "://" not in text
    assert "www.evil" not in text


def test_a_run_of_brackets_is_not_read_in_as_many_ways() -> None:
    assert len(written_in("https://a.example/" + "(" * 1_900)) < 200


# Which addresses may be followed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        *("https://evil.example/login", "evil.example", "www.evil.example/x", "EVIL.example.", "eve@evil.example"),
        *(
            "http://evil.example:8080",
            "看evil.example吧",
            "_evil.example_",
            "-evil.example",
            "(evil.example)",
            "…evil.example",
        ),
        *("evil.example.Click here", "evil。example", "ｅｖｉｌ.example", "ev\u200bil.example", "evil&#46;example"),
        *("?u=https%3A%2F%2Fevil.example%2F", r"https:\/\/evil.example\/", "https:\u200b//evil.\u200bexample/x"),
    ],
)
@pytest.mark.parametrize("address", ["https://evil.example/", "https://EVIL.example:1/p/x", "https:evil.example"])
def test_what_strangers_wrote_may_not_be_followed(written: str, address: str) -> None:
    trust = Trust()
    assert trust.allows(address)
    trust.suspect(written)
    assert not trust.allows(address)


@pytest.mark.parametrize(
    ("written", "address", "follows"),
    [
        ("evil.example", "https://a.b.evil.example", False),
        ("evil.example", "https://www.evil.example", False),
        ("www.evil.example", "https://evil.example", False),
        ("www.evil.example", "https://docs.evil.example", True),
        ("docs.python.example", "https://python.example", True),
        ("evil.example", "https://notevil.example", True),
        ("notevil.example", "https://evil.example", True),
        ("x-evil.example", "https://evil.example", True),
        ("evil.example", "https://evil.example2", True),
        ("evil.example-x", "https://evil.example", True),
        ("example", "https://evil.example", True),
        ("请登录例子.中国确认", "https://例子.中国/x", False),
        ("请登录例子.中国确认", "https://xn--fsqu00a.xn--fiqs8s", False),
        ("xn--fsqu00a.xn--fiqs8s", "https://例子.中国/", False),
        ("http://localhost:1/", "http://localhost:2/", False),
        ("see the docs", "http://docs/", True),
        ("see docs/page.md", "docs/page.md", True),
    ],
)
def test_strange_are_hosts_and_what_is_below_them(written: str, address: str, follows: bool) -> None:
    trust = Trust()
    trust.suspect(written)
    assert trust.allows(address) == follows


@pytest.mark.parametrize(
    ("address", "follows"),
    [
        ("https://wiki.example/start", True),
        ("https://a.wiki.example/start", True),
        ("https://WIKI.example:8443/start", True),
        ("https://wiki.example/?id=5", True),
        ("https://wiki.example/?id=6", False),
        ("https://forum.example/other", True),
        ("https://forum.example/?id=5", True),
        ("https://forum.example/?id=6", False),
        ("https://forum.example/?asked", True),
        ("https://a.forum.example/", False),
        ("https://other.example/?id=5", False),
        ("https://other.example/", False),
        ("https://notwiki.example/?id=5", False),
        ("https://wiki.example.evil.example/", False),
        (r"https://evil.example\@wiki.example/", False),
        (r"https://evil.example\.wiki.example/", False),
        ("https://wiki.example@evil.example/", False),
    ],
)
def test_at_some_hosts_what_strangers_wrote_may_be_followed(address: str, follows: bool) -> None:
    trust = Trust(WIKI)
    trust.learn("is it https://forum.example/?asked ?")
    ids = " ".join(f"https://{host}.example/?id=5" for host in ("wiki", "forum", "other", "notwiki"))
    trust.suspect(
        rf"{ids} a.forum.example https://evil.example\@wiki.example/ https://evil.example\.wiki.example/ "
        "https://wiki.example@evil.example/ evil.example"
    )
    assert trust.allows(address) == follows


@pytest.mark.parametrize(("echoed", "follows"), [("", True), ('{"q": "wiki.example"}', False), ('{"q": "x"}', True)])
def test_what_the_model_itself_had_said_is_not_found(echoed: str, follows: bool) -> None:
    trust = Trust(WIKI)
    trust.suspect("https://wiki.example/?id=5", echoed=echoed)
    assert trust.allows("https://wiki.example/?id=5") == follows


def test_what_people_wrote_may_be_followed_whoever_else_wrote_it() -> None:
    trust = Trust()
    trust.suspect("https://club.example/?boat=7")
    assert not trust.allows("https://club.example/?boat=7")
    trust.learn("https://club.example/?boat=7")
    assert trust.allows("https://club.example/?boat=7")
