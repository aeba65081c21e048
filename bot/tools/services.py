"""Asks the public services that tools live on; answers are bounded in time and size and checked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from bot.errors import ServiceError
from bot.tools.registry import Context
from bot.tools.wording import Sentence, say

# Seconds and bytes of one answer; a week's forecast has some 3,000 bytes, 100 places have 60,000.
SECONDS: Final = 4.0
SIZE: Final = 1_000_000

_SILENT: Final = (
    "{who} is not answering right now. Please try again later.",
    "{who}目前没有响应,请稍后再试。",
)
_BUSY: Final = (
    "{who} has been asked too often. Please try again in a few minutes.",
    "对{who}的请求太频繁,请过几分钟再试。",
)
_STRANGE: Final = (
    "{who} gave no usable answer. Please try again later.",
    "{who}没有给出可用的结果,请稍后再试。",
)

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Service:
    """A service under its name in `Context.services`, where it usually is, and what people call it."""

    name: str
    address: str
    called: Sentence


async def fetch(
    context: Context, service: Service, path: str, parameters: Mapping[str, str | int | float], shape: type[Shape]
) -> Shape:
    """What a service answers to a GET; raises ServiceError with a sentence for the asker."""
    root = context.services.get(service.name, service.address).rstrip("/")
    try:
        async with (
            asyncio.timeout(SECONDS),
            context.http.stream("GET", f"{root}{path}", params=parameters) as response,
        ):
            body = await _body(response)
    except (TimeoutError, httpx.HTTPError) as error:
        raise _failure(_SILENT, service, context) from error
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise _failure(_BUSY, service, context)
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _failure(_SILENT, service, context)
    try:
        if response.status_code != HTTPStatus.OK or len(body) > SIZE:
            raise _failure(_STRANGE, service, context)
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise _failure(_STRANGE, service, context) from error


async def _body(response: httpx.Response) -> bytes:
    """The body, or its beginning where that is more than SIZE already."""
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > SIZE:
            break
    return bytes(body)


def _failure(sentence: Sentence, service: Service, context: Context) -> ServiceError:
    return ServiceError(say(sentence, context.locale, who=say(service.called, context.locale)))
