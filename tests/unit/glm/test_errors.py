from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ModelError
from bot.glm.catalogue import Offer, catalogue
from bot.glm.codes import Action
from bot.glm.errors import (
    Fault,
    Refusal,
    broken,
    find_rule,
    is_error,
    read_refusal,
    read_retry_after,
    to_fault,
    to_model_error,
)

NOW = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)

# Each row of the published tables: codes, HTTP status, letters of the actions, text.
VENDOR = [
    ("500", 500, "RF", "busy"),
    ("1000 1001 1002 1003 1004 1005 401", 401, "OC", "config"),
    ("1100 1120", 500, "RO", "busy"),
    ("1110 1111 1112 1121", 401, "OC", "config"),
    ("1113", 429, "OFC", "quota"),
    ("1200 1230", 400, "R", "busy"),
    ("1210", 400, "O", "bug"),
    ("1211", 400, "FO", "model"),
    ("1212", 400, "F", "model"),
    ("1213", 400, "O", "bug"),
    ("1214", 400, "O", "bug"),
    ("1215", 400, "O", "bug"),
    ("1220", 403, "OF", "model"),
    ("1221 1222", 404, "OF", "model"),
    ("1231", 400, "R", "busy"),
    ("1234", 500, "RF", "busy"),
    ("1261", 400, "U", "long"),
    ("1300", 400, "X", "safety"),
    ("1301", 400, "X", "safety"),
    ("1302", 429, "R", "wait"),
    ("1303", 429, "R", "wait"),
    ("1304", 429, "CFO", "quota"),
    ("1305", 429, "RF", "busy"),
    ("1305", 200, "RF", "busy"),
    ("1308", 429, "CFO", "quota"),
    ("1309 1314", 429, "OCF", "config"),
    ("1310", 429, "CFO", "quota"),
    ("1311", 429, "FO", "model"),
    ("1312", 429, "F", "busy"),
    ("1313", 429, "OC", "quota"),
    ("1315", 403, "OC", "config"),
    ("1316 1317 1318 1319 1320 1321", 429, "COF", "quota"),
]
ACEDATA = [
    ("token_mismatched bad_request", 400, "O", "bug"),
    ("api_not_implemented", 400, "FO", "model"),
    ("invalid_token token_expired no_token", 401, "OC", "config"),
    ("used_up", 403, "OCF", "quota"),
    ("disabled", 403, "O", "config"),
    ("too_many_requests", 429, "R", "wait"),
    ("api_error", 500, "RF", "busy"),
]
BY_STATUS = [
    ("zhipu", 400, "O", "bug"),
    ("zhipu", 401, "OC", "config"),
    ("zhipu", 403, "OC", "config"),
    ("zhipu", 402, "OCF", "quota"),
    ("zhipu", 404, "O", "config"),
    ("zhipu", 408, "RF", "busy"),
    ("zhipu", 418, "X", "bug"),
    ("zhipu", 425, "RF", "busy"),
    ("zhipu", 429, "RF", "wait"),
    ("zhipu", 502, "RF", "busy"),
    ("zhipu", 529, "RF", "busy"),
    ("zhipu", 307, "O", "config"),
    ("zhipu", 200, "RF", "busy"),
    ("acedata", 402, "OCF", "quota"),
    ("acedata", 403, "X", "safety"),
    ("aimlapi", 503, "RF", "busy"),
]
AIMLAPI = [
    (400, "Body validation error: x", "O", "bug"),
    (400, "Unsupported value: 'messages[0].role' does not support 'system'", "O", "bug"),
    (401, "Unauthorized", "OC", "config"),
    (403, "You've run out of credits. Top up", "OCF", "quota"),
    (404, "Not found", "O", "config"),
    (429, "Too Many Requests", "R", "wait"),
    (429, "Free-tier limit: 10 requests per hour", "CF", "quota"),
    (500, "Oops", "RF", "busy"),
]
ROWS = [
    (dialect, code, status, letters, text)
    for dialect, table in (("zhipu", VENDOR), ("acedata", ACEDATA))
    for codes, status, letters, text in table
    for code in codes.split()
]


def offer(provider: str = "bigmodel") -> Offer:
    found = catalogue().offer("glm-5.1", provider)
    assert found is not None
    return found


def actions(letters: str) -> frozenset[Action]:
    return frozenset(map(Action, letters))


@pytest.mark.parametrize(("dialect", "code", "status", "letters", "text"), ROWS)
def test_v47_each_code_has_its_class_and_text(dialect: str, code: str, status: int, letters: str, text: str) -> None:
    body = {"error": {"code": code, "message": "参数非法"}}
    rule = find_rule(dialect, read_refusal(status, body))
    assert (rule.actions, rule.text) == (actions(letters), text)


@pytest.mark.parametrize(("status", "message", "letters", "text"), AIMLAPI)
def test_v47_each_status_of_the_reseller_without_codes(status: int, message: str, letters: str, text: str) -> None:
    body = {"message": message, "path": "/v1", "requestId": "r-1", "statusCode": str(status), "timestamp": "x"}
    refusal = read_refusal(status, body)
    rule = find_rule("aimlapi", refusal)
    assert (rule.actions, rule.text, refusal.trace) == (actions(letters), text, "r-1")


@pytest.mark.parametrize(("dialect", "status", "letters", "text"), BY_STATUS)
def test_v47_an_unknown_code_goes_by_its_status(dialect: str, status: int, letters: str, text: str) -> None:
    for body in ({"error": {"code": "unheard_of"}}, None, {"message": "x"}):
        rule = find_rule(dialect, read_refusal(status, body))
        assert (rule.actions, rule.text) == (actions(letters), text)


def test_v47_every_operator_class_has_a_line_and_no_other() -> None:
    for dialect, code, status, _, _ in ROWS:
        rule = find_rule(dialect, Refusal(status, code))
        assert bool(rule.operator) == (Action.OPERATOR in rule.actions)


def test_a_reseller_may_pass_on_the_vendors_codes() -> None:
    assert find_rule("acedata", Refusal(400, "1261")).text == "long"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("messages.content.type 参数非法，取值范围 ['text']", "no_image"),
        ("图片输入格式/解析错误", "image_unread"),
        ("Invalid image_url: could not be downloaded", "image_unread"),
        ("This model always engages in thinking and cannot be disabled", "bug"),
    ],
)
def test_wrong_parameters_are_told_apart_by_the_message(message: str, text: str) -> None:
    assert find_rule("zhipu", Refusal(400, "1210", message)).text == text


@pytest.mark.parametrize(
    ("body", "code", "trace"),
    [
        ({"error": {"code": "1214", "message": "m"}, "request_id": "q-1"}, "1214", "q-1"),
        ({"error": {"code": 1305, "message": "m"}}, "1305", ""),
        ({"code": 500, "msg": "m", "success": False}, "500", ""),
        ({"code": 1302, "message": "m"}, "1302", ""),
        ({"message": "m", "requestId": "q-2", "statusCode": 429}, "429", "q-2"),
        ({"trace_id": "q-3", "error": {"code": "api_error", "message": "m"}, "success": False}, "api_error", "q-3"),
        ({"error": "m"}, "", ""),
    ],
)
def test_every_shape_is_normalised(body: dict[str, object], code: str, trace: str) -> None:
    refusal = read_refusal(400, body)
    assert (refusal.code, refusal.message, refusal.trace) == (code, "m", trace)
    assert is_error(body) or "message" in body


@pytest.mark.parametrize("body", [{"choices": []}, {"choices": [], "error": None}, {}, {"id": "x", "usage": {}}])
def test_what_is_no_error(body: dict[str, object]) -> None:
    assert not is_error(body)


def test_sentences_are_not_taken_for_codes_or_traces() -> None:
    refusal = read_refusal(400, {"error": {"code": "provider canary says no"}, "request_id": {"a": 1}})
    assert (refusal.code, refusal.trace) == ("", "")


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.floats(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["error", "code", "message", "content_filter", "role", "level"]), inner)
        ),
    )
)
def test_no_body_makes_the_reading_fall_over(body: object) -> None:
    assert to_fault("zhipu", read_refusal(500, json.loads(json.dumps(body)))).rule.text


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("nan", None),
        ("soon", None),
        ("Sat, 21 Nov 2026 00:00:20 GMT", 20.0),
        ("Sat, 21 Nov 2026 00:00:20", None),
    ],
)
def test_retry_after_as_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert read_retry_after(header, NOW) == seconds


def as_error(*faults: Fault, shown: bool = False) -> ModelError:
    return to_model_error([(offer(), fault) for fault in faults], shown=shown)


def test_the_operators_line_names_the_variable_and_the_code() -> None:
    error = as_error(to_fault("zhipu", Refusal(401, "1002", "provider-canary")))
    assert (error.text, error.operator) == ("config", "BIGMODEL_API_KEY was refused (code 1002)")
    assert error.facts["model"] == "glm-5.1"


def test_the_time_of_a_reset_is_a_fact() -> None:
    error = as_error(to_fault("zhipu", Refusal(429, "1308", "resets at 2026-11-22 08:00:00, canary")))
    assert error.facts["reset"] == "2026-11-22 08:00"


def test_what_may_pass_speaks_for_all_and_the_operator_hears_of_theirs() -> None:
    refused = to_fault("zhipu", Refusal(401, "1002"))
    error = as_error(refused, broken("stalled"), refused)
    assert (error.text, error.code) == ("busy", "stalled")
    assert error.operator == "BIGMODEL_API_KEY was refused (code 1002)"


def test_a_break_after_text_is_resumable_and_a_refusal_is_not() -> None:
    broke, spent = as_error(broken("reset"), shown=True), as_error(to_fault("zhipu", Refusal(429, "1113")), shown=True)
    assert (broke.text, broke.resumable) == ("interrupted", True)
    assert (spent.text, spent.resumable) == ("quota", False)
