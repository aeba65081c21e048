from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack_app.blocks import (
    FALLBACK_SIZE,
    MARKDOWN_SIZE,
    characters,
    defused,
    escaped,
    fallback,
    message,
    naming,
    octets,
    steady,
    trailer,
)
from bot.messages import ControlKind, Page

# Slack docs, messaging/formatting-message-text: what Slack itself reads as a mention.
PINGS = re.compile(r"<!(channel|here|everyone|group|subteam\^\w+)(\|[^>]*)?>|<@[UW][A-Z0-9]+(\|[^>]*)?>")
PIECES = [
    "<",
    "!",
    "@",
    "<!",
    "<@",
    "channel",
    "here",
    "everyone",
    "subteam^S12",
    "group",
    "U1",
    "W",
    "U",
    ">",
    "|x",
    "a",
    "\n",
]
risky = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
words = st.one_of(risky, st.text())


@given(words)
def test_nothing_that_pings_is_left(text: str) -> None:
    assert not PINGS.search(defused(text))


@given(words, st.integers(0, 60))
def test_what_was_sent_of_a_growing_text_stays_true(text: str, cut: int) -> None:
    assert defused(text).startswith(defused(text[:cut]))


@given(words)
def test_only_invisible_marks_are_added(text: str) -> None:
    assert defused(text).replace("\u2060", "") == text.replace("\u2060", "")
    assert characters(text) == len(defused(text)) >= len(text)
    assert octets(text) >= len(text.encode())


@pytest.mark.parametrize(
    "ping", ["<!channel>", "<!here|here>", "<!everyone>", "<!subteam^S1|@devs>", "<@U024BE7LH>", "<@W1|x>"]
)
def test_each_kind_of_ping_is_taken_out(ping: str) -> None:
    assert PINGS.search(ping)
    assert not PINGS.search(defused(f"Hi {ping}!"))


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html>",
        "<!-- a comment -->",
        "<![CDATA[x]]>",
        "List<@NonNull T>",
        "<ann@example.org>",
        "a < b",
        "<!element x>",
    ],
)
def test_what_only_looks_alike_stays_as_it_is(text: str) -> None:
    assert defused(text) == text


LINES = ["| a | b |", "|---|---|", "| 1 | 2 |", "```py", "```", "code", "words", "a | b", "--", "", "- item", "# head"]
documents = st.lists(st.sampled_from(LINES), max_size=8).map("\n".join)


@given(documents)
def test_what_is_settled_is_a_beginning(body: str) -> None:
    assert body.startswith(steady(body))


@pytest.mark.parametrize(
    ("body", "settled"),
    [
        ("words", "words"),
        ("words\n\n```py\nx = 1\n```", "words\n\n```py\nx = 1"),
        ("words\n\n```\na  b\n-  -\n1  2\n```", "words"),
        ("words\n\n```\na  b\n-  -\n1  2\n```\n\nmore", "words\n\n```\na  b\n-  -\n1  2\n```\n\nmore"),
        ("words\n| a | b |", "words"),
        ("words\n| a | b |\n|--", "words"),
        ("words\na | b\n--", "words"),
        ("`a | b` is one of " + "many " * 80, "`a | b` is one of " + "many " * 80),
        ("| a", ""),
        ("", ""),
    ],
)
def test_what_may_yet_change_is_kept_back(body: str, settled: str) -> None:
    assert steady(body) == settled


def test_a_page_becomes_its_text_its_tail_and_its_buttons() -> None:
    page = Page("**bold**", "_(stopped)_", (ControlKind.REGENERATE, ControlKind.UPVOTE, ControlKind.DOWNVOTE), 7)
    shown = message(page, "zh-CN")
    kinds = [block["type"] for block in shown["blocks"]]
    assert kinds == ["markdown", "context", "actions", "context_actions"]
    assert shown["blocks"][0]["text"] == "**bold**"
    [button] = shown["blocks"][2]["elements"]
    assert (button["action_id"], button["text"]["text"]) == ("glm:regenerate:7", "重新生成")
    [thumbs] = shown["blocks"][3]["elements"]
    assert thumbs["action_id"] == "glm:rate:7"
    assert [thumbs[name]["value"] for name in ("positive_button", "negative_button")] == ["upvote", "downvote"]


def test_a_growing_page_can_be_stopped_and_not_rated() -> None:
    [actions] = trailer(Page("words", controls=(ControlKind.STOP,), turn=7), "")
    assert [(b["action_id"], b["style"]) for b in actions["elements"]] == [("glm:stop:7", "danger")]


def test_a_page_without_text_shows_its_tail_once() -> None:
    shown = message(Page("", "one moment", (ControlKind.STOP,), 7), "")
    assert [block["type"] for block in shown["blocks"]] == ["markdown", "actions"]
    assert shown["blocks"][0]["text"] == "one moment"


def test_an_empty_page_is_still_a_message() -> None:
    shown = message(Page(""), "")
    assert shown["blocks"][0]["text"]
    assert shown["text"]


@given(words)
def test_the_fallback_is_plain_text_of_a_bounded_size(text: str) -> None:
    shown = fallback(Page(text))
    assert 0 < len(shown) <= FALLBACK_SIZE
    assert not re.search(r"[<>]", shown)
    assert re.fullmatch(r"(?:[^&]|&amp;|&lt;|&gt;)*", shown, re.DOTALL)


def test_a_cut_leaves_no_half_character_in_the_fallback() -> None:
    assert fallback(Page("x" * (FALLBACK_SIZE - 2) + "&&")) == "x" * (FALLBACK_SIZE - 2)


def test_a_tail_cannot_ping_either() -> None:
    [context] = trailer(Page("words", "by <!channel> & co"), "")
    assert context["elements"][0]["text"] == escaped("by <!channel> & co") == "by &lt;!channel&gt; &amp; co"


def test_our_own_sentences_name_the_commands_that_a_thread_takes() -> None:
    page = Page("", "Pick another with /model, not a/model.", turn=1)
    assert message(page, "")["blocks"][0]["text"] == "Pick another with !model, not a/model."
    below = message(Page("Words of /model.", "See /reset.", turn=1), "")["blocks"]
    assert below[0]["text"] == "Words of /model."
    assert below[1]["elements"][0]["text"] == "See !reset."


@given(st.text(max_size=2 * MARKDOWN_SIZE))
def test_where_there_is_room_for_text_only_the_mention_fits_in(text: str) -> None:
    shown = naming({"markdown_text": text[:MARKDOWN_SIZE]}, "U7")["markdown_text"]
    assert shown.startswith("<@U7>")
    assert len(shown) <= MARKDOWN_SIZE
    assert text.startswith(shown.removeprefix("<@U7>\n\n"))
