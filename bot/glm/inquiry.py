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

# Seconds of waiting before the position in the queue is said, and between two looks at it.
_SAID_AFTER: Final = 3.0
_LOOK: Final = 1.0


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
        if self._lane.limiter.full:
            raise broken("waited")
        conversation = self._question.request.conversation
        with self._lane.limiter.place(conversation, had_its_turn=self._question.sent) as place:
            if not place.admitted.is_set():
                async with aclosing(self._queue(place)) as positions:
                    async for position in positions:
                        yield position
            if not place.admitted.is_set() or self._lane.blocked is not None:
                return
            with self._lane.attempt() as attempt:
                async with aclosing(self._answer()) as deltas:
                    async for delta in deltas:
                        self._hear(delta, attempt)
                        if self._question.shows(delta):
                            yield delta

    def failed(self, fault: Fault) -> float | None:
        """Seconds to wait before the next attempt, None when there is none."""
        now, offer, attempt = loop_time(), self._lane.offer, self._question.attempt
        if self._begun_at is not None:
            self._question.excuse(now - self._begun_at)
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
            advice=operator_line(offer, fault),
        )
        return wait

    async def _queue(self, place: Place) -> AsyncGenerator[Delta, None]:
        """Wait until admitted or the lane is left alone, and yield the position; raises Fault when that takes long."""
        began, said = loop_time(), 0
        with metrics.glm_waiting.track_inprogress():
            while not place.admitted.is_set() and self._lane.blocked is None:
                now, until = loop_time(), self._question.queue_until
                if now >= until:
                    break
                with suppress(TimeoutError):  # it is only time for the next look
                    async with asyncio.timeout_at(min(now + _LOOK, until)):
                        await place.admitted.wait()
                if (self._lane.answering or self._question.whole) and self._question.alone:
                    self._question.excuse(loop_time() - now)
                position = self._lane.limiter.position(place)
                if position not in (0, said) and loop_time() - began >= _SAID_AFTER:
                    said = position
                    yield Delta(position=position)
        if said:
            yield Delta(position=0)
        if self._lane.blocked is None and loop_time() >= self._question.queue_until:
            raise broken("waited")

    def _answer(self) -> AsyncGenerator[Delta, None]:
        question, offer = self._question, self._lane.offer
        body, due = question.body(), question.due
        self._id = body.get("request_id", "")
        if question.whole:
            # A whole answer has no first piece: only the bound for everything is for it.
            self._begun_at, due = loop_time(), question.ends_at
        tools = question.request.tools
        return self._endpoint.ask(offer, encode(body), first=due, deadline=question.ends_at, tools=tools)

    def _hear(self, delta: Delta, attempt: Attempt) -> None:
        if self._begun_at is None:
            self._begun_at = loop_time()
        if attempt.begun() and self._question.fell_back:
            offer, wanted = self._lane.offer, self._question.request.model
            log.info("glm.fell_back", wanted=wanted, model=offer.name, provider=offer.provider)
        if delta.finish is not None:
            attempt.answered()
