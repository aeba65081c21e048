"""Signed requests to the app's request URL."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any, cast
from urllib.parse import urlencode

import aiohttp

from playground.slack.envelopes import Delivered
from playground.slack.model import Json

MAX_ANSWER = 1 << 20  # bytes of an answer that are read; a bound of our own


class HttpDelivery:
    """Posts payloads as Slack does; `skew` is added to the time in the signature, in seconds.

    Slack docs, authentication/verifying-requests-from-slack and apis/events-api#retries.
    """

    def __init__(self, signing_secret: str) -> None:
        self.signing_secret = signing_secret
        self.skew = 0.0
        self._session: aiohttp.ClientSession | None = None

    async def send(self, url: str, delivered: Delivered, within: float) -> None:
        """Post one attempt and note what came back; `within` is in seconds."""
        form = delivered.kind != "events_api"
        text = _form(delivered) if form else json.dumps(delivered.body)
        headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"}
        if delivered.attempt:
            headers |= {"X-Slack-Retry-Num": str(delivered.attempt), "X-Slack-Retry-Reason": delivered.reason}
        try:
            async with asyncio.timeout(within):
                await self._post(url, text, headers, delivered)
        except TimeoutError:
            delivered.failure = "http_timeout"
        except aiohttp.ClientError:
            delivered.failure = "connection_failed"

    async def verify(self, url: str, token: str, within: float) -> bool:
        """Whether the URL answers a challenge; Slack docs, reference/events/url_verification."""
        challenge = hashlib.sha256(url.encode()).hexdigest()
        probe = Delivered(0.0, "events_api", {"token": token, "challenge": challenge, "type": "url_verification"})
        await self.send(url, probe, within)
        return challenge in (probe.response or {}).values()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, url: str, text: str, headers: dict[str, str], delivered: Delivered) -> None:
        self._session = self._session or aiohttp.ClientSession(headers={"User-Agent": "Slackbot 1.0"})
        signed = headers | self._signature(text)
        async with self._session.post(url, data=text.encode(), headers=signed, allow_redirects=False) as answer:
            delivered.status = answer.status
            delivered.retry = answer.headers.get("X-Slack-No-Retry") != "1"
            said = await _bounded(answer)
            if 200 <= answer.status < 300:
                delivered.acked_at = asyncio.get_running_loop().time()
                delivered.response = _parse(said)
            else:
                delivered.failure = "http_error"

    def _signature(self, text: str) -> dict[str, str]:
        at = str(int(time.time() + self.skew))
        base = f"v0:{at}:{text}".encode()
        digest = hmac.new(self.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={digest}"}


def _form(delivered: Delivered) -> str:
    """A command's fields, or an action as one field with JSON."""
    command = delivered.kind == "slash_commands"
    return urlencode(delivered.body if command else {"payload": json.dumps(delivered.body)})


async def _bounded(answer: aiohttp.ClientResponse) -> str:
    said = bytearray()
    async for chunk in answer.content.iter_any():
        said += chunk
        if len(said) >= MAX_ANSWER:
            break
    return bytes(said[:MAX_ANSWER]).decode(errors="replace")


def _parse(text: str) -> Json | None:
    """A JSON body, or plain text as the same that Socket Mode carries for it."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        found = text
    if isinstance(found, dict):
        return cast("Json", found)
    return {"text": text} if text else None
