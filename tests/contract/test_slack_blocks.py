"""Block Kit in the local Slack: what is allowed, and which words a reader sees."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.slack import blocks
from playground.slack.block_kit import MARKDOWN
from playground.slack.model import Json
from playground.slack.refusals import Refusal


def text(words: str, kind: str = "mrkdwn") -> Json:
    return {"type": kind, "text": words}


def button(**more: Any) -> Json:
    return {"type": "button", "text": text("Go", "plain_text"), **more}


def option(number: int) -> Json:
    return {"text": text(f"model {number}", "plain_text"), "value": str(number)}


def thumbs(**more: Any) -> Json:
    half = {"text": text("Good", "plain_text"), "value": "up"}
    return {"type": "feedback_buttons", "positive_button": half, "negative_button": half, **more}


def select(count: int, **more: Any) -> Json:
    return {"type": "static_select", "action_id": "s", "options": [option(n) for n in range(count)], **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def table(rows: int, columns: int, cell: str = "x") -> Json:
    return {"type": "table", "rows": [[text(cell, "raw_text")] * columns] * rows}


GOOD: list[Json] = [
    {"type": "markdown", "text": "x" * MARKDOWN},
    {"type": "section", "text": text("x" * 3000), "accessory": button(action_id="a", value="v", style="danger")},
    {"type": "section", "fields": [text("x" * 1000)] * 10, "block_id": "b"},
    {"type": "header", "text": text("x" * 150, "plain_text")},
    {"type": "context", "elements": [text("a"), {"type": "image", "image_url": "http://x/y", "alt_text": "y"}]},
    actions(*(button(action_id=str(n), value="x" * 2000) for n in range(25))),
    actions(select(100, initial_option=option(3))),
    {"type": "context_actions", "elements": [thumbs(action_id="x" * 255)]},
    table(100, 20),
    {"type": "divider"},
    {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [text("hi", "text")]}]},
]
BAD: list[tuple[Json, str]] = [
    ({"type": "paragraph", "text": "x"}, "unsupported type"),
    ({"type": "section"}, "must have one of: text, fields"),
    ({"type": "section", "text": text("x" * 3001)}, "must be less than 3001 characters"),
    ({"type": "section", "text": text("")}, "must be more than 0 characters"),
    ({"type": "section", "text": "bare"}, "must be a text object"),
    ({"type": "section", "text": text("x"), "colour": "red"}, "invalid additional property: colour"),
    ({"type": "header", "text": text("x")}, "must be one of: plain_text"),
    ({"type": "header", "text": text("x" * 151, "plain_text")}, "must be less than 151"),
    ({"type": "markdown", "text": "x" * (MARKDOWN + 1)}, "must be less than 12001"),
    ({"type": "context", "elements": [text("x")] * 11}, "no more than 10 items"),
    (actions(), "no fewer than 1 items"),
    (actions(*[button()] * 26), "no more than 25 items"),
    (actions(button(action_id="a"), button(action_id="a")), "already exists"),
    (actions(button(action_id="x" * 256)), "must be less than 256"),
    (actions(button(value="x" * 2001)), "must be less than 2001"),
    (actions(button(style="loud")), "must be one of: primary, danger"),
    (actions(select(101)), "no more than 100 items"),
    (actions(select(2, initial_option=option(3))), "initial_option must be one of the options"),
    (actions(thumbs()), "unsupported type"),
    ({"type": "context_actions", "elements": [button()]}, "unsupported type"),
    (table(101, 2), "no more than 100 items"),
    (table(2, 21), "no more than 20 items"),
]


@pytest.mark.parametrize("block", GOOD, ids=lambda b: b["type"])
def test_a_block_at_its_limits_is_taken(block: Json) -> None:
    assert blocks.read(json.dumps([block])) == [block]


@pytest.mark.parametrize(("block", "sentence"), BAD)
def test_a_block_beyond_its_limits_is_refused_with_a_reason(block: Json, sentence: str) -> None:
    with pytest.raises(Refusal) as caught:
        blocks.read([block])
    assert caught.value.error == "invalid_blocks"
    assert sentence in caught.value.body["errors"][0]
    assert "[json-pointer:/blocks/0" in caught.value.body["errors"][0] or "already exists" in sentence


@pytest.mark.parametrize(
    "many",
    [
        [{"type": "markdown", "text": "x" * 6001}] * 2,
        [table(100, 10, "x" * 11)],
        [{"type": "section", "text": text("x" * 3000)}] * 5,
    ],
)
def test_blocks_may_be_too_long_together(many: list[Json]) -> None:
    with pytest.raises(Refusal) as caught:
        blocks.read(many)
    assert caught.value.error == "msg_blocks_too_long"


def test_a_block_id_is_used_once() -> None:
    with pytest.raises(Refusal, match="invalid_blocks"):
        blocks.read([{"type": "divider", "block_id": "b"}] * 2)


# What a client library of JSON can make, to look for values at which the checks themselves break.
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["type", "text", "elements"]), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted({b["type"] for b in GOOD})), st.dictionaries(st.text(max_size=8), ANY_JSON, max_size=4))
@settings(deadline=None)
def test_nonsense_is_refused_and_never_breaks_the_check(kind: str, fields: Json) -> None:
    known = ["text", "elements", "rows", "fields", "block_id"]
    block = {**dict(zip(known, fields.values(), strict=False)), "type": kind}
    taken: list[Json] = []
    with contextlib.suppress(Refusal):  # anything else is a broken check
        taken = blocks.read([block])
    assert isinstance(blocks.words_of(taken, ""), str)


def test_a_reader_sees_the_words_without_the_buttons() -> None:
    shown: list[Json] = [
        {"type": "header", "text": text("Title", "plain_text")},
        {"type": "section", "text": text("One"), "fields": [text("two"), text("three")]},
        {"type": "context", "elements": [text("small"), text("print")]},
        table(2, 2),
        {"type": "task_card", "task_id": "t", "title": "Thinking"},
        actions(button()),
    ]
    assert blocks.words_of(shown, "First") == "First\nTitle\nOne\ntwo\nthree\nsmall print\nx | x\nx | x"
