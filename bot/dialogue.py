"""The dialogue: the policy of one turn, from what was asked to how it ended."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from enum import StrEnum

import structlog

from bot import metrics, prompt, texts
from bot.alarms import Alarms
from bot.attachments import Attachments, Enclosure
from bot.board import NotDelivered
from bot.commands import Commands
from bot.errors import ModelError, OperatorError, PlatformError
from bot.messages import AGE_BOUND, ControlKind, Delta, FinishReason, ModelRequest, Outcome, OutcomeKind, Usage
from bot.pacing import Governor
from bot.ports import Adapter, Claim, Model, Store
from bot.reply import Reply

log = structlog.get_logger(__name__)

# A turn that was begun this often and never ended is given up.
ATTEMPTS = 3
# How many rounds of history are looked at; the budget of tokens ends it earlier.
HISTORY_ROUNDS = 40
# Seconds before an outcome that could not be stored is stored again.
STORE_PAUSE = 2.0
# Characters of a file's name in a note: together with what else may stand below a page it must fit into TAIL_ROOM.
_NAME_ROOM = 16
# Seconds without text before a thinking line is shown, and between its changes.
THINKING_AFTER = 2.5
THINKING_EVERY = 5.0

_AGAIN = (ControlKind.REGENERATE,)
_ANSWERED = (*_AGAIN, ControlKind.UPVOTE, ControlKind.DOWNVOTE)
_CUT_OFF = (ControlKind.CONTINUE, *_ANSWERED)


class Interruption(StrEnum):
    """Why a turn is ended from outside."""

    STOP = "stop"
    RETRACT = "retract"
    LOST = "lost"
    DRAIN = "drain"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Means:
    """What every turn works with; `instructions` may be empty, `salt` keys the names that providers see."""

    store: Store
    model: Model
    commands: Commands
    alarms: Alarms
    attachments: Attachments
    instructions: str
    prompt_tokens: int
    salt: bytes


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
        self._asked = ""
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

    async def run(self) -> bool:
        """Bring the turn to its end; False when it is to be taken up again. Raises NotDelivered and LeaseLost."""
        painter = asyncio.create_task(self._reply.paint())
        try:
            outcome = self._turn.outcome or await self._ask()
            if outcome is None:
                if self._interruption is Interruption.DRAIN:
                    self._reply.suspend()
                    await painter
                log.info("turn.interrupted", turn=self._turn.id, reason=self._interruption)
                return False
            if self._turn.outcome is None:
                await self._store_end(outcome)
            self._reply.finish(outcome)
            await self._deliver(painter)
            await self._means.store.delivered(self._claim)
            self._report(outcome)
        finally:
            painter.cancel()
            with suppress(asyncio.CancelledError, PlatformError):
                # Whatever it raised has been raised above, or the turn is being abandoned.
                await painter
            await self._surface.close()
        return True

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
        company = asyncio.create_task(self._keep_company())
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
        if why in (Interruption.DRAIN, Interruption.AGAIN):
            return None
        if why is Interruption.RETRACT:
            return Outcome(OutcomeKind.RETRACTED, self._asked)
        return Outcome(OutcomeKind.STOPPED, self._asked, self._reply.text, self._say("stopped"), _AGAIN)

    # Without the model ---------------------------------------------------------------------------------------------

    async def _unanswerable(self) -> Outcome | None:
        """The outcome of a turn that the model is not asked for."""
        if await self._means.store.stop_requested(self._turn.id):
            return Outcome(OutcomeKind.STOPPED, note=self._say("stopped"), controls=_AGAIN)
        if time.time() - self._turn.since > AGE_BOUND:
            return self._failed("too_late" if self._turn.posts else "away")
        if self._turn.attempt > ATTEMPTS:
            return self._failed("gave_up")
        self._files = await self._means.attachments.gather(self._adapter, self._turn.asks)
        return self._nothing_to_answer()

    def _nothing_to_answer(self) -> Outcome | None:
        if prompt.has_question(self._turn, self._files):
            return None
        if missing := self._missing():
            return Outcome(OutcomeKind.FAILED, note=missing, controls=_AGAIN)
        asks = self._turn.asks
        kinds = {ask.origin.get("kind", "") for ask in asks}
        known = next((kind for kind in ("only_voice", "only_sticker") if kind in kinds), "")
        attached = "only_attachment" if any(ask.attachments for ask in asks) else "nothing_asked"
        return Outcome(OutcomeKind.FAILED, note=self._say(known or attached))

    def _missing(self) -> str:
        """What to say about files that could not be read, "" when there are none: one sentence, whatever is wrong."""
        missing = [file for file in self._files if file.trouble]
        if not missing:
            return ""
        troubles = {file.trouble for file in missing}
        text = troubles.pop() if len(troubles) == 1 else "file_failed"
        more = f" (+{len(missing) - 1})" if len(missing) > 1 else ""
        name = f"“{prompt.data(missing[0].name, _NAME_ROOM)}”{more}"
        return self._say(text, name=name, megabytes=str(self._means.attachments.megabytes))

    # With the model ------------------------------------------------------------------------------------------------

    async def _converse(self) -> Outcome:
        request = await self._request()
        for last in (False, True):
            try:
                finish = await self._read(request)
            except ModelError as error:
                if not error.resumable or last:
                    return await self._not_answered(error)
                log.info("turn.repaired", turn=self._turn.id, code=error.code, reason=str(error))
                await self._means.store.repost(self._claim)
                self._reply.restart()
            else:
                return self._ended(finish)
        raise AssertionError("the second reading returns")

    async def _request(self) -> ModelRequest:
        ask = self._turn.ask
        history, asker = await asyncio.gather(
            self._means.store.history(self._turn, rounds=HISTORY_ROUNDS), self._adapter.asker(ask)
        )
        turn = replace(self._turn, asks=(*self._turn.asks[:-1], replace(ask, author=asker)))
        background = await self._adapter.background(turn.asks[0]) if turn.first or turn.asks[0].reads_place else ()
        self._asked = prompt.question(turn, background, self._files, budget=self._means.prompt_tokens)
        messages = prompt.build(
            turn,
            self._asked,
            history,
            instructions=self._means.instructions,
            budget=self._means.prompt_tokens,
            now=time.time(),
        )
        model = await self._means.commands.chosen_model(turn.conversation, ask.address, ask.author.id)
        who = f"{ask.address.platform}/{ask.author.id}".encode()
        return ModelRequest(model, messages, hmac.new(self._means.salt, who, hashlib.sha256).hexdigest()[:32])

    async def _read(self, request: ModelRequest) -> Delta:
        """Write the model's text into the reply and return the delta that ended it."""
        finish = None
        async with aclosing(self._means.model.stream(request)) as stream:
            async for delta in stream:
                if delta.text:
                    self._reply.write(delta.text)
                if delta.finish is not None:
                    finish = delta
        if finish is None:
            raise ModelError("the stream ended without a reason", text="interrupted", resumable=True)
        return finish

    def _ended(self, finish: Delta) -> Outcome:
        usage = finish.usage or Usage()
        _count_tokens(finish.model, usage)
        if finish.finish is FinishReason.FILTERED:
            note = self._say("safety_history" if finish.stage == "history" else "safety")
            return Outcome(OutcomeKind.RETRACTED, note=note, model=finish.model, provider=finish.provider)
        answer = self._reply.text
        if not answer.strip():
            return self._failed("thought_out" if finish.finish is FinishReason.LENGTH else "empty")
        marks = {FinishReason.LENGTH: ("cut_off", _CUT_OFF), FinishReason.CONTEXT: ("context_full", _ANSWERED)}
        mark, controls = marks.get(finish.finish or FinishReason.STOP, ("", _ANSWERED))
        note = " ".join(filter(None, (self._missing(), self._say(mark) if mark else "")))
        return Outcome(
            OutcomeKind.ANSWERED,
            self._asked,
            answer,
            note,
            controls,
            finish.model,
            finish.provider,
            usage,
        )

    async def _not_answered(self, error: ModelError) -> Outcome:
        metrics.model_failures.labels(error.text).inc()
        log.warning("model.failed", turn=self._turn.id, reason=str(error), code=error.code, trace=error.trace)
        told = bool(error.operator) and await self._means.alarms.tell(error.operator)
        if self._reply.text.strip():
            note = self._say("interrupted")
            return Outcome(OutcomeKind.ANSWERED, self._asked, self._reply.text, note, _AGAIN)
        facts = {"model": "", "trace": error.trace or str(self._turn.id)} | error.facts
        facts["told"] = self._say("told") if told else ""
        facts["reset"] = self._say("reset_at", reset=facts["reset"]) if facts.get("reset") else ""
        # "Interrupted" is a note below what there is of an answer; here there is nothing.
        return self._failed("busy" if error.text == "interrupted" else error.text, **facts)

    def _failed(self, text: str, **facts: str) -> Outcome:
        return Outcome(OutcomeKind.FAILED, self._asked, note=self._say(text, **facts), controls=_AGAIN)

    # Meanwhile -----------------------------------------------------------------------------------------------------

    async def _keep_company(self) -> None:
        """Show that an answer is coming until its first text."""
        await self._surface.typing()
        await asyncio.sleep(THINKING_AFTER - (time.monotonic() - self._begun))
        while not self._reply.text:
            line = self._say("thinking", seconds=str(round(time.monotonic() - self._begun)))
            if self._surface.limits.status:
                await self._surface.typing(line)
            else:
                self._reply.status(line)
            await asyncio.sleep(THINKING_EVERY)

    def _say(self, text: str, **facts: str) -> str:
        return texts.say(text, self._locale, **facts)

    def _report(self, outcome: Outcome) -> None:
        metrics.turns.labels(outcome.kind).inc()
        first = self._reply.first_text_at
        if first is not None and self._turn.outcome is None:
            metrics.first_text.observe(first - self._begun)
        log.info(
            "turn.delivered",
            turn=self._turn.id,
            outcome=outcome.kind,
            model=outcome.model,
            provider=outcome.provider,
            attempt=self._turn.attempt,
            first_text=None if first is None else round(first - self._begun, 3),
            seconds=round(time.monotonic() - self._begun, 3),
            tokens=outcome.usage.completion,
        )


def _count_tokens(model: str, usage: Usage) -> None:
    for kind in ("prompt", "completion", "cached", "reasoning"):
        metrics.tokens.labels(model, kind).inc(getattr(usage, kind))
