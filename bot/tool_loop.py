"""The tool loop: the model answers, or wants tools called and is told their results, until it answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final, Protocol

import structlog

from bot import approvals
from bot.completion import Delta, FinishReason, Message, ModelRequest, Role, ToolCall, Usage
from bot.guard import Speaker
from bot.marking import quoted
from bot.messages import CallRecord, Verdict
from bot.tools import permits
from bot.tools.box import Toolbox
from bot.tools.registry import Context, ToolFunction

log = structlog.get_logger(__name__)

# How often a model may ask for tools in one turn before it must answer, and for how many at once.
ROUNDS: Final = 5
CALLS: Final = 8
_TOO_MANY: Final = json.dumps({"error": f"not called: at most {CALLS} calls at a time"})
_REPEATED: Final = json.dumps({"error": "not called again: the same call was made before; use its result"})
_UNKNOWN: Final = json.dumps(
    {"error": "interrupted: it is not known whether this was done; do not try it again, and say so"}
)

_GONE: Final = "not done: it was allowed, but the tool is not there now; say so"
# Seconds that an allowed call waits for its tool: a far server takes a moment to be there after a restart.
_RETURN: Final = 10.0
# Calls that were made, or are: nobody had to be asked, or somebody has allowed them.
_MADE: Final = frozenset({None, Verdict.ALLOWED})


class Journal(Protocol):
    """Keeps what was called before it is called, and what came of it; brings what was said meanwhile."""

    async def begin(self, records: Sequence[CallRecord]) -> None:
        """These calls of one round are about to be made, but for those about which people are asked."""
        ...

    async def start(self, call: str) -> None:
        """A call that was allowed is about to be made."""
        ...

    async def end(self, call: str, result: str) -> None:
        """A call has had this result."""
        ...

    async def heard(self) -> str:
        """What the asker has said since, and is answered together with it; "" when that is nothing."""
        ...


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
    """One turn's way through the tools; `show` is told what is being done, in words for people, () when it is over.

    With `undecided` calls the stream has ended for now: somebody must allow them, and then the turn is taken up again.
    """

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
        self._told_before: Sequence[Message] = ()
        self.labels: list[str] = []
        self.undecided: Sequence[CallRecord] = ()

    async def stream(self, request: ModelRequest, earlier: Sequence[CallRecord] = ()) -> AsyncGenerator[Delta, None]:
        """The deltas of all rounds as of one answer; `earlier` calls are from before the turn was taken up again."""
        hidden = request.foreign or request.search
        self._foreign = hidden or permits.holds_foreign(request.messages, self._box.find)
        self._offered = frozenset(tool.name for tool in request.tools)
        self._told_before = request.messages
        messages = [*request.messages]
        for _, made in groupby(earlier, lambda record: record.round):
            records = [await self._recovered(record) for record in made]
            yield _spoken(records[0].text)
            messages += await self._told(records)
        number, said = earlier[-1].round if earlier else 0, _Round()
        while not self.undecided:
            number, said = number + 1, _Round()
            tools = request.tools if number <= ROUNDS else ()
            asked = replace(request, messages=tuple(messages), tools=tools)
            async with aclosing(self._model.stream(asked)) as deltas:
                async for delta in deltas:
                    if not self._ends_round(delta, said):
                        yield delta
            if not said.calls or not tools:
                yield self._last(said)
                return
            yield _spoken(said.text, said.finish)
            messages += await self._called(number, said)
        last = said.finish or Delta()
        yield Delta(finish=FinishReason.TOOLS, usage=self._spent, model=last.model, provider=last.provider)

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

    # The calls of a round -------------------------------------------------------------------------------------------

    async def _called(self, number: int, said: _Round) -> list[Message]:
        until = time.time() + approvals.SECONDS
        made = [CallRecord(number, said.text, call) for call in said.calls]
        records = [
            replace(record, verdict=Verdict.ASKED, until=until) if self._is_asked_for(place, record.call) else record
            for place, record in enumerate(made)
        ]
        await self._journal.begin(records)
        return await self._told(records, said.reasoning)

    async def _told(self, records: Sequence[CallRecord], reasoning: str = "") -> list[Message]:
        """What the model is told of the calls of a round, and of what was said meanwhile."""
        labels = [self._box.label(record.call) for record in records[:CALLS] if record.verdict in _MADE]
        self.labels += labels
        self._show(labels)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._result(place, record)) for place, record in enumerate(records)]
        finally:
            self._show(())
        results = [task.result() for task in tasks]
        self._foreign |= any(permits.is_foreign(self._box.find(record.call.name)) for record in records)
        self.undecided = [record for record, result in zip(records, results, strict=True) if result is None]
        heard = "" if self.undecided else await self._journal.heard()
        return [*_messages(records, results, reasoning), *([Message(Role.USER, heard)] if heard else [])]

    async def _result(self, place: int, record: CallRecord) -> str | None:
        """What comes of the call at this place among those of its round, None while it is not decided."""
        call = record.call
        if record.result is not None:
            self._made.add((call.name, call.arguments))
            return record.result
        if record.verdict is Verdict.ASKED:
            return None
        result = await (self._first_tried(place, call) if record.verdict is None else self._answered_for(record))
        await self._journal.end(call.id, result)
        return result

    async def _first_tried(self, place: int, call: ToolCall) -> str:
        """What a call gives that nobody was asked about."""
        signature = (call.name, call.arguments)
        if place >= CALLS or signature in self._made:
            return _TOO_MANY if place >= CALLS else _REPEATED
        self._made.add(signature)
        if self._needs_approval(call):
            log.info("tool.refused", tool=call.name)
            return _error(approvals.CANNOT_BE_SHOWN)
        known = self._known(call)
        return await self._given(call, known) if known else _error(f"there is no tool {call.name!r} here")

    async def _answered_for(self, record: CallRecord) -> str:
        """What a call gives about which people were asked."""
        call = record.call
        signature = (call.name, call.arguments)
        if signature in self._made:
            return _REPEATED
        if record.verdict is not Verdict.PASSED_OVER:
            self._made.add(signature)
        if record.verdict is not Verdict.ALLOWED:
            return _error(approvals.refusal(record))
        # Its server may have been restarted, as this process may.
        known = await self._box.awaited(call.name, _RETURN)
        if known is None:
            return _error(_GONE)
        await self._journal.start(call.id)
        return await self._given(call, known)

    async def _given(self, call: ToolCall, known: ToolFunction) -> str:
        """What a call gives, marked as data; only our own words about a failure stand for themselves."""
        result = await self._box.call(call, self._context)
        ours = result.failed and not known.foreign
        return result.text if ours else quoted(f"tool {call.name}", result.text)

    def _known(self, call: ToolCall) -> ToolFunction | None:
        return self._box.find(call.name) if call.name in self._offered else None

    def _needs_approval(self, call: ToolCall) -> bool:
        """Whether somebody must allow a call; one that will fail by itself is nothing to ask about."""
        known = self._known(call)
        return known is not None and permits.needs_approval(known, foreign=self._foreign) and self._box.fits(call)

    def _is_asked_for(self, place: int, call: ToolCall) -> bool:
        """Whether people are to be asked about the call at this place."""
        new = place < CALLS and (call.name, call.arguments) not in self._made
        return new and self._needs_approval(call) and approvals.can_be_shown(call, self._told_before)

    async def _recovered(self, record: CallRecord) -> CallRecord:
        """A call from before an interruption; one that changes something and was being made is not made again."""
        known = self._box.find(record.call.name)
        if record.result is not None or record.verdict is not None or not (known and known.effects):
            return record
        await self._journal.end(record.call.id, _UNKNOWN)
        return replace(record, result=_UNKNOWN)


def _spoken(text: str, finish: Delta | None = None) -> Delta:
    """What ends the text that was said before calls: what its last delta still holds, and an empty line."""
    return Delta(text=f"{finish.text if finish else text}\n\n" if text else "")


def _error(why: str) -> str:
    return json.dumps({"error": why})


def _messages(records: Sequence[CallRecord], results: Sequence[str | None], reasoning: str) -> list[Message]:
    calls = tuple(record.call for record in records)
    wanted = Message(Role.ASSISTANT, records[0].text, calls, reasoning=reasoning)
    told = [Message(Role.TOOL, result or "", tool_call_id=call.id) for call, result in zip(calls, results, strict=True)]
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
