"""Reads one answer from the bytes of a response: a stream of chunks in either dialect, or a whole completion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bot.completion import Delta, FinishReason, Source, Tool, ToolCall, Usage
from bot.glm.calls import CallAssembler
from bot.glm.catalogue import Offer
from bot.glm.errors import Fault, Refusal, broken, filter_stage, is_error, read_refusal, to_fault
from bot.glm.fields import as_list, as_object, as_text, identifier, mend_surrogates, parse
from bot.glm.leaks import LeakFilter, read_leak
from bot.glm.search import read_sources
from bot.glm.sse import EventDecoder, EventTooLarge
from bot.glm.thinking import ThinkSplitter
from bot.glm.usage import billed, read_usage

log = structlog.get_logger(__name__)

_FINISHES = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOLS,
    "function_call": FinishReason.TOOLS,
    "sensitive": FinishReason.FILTERED,
    "content_filter": FinishReason.FILTERED,
    "model_context_window_exceeded": FinishReason.CONTEXT,
}
_FAILED = "network_error"
# Why an answer ends that is whole; one with any other reason has been cut.
_WHOLE = (FinishReason.STOP, FinishReason.TOOLS)
_BLANK = b"\xef\xbb\xbf \t\r\n"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long an answer is waited for, in seconds, and how much of it is taken, in bytes and characters.

    `silence` is for the first piece of all, with the waits and attempts before it, `idle` for the gap between two
    events (comments are none), `tail` for what follows the finish reason, `whole` for everything. Where another offer
    is left to be asked, there are shorter ones: `first` for the first event, `unseen` for a gap before the first
    visible text, `whole_first` for an answer in one piece. Before visible text all attempts that begin and then hang
    do so for `idle` together. An answer that reaches a bound ends there.
    """

    connect: float = 10.0
    first: float = 10.0
    silence: float = 18.0
    unseen: float = 15.0  # a guess
    idle: float = 60.0
    tail: float = 5.0
    whole_first: float = 60.0  # a guess
    whole: float = 300.0
    stream: int = 4 * 1024 * 1024
    event: int = 1024 * 1024
    text: int = 200_000


class AnswerReader:
    """Turns the reads of one response into deltas, at most one for each; the last has the finish.

    `finish` may be known before the answer has `ended`: usage can still follow. `complete` says that the end mark was
    read. A `fault` is to be raised after the delta of the same read. Tool calls are in the last delta, whatever the
    reason it came with; a call that was written into the text is one of them where `tools` offered it.
    """

    def __init__(self, offer: Offer, bounds: Bounds, tools: Sequence[Tool] = ()) -> None:
        self.finish: FinishReason | None = None
        self.fault: Fault | None = None
        self.ended = False
        self.complete = False
        self.events = 0
        self.trace = ""
        self._offer = offer
        self._bounds = bounds
        self._tools = tools
        self._decoder = EventDecoder(bounds.event)
        self._splitter = ThinkSplitter(offer.model.thinking, boxes=offer.model.boxes)
        self._take = self._sniff
        self._body = bytearray()
        self._received = 0
        self._length = 0
        self._begun = False
        self._content = ""
        self._reasoning = ""
        self._calls = CallAssembler()
        self._leaks = LeakFilter()
        self._leaked_thoughts = LeakFilter()
        self._stage = ""
        self._counted: dict[str, Any] = {}
        self._bill: float | None = None
        self._sources: list[Source] = []
        self._damaged = False

    @property
    def usage(self) -> Usage | None:
        """What the provider has counted so far, None when it has said nothing."""
        counted = self._counted or self._bill is not None
        return read_usage(self._counted, self._bill, self._offer) if counted else None

    def feed(self, data: bytes) -> Delta | None:
        """Take the next bytes; return what they add, if anything."""
        self._received += len(data)
        try:
            self._take(data)
        except Fault as fault:
            self._fail(fault)
        except EventTooLarge:
            return self.cut()
        if self._received > self._bounds.stream and not self.ended:
            return self.cut()
        return self._delta()

    def end(self) -> Delta | None:
        """The response is at its end: the last delta, or None and a `fault`."""
        try:
            if self._take == self._collect:
                self._completion()
            for name, data in self._decoder.end():
                self._event(name, data)
        except Fault as fault:
            self._fail(fault)
        return self.give_up("truncated")

    def give_up(self, kind: str) -> Delta | None:
        """Nothing more can be read; after a finish reason that is a good end, else the fault of this kind."""
        self._stop(kind)
        return self._delta()

    def cut(self, kind: str = "too_much") -> Delta | None:
        """A bound is reached: what there is of an answer ends here; without any it is a fault of this kind."""
        if self._begun:
            self.finish = self.finish or FinishReason.LENGTH
        return self.give_up(kind)

    def refuse(self, refusal: Refusal, retry_after: float | None = None) -> Delta | None:
        """The provider says no: the last delta when its safety review does, else None and a `fault`."""
        try:
            self._refused(refusal, retry_after)
        except Fault as fault:
            self.fault = fault
        return self._delta()

    def _stop(self, kind: str) -> None:
        self._fail(broken(kind))

    def _fail(self, fault: Fault) -> None:
        if self.finish is None:
            self.fault = self.fault or fault
        else:
            self.ended = True

    def _sniff(self, data: bytes) -> None:
        """Decide by the first byte: the content type is not always true."""
        self._body += data
        start = bytes(self._body.lstrip(_BLANK))
        if not start:
            return
        self._body.clear()
        if start.startswith(b"<"):
            raise broken("not_an_answer")
        self._take = self._collect if start.startswith(b"{") else self._stream
        self._take(start)

    def _collect(self, data: bytes) -> None:
        self._body += data

    def _stream(self, data: bytes) -> None:
        for name, event in self._decoder.feed(data):
            if not self.ended and self.fault is None:
                self._event(name, event)

    def _completion(self) -> None:
        body = as_object(parse(self._body.decode("utf-8", "replace")))
        self._read(body)
        if as_list(body.get("choices")) and self.finish is None:
            self.finish = FinishReason.STOP

    def _event(self, name: bytes, data: bytes) -> None:
        self.events += 1
        text = data.decode("utf-8", "replace")
        if text.strip() == "[DONE]":
            self.complete = True
            self._stop("truncated")
        elif name == b"error":
            self._refused(read_refusal(200, parse(text)))
        elif text:
            self._read(self._parse(text))

    def _parse(self, text: str) -> dict[str, Any]:
        value = parse(text)
        if value is None:
            # Two frames glued together, "{…cut offdata: {…}": reported of glm-5.1 by two independent users.
            glued = max(text.rfind("data: {"), text.rfind("data:{"))
            value = parse(text[glued + len("data:") :]) if glued >= 0 else None
            if value is None:
                raise broken("truncated")
            self._damaged = True
            log.warning("glm.frame_repaired", provider=self._offer.provider, model=self._offer.name)
        return as_object(value)

    def _read(self, chunk: dict[str, Any]) -> None:
        if is_error(chunk):
            self._refused(read_refusal(200, chunk))
            return
        self._counted = as_object(chunk.get("usage")) or self._counted
        bill = billed(chunk) if "meta" in chunk else None
        self._bill = self._bill if bill is None else bill
        # Seen in the first chunk and in the last one.
        if "web_search" in chunk:
            self._sources = read_sources(chunk["web_search"]) or self._sources
        choices = as_list(chunk.get("choices"))
        if not choices:
            return
        self.trace = self.trace or identifier(chunk.get("request_id"), chunk.get("id"))
        choice = as_object(choices[0])
        self._piece(as_object(choice.get("delta") or choice.get("message")))
        reason = choice.get("finish_reason")
        if reason:
            self._finish(as_text(reason), chunk)

    def _piece(self, piece: dict[str, Any]) -> None:
        content = piece.get("content")
        if content:
            self._content += as_text(content)
        reasoning = piece.get("reasoning_content") or piece.get("reasoning")
        if reasoning:
            self._reasoning += as_text(reasoning)
        self._begun = self._begun or bool(self._content or self._reasoning)
        if piece.get("tool_calls") or piece.get("function_call"):
            self._calls.feed(piece)

    def _finish(self, reason: str, chunk: dict[str, Any]) -> None:
        if reason == _FAILED:
            raise broken("network_error")
        self.finish = _FINISHES.get(reason)
        if self.finish is FinishReason.FILTERED:
            self._filter(filter_stage(chunk))
        elif self.finish is None:
            log.warning("glm.unknown_finish", provider=self._offer.provider, reason=identifier(reason))
            self.finish = FinishReason.STOP

    def _refused(self, refusal: Refusal, retry_after: float | None = None) -> None:
        fault = to_fault(self._offer.terms.dialect, refusal, retry_after)
        if not refusal.stage and not fault.rule.filtered:
            raise fault
        self._filter(refusal.stage)

    def _filter(self, stage: str) -> None:
        self._stage = stage or ("assistant" if self._length or self._content else "user")
        self.finish = FinishReason.FILTERED
        self.ended = True

    def _delta(self) -> Delta | None:
        if self.finish is FinishReason.FILTERED:
            return self._last("", "") if self.ended else None
        reasoning, text = self._split()
        self._length += len(text)
        if self._length > self._bounds.text:
            text = text[: self._bounds.text - self._length]
            self.finish, self.ended = FinishReason.LENGTH, True
        if self.ended:
            return self._last(text, reasoning)
        return Delta(text=text, reasoning=reasoning) if text or reasoning else None

    def _split(self) -> tuple[str, str]:
        """What was collected since the last delta, as (reasoning, text)."""
        reasoning, self._reasoning = self._reasoning, ""
        text = ""
        if self._content:
            content, self._content = mend_surrogates(self._content)
            inline, text = self._splitter.feed(content)
            reasoning += inline
        whole = self.finish in _WHOLE
        if self.ended:
            inline, rest = self._splitter.end() if whole else self._splitter.cut()
            reasoning, text = reasoning + inline, text + rest
        reasoning, text = self._leaked_thoughts.feed(reasoning), self._leaks.feed(text)
        if self.ended:
            reasoning += self._leaked_thoughts.end()
            text += self._leaks.end() if whole else self._leaks.cut()
        return mend_surrogates(reasoning)[0] if reasoning else "", text

    def _last(self, text: str, reasoning: str) -> Delta:
        calls = self._called() if self.finish in _WHOLE else ()
        if calls or self.finish is FinishReason.TOOLS:
            self.finish = FinishReason.TOOLS if calls else FinishReason.STOP
        return Delta(
            text=text,
            reasoning=reasoning,
            tool_calls=calls,
            finish=self.finish,
            stage=self._stage,
            usage=self.usage,
            model=self._offer.name,
            provider=self._offer.provider,
            sources=tuple(self._sources),
            damaged=self._damaged,
        )

    def _called(self) -> tuple[ToolCall, ...]:
        """The calls of the answer; those in its text where there are no others, in its thoughts without any text."""
        calls = self._calls.calls()
        bodies = self._leaks.bodies or ([] if self._length else self._leaked_thoughts.bodies)
        return calls or tuple(filter(None, (read_leak(body, self._tools) for body in bodies)))
