from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from structlog.testing import capture_logs

from adapters.slack_app import transport as module
from adapters.slack_app.transport import UNSIGNED_EVERY, HttpTransport, Unsigned
from bot.web import serve

SECRET = "0123456789abcdef0123456789abcdef"
EVENT = {"type": "event_callback", "team_id": "T1", "event": {"type": "app_mention", "text": "häï"}}
DEEP = pytest.param(b"[" * 100_000, id="deep")
UNREADABLE = [b"{oops", b"[1]", b"payload=%7Bx", b"payload=null", b"payload=", b"{}", b"", DEEP]
JSON = "application/json"


def signed(content: bytes, *, secret: str = SECRET, age: float = 0.0) -> dict[str, str]:
    """The headers with which Slack would send this."""
    at = str(int(time.time() - age))
    digest = hmac.new(secret.encode(), b"v0:" + at.encode() + b":" + content, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={digest}"}


@dataclass
class Door:
    """The request URL of a running process, and what came in through it."""

    http: HttpTransport
    session: aiohttp.ClientSession
    port: int
    taken: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def post(self, content: bytes, headers: dict[str, str], media_type: str = JSON) -> tuple[int, str]:
        """What a request is answered."""
        given = {"Content-Type": media_type, **headers}
        async with self.session.post(
            f"http://127.0.0.1:{self.port}/in", data=io.BytesIO(content), headers=given
        ) as answer:
            return answer.status, await answer.text()


async def authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb")


@asynccontextmanager
async def opened() -> AsyncGenerator[Door]:
    app = AsyncApp(authorize=authorize, request_verification_enabled=False)
    http = HttpTransport(app, SECRET)
    async with serve("127.0.0.1", 0, dict, {"/in": http.handle}) as port, aiohttp.ClientSession() as session:
        door = Door(http, session, port)

        async def take(req: AsyncBoltRequest) -> BoltResponse:
            door.taken.append(req.body)
            return BoltResponse(status=200, body="")

        app.middleware(take)
        running = asyncio.create_task(http.run())
        await asyncio.sleep(0)
        yield door
        await http.close()
        await running


@pytest.fixture
async def door(caplog: pytest.LogCaptureFixture) -> AsyncGenerator[Door]:
    async with opened() as made:
        yield made
    assert [record for record in caplog.records if record.exc_info] == []


async def test_what_slack_has_signed_is_taken(door: Door) -> None:
    content = json.dumps(EVENT, ensure_ascii=False).encode()
    assert await door.post(content, signed(content)) == (200, "")
    assert door.taken == [EVENT]


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain; charset=no-such", ""])
async def test_a_form_is_read_whatever_it_is_called(door: Door, media_type: str) -> None:
    command, click = b"command=%2Fglm&text=hi", f"payload={quote(json.dumps({'type': 'block_actions'}))}".encode()
    for content in (command, click):
        assert await door.post(content, signed(content), media_type) == (200, "")
    assert door.taken == [{"command": "/glm", "text": "hi"}, {"type": "block_actions"}]


async def test_the_challenge_is_answered_when_it_is_signed(door: Door) -> None:
    content = json.dumps({"type": "url_verification", "challenge": "riddle"}).encode()
    status, text = await door.post(content, signed(content))
    assert (status, json.loads(text)) == (200, {"challenge": "riddle"})
    assert await door.post(content, {}) == (401, "")


# Whoever else comes by -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [json.dumps(EVENT).encode(), *UNREADABLE, b"\xff\xfe{", b'{"a": "\xe9"}'])
async def test_a_request_without_a_signature_is_refused_unread(door: Door, content: bytes) -> None:
    with capture_logs() as logs:
        assert await door.post(content, {}) == (401, "")
    assert logs == [{"event": "slack.unsigned", "log_level": "info", "requests": 1}]
    assert door.taken == []


@pytest.mark.parametrize("stamp", ["", "soon", "1e9", "9" * 400, "9" * 5_000, "1.5", "²", "ÿ"])
async def test_a_time_that_is_none_is_refused(door: Door, stamp: str) -> None:
    content = json.dumps(EVENT).encode()
    headers = signed(content) | {"X-Slack-Request-Timestamp": stamp}
    assert await door.post(content, headers) == (401, "")


@pytest.mark.parametrize("signature", ["", "v0=", "v0=ünsigned", "\x80", "v0=" + "0" * 64])
async def test_a_signature_that_is_none_is_refused(door: Door, signature: str) -> None:
    content = json.dumps(EVENT).encode()
    assert await door.post(content, signed(content) | {"X-Slack-Signature": signature}) == (401, "")


@pytest.mark.parametrize("wrong", [{"secret": "f" * 32}, {"age": 302.0}, {"age": -302.0}])
async def test_a_signature_of_another_secret_or_time_is_refused(door: Door, wrong: dict[str, Any]) -> None:
    content = json.dumps(EVENT).encode()
    assert await door.post(content, signed(content, **wrong)) == (401, "")
    assert await door.post(content + b" ", signed(content)) == (401, "")
    assert door.taken == []


@pytest.mark.parametrize("content", UNREADABLE)
async def test_what_is_signed_and_unreadable_is_a_bad_request(door: Door, content: bytes) -> None:
    assert await door.post(content, signed(content)) == (400, "")
    assert door.taken == []


async def test_a_request_that_is_too_big_is_refused_unread(door: Door) -> None:
    content = b" " * (2**20 + 1)
    status, _ = await door.post(content, signed(content))
    assert status == 413
    assert door.taken == []


async def test_a_request_that_does_not_arrive_in_full_is_given_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_WITHIN", 0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert b" 408 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_whoever_hangs_up_in_mid_request_leaves_no_trace(door: Door) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await door.post(b"{}", {}) == (401, "")


async def test_before_and_after_the_run_slack_is_told_to_come_again(door: Door) -> None:
    content = json.dumps(EVENT).encode()
    await door.http.close()
    assert (await door.post(content, signed(content)))[0] == 503
    assert door.taken == []


def test_many_unsigned_requests_are_told_once_a_minute_with_their_number() -> None:
    now = [0.0]
    unsigned = Unsigned(lambda: now[0])
    with capture_logs() as logs:
        for at in (0.0, 1.0, 2.0, UNSIGNED_EVERY - 1, UNSIGNED_EVERY, UNSIGNED_EVERY + 1):
            now[0] = at
            unsigned.count()
    assert [log["requests"] for log in logs] == [1, 4]
