"""The dialogue: the policy of one turn, from what was asked to how it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from enum import StrEnum

import structlog

from bot import approvals, metrics, outcomes, prompt, remarks, texts
from bot.attachments import Enclosure
from bot.board import NotDelivered
from bot.company import Company
from bot.completion import Delta
from bot.errors import ModelError, OperatorError, PlatformError
from bot.guard import without_echoes
from bot.means import Means
from bot.messages import AGE_BOUND, NOTHING_USED, Ask, Outcome, OutcomeKind
from bot.outcomes import AGAIN, Asked
from bot.pacing import Governor
from bot.ports import Adapter, Claim
from bot.questions import Question
from bot.reply import Reply
from bot.tool_use import ToolUse

log = structlog.get_logger(__name__)

# A turn that was begun this often and never ended is given up.
ATTEMPTS = 3
# Seconds before an outcome that could not be stored is stored again.
STORE_PAUSE = 2.0


class Interruption(StrEnum):
    """Why a turn is ended from outside."""

    STOP = "stop"
    RETRACT = "retract"
    LOST = "lost"
    DRAIN = "drain"
    AGAIN = "again"
    PARKED = "parked"


class Ending(StrEnum):
    """How the work on a turn ends, for now or for good."""

    DELIVERED = "delivered"
    AGAIN = "again"  # it is to be taken up again
    PARKED = "parked"  # it is to be taken up again when people have answered


_FOR_NOW = frozenset({Interruption.DRAIN, Interruption.AGAIN, Interruption.PARKED})


class Dialogue:
    """One turn: asks the model, writes the reply, and stores how it ended."""

    def __init__(self, means: Means, claim: Claim, adapter: Adapter, governor: Governor) -> None:
        self._means = means
        self._claim = claim
        self._adapter = adapter
        self._turn = claim.turn
        self._locale = claim.turn.ask.address.locale
        self._surface = adapter.surface(claim.turn)
        self._reply = Reply(self._surface, governor, means.store, claim, on_lost=lambda: self._end(Interruption.LOST))
        self._scope: asyncio.Timeout | None = None
        self._interruption: Interruption | None = None
        self._asked = Asked("", self._locale, str(claim.turn.id))
        self._question: Question | None = None
        self._reasoning = ""
        self._company = Company(self._surface, self._reply, self._locale)
        self._tools = ToolUse(means, claim, self._company.work, self._hear)
        self._files: Sequence[Enclosure] = ()
        self._begun = time.monotonic()
        self.over = asyncio.Event()

    def stop(self, *, retract: bool = False) -> None:
        """End the turn and keep what was written, or remove it."""
        self._end(Interruption.RETRACT if retract else Interruption.STOP)

    def page_deleted(self, ref: str) -> None:
        """End the turn, as a person has deleted one of its pages: that page is never posted again."""
        self._reply.page_deleted(ref)

    def drain(self) -> None:
        """End the turn for now: it is taken up again after the restart."""
        self._end(Interruption.DRAIN)

    def begin_again(self) -> None:
        """End the turn without showing anything, to be taken up again at once; once it has text it goes on."""
        if not self._reply.text:
            self._end(Interruption.AGAIN)

    def _end(self, why: Interruption) -> None:
        if self._interruption in (None, Interruption.AGAIN):
            self._interruption = why
        scope, self._scope = self._scope, None
        if scope is not None:
            scope.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> Ending:
        """Bring the turn to its end, or as far as it goes now. Raises NotDelivered and LeaseLost."""
        painter = asyncio.create_task(self._reply.paint())
        try:
            outcome = self._turn.outcome or await self._ask()
            if outcome is None:
                return await self._put_off(painter)
            if self._turn.outcome is None:
                outcome = outcome if self._is_told(outcome) else await self._tools.confessed(outcome)
                await self._store_end(outcome)
            self._reply.finish(outcome)
            await self._deliver(painter)
            await self._means.store.delivered(self._claim)
            self._report(outcome)
            self._wind_up(outcome)
        finally:
            painter.cancel()
            with suppress(asyncio.CancelledError, PlatformError):
                # Whatever it raised has been raised above, or the turn is being abandoned.
                await painter
            await self._surface.close()
        return Ending.DELIVERED

    async def _put_off(self, painter: asyncio.Task[None]) -> Ending:
        """Leave what is shown in a state in which it can stand until the turn is taken up again."""
        if self._interruption is Interruption.DRAIN:
            self._reply.suspend()
        if self._interruption is not Interruption.AGAIN:
            await painter
        if self._interruption is Interruption.PARKED:
            return Ending.PARKED
        log.info("turn.interrupted", turn=self._turn.id, reason=self._interruption)
        return Ending.AGAIN

    def _is_told(self, outcome: Outcome) -> bool:
        """Whether an outcome says by itself what tools have done: told by the model, or by the tool that was called."""
        if self._turn.ask.call is not None:
            return outcome.kind is not OutcomeKind.STOPPED
        return outcome.kind is OutcomeKind.ANSWERED and bool(outcome.model)

    async def _store_end(self, outcome: Outcome) -> None:
        """Store how the turn ended; while the disk is full the outcome is kept, as it cost a whole answer."""
        while True:
            try:
                await self._means.store.finish(self._claim, outcome)
            except OperatorError as error:
                log.error("store.failed", reason=str(error), retry_in=STORE_PAUSE)  # noqa: TRY400  # it says all
                await asyncio.sleep(STORE_PAUSE)
            else:
                return

    async def _deliver(self, painter: asyncio.Task[None]) -> None:
        try:
            await painter
        except NotDelivered:
            if time.time() - self._turn.since < AGE_BOUND:
                raise
            log.exception("turn.undeliverable", turn=self._turn.id)
        if self._reply.given_up and self._reply.refusal is not None:
            await self._adapter.tell(self._turn.ask, texts.say(self._reply.refusal.text, self._locale))

    async def _ask(self) -> Outcome | None:
        """How the turn ended, None when it is to be taken up again."""
        company = asyncio.create_task(self._company.keep())
        try:
            async with asyncio.timeout(None) as self._scope:
                if self._interruption is not None:
                    raise TimeoutError
                return await self._unanswerable() or await self._converse()
        except TimeoutError:
            if self._interruption is None:
                raise
            return self._interrupted(self._interruption)
        finally:
            self._scope = None
            company.cancel()
            with suppress(asyncio.CancelledError):
                await company

    def _interrupted(self, why: Interruption) -> Outcome | None:
        if why in _FOR_NOW:
            return None
        if why is Interruption.RETRACT:
            return Outcome(OutcomeKind.RETRACTED, self._asked.question)
        return outcomes.interrupted(self._asked, self._reply.text)

    # Without the model ---------------------------------------------------------------------------------------------

    async def _unanswerable(self) -> Outcome | None:
        """The outcome of a turn that the model is not asked for."""
        if await self._means.store.stop_requested(self._turn.id):
            return outcomes.interrupted(self._asked, "")
        if time.time() - self._turn.since > AGE_BOUND:
            return self._failed("too_late" if self._turn.posts else "away")
        if self._turn.attempt > ATTEMPTS:
            return self._failed("gave_up")
        regenerated = self._turn.attempt == 1 and self._turn.posts
        if self._turn.ask.job and not regenerated:
            return await self._from_the_background(self._turn.ask.job)
        if self._turn.ask.call is not None:
            self._asked = replace(self._asked, question=self._turn.ask.text)
            return await self._tools.direct(self._turn.ask.call, self._asked)
        self._files = await self._means.attachments.gather(self._adapter, self._turn.asks)
        return self._nothing_to_answer()

    def _nothing_to_answer(self) -> Outcome | None:
        if prompt.has_question(self._turn, self._files):
            return None
        if missing := remarks.missing(self._files, self._locale, self._means.attachments.megabytes):
            return Outcome(OutcomeKind.FAILED, note=missing, controls=AGAIN)
        asks = self._turn.asks
        kinds = {ask.origin.get("kind", "") for ask in asks}
        known = next((kind for kind in ("only_voice", "only_sticker") if kind in kinds), "")
        attached = "only_attachment" if any(ask.attachments for ask in asks) else "nothing_asked"
        return Outcome(OutcomeKind.FAILED, note=self._say(known or attached))

    async def _from_the_background(self, job: int) -> Outcome:
        """The answer that a job has brought."""
        known = await self._means.store.job(job)
        if known is None or known.outcome is None:
            return self._failed("gave_up")
        return known.outcome

    # With the model ------------------------------------------------------------------------------------------------

    async def _converse(self) -> Outcome | None:
        question = await self._means.questions.make(self._turn, self._adapter, self._files)
        self._question = question
        self._asked = replace(self._asked, question=question.text)
        if question.unseen and not prompt.has_words(self._turn, self._files):
            return Outcome(OutcomeKind.FAILED, question.text, note=question.unseen, controls=AGAIN)
        try:
            return await (self._defer if self._turn.ask.deferred else self._answer)(question)
        except ModelError as error:
            return await self._not_answered(error)

    async def _defer(self, question: Question) -> Outcome:
        """Put the question off into the background."""
        handle = await self._means.model.submit(question.request)
        # What we ask ourselves is made into a request once more, with these notes.
        notes = (self._say("deferred"), *question.notes) if handle else (self._say("deferred_here"),)
        return Outcome(OutcomeKind.DEFERRED, question.text, note=" ".join(notes), handle=handle)

    async def _answer(self, question: Question) -> Outcome | None:
        try:
            finish = await self._read(question)
        except ModelError as error:
            if not error.resumable:
                raise
            log.info("turn.repaired", turn=self._turn.id, code=error.code, reason=str(error))
            await self._means.store.repost(self._claim)
            self._reply.restart()
            finish = await self._read(question)
        if not self._tools.undecided:
            return self._ended(question, finish)
        await self._means.store.spend(self._claim, finish.model, finish.provider, finish.usage or NOTHING_USED)
        if self._interruption is None:
            self._park()
        return self._interrupted(self._interruption or Interruption.PARKED)

    def _park(self) -> None:
        """Ask people whether calls may be made; the turn is taken up again when they have answered."""
        records = self._tools.undecided
        question = approvals.request([record.call for record in records], self._locale)
        self._interruption = Interruption.PARKED
        self._reply.pause(question, approvals.note(self._locale), approvals.BUTTONS, approvals.ballot(records[0]))

    async def _hear(self, asks: Sequence[Ask], said: str) -> None:
        """The asker has said more, which is answered together with the question."""
        self._asked = replace(self._asked, question=f"{self._asked.question}\n{said}")
        await asyncio.gather(*map(self._adapter.show_taken, asks))

    async def _read(self, question: Question) -> Delta:
        """Write the model's text into the reply and return the delta that ended it."""
        finish = None
        self._reasoning = ""
        async with aclosing(await self._tools.deltas(question)) as stream:
            async for delta in stream:
                if delta.text:
                    self._reply.write(delta.text)
                if question.shows_reasoning:
                    self._reasoning += delta.reasoning
                if delta.position is not None:
                    self._company.stand_in_line(delta.position)
                if delta.finish is not None:
                    finish = delta
        if finish is None:
            raise ModelError("the stream ended without a reason", text="interrupted", resumable=True)
        return finish

    def _ended(self, question: Question, finish: Delta) -> Outcome:
        if finish.usage is not None:
            metrics.count_tokens(finish.model, finish.usage)
            if not self._tools.labels:  # a sum over the rounds of a tool loop says nothing of one prompt
                self._means.questions.learn(question, finish)
        who = remarks.who_answered(finish, question.request.model, question.provider, self._locale)
        helped = remarks.tools("with_tools", self._tools.labels, self._locale)
        outcome = outcomes.ended(self._asked, self._reply.text, finish, (*question.notes, who, helped))
        reasoning = without_echoes(self._reasoning, question.request.messages)
        kept = reasoning if outcome.kind is OutcomeKind.ANSWERED else ""
        return replace(outcome, reasoning=kept, first_text=self._first_text)

    async def _not_answered(self, error: ModelError) -> Outcome:
        metrics.model_failures.labels(error.text).inc()
        log.warning("model.failed", turn=self._turn.id, reason=str(error), code=error.code, trace=error.trace)
        told = bool(error.operator) and await self._means.alarms.tell(error.operator)
        return outcomes.not_answered(self._asked, self._reply.text, error, told=told)

    def _failed(self, text: str, **facts: str) -> Outcome:
        return outcomes.failed(self._asked, text, **facts)

    # Afterwards -----------------------------------------------------------------------------------------------------

    def _wind_up(self, outcome: Outcome) -> None:
        """What is left to do for later, now that the answer is where it belongs."""
        if outcome.kind is OutcomeKind.DEFERRED:
            self._means.deferred()
        elif outcome.kind is OutcomeKind.ANSWERED and self._question is not None:
            self._means.summaries.consider(self._turn, self._question.history)

    def _say(self, text: str, **facts: str) -> str:
        return texts.say(text, self._locale, **facts)

    @property
    def _first_text(self) -> float | None:
        """Seconds from the claim to the first visible text."""
        at = self._reply.first_text_at
        return None if at is None else round(at - self._begun, 3)

    def _report(self, outcome: Outcome) -> None:
        metrics.turns.labels(outcome.kind).inc()
        if self._first_text is not None and self._turn.outcome is None:
            metrics.first_text.observe(self._first_text)
        log.info(
            "turn.delivered",
            turn=self._turn.id,
            outcome=outcome.kind,
            model=outcome.model,
            provider=outcome.provider,
            attempt=self._turn.attempt,
            first_text=self._first_text,
            seconds=round(time.monotonic() - self._begun, 3),
            tokens=outcome.usage.completion,
        )
