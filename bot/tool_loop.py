"""The tool loop: the model answers, or wants tools called and is told their results, until it answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import structlog

from bot.completion import Delta, FinishReason, Message, ModelRequest, Role, ToolCall, Usage
from bot.guard import Speaker
from bot.marking import quoted
from bot.messages import CallRecord
from bot.ports import Claim, Store
from bot.tools import permits
from bot.tools.box import Toolbox
from bot.tools.registry import Context

log = structlog.get_logger(__name__)

# How often a model may ask for tools in one turn before it must answer, and for how many at once.
ROUNDS: Final = 5
CALLS: Final = 8
_TOO_MANY: Final = json.dumps({"error": f"not called: at most {CALLS} calls at a time"})
_REPEATED: Final = json.dumps({"error": "not called again: the same call was made before; use its result"})
_UNKNOWN: Final = json.dumps(
    {"error": "interrupted: it is not known whether this was done; do not try it again, and say so"}
)


class Journal(Protocol):
    """Keeps what was called before it is called, and what came of it."""

    async def begin(self, round: int, text: str, calls: Sequence[ToolCall]) -> None:  # noqa: A002  # the field's term
        """These calls are about to be made, after the model has said this text."""
        ...

    async def end(self, call: str, result: str) -> None:
        """A call has had this result."""
        ...


@dataclass(frozen=True, slots=True)
class ClaimJournal:
    """The journal of a claimed turn, in the store."""

    store: Store
    claim: Claim

    async def begin(self, round: int, text: str, calls: Sequence[ToolCall]) -> None:  # noqa: A002  # as above
        """These calls are about to be made."""
        await self.store.begin_calls(self.claim, round, text, calls)

    async def end(self, call: str, result: str) -> None:
        """A call has had this result."""
        await self.store.end_call(self.claim, call, result)


@dataclass(slots=True)
class _Round:
    """What the model said before it wanted tools, and which."""

    text: str = ""
    reasoning: str = field(default="", repr=False)
    finish: Delta | None = None

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return self.finish.tool_calls if self.finish else ()


class ToolLoop:
    """One turn's way through the tools; `show` is told what is being done, in words for people, () when it is over."""

    def __init__(
        self, model: Speaker, box: Toolbox, context: Context, journal: Journal, show: Callable[[Sequence[str]], None]
    ) -> None:
        self._model = model
        self._box = box
        self._context = context
        self._journal = journal
        self._show = show
        self._made: set[tuple[str, str]] = set()
        self._spent = Usage()
        self._foreign = False
        self._offered: frozenset[str] = frozenset()
        self.labels: list[str] = []

    async def stream(self, request: ModelRequest, earlier: Sequence[CallRecord] = ()) -> AsyncGenerator[Delta, None]:
        """The deltas of all rounds as of one answer; `earlier` calls were made before the process was interrupted."""
        self._foreign = permits.holds_foreign(request.messages, self._box.find)
        self._offered = frozenset(tool.name for tool in request.tools)
        messages = [*request.messages, *await self._resumed(earlier)]
        for number in range(1 + max((record.round for record in earlier), default=0), ROUNDS + 2):
            said = _Round()
            tools = request.tools if number <= ROUNDS else ()
            asked = replace(request, messages=tuple(messages), tools=tools)
            async with aclosing(self._model.stream(asked)) as deltas:
                async for delta in deltas:
                    if not self._ends_round(delta, said):
                        yield delta
            if not said.calls or not tools:
                yield self._last(said)
                return
            if said.text:
                yield Delta(text=f"{said.finish.text if said.finish else ''}\n\n")
            messages += await self._called(number, said)

    def _ends_round(self, delta: Delta, said: _Round) -> bool:
        """Whether a delta is the round's last, which is kept back."""
        said.text += delta.text
        said.reasoning += delta.reasoning
        if delta.finish is None:
            return False
        self._spent = _sum(self._spent, delta.usage or Usage())
        said.finish = delta
        return True

    def _last(self, said: _Round) -> Delta:
        finish = said.finish or Delta()
        # A model that wants tools although it was offered none has no more to say.
        reason = FinishReason.STOP if finish.finish is FinishReason.TOOLS else finish.finish
        usage = self._spent if finish.usage is not None or self._made else None
        return replace(finish, finish=reason, usage=usage, tool_calls=())

    async def _called(self, number: int, said: _Round) -> list[Message]:
        calls = said.calls
        await self._journal.begin(number, said.text, calls)
        chosen = calls[:CALLS]
        labels = [self._box.label(call) for call in chosen]
        self.labels += labels
        self._show(labels)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._result(place, call)) for place, call in enumerate(calls)]
        finally:
            self._show(())
        results = [task.result() for task in tasks]
        self._read(calls)
        return _messages(said.text, calls, results, said.reasoning)

    async def _result(self, place: int, call: ToolCall) -> str:
        """What comes of the call at this place among those of its round."""
        signature = (call.name, call.arguments)
        if place >= CALLS or signature in self._made:
            result = _TOO_MANY if place >= CALLS else _REPEATED
        else:
            self._made.add(signature)
            result = await self._given(call)
        await self._journal.end(call.id, result)
        return result

    async def _given(self, call: ToolCall) -> str:
        """What a call gives, marked as data; only our own words about a failure stand for themselves."""
        known = self._box.find(call.name) if call.name in self._offered else None
        if known is None:
            return json.dumps({"error": f"there is no tool {call.name!r} here"})
        refused = permits.refusal(known, foreign=self._foreign)
        if refused:
            log.info("tool.refused", tool=call.name)
            return json.dumps({"error": refused})
        result = await self._box.call(call, self._context)
        ours = result.failed and not known.foreign
        return result.text if ours else quoted(f"tool {call.name}", result.text)

    def _read(self, calls: Sequence[ToolCall]) -> None:
        """Remember whether the model has been told what strangers wrote."""
        self._foreign |= any(permits.is_foreign(self._box.find(call.name)) for call in calls)

    async def _resumed(self, earlier: Sequence[CallRecord]) -> list[Message]:
        """The rounds before an interruption, as the model is told them."""
        messages: list[Message] = []
        for number in sorted({record.round for record in earlier}):
            records = [record for record in earlier if record.round == number]
            self.labels += [self._box.label(record.call) for record in records]
            results = [await self._outcome(record) for record in records]
            self._read([record.call for record in records])
            messages += _messages(records[0].text, [record.call for record in records], results)
        return messages

    async def _outcome(self, record: CallRecord) -> str:
        """The result of a call; one that changes something and was interrupted is not made again."""
        known = self._box.find(record.call.name)
        if record.result is None and not (known and known.effects):
            return await self._result(0, record.call)
        self._made.add((record.call.name, record.call.arguments))
        if record.result is not None:
            return record.result
        await self._journal.end(record.call.id, _UNKNOWN)
        return _UNKNOWN


def _messages(text: str, calls: Sequence[ToolCall], results: Sequence[str], reasoning: str = "") -> list[Message]:
    wanted = Message(Role.ASSISTANT, text, tuple(calls), reasoning=reasoning)
    told = [Message(Role.TOOL, result, tool_call_id=call.id) for call, result in zip(calls, results, strict=True)]
    return [wanted, *told]


def _sum(one: Usage, other: Usage) -> Usage:
    costs = [usage.cost for usage in (one, other) if usage.cost is not None]
    return Usage(
        one.prompt + other.prompt,
        one.completion + other.completion,
        one.cached + other.cached,
        one.reasoning + other.reasoning,
        sum(costs) if costs else None,
        other.currency or one.currency,
        padded=one.padded or other.padded,
    )
