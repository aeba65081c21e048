"""How an answer looks on the wire: two dialects of streamed chunks, and the plain completion."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from playground.glm import calls
from playground.glm.script import Answer, Broken, Calling, Finish, Sensitive, Thinking, Wire
from playground.glm.tokens import pieces

Json = dict[str, Any]
_PIECE = '"<the piece>"'
# docs.bigmodel.cn, chat completion: so many pages are found where nothing else is wanted.
_FOUND = 10

# The opening tag as it was seen in recorded Z1 chunks: split, and after a newline.
_INLINE: Mapping[Thinking, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Thinking.TAGS: (("\n<th", "ink", ">\n"), ("\n</th", "ink", ">\n\n")),
    Thinking.HEADERS: (("###", "Thinking", "\n"), ("\n\n###", "Response", "\n")),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What sets a dialect's chunks apart: keys in every delta, choice and chunk, and where role and usage go.

    `blocked` is the finish reason of the safety review, `wordless` the content of a complete message without any.
    """

    name: str
    delta: Mapping[str, Any] = field(default_factory=dict[str, Any])
    choice: Mapping[str, Any] = field(default_factory=dict[str, Any])
    chunk: Mapping[str, Any] = field(default_factory=dict[str, Any])
    opening: tuple[Mapping[str, Any], ...] = ()
    last_delta: Mapping[str, Any] = field(default_factory=dict[str, Any])
    usage_apart: bool = False
    blocked: str = "sensitive"
    wordless: str | None = ""


ZHIPU = Dialect("zhipu", delta={"role": "assistant"}, last_delta={"role": "assistant", "content": ""})
OPENAI = Dialect(
    "openai",
    choice={"finish_reason": None},
    chunk={"usage": None},
    opening=({"content": "", "role": "assistant"},),
    usage_apart=True,
    blocked="content_filter",
    wordless=None,
)
DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (ZHIPU, OPENAI)}


@dataclass(frozen=True, slots=True)
class Head:
    """What every chunk of one response repeats."""

    id: str
    created: int
    model: str


@dataclass(frozen=True, slots=True)
class Speech:
    """The tokens of an answer within the request's budget; `finish` is "length" when it did not suffice.

    `calls` are the entries of `tool_calls`, one for each delta.
    """

    reasoning: tuple[str, ...]
    text: tuple[str, ...]
    calls: tuple[Json, ...]
    finish: str

    @property
    def length(self) -> int:
        """How many tokens it has, where a part of a call counts as one."""
        return len(self.reasoning) + len(self.text) + len(self.calls)

    def usage(self, prompt: int) -> Json:
        """The usage as the providers count it; completion tokens include the reasoning."""
        return {
            "prompt_tokens": prompt,
            "completion_tokens": self.length,
            "total_tokens": prompt + self.length,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": len(self.reasoning)},
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """A stream ready to be written: what comes with the first token, a frame per token, what follows the last."""

    head: bytes
    tokens: tuple[bytes, ...]
    tail: bytes


def speech(answer: Answer, budget: int | None) -> Speech:
    """Cut an answer into tokens; reasoning and text share the budget, and calls are not made when it is used up."""
    reasoning = () if answer.thinking is Thinking.NONE else _tokens(answer.reasoning)
    text = _tokens(answer.text)
    if answer.calling is Calling.LEAKED:
        text += _tokens(calls.markup(answer.calls))
    if budget is not None and len(reasoning) + len(text) > budget:
        reasoning = reasoning[:budget]
        return Speech(reasoning, text[: budget - len(reasoning)], (), "length")
    called = tuple(calls.deltas(answer.calls, answer.calling))
    reason = answer.ending.reason if isinstance(answer.ending, Finish) else ""
    return Speech(reasoning, text, called, reason or ("tool_calls" if called else "stop"))


def _tokens(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return pieces(text) if isinstance(text, str) else text


def _fields(said: Speech, style: Thinking) -> list[tuple[str, tuple[str, ...]]]:
    """The tokens by the delta field they travel in, in order."""
    if said.reasoning and style in _INLINE:
        before, after = _INLINE[style]
        return [("content", (*before, *said.reasoning, *after, *said.text))]
    return [("reasoning_content", said.reasoning), ("content", said.text)]


def plan(answer: Answer, said: Speech, dialect: Dialect, head: Head, usage: Json | None, found: Json) -> Plan:
    """Lay out an answer as a stream; `usage` None leaves it out, what was `found` goes with the finish reason."""
    wire = answer.wire
    tokens: list[bytes] = []
    for name, texts in _fields(said, answer.thinking):
        before, after = _template(dialect, head, name, wire)
        tokens += [before + text + after for text in _encoded(texts)]
    for entry in said.calls:
        tokens.append(_event(_chunk(dialect, head, {**dialect.delta, "tool_calls": [entry]}), wire))
    tokens = tokens[: answer.after]
    if wire.glue_at is not None and wire.glue_at < len(tokens):
        tokens[wire.glue_at] = _torn(tokens[wire.glue_at])
    comment = f": keep-alive{wire.newline * 2}".encode() if wire.comments else b""
    opening = [_chunk(dialect, head, delta) for delta in dialect.opening] + [dict(event) for event in answer.noise]
    tail = comment + _tail(answer, _finish(dialect, head, said.finish, usage, found), dialect, head)
    return Plan(
        head=(b"\xef\xbb\xbf" if wire.bom else b"") + comment + b"".join(_event(event, wire) for event in opening),
        tokens=tuple(comment + token for token in tokens),
        tail=tail if wire.blank_end else tail.rstrip(b"\r\n"),
    )


def _chunk(dialect: Dialect, head: Head, delta: Mapping[str, Any], **choice: Any) -> Json:
    entry = {"index": 0, **dialect.choice, **choice, "delta": delta}
    return {**_identity(head, "chat.completion.chunk"), "choices": [entry], **dialect.chunk}


def _identity(head: Head, kind: str) -> Json:
    return {"id": head.id, "created": head.created, "object": kind, "model": head.model}


def _event(payload: Json, wire: Wire, event: str = "") -> bytes:
    name = f"event: {event}{wire.newline}" if event else ""
    return f"{name}{wire.prefix}{dumps(payload)}{wire.newline * 2}".encode()


def _template(dialect: Dialect, head: Head, name: str, wire: Wire) -> tuple[bytes, bytes]:
    """The bytes around a piece; built once for a stream, since encoding each chunk anew would cost the most."""
    delta = {**dialect.delta, name: json.loads(_PIECE)}
    before, _, after = _event(_chunk(dialect, head, delta), wire).partition(_PIECE.encode())
    return before, after


@lru_cache(maxsize=32)
def _encoded(texts: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(dumps(text).encode() for text in texts)


def _torn(frame: bytes) -> bytes:
    """The frame broken off inside its `object` value, so that the next one is glued to it."""
    return frame[: frame.index(b"chat.completion") + len("chat.c")]


def _tail(answer: Answer, finish: Iterable[Json], dialect: Dialect, head: Head) -> bytes:
    wire = answer.wire
    match answer.ending:
        case Broken(code, message, event):
            return _event({"error": {"code": code, "message": message}}, wire, event)
        case Sensitive(role, level):
            blocked = _chunk(dialect, head, {"role": role, "content": ""}, finish_reason=dialect.blocked)
            frames = [blocked | {"content_filter": [{"role": role, "level": level}]}]
        case Finish():
            frames = list(finish)
        case _:
            return b""
    done = f"{wire.prefix}[DONE]{wire.newline * 2}".encode() if wire.done else b""
    return b"".join(_event(frame, wire) for frame in frames) + done


def _finish(dialect: Dialect, head: Head, reason: str, usage: Json | None, found: Json) -> Iterable[Json]:
    last = _chunk(dialect, head, dialect.last_delta, finish_reason=reason) | found
    if usage is None:
        yield last
    elif dialect.usage_apart:
        yield last
        yield {**_identity(head, "chat.completion.chunk"), "choices": [], "usage": usage}
    else:
        yield last | {"usage": usage}


def found_by(answer: Answer, search: Mapping[str, Any]) -> Json:
    """What an answer says of a search that a request wanted in this way: its results go only to who asks for them."""
    shown = answer.sources[: search.get("count", _FOUND)] if search.get("search_result") else ()
    return {"web_search": [dict(source) for source in shown]} if shown else {}


def completion(answer: Answer, said: Speech, dialect: Dialect, head: Head, usage: Json | None) -> Json:
    """The answer as one JSON object; one that the safety review stopped says so and holds no words."""
    if isinstance(answer.ending, Sensitive):
        whole = _complete(head, {"role": "assistant", "content": ""}, dialect.blocked)
        return whole | {"content_filter": [{"role": answer.ending.role, "level": answer.ending.level}]}
    message: Json = {"role": "assistant", "content": dialect.wordless}
    message |= {name: "".join(texts) for name, texts in _fields(said, answer.thinking) if texts}
    if called := calls.whole(answer.calls, answer.calling) if said.calls else ():
        message["tool_calls"] = called
    whole = _complete(head, message, said.finish)
    return whole if usage is None else whole | {"usage": usage}


def _complete(head: Head, message: Json, reason: str) -> Json:
    choice = {"index": 0, "finish_reason": reason, "message": message}
    return {**_identity(head, "chat.completion"), "request_id": head.id, "choices": [choice]}


def dumps(value: object) -> str:
    """JSON as the providers write it: compact, and nothing escaped that need not be (Chinese, U+2028)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
