"""A question at one of its offers: the wait for its turn, one request, and how that ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Final

import structlog

from bot import metrics
from bot.completion import Delta
from bot.glm.chain import Attempt
from bot.glm.endpoint import Endpoint
from bot.glm.errors import Fault, broken, operator_line
from bot.glm.limiter import Place
from bot.glm.question import Question
from bot.glm.wire import encode

log = structlog.get_logger(__name__)

# Seconds of waiting before the position in the queue is said, and the most and the least between two looks at it.
_SAID_AFTER: Final = 3.0
_LOOK: Final = 1.0
_SHORTEST: Final = 0.001


def loop_time() -> float:
    """The time of the running loop, in seconds."""
    return asyncio.get_running_loop().time()


class Inquiry:
    """One attempt of a question at the lane that it has come to."""

    def __init__(self, question: Question, endpoint: Endpoint) -> None:
        self._question = question
        self._lane = question.lane
        self._endpoint = endpoint
        self._begun_at: float | None = None
        self._id = ""

    async def run(self) -> AsyncGenerator[Delta, None]:
        """Wait for its turn, ask, and yield what comes; nothing when the lane is left alone by then. Raises Fault."""
        question = self._question
        if self._lane.limiter.full:
            raise broken("waited")
        with self._lane.attempt(question.request.conversation, question.turn) as attempt:
            if not attempt.place.admitted.is_set():
                async with aclosing(self._queue(attempt.place)) as positions:
                    async for position in positions:
                        yield position
            if attempt.place.admitted.is_set() and loop_time() < question.due:
                async with aclosing(self._ask(attempt)) as deltas:
                    async for delta in deltas:
                        yield delta
                return
            late = attempt.place.admitted.is_set()
        if late or self._lane.blocked is None:
            raise broken("waited")

    def failed(self, fault: Fault) -> float | None:
        """Seconds to wait before the next attempt, None when there is none."""
        now, offer, attempt = loop_time(), self._lane.offer, self._question.attempt
        self._excuse()
        fault.trace = fault.trace or self._id
        wait = self._question.failed(fault, now)
        log.warning(
            "glm.attempt_failed",
            provider=offer.provider,
            model=offer.name,
            attempt=attempt,
            code=fault.code,
            trace=fault.trace,
            again_in=wait,
            pause=round(self._lane.limiter.pause.left, 1),
            advice=operator_line(offer, fault),
        )
        return wait

    async def _queue(self, place: Place) -> AsyncGenerator[Delta, None]:
        """Wait until admitted, as long as that makes sense, and yield the position."""
        question, lane, began, said = self._question, self._lane, loop_time(), 0
        with metrics.glm_waiting.track_inprogress():
            while not place.admitted.is_set() and question.waits(loop_time()):
                now, alone, hopeful = loop_time(), question.alone, question.hopeful
                look = min(now + min(_LOOK, lane.admits_in or _LOOK), question.queue_until)
                with suppress(TimeoutError):  # it is only time for the next look
                    async with asyncio.timeout_at(max(look, now + _SHORTEST)):
                        await place.admitted.wait()
                question.waited(loop_time() - now, alone=alone, hopeful=hopeful)
                lane.limiter.admit()
                position = lane.limiter.position(place)
                if position not in (0, said) and loop_time() - began >= _SAID_AFTER:
                    said = position
                    yield Delta(position=position)
        if said:
            yield Delta(position=0)

    async def _ask(self, attempt: Attempt) -> AsyncGenerator[Delta, None]:
        async with aclosing(self._answer(attempt.place.turn)) as deltas:
            async for delta in deltas:
                self._hear(delta, attempt)
                if (shown := self._question.take(delta)) is not None:
                    yield shown
        self._excuse()

    def _excuse(self) -> None:
        """The time of an answer that has begun is not silence, whatever becomes of it."""
        if self._begun_at is not None:
            self._question.excuse(loop_time() - self._begun_at)

    def _answer(self, turn: int) -> AsyncGenerator[Delta, None]:
        question, offer, now = self._question, self._lane.offer, loop_time()
        body = question.body(turn)
        self._id = body.get("request_id", "")
        if question.whole:
            # A whole answer has no first piece: no time is silence before it.
            self._begun_at = now
        return self._endpoint.ask(
            offer,
            encode(body),
            first=question.first_due(now),
            deadline=question.ends_at,
            gap=lambda: question.gap(loop_time(), heard=self._begun_at is not None),
            tools=question.request.tools,
        )

    def _hear(self, delta: Delta, attempt: Attempt) -> None:
        if self._begun_at is None:
            self._begun_at = loop_time()
        if attempt.begun() and self._question.fell_back:
            offer, wanted = self._lane.offer, self._question.request.model
            log.info("glm.fell_back", wanted=wanted, model=offer.name, provider=offer.provider)
        if delta.finish is not None:
            attempt.answered()
