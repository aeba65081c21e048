"""How one turn uses tools: the one that its asker calls by name, or those that its model calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from bot import outcomes, prompt, remarks
from bot.completion import Delta, ToolCall
from bot.guard import Guard, as_found
from bot.means import Means
from bot.messages import Ask, CallRecord, Outcome, OutcomeKind
from bot.outcomes import AGAIN, Asked
from bot.ports import Claim
from bot.questions import Question
from bot.tool_loop import ToolLoop
from bot.tools import search_conversation
from bot.tools.box import Result

# Characters of what is said in place of an answer.
_ROOM: Final = 1_000


class ToolUse:
    """The tools of a claimed turn, and the journal of what they do in the store.

    `show` is told what is at work, `hear` what the asker has said since and is answered together with the question.
    """

    def __init__(
        self,
        means: Means,
        claim: Claim,
        show: Callable[[Sequence[str]], None],
        hear: Callable[[Sequence[Ask], str], Awaitable[None]],
    ) -> None:
        self._means = means
        self._claim = claim
        self._ask = claim.turn.ask
        self._show = show
        self._hear = hear
        self._loop: ToolLoop | None = None

    @property
    def labels(self) -> Sequence[str]:
        """What was called, in words for people."""
        return self._loop.labels if self._loop else ()

    @property
    def undecided(self) -> Sequence[CallRecord]:
        """The calls that somebody must allow before the answer goes on."""
        return self._loop.undecided if self._loop else ()

    async def direct(self, call: ToolCall, asked: Asked) -> Outcome:
        """What the tool gives that was asked for by its name; one that changes something is called once."""
        known = self._means.toolbox.find(call.name)
        result = await (self._called_once if known and known.effects else self._called)(call)
        if result is None:
            return outcomes.failed(asked, "tool_unknown", tool=call.name)
        if result.failed:
            return outcomes.failed(asked, "tool_failed", tool=call.name, why=result.failure)
        foreign = known is None or known.foreign
        text = as_found(result.text, asked.question, self._means.link_hosts) if foreign else result.text
        return Outcome(OutcomeKind.ANSWERED, asked.question, text, controls=AGAIN)

    async def _called(self, call: ToolCall) -> Result:
        toolbox = self._means.toolbox
        self._show([toolbox.label(call)])
        return await toolbox.call(call, toolbox.context(self._ask))

    async def _called_once(self, call: ToolCall) -> Result | None:
        """What a call that changes something gives, or has given before; None when it was interrupted."""
        store = self._means.store
        for record in await store.calls(self._claim.turn.id):
            if record.call.arguments == call.arguments:
                return None if record.result is None else Result.read(record.result)
        await store.begin_calls(self._claim, 1, "", [call])
        result = await self._called(call)
        await store.end_call(self._claim, call.id, result.text)
        return result

    async def confessed(self, outcome: Outcome) -> Outcome:
        """The end of a turn that is not told by its model, with what tools have changed before.

        Where a turn was stopped that is all of its answer, and so later turns know of it.
        """
        made = [record for record in await self._means.store.calls(self._claim.turn.id) if self._lasts(record)]
        sure = [record for record in made if record.result is not None and not _failed(record.result)]
        unsure = [record for record in made if record not in sure]
        said = [self._told("was_done", sure), self._told("may_be_done", unsure)]
        if outcome.kind is OutcomeKind.STOPPED and not outcome.answer:
            return replace(outcome, answer=" ".join(filter(None, said)))
        # Without an answer the note is all that is shown, and has the room of one.
        return replace(outcome, note=remarks.joined((outcome.note, *said), *(() if outcome.answer else (_ROOM,))))

    def _lasts(self, record: CallRecord) -> bool:
        known = self._means.toolbox.find(record.call.name)
        return record.verdict is None and known is not None and known.effects

    def _told(self, text: str, records: Sequence[CallRecord]) -> str:
        labels = [self._means.toolbox.label(record.call) for record in records]
        return remarks.tools(text, labels, self._ask.address.locale)

    async def deltas(self, question: Question) -> AsyncGenerator[Delta, None]:
        """What the model says, with the tools that it may use; calls from before the turn was taken up again count."""
        means, toolbox, request = self._means, self._means.toolbox, question.request
        guard = Guard(means.model, question.text, toolbox.find, self._ask.address.locale, means.link_hosts)
        if not request.tools:
            return guard.stream(request)
        search = partial(means.store.search, self._claim.turn, limit=search_conversation.ROUNDS)
        context = toolbox.context(self._ask, prompt.words(*request.messages), search)
        self._loop = ToolLoop(guard, toolbox, context, self, self._show)
        return self._loop.stream(request, await means.store.calls(self._claim.turn.id))

    # The journal ----------------------------------------------------------------------------------------------------

    async def begin(self, records: Sequence[CallRecord]) -> None:
        """These calls of one round are about to be made, but for those about which people are asked."""
        first = records[0]
        asked = [record for record in records if record.verdict is not None]
        await self._means.store.begin_calls(
            self._claim,
            first.round,
            first.text,
            [record.call for record in records],
            asked=[record.call.id for record in asked],
            until=max((record.until for record in asked), default=0.0),
        )

    async def start(self, call: str) -> None:
        """A call that was allowed is about to be made."""
        await self._means.store.start_call(self._claim, call)

    async def end(self, call: str, result: str) -> None:
        """A call has had this result."""
        await self._means.store.end_call(self._claim, call, result)

    async def heard(self) -> str:
        """What the asker has said since, as the model is told it."""
        asks = await self._means.store.join(self._claim)
        if not asks:
            return ""
        said = prompt.said(self._ask.author, "\n".join(ask.text for ask in asks))
        await self._hear(asks, said)
        return said


def _failed(result: str) -> bool:
    """Whether a result says that a call failed, by itself or as a quotation."""
    return any(line.startswith('{"error": ') for line in result.split("\n", 2)[:2])
