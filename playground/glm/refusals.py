"""How each provider says no: the reasons, their status and code, and the shape of the body."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from playground.glm.dialects import dumps
from playground.glm.script import Raw


class Reason(StrEnum):
    """Why the stand-in itself turns a request down."""

    NO_KEY = "no key"
    NOT_BEARER = "not a bearer key"
    BAD_KEY = "wrong key"
    NO_ROUTE = "no such path"
    NO_MODEL = "no such model"
    MISSING = "missing parameter"
    PARAMETER = "bad parameter"
    MESSAGES = "bad messages"
    TOO_LONG = "prompt too long"
    SAME_REQUEST = "this request_id is running"
    TOO_MANY = "too many requests in flight"
    NO_SUCH_CALL = "the model cannot be asked in this way"
    NO_JOB = "no such answer in the background"


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal, not yet in any provider's shape; the detail is for whoever reads the test's output."""

    reason: Reason
    detail: str = ""


_ZHIPU: Mapping[Reason, tuple[int, str]] = {
    Reason.NO_KEY: (401, "1001"),
    Reason.NOT_BEARER: (401, "1002"),
    Reason.BAD_KEY: (401, "1000"),
    Reason.NO_MODEL: (400, "1211"),
    Reason.MISSING: (400, "1213"),
    Reason.PARAMETER: (400, "1210"),
    Reason.MESSAGES: (400, "1214"),
    Reason.TOO_LONG: (400, "1261"),
    Reason.SAME_REQUEST: (400, "1231"),
    Reason.TOO_MANY: (429, "1302"),
    Reason.NO_SUCH_CALL: (400, "1212"),
    # What it says of an id that it does not know is not written down: it is a parameter that is not valid.
    Reason.NO_JOB: (400, "1214"),
}

_AIMLAPI: Mapping[Reason, int] = {
    Reason.NO_KEY: 401,
    Reason.NOT_BEARER: 401,
    Reason.BAD_KEY: 401,
    Reason.NO_ROUTE: 404,
    Reason.TOO_MANY: 429,
}

_ACEDATA: Mapping[Reason, tuple[int, str]] = {
    Reason.NO_KEY: (401, "no_token"),
    Reason.NOT_BEARER: (401, "invalid_token"),
    Reason.BAD_KEY: (401, "invalid_token"),
    Reason.NO_ROUTE: (404, "not_found"),
    Reason.NO_MODEL: (400, "api_not_implemented"),
    Reason.MISSING: (400, "token_mismatched"),
    Reason.TOO_MANY: (429, "too_many_requests"),
}

_AIMLAPI_MESSAGES: Mapping[Reason, str] = {
    Reason.BAD_KEY: "STAND-IN: Unauthorized",
    Reason.TOO_MANY: "Too Many Requests",
}


def as_json(status: int, body: Mapping[str, Any], **headers: str) -> Raw:
    """A response with a JSON body; an underscore in a header's name stands for a dash."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Raw(status, dumps(body).encode(), headers=named)


def zhipu_error(status: int, code: str | int, message: str = "STAND-IN 错误", **beside: Any) -> Raw:
    """An error of bigmodel or zai; `beside` are fields next to `error`, such as contentFilter or request_id."""
    return as_json(status, {**beside, "error": {"code": code, "message": message}})


def aimlapi_error(status: int, message: str = "STAND-IN error") -> Raw:
    """An error of aimlapi: flat, with no code of its own."""
    body = {
        "message": message,
        "path": "/v1/chat/completions",
        "requestId": secrets.token_hex(8),
        "statusCode": status,
        "timestamp": datetime.now(UTC).isoformat(),
    }
    return as_json(status, body)


def acedata_error(status: int, code: str, message: str = "STAND-IN error") -> Raw:
    """An error of acedata."""
    body = {"success": False, "trace_id": secrets.token_hex(8), "error": {"code": code, "message": message}}
    return as_json(status, body)


def failure(provider: str, code: str | int, message: str) -> Raw:
    """An error of the provider's own making, in its shape."""
    match provider:
        case "aimlapi":
            return aimlapi_error(500, message)
        case "acedata":
            return acedata_error(500, str(code), message)
        case _:
            return zhipu_error(500, code, message)


def soft_404() -> Raw:
    """What the gateway of bigmodel and zai answers on a path that it does not know: HTTP 200."""
    return as_json(200, {"code": 500, "msg": "404 NOT_FOUND", "success": False})


def html_502() -> Raw:
    """A proxy's page."""
    page = b"<html><head><title>502 Bad Gateway</title></head><body><center>STAND-IN proxy</center></body></html>"
    return Raw(502, page, "text/html")


def empty(status: int) -> Raw:
    """A response with no body."""
    return Raw(status)


def garbage(size: int = 10_000_000) -> Raw:
    """A stream of so many bytes that holds neither an event nor a line end."""
    return Raw(200, b"\xfe\x00garbage" * (size // 9 + 1), "text/event-stream;charset=UTF-8")


def refuse(provider: str, problem: Problem) -> tuple[Raw, str]:
    """A refusal in the provider's shape, and the code by which it is recorded."""
    message = f"STAND-IN: {problem.reason}: {problem.detail}"
    match provider:
        case "aimlapi":
            status = _AIMLAPI.get(problem.reason, 400)
            message = f"Body validation error: {message}" if status == 400 else message
            return aimlapi_error(status, _AIMLAPI_MESSAGES.get(problem.reason, message)), str(status)
        case "acedata":
            status, code = _ACEDATA.get(problem.reason, (400, "bad_request"))
            return acedata_error(status, code, message), code
        case _ if problem.reason is Reason.NO_ROUTE:
            return soft_404(), "404"
        case _:
            status, code = _ZHIPU[problem.reason]
            return zhipu_error(status, code, message), code
