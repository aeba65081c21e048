"""Answers that are asked for now and fetched later."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass

from playground.glm.dialects import ZHIPU, Head, Json, Speech, completion, found_by, speech
from playground.glm.exchange import Exchange
from playground.glm.refusals import Problem, Reason, as_json, refuse
from playground.glm.script import Answer, Broken, Finish, Raw, Sensitive
from playground.glm.usage import usage_of

_KEPT = 10_000
_WORKING = "PROCESSING"


@dataclass(slots=True)
class _Job:
    """An answer on its way; `ready_at` is on the monotonic clock, `polls` counts how often it was asked for."""

    exchange: Exchange
    answer: Answer
    said: Speech
    head: Head
    ready_at: float
    polls: int = 0


class Background:
    """Keeps the last 10,000 such answers, whoever asks for them and from wherever."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, _Job] = OrderedDict()

    def submit(self, exchange: Exchange, answer: Answer) -> Raw:
        """Take a request in; its answer takes as long as it would otherwise."""
        said = speech(answer, exchange.body.get("max_tokens"))
        number = str(secrets.randbits(63))
        head = Head(f"101002-{number}", int(time.time()), exchange.model.upper())
        takes = answer.delay + (said.length / answer.rate if answer.rate else 0.0)
        ready_at = asyncio.get_running_loop().time() + takes
        self._jobs[head.id] = _Job(exchange, answer, said, head, ready_at)
        while len(self._jobs) > _KEPT:
            self._jobs.popitem(last=False)
        return as_json(200, {**_identity(self._jobs[head.id]), "model": exchange.model, "task_status": _WORKING})

    def result(self, provider: str, number: str) -> Raw:
        """What asking for an answer says now."""
        job = self._jobs.get(number)
        if job is None or job.exchange.provider != provider:
            return refuse(provider, Problem(Reason.NO_JOB, number))[0]
        later = job.answer.later
        job.polls += 1
        if job.polls <= len(later.stumbles):
            return later.stumbles[job.polls - 1]
        passed = [hold.passed() for hold in job.answer.holds]
        waited = job.polls > len(later.stumbles) + later.polls
        if not (waited and all(passed) and asyncio.get_running_loop().time() >= job.ready_at):
            return as_json(200, {**_identity(job), "model": None, "task_status": _WORKING})
        return as_json(200, _ended(job))


def _identity(job: _Job) -> Json:
    asked = job.exchange.body.get("request_id")
    return {"id": job.head.id, "request_id": asked or job.head.id.partition("-")[2]}


def _ended(job: _Job) -> Json:
    match job.answer.ending:
        case Finish() | Sensitive():
            usage = usage_of(job.answer, job.said, job.exchange)
            whole = completion(job.answer, job.said, ZHIPU, job.head, usage)
            del whole["object"]
            found = found_by(job.answer, job.exchange.search)
            return {**whole, **found, **_identity(job), "task_status": "SUCCESS"}
        case Broken(code, message):
            error = {"error": {"code": code, "message": message}}
        case _:
            error = {}
    return {**_identity(job), "model": job.head.model, "task_status": job.answer.later.failed, **error}
