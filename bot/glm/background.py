"""Questions that a provider answers later: it takes one in, and is asked for the answer until there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import structlog

from bot.completion import Delta, ModelRequest
from bot.errors import ModelError
from bot.glm.answer import AnswerReader, Bounds
from bot.glm.catalogue import Offer, catalogue
from bot.glm.chain import Lane
from bot.glm.codes import Rule
from bot.glm.endpoint import Endpoint, Whole
from bot.glm.errors import Fault, broken, facts_of, is_error, operator_line, read_refusal, to_fault, to_model_error
from bot.glm.fields import as_list, as_object, as_text, parse
from bot.glm.wire import Options, build_body, encode, user_id

log = structlog.get_logger(__name__)

# docs.bigmodel.cn, asynchronous chat completion and its result.
_SUBMIT: Final = "/async/chat/completions"
_RESULT: Final = "/async-result/"
# The documentation says FAIL; the vendor's own sample compares with FAILED.
_FAILURES: Final = frozenset({"FAIL", "FAILED"})
_TASK_FAILED: Final = Rule("F", "busy")
# Seconds that each of the two calls may take.
_SUBMIT_WAIT: Final = 15.0
_RESULT_WAIT: Final = 20.0
# Characters of an id; those seen have about fifty.
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class Task:
    """A question that a provider has taken in, by the id that it has there."""

    provider: str
    model: str
    id: str

    @property
    def handle(self) -> str:
        """The task as one string."""
        return f"{self.provider}/{self.model}/{self.id}"


def read_handle(handle: str) -> Task:
    """The task of a handle; raises ValueError for what is none."""
    provider, model, number = handle.split("/", 2)
    return Task(provider, model, number)


class Background:
    """Has questions answered in the background by those of the endpoints that do so.

    `salt` keys the names under which providers know users.
    """

    def __init__(self, endpoints: Mapping[str, Endpoint], options: Options, bounds: Bounds, salt: str) -> None:
        self._endpoints = endpoints
        self._options = replace(options, stream=False)
        self._bounds = bounds
        self._salt = salt

    async def submit(self, request: ModelRequest, lanes: Sequence[Lane]) -> str:
        """A handle for the answer, "" when none of these lanes takes the question in. Raises ModelError.

        Only what no other way of asking could change is an error: whoever gets no handle asks by streaming, with all
        the attempts and remedies that there are. A submission whose receipt was lost costs a second answer then.
        """
        lane = next((lane for lane in lanes if _serves(lane, request)), None)
        if lane is None:
            return ""
        try:
            with lane.attempt(request.conversation) as attempt:
                if not attempt.place.admitted.is_set():
                    return ""
                task = await self._submit(request, lane.offer)
                attempt.answered()
        except Fault as fault:
            _report("glm.not_submitted", lane.offer, fault)
            if _is_final(fault):
                raise _error(lane.offer, fault) from None
            return ""
        return task.handle

    async def _submit(self, request: ModelRequest, offer: Offer) -> Task:
        identity = {"request_id": uuid4().hex}
        if request.user:
            identity["user_id"] = user_id(request.user, self._salt)
        # Nobody would be there to make the calls.
        body = build_body(replace(request, tools=()), offer, self._options, identity=identity)
        endpoint = self._endpoints[offer.provider]
        answer = await endpoint.call("POST", _SUBMIT, encode(body), within=_SUBMIT_WAIT)
        number = read_receipt(offer, answer)
        return Task(offer.provider, offer.name, number)

    async def collect(self, handle: str) -> Delta | None:
        """The whole answer, None while there is none. Raises ModelError, `resumable` where asking anew may help.

        A call that fails in a way that passes counts as "not yet": the answer is still where it is.
        """
        offer, number = self._find(handle)
        try:
            path = _RESULT + quote(number, safe="")
            answer = await self._endpoints[offer.provider].call("GET", path, within=_RESULT_WAIT)
            return read_result(offer, self._bounds, answer)
        except Fault as fault:
            _report("glm.not_collected", offer, fault)
            if fault.rule.retries:
                return None
            raise _error(offer, fault) from None

    def _find(self, handle: str) -> tuple[Offer, str]:
        """The offer and the id that a handle names; it may be of a time with other settings."""
        try:
            task = read_handle(handle)
            offer = catalogue().offer(task.model, task.provider)
        except ValueError:
            raise ModelError("not a handle", text="bug", facts=facts_of("")) from None
        if offer is None or task.provider not in self._endpoints:
            message = f"{task.provider} is no longer set up for {task.model}"
            raise ModelError(message, text="model", resumable=True, facts=facts_of(task.model))
        return offer, task.id


def read_receipt(offer: Offer, answer: Whole) -> str:
    """The id under which a question was taken in. Raises Fault."""
    content = as_object(parse(answer.text))
    if not answer.success or is_error(content):
        raise to_fault(offer.terms.dialect, read_refusal(answer.status, content), answer.retry_after)
    if _status(content) in _FAILURES:
        raise broken("network_error")
    number = content.get("id")
    if not isinstance(number, str | int) or not 0 < len(str(number)) <= _LONGEST_ID:
        raise broken("not_an_answer")
    return str(number)


def read_result(offer: Offer, bounds: Bounds, answer: Whole) -> Delta | None:
    """The whole answer as one delta, None while there is none. Raises Fault."""
    content = as_object(parse(answer.text))
    over = bool(as_list(content.get("choices"))) or _status(content) in _FAILURES
    if answer.success and not over and not is_error(content):
        if not content:
            raise broken("not_an_answer")
        return None
    reader = AnswerReader(offer, bounds)
    if answer.success:
        delta = reader.feed(answer.text.encode()) or reader.end()
    else:
        delta = reader.refuse(read_refusal(answer.status, content), answer.retry_after)
    if delta is None:
        fault = reader.fault or broken("truncated")
        # Whatever went wrong there, it will not be made good there.
        raise Fault(_TASK_FAILED, fault.code, trace=fault.trace) if over else fault
    return delta


def _serves(lane: Lane, request: ModelRequest) -> bool:
    return lane.offer.name == request.model and lane.offer.terms.background and lane.blocked is None


def _status(content: Mapping[str, Any]) -> str:
    return as_text(content.get("task_status")).upper()


def _is_final(fault: Fault) -> bool:
    """Whether no other way of asking could help: the safety review has spoken, or the question is at fault."""
    return not (fault.rule.retries or fault.rule.moves_on or fault.rule.remedy)


def _error(offer: Offer, fault: Fault) -> ModelError:
    error = to_model_error([(offer, fault)], shown=False)
    error.resumable = not _is_final(fault)
    return error


def _report(event: str, offer: Offer, fault: Fault) -> None:
    log.warning(
        event,
        provider=offer.provider,
        model=offer.name,
        code=fault.code,
        trace=fault.trace,
        advice=operator_line(offer, fault),
    )
