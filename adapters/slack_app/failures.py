"""From the failures of slack_sdk and aiohttp to the error tree."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import PlatformError, PlatformGone, PlatformRefused, PlatformTooLong, PlatformUnsure

# All names of errors: Slack docs, reference/methods, "Errors" of each method; what else they come from stands beside.
RATE_LIMITED: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
NOT_STREAMING: Final = "message_not_in_streaming_state"
STILL_STREAMING: Final = "streaming_state_conflict"
STOPPED_BY_USER: Final = "stopped_by_user"
# Blocks that Slack does not take, or not in this message: its text alone may do.
OTHER_BLOCKS: Final = frozenset({"block_mismatch", "invalid_blocks", "invalid_blocks_format"})
# A workspace in which messages are not edited (Slack docs, reference/methods/chat.update).
NOT_EDITABLE: Final = frozenset({"edit_window_closed", "cant_update_message"})
TOO_LONG: Final = frozenset({"msg_too_long", "msg_blocks_too_long", "msg_blocks_too_many"})
# A method that this workspace does not have, or has no more (reported for GovSlack, vercel/chat).
UNAVAILABLE: Final = frozenset({"unknown_method", "feature_not_enabled", "method_deprecated", "not_agent_app"})
# Only whoever runs the bot can mend these.
OPERATOR: Final = frozenset(
    {
        *("missing_scope", "no_permission", "not_allowed_token_type", "access_denied", "org_login_required"),
        "team_access_not_granted",  # an organisation's app was not added to this workspace
        *(
            "invalid_auth",
            "not_authed",
            "account_inactive",
            "token_revoked",
            "token_expired",
            "two_factor_setup_required",
        ),
    }
)

_GONE: Final = frozenset(
    {
        *("message_not_found", "thread_not_found", "cannot_reply_to_message"),
        *("message_deleted", "invalid_thread_ts"),
    }
)
# "Some aspect of the operation may have succeeded before the error was raised", says the page of every method.
_UNSURE: Final = frozenset({"internal_error", "fatal_error", "messaging_processing_failed"})
_PASSING: Final = frozenset(
    {"service_unavailable", "request_timeout", "team_added_to_org", "update_failed", "external_channel_migrating"}
)
# What says that the request, not the place, is wrong: an error on our side.
_MALFORMED: Final = OTHER_BLOCKS | {
    *("no_text", "markdown_text_conflict", "invalid_arguments"),
    *("invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large", "missing_argument", "invalid_json"),
    *("json_not_object", "invalid_arg_name", "invalid_array_arg", "invalid_charset", "invalid_form_data"),
    *("invalid_post_type", "missing_post_type", "invalid_chunks", STILL_STREAMING),
}

# One call may take so many seconds.
CALL_TIMEOUT: Final = 10.0
_TOO_MANY: Final = 429
_BROKEN: Final = 500


@asynccontextmanager
async def translated(*, within: float = CALL_TIMEOUT) -> AsyncGenerator[None]:
    """Bound a call in time and raise its failures as PlatformError and its kin."""
    try:
        async with asyncio.timeout(within):
            yield
    except SlackApiError as error:
        raise of_answer(error) from error
    except (aiohttp.ClientError, OSError, TimeoutError, SlackClientError) as error:
        raise PlatformUnsure(f"no answer: {type(error).__name__}") from error


def of_answer(error: SlackApiError) -> PlatformError:
    """The meaning of an error that Slack answered."""
    status, code = status_of(error), _code(error)
    said = f"Slack answered {status} ({code or 'no code'})"
    if status == _TOO_MANY or code in RATE_LIMITED:
        return PlatformError(said, retry_after=number_of(_headers(error).get("Retry-After")))
    if not code or code in _UNSURE or status >= _BROKEN:
        return PlatformUnsure(said)
    if code in _PASSING:
        return PlatformError(said)
    if code in _GONE:
        return PlatformGone(said)
    if code in TOO_LONG:
        return PlatformTooLong(said, text="unpostable")
    return PlatformRefused(said, text="unpostable" if code in _MALFORMED else "refused")


def code_of(error: PlatformError) -> str:
    """The code that Slack answered, "" when the error was no answer of Slack's."""
    cause = error.__cause__
    return _code(cause) if isinstance(cause, SlackApiError) else ""


def details_of(error: PlatformError) -> Mapping[str, Any]:
    """All that Slack answered beside the code, empty when it was nothing readable."""
    cause = error.__cause__
    return _data(cause) if isinstance(cause, SlackApiError) else {}


def status_of(error: SlackApiError) -> int:
    """The HTTP status of an answer; 0 when there was none."""
    response: Any = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    return status if isinstance(status, int) else 0


def number_of(header: str | None) -> float | None:
    """A header's number; None for what is none."""
    try:
        number = float(header or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _code(error: SlackApiError) -> str:
    return str(_data(error).get("error", ""))


def _data(error: SlackApiError) -> Mapping[str, Any]:
    response: Any = error.response
    # The body of a broken gateway is text, and a dictionary is what the SDK hands on in some of its own errors.
    data: object = getattr(response, "data", response)
    return cast("Mapping[str, Any]", data) if isinstance(data, dict) else {}


def _headers(error: SlackApiError) -> Mapping[str, str]:
    response: Any = error.response
    return getattr(response, "headers", None) or {}
