"""Block Kit in messages and views: is it allowed, and which words does a reader see."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

from playground.slack.block_kit import ANYWHERE, IN_MESSAGES, MARKDOWN
from playground.slack.model import Json
from playground.slack.refusals import Refusal
from playground.slack.shapes import many, typed

MAX_BLOCKS = 50  # in a message; Slack docs, reference/block-kit/blocks
MAX_VIEW_BLOCKS = 100  # in a modal or home tab; same page
MAX_TEXT = 13_200  # characters of all blocks together; measured by others, slackapi/bolt-js#2509, metabase#79908
MAX_CELLS = 10_000  # characters in the cells of all tables of a message; reported, getnao/nao#1178
_MESSAGE = typed(IN_MESSAGES)
_VIEW = many(typed(ANYWHERE), MAX_VIEW_BLOCKS, least=0)


def read(given: Any, *, too_many: str = "invalid_blocks", too_long: str = "msg_blocks_too_long") -> list[Json]:
    """The blocks of a message, or the refusal of broken ones.

    `too_many` is how a method calls more than 50, `too_long` how it calls those with too much text.
    """
    blocks = _parsed(given)
    if len(blocks) > MAX_BLOCKS:
        sentence = f"no more than {MAX_BLOCKS} items allowed [json-pointer:/blocks]"
        raise Refusal(too_many, messages=[sentence], broken=f"{len(blocks)} blocks in a message, {MAX_BLOCKS} allowed")
    wrong = [sentence for n, block in enumerate(blocks) for sentence in _MESSAGE(block, f"/blocks/{n}")]
    wrong += _twice(blocks)
    if wrong:
        raise Refusal("invalid_blocks", messages=wrong, broken=f"invalid blocks: {wrong[0]}")
    _fit(blocks, too_long)
    return blocks


def wrong_in_view(blocks: Any, at: str) -> Iterator[str]:
    """What is wrong with the blocks of a modal or home tab."""
    yield from _VIEW(blocks, at)
    if isinstance(blocks, list):
        yield from _twice(cast("list[Json]", blocks))


def words_of(blocks: Sequence[Json], markdown: str) -> str:
    """What a reader sees, line by line, without buttons, images and task cards."""
    return "\n".join(part for part in (markdown, *(_words(block) for block in blocks)) if part)


def _parsed(given: Any) -> list[Json]:
    try:
        value: Any = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        value = None
    if not isinstance(value, list):
        raise Refusal("invalid_blocks_format")
    return cast("list[Json]", value)


def _twice(blocks: Sequence[Any]) -> list[str]:
    """Ids that occur more than once: block ids in a message, action ids in a block."""
    objects = [cast("Json", b) for b in blocks if isinstance(b, dict)]
    found = _repeated([b.get("block_id") for b in objects], "block_id")
    for number, block in enumerate(objects):
        elements = block.get("elements")
        if block.get("type") in ("actions", "context_actions") and isinstance(elements, list):
            parts = cast("list[Any]", elements)
            ids = [cast("Json", e).get("action_id") for e in parts if isinstance(e, dict)]
            found += _repeated(ids, f"action_id in block {number}")
    return found


def _repeated(ids: Sequence[Any], what: str) -> list[str]:
    there = [i for i in ids if i]
    return [f"{what} `{i}` already exists" for i in dict.fromkeys(i for i in there if there.count(i) > 1)]


def _fit(blocks: Sequence[Json], error: str) -> None:
    """Refuse blocks that are too long together."""
    markdown = sum(len(b["text"]) for b in blocks if b["type"] == "markdown")
    cells = sum(len(_words(b)) for b in blocks if b["type"] == "table")
    whole = sum(len(_words(b)) for b in blocks)
    for size, most, what in (
        (markdown, MARKDOWN, "markdown blocks"),
        (cells, MAX_CELLS, "table cells"),
        (whole, MAX_TEXT, "blocks"),
    ):
        if size > most:
            raise Refusal(error, broken=f"{size} characters in {what}, {most} allowed")


def _words(block: Json) -> str:
    """The words of one block."""
    match block.get("type"):
        case "markdown" | "text":
            return str(block.get("text", ""))
        case "section":
            return _lines([block.get("text"), *(block.get("fields") or [])])
        case "header":
            return _lines([block.get("text")])
        case "context":
            return " ".join(_text(e) for e in _parts(block) if _text(e))
        case "rich_text":
            return "".join(_run(e) for e in _parts(block)).rstrip("\n")
        case "table":
            return "\n".join(" | ".join(_cell(c) for c in row) for row in block.get("rows", []))
        case "container":
            return words_of(_parts(block, "child_blocks"), "")
        case _:
            return ""


def _lines(objects: Sequence[Any]) -> str:
    return "\n".join(_text(o) for o in objects if _text(o))


def _text(node: Any) -> str:
    if not isinstance(node, dict):
        return ""
    found = cast("Json", node).get("text")
    return found if isinstance(found, str) else ""


def _parts(node: Json, name: str = "elements") -> list[Json]:
    """The objects in a list of a block, of which not all are checked."""
    found = node.get(name)
    return [cast("Json", e) for e in cast("list[Any]", found) if isinstance(e, dict)] if isinstance(found, list) else []


def _cell(cell: Json) -> str:
    return _words(cell) if cell.get("type") == "rich_text" else _text(cell)


def _run(node: Json) -> str:
    """The words of a part of a rich text; every section, line of a list, quote or listing ends its line."""
    match node.get("type"):
        case "text" | "raw_text":
            return str(node.get("text", ""))
        case "link":
            return str(node.get("text") or node.get("url", ""))
        case "user":
            return f"<@{node.get('user_id')}>"
        case "broadcast":
            return f"<!{node.get('range')}>"
        case "emoji":
            return f":{node.get('name')}:"
        case "rich_text_list":
            return "".join(_run(e) for e in _parts(node))
        case _:
            return "".join(_run(e) for e in _parts(node)) + "\n"
