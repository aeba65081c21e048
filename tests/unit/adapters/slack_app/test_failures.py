from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackRequestError

from adapters.slack_app import failures
from adapters.slack_app.failures import code_of, details_of, translated
from bot import texts
from bot.errors import PlatformError, PlatformGone, PlatformRefused, PlatformTooLong, PlatformUnsure


def said(code: str, status: int = 200, **headers: str) -> SlackApiError:
    """An error as the SDK raises it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response: Any = SimpleNamespace(status_code=status, data={"ok": False, "error": code}, headers=named)
    return SlackApiError("CANARY", response)


MEANINGS: list[tuple[str, int, type[PlatformError]]] = [
    ("message_not_found", 200, PlatformGone),
    ("channel_not_found", 200, PlatformRefused),
    ("thread_not_found", 200, PlatformGone),
    ("cannot_reply_to_message", 200, PlatformGone),
    ("not_in_channel", 200, PlatformRefused),
    ("is_archived", 200, PlatformRefused),
    ("is_inactive", 200, PlatformRefused),
    ("restricted_action", 200, PlatformRefused),
    ("restricted_action_read_only_channel", 200, PlatformRefused),
    ("restricted_action_thread_locked", 200, PlatformRefused),
    ("messages_tab_disabled", 200, PlatformRefused),
    ("missing_scope", 200, PlatformRefused),
    ("invalid_auth", 200, PlatformRefused),
    ("token_revoked", 200, PlatformRefused),
    ("account_inactive", 200, PlatformRefused),
    ("edit_window_closed", 200, PlatformRefused),
    ("invalid_blocks", 200, PlatformRefused),
    ("msg_too_long", 200, PlatformTooLong),
    ("message_not_in_streaming_state", 200, PlatformRefused),
    ("stopped_by_user", 200, PlatformRefused),
    ("what_nobody_has_heard_of", 200, PlatformRefused),
    ("ratelimited", 429, PlatformError),
    ("rate_limited", 200, PlatformError),
    ("message_limit_exceeded", 200, PlatformError),
    ("service_unavailable", 200, PlatformError),
    ("external_channel_migrating", 200, PlatformError),
    ("internal_error", 200, PlatformUnsure),
    ("fatal_error", 200, PlatformUnsure),
    ("messaging_processing_failed", 200, PlatformUnsure),
    ("whatever", 503, PlatformUnsure),
    ("", 200, PlatformUnsure),
]


@pytest.mark.parametrize(("code", "status", "meaning"), MEANINGS)
async def test_each_answer_has_its_meaning(code: str, status: int, meaning: type[PlatformError]) -> None:
    error = said(code, status)
    with pytest.raises(PlatformError) as raised:
        async with translated():
            raise error
    assert type(raised.value) is meaning
    assert code_of(raised.value) == code
    assert "CANARY" not in str(raised.value)


@pytest.mark.parametrize("code", ["not_in_channel", "invalid_blocks", "no_text", "unheard_of"])
def test_a_refusal_names_an_existing_text(code: str) -> None:
    refusal = failures.of_answer(said(code))
    assert isinstance(refusal, PlatformRefused)
    assert texts.say(refusal.text)


def test_what_we_sent_wrongly_is_not_blamed_on_rights() -> None:
    refusals = [failures.of_answer(said(code)) for code in ("invalid_blocks", "not_in_channel")]
    assert [getattr(refusal, "text", "") for refusal in refusals] == ["unpostable", "refused"]


@pytest.mark.parametrize(("header", "wait"), [("7", 7.0), ("0", 0.0), ("soon", None), ("-1", None), ("nan", None)])
def test_a_limit_says_for_how_long(header: str, wait: float | None) -> None:
    assert failures.of_answer(said("ratelimited", 429, Retry_After=header)).retry_after == wait


@pytest.mark.parametrize(
    "error",
    [aiohttp.ServerDisconnectedError(), ConnectionResetError(), TimeoutError(), SlackRequestError("CANARY")],
)
async def test_without_an_answer_nobody_knows(error: Exception) -> None:
    with pytest.raises(PlatformUnsure) as raised:
        async with translated():
            raise error
    assert code_of(raised.value) == ""
    assert "CANARY" not in str(raised.value)


async def test_a_call_is_bounded_in_time() -> None:
    with pytest.raises(PlatformUnsure):
        async with translated(within=0.0):
            await asyncio.Event().wait()


@pytest.mark.parametrize(
    "response",
    [
        SimpleNamespace(status_code=503, data="<html>", headers={}),
        SimpleNamespace(status=502, headers={}),
        {"ok": False},
    ],
)
def test_an_answer_that_cannot_be_read_leaves_it_open(response: Any) -> None:
    error = failures.of_answer(SlackApiError("no", response))
    assert isinstance(error, PlatformUnsure)


def test_what_slack_says_beside_the_code_can_be_read() -> None:
    cause = said("missing_scope")
    cause.response.data["needed"] = "files:write"
    error = failures.of_answer(cause)
    error.__cause__ = cause
    assert details_of(error)["needed"] == "files:write"
    assert details_of(PlatformUnsure("no answer")) == {}
