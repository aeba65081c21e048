from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack_app.markup import mentions, mrkdwn, part, parts, plain, word, words_of

NAMES = {"U1": "Ann"}


def read(text: str) -> str:
    return plain(text, "UBOT", lambda user: NAMES.get(user, ""))


@pytest.mark.parametrize(
    ("text", "plain_text"),
    [
        ("<@UBOT> what is this?", "what is this?"),
        ("  <@UBOT|glimmer>: what is this?", "what is this?"),
        ("<@UBOT>, hello", "hello"),
        ("<@UBOT> :smile:", ":smile:"),
        ("<@UBOT>:smile:", ":smile:"),
        ("well, <@UBOT>", "well,"),
        ("<@UBOT>", ""),
        ("ask <@U1> or <@U2> or <@U3|cleo>", "ask @Ann or @U2 or @cleo"),
        ("in <#C1|general> and <#C2> and <#C3|>", "in #general and #C2 and #C3"),
        ("<!here> <!channel|channel> <!everyone>", "@here @channel @everyone"),
        ("<!subteam^S1|@devs> <!subteam^S2>", "@devs @S2"),
        ("<!date^1392734382^{date}|18 February 2014>", "18 February 2014"),
        ("see <https://a.test/x>", "see https://a.test/x"),
        ("see <https://a.test/x|a.test/x>", "see https://a.test/x"),
        ("see <https://a.test/|a.test>", "see https://a.test/"),
        ("see <https://a.test/?a=1&amp;b=2|the page>", "see the page (https://a.test/?a=1&b=2)"),
        ("<mailto:a@b.test|a@b.test>", "a@b.test"),
        ("<tel:+491234|call>", "call (+491234)"),
        ("a &lt; b &amp;&amp; b &gt; c", "a < b && b > c"),
        ("&amp;lt; stays", "&lt; stays"),
        ("&lt;@UBOT&gt; in words", "<@UBOT> in words"),
        ("a <b> c", "a <b> c"),
        ("中文 <@UBOT> 可以", "中文  可以"),
    ],
)
def test_slacks_marks_become_what_people_see(text: str, plain_text: str) -> None:
    assert read(text) == plain_text


@settings(deadline=None)
@given(st.text())
def test_what_somebody_typed_comes_back_as_they_typed_it(text: str) -> None:
    sent = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert read(sent) == text.strip()


def test_a_mention_is_of_this_user_only() -> None:
    assert mentions("hey <@UBOT>", "UBOT")
    assert mentions("hey <@UBOT|glimmer>", "UBOT")
    assert not mentions("hey <@UBOTX> @UBOT &lt;@UBOT&gt;", "UBOT")
    assert not mentions("hey <@>", "")


def test_without_a_user_of_our_own_no_mention_is_ours() -> None:
    assert plain("<@U1> hi", "", lambda user: NAMES.get(user, "")) == "@Ann hi"


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("**Ask** me & <you>", "*Ask* me &amp; &lt;you&gt;"),
        ("Pick another with /model.", "Pick another with /glm model."),
        ("**/stop** or `/reset`, not http://a.test/help or /models", None),
        ("用 /reset 重新开始", "用 /glm reset 重新开始"),
        ("Tools: **/weather**, **/my-tool** but /weather", "Tools: */glm weather*, */glm my-tool* but /weather"),
    ],
)
def test_our_own_sentences_are_shown_in_slacks_way(sentence: str, shown: str | None) -> None:
    assert mrkdwn(sentence) == (shown or "*/glm stop* or `/glm reset`, not http://a.test/help or /models")


def test_blocks_are_read_in_their_order() -> None:
    line: dict[str, Any] = {
        "type": "rich_text_section",
        "elements": [
            {"type": "text", "text": "ask "},
            {"type": "user", "user_id": "U1"},
            {"type": "link", "url": "https://a.test"},
        ],
    }
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Title"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "one"}, {"type": "mrkdwn", "text": "two"}]},
        {"type": "rich_text", "elements": [line]},
        {"type": "image", "image_url": "https://a.test/i"},
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "elements": [line, line]}]},
    ]
    one = "ask <@U1>https://a.test"
    assert words_of(blocks) == f"Title\none\ntwo\n{one}\n{one}\n{one}"


def test_blocks_without_end_are_read_to_a_depth() -> None:
    block: dict[str, Any] = {"type": "text", "text": "deep"}
    for _ in range(5_000):
        block = {"type": "rich_text", "elements": [block]}
    assert words_of([block]) == ""


def test_what_has_another_shape_is_not_there() -> None:
    odd: dict[str, Any] = {"text": 3, "list": [1, {"a": "b"}], "none": None, "empty": ""}
    assert part(odd, "text") == part(odd, "none") == {}
    assert parts(odd, "list") == [{"a": "b"}]
    assert parts(odd, "text") == parts(odd, "none") == []
    assert word(odd, "text", "none", "empty", "list") == ""
