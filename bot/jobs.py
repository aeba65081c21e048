"""Questions that are answered in the background: asked or polled for until their answer is there, then made an ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Final, TypeVar

import structlog

from bot import metrics, outcomes, remarks
from bot.alarms import Alarms
from bot.completion import Delta, ModelRequest
from bot.errors import ModelError, OperatorError
from bot.guard import Guard, Speaker, without_echoes
from bot.messages import Ask, Job, Outcome, OutcomeKind, Turn
from bot.outcomes import Asked
from bot.ports import Model, Reception, Store
from bot.questions import Question

log = structlog.get_logger(__name__)

T = TypeVar("T")

# How long an answer is waited for after the question was put off, in seconds.
PATIENCE: Final = 3600.0
# Seconds before the second poll, the longest between two, and how much longer each pause is than the one before.
FIRST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 30.0
GROWTH: Final = 1.5
# Seconds that one poll may take; one that takes longer counts as "not ready".
POLL: Final = 30.0
# How many questions we ask ourselves at a time, for models that nobody answers in the background.
STREAMS: Final = 8
# How many jobs are worked on at a time; the others wait in the store.
WATCHED: Final = 200
# Seconds after which the store is looked into without being woken, as another process may have made a job.
RESCAN: Final = 60.0
# Seconds before an ask is made again that found no room in its queue.
QUEUE_PAUSE: Final = 10.0
# Seconds before a step is tried again that failed in a way nobody foresaw, and the longest such pause.
RETRY: Final = 2.0
LONGEST_RETRY: Final = 300.0

Rebuild = Callable[[Turn], Awaitable[Question]]


@dataclass(slots=True)
class _Answer:
    """As much of an answer as was heard, as it may be shown; `reasoning` only where that is wished for."""

    text: str = ""
    reasoning: str = field(default="", repr=False)

    async def hear(self, guard: Guard, question: Question) -> Delta:
        """Take in what a model says to a question; the delta that ended it. Raises ModelError."""
        finish = None
        async with aclosing(guard.stream(question.request)) as stream:
            async for delta in stream:
                self.text += delta.text
                self.reasoning += delta.reasoning if question.shows_reasoning else ""
                if delta.finish is not None:
                    finish = delta
        if finish is None:
            raise ModelError("the stream ended without a reason", text="interrupted", resumable=True)
        self.reasoning = without_echoes(self.reasoning, question.request.messages)
        return finish


@dataclass(frozen=True, slots=True)
class _Said:
    """Stands for a model that has given its answer before."""

    answer: Delta

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        """The answer, whatever is asked."""
        yield self.answer


class Jobs:
    """Brings every open job of the store to its end, also those that an earlier process began.

    `ask` takes the answer in as an ask; `rebuild` makes the request of a deferred turn once more. `clock` is in Unix
    seconds. `link_hosts` are those to which the operator lets answers link.
    """

    def __init__(
        self,
        store: Store,
        model: Model,
        ask: Callable[[Ask], Awaitable[Reception]],
        rebuild: Rebuild,
        alarms: Alarms,
        clock: Callable[[], float] = time.time,
        link_hosts: frozenset[str] = frozenset(),
    ) -> None:
        self._store = store
        self._model = model
        self._ask = ask
        self._rebuild = rebuild
        self._alarms = alarms
        self._clock = clock
        self._link_hosts = link_hosts
        # By turn and time: a turn that is asked again has another job under the same number.
        self._running: dict[tuple[int, float], asyncio.Task[None]] = {}
        self._streams = asyncio.Semaphore(STREAMS)
        self._woken = asyncio.Event()
        self._closed = False

    def wake(self) -> None:
        """Look for jobs now."""
        self._woken.set()

    async def run(self) -> None:
        """Take up jobs until closed."""
        while not self._closed:
            self._woken.clear()
            await self._take_up()
            with suppress(TimeoutError):
                async with asyncio.timeout(RESCAN):
                    await self._woken.wait()

    async def cancel(self, turn: int) -> bool:
        """End a job without an answer; False when its answer was already given, or it was cancelled before."""
        cancelled = await self._store.cancel_job(turn)
        for (number, _), task in self._running.items():
            if cancelled and number == turn:
                task.cancel()
        return cancelled

    async def close(self) -> None:
        """Leave all jobs as they are for the next start, and end `run`."""
        self._closed = True
        self.wake()
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_up(self) -> None:
        try:
            jobs = {(job.turn.id, job.since): job for job in await self._store.jobs()}
        except OperatorError as error:
            log.error("store.failed", reason=str(error), retry_in=RESCAN)  # noqa: TRY400  # the message says it all
            return
        for key in self._running.keys() - jobs.keys():
            # It was cancelled, or has made way for another job of its turn.
            self._running[key].cancel()
        for key, job in jobs.items():
            if key not in self._running and len(self._running) < WATCHED and not self._closed:
                self._start(key, job)

    def _start(self, key: tuple[int, float], job: Job) -> None:
        task = self._running[key] = asyncio.create_task(self._work(job), name=f"job-{job.turn.id}")
        task.add_done_callback(lambda _: self._ended(key))
        metrics.jobs_running.set(len(self._running))
        log.info("job.started", turn=job.turn.id, streamed=not job.handle, answered=job.outcome is not None)

    def _ended(self, key: tuple[int, float]) -> None:
        del self._running[key]
        metrics.jobs_running.set(len(self._running))
        self.wake()

    # One job -------------------------------------------------------------------------------------------------------

    async def _work(self, job: Job) -> None:
        outcome = job.outcome
        if outcome is None:
            outcome = await self._insist(job, lambda: self._answer(job))
            if not await self._insist(job, lambda: self._store.end_job(job.turn.id, outcome)):
                return
        await self._insist(job, lambda: self._announce(job))
        log.info(
            "job.ended",
            turn=job.turn.id,
            outcome=outcome.kind,
            model=outcome.model,
            provider=outcome.provider,
            seconds=round(self._clock() - job.since, 1),
        )

    async def _insist(self, job: Job, step: Callable[[], Awaitable[T]]) -> T:
        """Take a step, again and again until it is done: what was answered has cost a whole answer."""
        pause = RETRY
        while True:
            try:
                return await step()
            except Exception:  # whatever it was, the job is tried again and the others live
                log.exception("job.delayed", turn=job.turn.id, retry_in=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_RETRY)

    async def _answer(self, job: Job) -> Outcome:
        asked = Asked(job.turn.outcome.question if job.turn.outcome else "", *_whom(job))
        collected = await self._collect(job, asked) if job.handle else None
        if collected is not None:
            return collected
        scope = asyncio.timeout(self._left(job))
        try:
            async with scope:
                return await self._stream(job)
        except TimeoutError:
            if not scope.expired():
                raise
            return outcomes.failed(asked, "too_late")

    def _left(self, job: Job) -> float:
        return job.since + PATIENCE - self._clock()

    async def _collect(self, job: Job, asked: Asked) -> Outcome | None:
        """Poll for the answer, None when it is better to ask anew; once at least, as it may have come long ago."""
        pause = FIRST_PAUSE
        while True:
            try:
                delta = await self._poll(job)
            except ModelError as error:
                return None if error.resumable else await self._not_answered(asked, "", error)
            if delta is not None:
                return await self._checked(job, asked, delta)
            if self._left(job) < pause:
                return outcomes.failed(asked, "too_late")
            await asyncio.sleep(pause)
            pause = min(pause * GROWTH, LONGEST_PAUSE)

    async def _checked(self, job: Job, asked: Asked, delta: Delta) -> Outcome:
        """What somebody else has worked out comes by the same rules as what we ask for ourselves."""
        question = await self._insist(job, lambda: self._rebuild(job.turn))
        answer = _Answer()
        finish = await answer.hear(self._guarded(_Said(delta), question, asked), question)
        return _outcome(asked, answer, finish)

    def _guarded(self, model: Speaker, question: Question, asked: Asked) -> Guard:
        return Guard(model, question.text, _unknown, asked.locale, self._link_hosts)

    async def _poll(self, job: Job) -> Delta | None:
        delta = None
        with suppress(TimeoutError):  # the next poll may be answered
            async with asyncio.timeout(POLL):
                delta = await self._model.collect(job.handle)
        log.debug("job.polled", turn=job.turn.id, ready=delta is not None)
        return delta

    async def _stream(self, job: Job) -> Outcome:
        """Ask ourselves; an answer that breaks off is asked for once more."""
        async with self._streams:
            question = await self._rebuild(job.turn)
            asked = Asked(question.text, *_whom(job))
            for last in (False, True):
                answer = _Answer()
                try:
                    finish = await answer.hear(self._guarded(self._model, question, asked), question)
                except ModelError as error:
                    if last or not error.resumable:
                        return await self._not_answered(asked, answer.text, error)
                    log.info("job.repaired", turn=job.turn.id, code=error.code, reason=str(error))
                else:
                    who = remarks.who_answered(finish, question.request.model, question.provider, asked.locale)
                    return _outcome(asked, answer, finish, *filter(None, (*question.notes, who)))
        raise AssertionError("the second reading returns")

    async def _not_answered(self, asked: Asked, answer: str, error: ModelError) -> Outcome:
        metrics.model_failures.labels(error.text).inc()
        log.warning("model.failed", turn=asked.reference, reason=str(error), code=error.code, trace=error.trace)
        told = bool(error.operator) and await self._alarms.tell(error.operator)
        return outcomes.not_answered(asked, answer, error, told=told)

    async def _announce(self, job: Job) -> None:
        """Make the ask that brings the answer; the store takes in the same one only once."""
        for number in count(1):
            reception = await self._ask(_ask_of(job, number, self._clock()))
            if reception is not Reception.FULL:
                break
            log.warning("job.queue_full", turn=job.turn.id, retry_in=QUEUE_PAUSE)
            await asyncio.sleep(QUEUE_PAUSE)
        await self._store.close_job(job.turn.id)


def _unknown(_tool: str) -> None:
    """Which tools an earlier answer has called is not known here: strangers may have had a say in what they gave."""


def _whom(job: Job) -> tuple[str, str]:
    """The locale and the reference of what is said about a job."""
    return job.turn.ask.address.locale, str(job.turn.id)


def _outcome(asked: Asked, answer: _Answer, finish: Delta, *notes: str) -> Outcome:
    if finish.usage is not None:
        metrics.count_tokens(finish.model, finish.usage)
    outcome = outcomes.ended(asked, answer.text, finish, notes)
    return replace(outcome, reasoning=answer.reasoning) if outcome.kind is OutcomeKind.ANSWERED else outcome


def _ask_of(job: Job, number: int, now: float) -> Ask:
    """The ask that brings a job's answer; a queue remembers what it had no room for, so the next has another key."""
    return replace(
        job.turn.ask,
        key=f"job/{job.turn.id}" if number == 1 else f"job/{job.turn.id}/{number}",
        conversation=job.turn.conversation,
        text="\n".join(ask.text for ask in job.turn.asks),
        at=now,
        addressed=True,
        alone=True,
        deferred=False,
        job=job.turn.id,
        reply_to="",
    )
