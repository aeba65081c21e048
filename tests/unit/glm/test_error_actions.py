"""What each row of the published error tables leads to, as an asker, a provider and an operator see it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from structlog.testing import capture_logs

from bot.completion import FinishReason
from bot.glm.catalogue import catalogue
from bot.glm.circuit import open_for
from bot.glm.errors import read_refusal, to_fault
from tests.unit.glm.provider import Providers, Reply, zhipu
from tests.unit.glm.virtual import Ending, ask, run, waiting

MIDDAY = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # in Beijing
TO_MIDNIGHT = 12 * 3600.0


class Row(NamedTuple):
    """Codes of one row; how often they are asked before the next provider, if that is, and what is left alone then.

    `alone` is how often they are asked where there is no other, if that differs.
    """

    codes: str
    status: int
    text: str
    requests: int
    next: bool
    left: str = ""
    seconds: float = 0.0
    operator: bool = False
    alone: int = 0


VENDOR = [
    Row("500 1234", 500, "busy", 3, True, "model", 15),
    Row("401 1000 1001 1002 1003 1004 1005", 401, "config", 1, True, "account", 60, operator=True),
    Row("1100 1120", 500, "busy", 3, True, "model", 15, operator=True),
    Row("1110 1111 1112 1121", 401, "config", 1, True, "account", 60, operator=True),
    Row("1113", 429, "quota", 1, True, "model", 60, operator=True),
    Row("1200 1230", 400, "busy", 2, True, "model", 15),
    Row("1210 1213 1215", 400, "bug", 1, True, operator=True),
    Row("1211 1220 1221 1222", 400, "model", 1, True, operator=True),
    Row("1212", 400, "model", 2, True),
    Row("1214", 400, "bug", 1, True, operator=True),
    Row("1231", 400, "busy", 3, True, "model", 15),
    Row("1261", 400, "long", 1, False),
    Row("1300", 400, "safety", 1, False),
    Row("1302", 429, "wait", 3, True, alone=6),
    Row("1303", 429, "wait", 3, True, alone=5),
    Row("1304", 429, "quota", 1, True, "account", TO_MIDNIGHT, operator=True),
    Row("1305", 429, "busy", 2, True, "model", 60),
    Row("1308 1310", 429, "quota", 1, True, "account", 60, operator=True),
    Row("1309 1314 1315", 429, "config", 1, True, "account", 60, operator=True),
    Row("1311", 429, "model", 1, True, operator=True),
    Row("1312", 429, "busy", 1, True, "model", 60),
    Row("1313", 429, "quota", 1, True, "account", 60, operator=True),
    Row("1316 1317 1318 1319 1320 1321", 429, "quota", 1, True, "account", 60, operator=True),
]
ACEDATA = [
    Row("token_mismatched bad_request", 400, "bug", 1, True, operator=True),
    Row("api_not_implemented", 400, "model", 1, True, operator=True),
    Row("invalid_token token_expired no_token", 401, "config", 1, True, "account", 60, operator=True),
    Row("used_up", 402, "quota", 1, True, "account", 60, operator=True),
    Row("disabled", 403, "config", 1, True, operator=True),
    Row("too_many_requests", 429, "wait", 3, True, alone=6),
    Row("api_error", 500, "busy", 3, True, "model", 15),
]
# By message, for its errors have no codes.
AIMLAPI = [
    Row("Body validation error: canary", 400, "bug", 1, True, operator=True),
    Row("Unsupported value: 'messages[0].role' canary", 400, "bug", 2, True, operator=True),
    Row("canary", 401, "config", 1, True, "account", 60, operator=True),
    Row("You've run out of credits, canary", 403, "quota", 1, True, "account", 60, operator=True),
    Row("canary", 404, "config", 1, True, operator=True),
    Row("Too Many Requests, canary", 429, "wait", 3, True, alone=6),
    Row("Free-tier limit: canary", 429, "quota", 1, True, "account", 3600),
    Row("canary", 503, "busy", 3, True, "model", 15),
]
CASES = [
    pytest.param(provider, row, {"error": {"code": code, "message": "参数 canary"}}, id=f"{provider}-{code}")
    for provider, rows in (("bigmodel", VENDOR), ("acedata", ACEDATA))
    for row in rows
    for code in row.codes.split()
] + [
    pytest.param("aimlapi", row, {"message": row.codes, "requestId": "r", "statusCode": row.status}, id=row.codes)
    for row in AIMLAPI
]
ANSWERS = {"error": {"code": "1301", "message": "canary"}, "contentFilter": [{"level": 1, "role": "user"}]}


def failing(row: Row, body: object) -> Reply:
    return Reply([json.dumps(body, ensure_ascii=False).encode()], status=row.status)


def asked(transport: Providers, *names: str) -> Ending:
    model = waiting(transport, *names)
    return run(lambda: ask(model))


@pytest.mark.parametrize(("provider", "row", "body"), CASES)
def test_v47_v48_the_asker_is_told_the_rows_text_and_nothing_of_the_providers(
    provider: str, row: Row, body: object
) -> None:
    transport = Providers(**{provider: failing(row, body)})
    with capture_logs() as logs:
        ending = asked(transport, provider)
    assert ending.error is not None
    assert (ending.error.text, len(transport.asked)) == (row.text, row.alone or row.requests)
    assert bool(ending.error.operator) == row.operator
    assert "canary" not in repr((vars(ending.error), str(ending.error), logs))


@pytest.mark.parametrize(("provider", "row", "body"), CASES)
def test_v47_the_next_provider_is_asked_where_the_row_says_so(provider: str, row: Row, body: object) -> None:
    transport = Providers(**{provider: failing(row, body)}, zai=zhipu("Hello"))
    ending = asked(transport, provider, "zai")
    assert [name for name, *_ in transport.asked] == [provider] * row.requests + ["zai"] * row.next
    assert ending.text == ("Hello" if row.next else "")


@pytest.mark.parametrize(("provider", "row", "body"), CASES)
def test_v47_what_is_left_alone_and_for_how_long(provider: str, row: Row, body: object) -> None:
    fault = to_fault(catalogue().providers[provider].dialect, read_refusal(row.status, body))
    breaker = fault.rule.breaker
    if breaker is None:
        assert not row.left
        return
    assert (row.left, row.seconds) == ("account" if breaker.account else "model", open_for(fault, breaker, MIDDAY))
    assert (breaker.streak == 5) == (row.seconds == 15)


@pytest.mark.parametrize("status", [200, 400, 500])
def test_v47_unsafe_content_ends_the_answer_whatever_the_status(status: int) -> None:
    transport = Providers(bigmodel=Reply([json.dumps(ANSWERS).encode()], status=status), zai=zhipu("Hello"))
    ending = asked(transport, "bigmodel", "zai")
    assert (ending.deltas[-1].finish, ending.deltas[-1].stage) == (FinishReason.FILTERED, "user")
    assert [name for name, *_ in transport.asked] == ["bigmodel"]


def test_v47_moderation_at_the_reseller_is_told_as_such_and_asked_nowhere_else() -> None:
    transport = Providers(acedata=Reply([b"{}"], status=403), zai=zhipu("Hello"))
    ending = asked(transport, "acedata", "zai")
    assert ending.error is not None
    assert (ending.error.text, len(transport.asked)) == ("safety", 1)
