"""Reads what went wrong from any of the shapes in which providers say so."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.completion import Usage
from bot.errors import ModelError, ServiceError
from bot.glm import codes
from bot.glm.catalogue import Offer
from bot.glm.codes import Action, Rule
from bot.glm.fields import as_list, as_object, as_text, identifier

_STAGES = ("user", "assistant", "history")
_RESET = re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a provider said, in one shape; the message is for finding the rule and goes no further."""

    status: int
    code: str = ""
    message: str = field(default="", repr=False)
    trace: str = ""
    stage: str = ""


class Fault(ServiceError):
    """One attempt that failed; of what the provider wrote it holds identifiers, the date of a reset and the `usage`."""

    def __init__(
        self, rule: Rule, code: str, *, trace: str = "", retry_after: float | None = None, reset: str = ""
    ) -> None:
        super().__init__(f"the attempt failed ({code})", retry_after=retry_after)
        self.rule = rule
        self.code = code
        self.trace = trace
        self.reset = reset
        self.usage: Usage | None = None


def broken(kind: str) -> Fault:
    """The fault for what happened to a connection or a stream, by its name in `codes`."""
    return Fault(codes.CONNECTION[kind], kind)


def is_error(body: Mapping[str, Any]) -> bool:
    """Whether a body or an event is an error, whatever its HTTP status."""
    if body.get("error") or body.get("success") is False:
        return True
    return "choices" not in body and any(key in body for key in ("code", "statusCode", "msg", "contentFilter"))


def read_refusal(status: int, body: object) -> Refusal:
    """Normalise an error body; anything that is not a JSON object is known by its status alone."""
    outer = as_object(body)
    inner = as_object(outer.get("error"))
    messages = [as_text(said) for said in (inner.get("message"), outer.get("msg"), outer.get("message"))]
    return Refusal(
        status=status,
        code=identifier(inner.get("code"), outer.get("code"), outer.get("statusCode")),
        message=next(filter(None, messages), as_text(outer.get("error")))[:2000],
        trace=identifier(outer.get("request_id"), outer.get("requestId"), outer.get("trace_id")),
        stage=filter_stage(outer) or filter_stage(inner),
    )


def filter_stage(body: Mapping[str, Any]) -> str:
    """What the safety review objected to most, "" when the body does not say; level 0 is the most severe."""
    entries = map(as_object, as_list(body.get("content_filter") or body.get("contentFilter")))
    known = [entry for entry in entries if entry.get("role") in _STAGES]
    return min(known, key=_severity)["role"] if known else ""


def _severity(entry: Mapping[str, Any]) -> float:
    level = entry.get("level")
    return level if isinstance(level, int | float) else math.inf


def find_rule(dialect: str, refusal: Refusal) -> Rule:
    """What a refusal means: by the dialect's codes, by the vendor's own that a reseller passed on, then by status."""
    own, status = codes.DIALECTS[dialect], str(refusal.status)
    for table, key in ((own, refusal.code), (codes.ZHIPU, refusal.code), (own, status), (codes.STATUS, status)):
        for rule in table.get(key, ()):
            if re.search(rule.pattern, refusal.message):
                return rule
    return codes.OTHER_CLIENT_ERROR if 300 <= refusal.status < 500 else codes.OTHER


def to_fault(dialect: str, refusal: Refusal, retry_after: float | None = None) -> Fault:
    """The fault that a refusal is."""
    reset = _RESET.search(refusal.message)
    return Fault(
        find_rule(dialect, refusal),
        refusal.code or str(refusal.status),
        trace=refusal.trace,
        retry_after=retry_after,
        reset=reset.group() if reset else "",
    )


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header (a number or a date), None without a readable one."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _until(value, now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(value: str, now: datetime) -> float:
    try:
        return (parsedate_to_datetime(value) - now).total_seconds()
    except (ValueError, TypeError):
        return math.nan


def to_model_error(faults: Sequence[tuple[Offer, Fault]], *, shown: bool) -> ModelError:
    """What the core is told after these attempts; `shown` says that some of the answer was already received.

    The first fault that may pass by itself speaks for all of them; the operator hears about each that is theirs.
    """
    offer, fault = min(faults, key=lambda entry: not entry[1].rule.retries)
    interrupted = shown and fault.rule.retries
    return ModelError(
        f"{offer.provider} did not answer for {offer.name} ({fault.code})",
        text="interrupted" if interrupted else fault.rule.text,
        code=fault.code,
        trace=fault.trace,
        retry_after=fault.retry_after,
        resumable=interrupted,
        operator="; ".join(dict.fromkeys(filter(None, (operator_line(*entry) for entry in faults)))),
        facts=facts_of(offer.name, fault.trace, fault.reset),
    )


def facts_of(model: str, trace: str = "", reset: str = "") -> dict[str, str]:
    """The values that a sentence for the user may need; "" where one is not known."""
    return {"model": model, "trace": trace, "reset": reset}


def operator_line(offer: Offer, fault: Fault) -> str:
    """What the operator has to mend, "" when it is not theirs."""
    if Action.OPERATOR not in fault.rule.does:
        return ""
    names = {"variable": offer.terms.variable, "provider": offer.provider, "model": offer.name, "code": fault.code}
    return fault.rule.operator.format_map(names)
