"""The chunks of a stream: text, task cards, plans and blocks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from playground.slack import blocks
from playground.slack.model import Json, Stream
from playground.slack.refusals import Refusal
from playground.slack.shapes import Shape, anything, choice, many, string, typed

MAX_CHUNKS = 50  # a guess, like the number of blocks that a message may have
_LONG = string(40_000, least=0)  # documented as 256, which a live probe did not confirm (reported, vercel/chat#886)
_STATUS = choice("pending", "in_progress", "complete", "error")
_TEXTS = ("details", "output")
_CHUNK = typed(
    {
        "markdown_text": Shape({"text": string(12_000)}),
        "task_update": Shape(
            {"id": string(255), "title": _LONG},
            {"status": _STATUS, "details": _LONG, "output": _LONG, "sources": anything},
        ),
        "plan_update": Shape({"title": _LONG}),
        "blocks": Shape({"blocks": anything}),
    }
)
_CHUNKS = many(_CHUNK, MAX_CHUNKS, least=0)


@dataclass(frozen=True)
class Piece:
    """What one call adds to a stream."""

    markdown: str = ""
    tasks: list[Json] = field(default_factory=list[Json])
    blocks: list[Json] = field(default_factory=list[Json])

    @property
    def empty(self) -> bool:
        """Whether it adds nothing."""
        return not (self.markdown or self.tasks or self.blocks)


def read(markdown: str, given: Any) -> Piece:
    """The piece of a call that has either markdown or chunks; refuses both at once, and chunks that are none."""
    if given is None:
        return Piece(markdown)
    if markdown:
        raise Refusal(
            "invalid_arguments", messages=["markdown_text and chunks"], broken="markdown_text and chunks at once"
        )
    chunks = _parsed(given)
    wrong = list(_CHUNKS(chunks, "/chunks"))
    if wrong:
        raise Refusal("invalid_chunks", messages=wrong, broken=f"invalid chunks: {wrong[0]}")
    found = [cast("Json", c) for c in chunks]
    more = [b for c in found if c["type"] == "blocks" for b in blocks.read(c["blocks"], too_many="msg_blocks_too_many")]
    text = "".join(c["text"] for c in found if c["type"] == "markdown_text")
    return Piece(text, [c for c in found if c["type"].endswith("_update")], more)


def add_tasks(stream: Stream, tasks: list[Json]) -> None:
    """Let task cards and the plan's title change; details and output grow, the rest is replaced."""
    for task in tasks:
        key = task.get("id", "plan")
        old = stream.tasks.get(key, {})
        grown = {name: old.get(name, "") + task[name] for name in _TEXTS if name in task}
        stream.tasks[key] = {**old, **task, **grown}


def weight(stream: Stream) -> int:
    """The UTF-8 bytes of the cards; details and output count twice (measured by others, openclaw#143882)."""
    parts = [(str(v), 2 if k in _TEXTS else 1) for t in stream.tasks.values() for k, v in t.items() if k != "type"]
    return sum(len(text.encode()) * factor for text, factor in parts)


def _parsed(given: Any) -> list[Any]:
    try:
        value: Any = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        value = None
    if not isinstance(value, list):
        raise Refusal("invalid_chunks", broken="chunks that are no list")
    return cast("list[Any]", value)
