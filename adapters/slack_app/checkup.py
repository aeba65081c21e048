"""Looks from outside at the Slack app of these tokens: what it lacks of what the manifest asks for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_app.failures import code_of, details_of, translated
from adapters.slack_app.manifest import APP_SCOPE, SCOPES
from adapters.slack_app.markup import Json, part, parts, word
from bot.errors import PlatformError, PlatformUnsure
from bot.findings import Finding

# Seconds for one call.
_PATIENCE: Final = 8
_ADDRESS: Final = "SLACK_API_URL"
# Slack docs, authentication/tokens: what each kind begins with, and where it is found on api.slack.com/apps.
_PREFIXES: Final[Mapping[str, tuple[str, str]]] = {
    "SLACK_BOT_TOKEN": ("xoxb-", "copy the Bot User OAuth Token from the app's page OAuth & Permissions"),
    "SLACK_APP_TOKEN": (
        "xapp-",
        f"make an app-level token with the scope {APP_SCOPE} on the app's page Basic Information",
    ),
}
# What the examples in Slack docs, authentication/verifying-requests-from-slack look like.
_SECRET: Final = re.compile(r"[0-9a-fA-F]{32}")
_SECRET_REMEDY: Final = "copy the Signing Secret from the app's page Basic Information"  # noqa: S105  # a place, none itself
_ADD: Final = "have an admin of the organisation add it to workspaces, on the page of installed apps"
_COMPARE: Final = "compare the app's page App Manifest with `glimmer manifest slack`, and reinstall the app"
# Slack docs, reference/events/agent_session_stopped.
_NO_STOP: Final = "missing_agent_session_stopped_event_subscription"
# Answers of agents.sessions.setStatus by an app that is no agent (reported, KiroCrew#9822; Slack docs).
_NO_AGENT: Final = frozenset({"not_authorized", "not_agent_app", "unknown_method", "feature_not_enabled"})
# Slack docs, reference/methods: what tells that a token is of no use.
_BAD_TOKEN: Final = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type"}
)


@dataclass(frozen=True, slots=True)
class SlackKeys:
    """What the operator has set for Slack; "" where nothing is."""

    bot_token: str = field(repr=False)
    app_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    api_url: str = "https://slack.com/api/"
    operator: str = ""


async def check(keys: SlackKeys) -> Sequence[Finding]:
    """All findings; each call takes at most 8 seconds."""
    findings = _shapes(keys)
    looks = [_bot(keys)] if keys.bot_token.startswith("xoxb-") else []
    looks += [_app_token(keys)] if keys.app_token.startswith("xapp-") else []
    seen = await asyncio.gather(*looks)
    found = [finding for looked in seen for finding in looked]
    # Every look from which Slack cannot be reached says the same.
    unreachable = [finding for finding in found if finding.about == _ADDRESS][:1]
    return [*findings, *unreachable, *(finding for finding in found if finding.about != _ADDRESS)]


def _shapes(keys: SlackKeys) -> list[Finding]:
    """What the settings tell by themselves."""
    given = {"SLACK_BOT_TOKEN": keys.bot_token, "SLACK_APP_TOKEN": keys.app_token}
    found = [
        Finding(name, f"does not begin with {_PREFIXES[name][0]}" if token else "not set", _PREFIXES[name][1])
        for name, token in given.items()
        if (token or name == "SLACK_BOT_TOKEN") and not token.startswith(_PREFIXES[name][0])
    ]
    if keys.signing_secret and not _SECRET.fullmatch(keys.signing_secret):
        token = keys.signing_secret.startswith(("xox", "xapp-"))
        problem = "is one of the app's tokens" if token else "does not look like one (32 hexadecimal digits)"
        found.append(Finding("SLACK_SIGNING_SECRET", problem, _SECRET_REMEDY, missing=token))
    return [*found, *_ways_in(keys)]


def _ways_in(keys: SlackKeys) -> list[Finding]:
    about = "SLACK_APP_TOKEN, SLACK_SIGNING_SECRET"
    if keys.app_token and keys.signing_secret:
        problem, remedy = "both ways in are configured and Socket Mode is used", "unset the one that you do not want"
        return [Finding(about, problem, remedy, missing=False)]
    if not keys.app_token and not keys.signing_secret:
        problem, remedy = "Slack's events have no way in", "set the first for Socket Mode or the second for HTTP"
        return [Finding(about, problem, remedy)]
    return []


async def _bot(keys: SlackKeys) -> list[Finding]:
    client = _client(keys, keys.bot_token)
    try:
        answer = await _ask(client, "auth.test")
    except PlatformError as error:
        return [_trouble("SLACK_BOT_TOKEN", error)]
    headers: Mapping[str, str] = answer.headers
    granted = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), None)
    found = _scopes(None if granted is None else {scope.strip() for scope in granted.split(",")})
    if not word(answer.data, "bot_id"):
        problem = "is a person's token, not the bot's"
        found.append(Finding("SLACK_BOT_TOKEN", problem, _PREFIXES["SLACK_BOT_TOKEN"][1]))
    if answer.data.get("is_enterprise_install"):
        found += await _added(client)
    return [*found, *await _agent(client, keys.operator)]


async def _added(client: Any) -> list[Finding]:
    """Whether an organisation's app is in a workspace: its installation adds it to none (Slack docs, enterprise)."""
    try:
        answer = await _ask(client, "auth.teams.list", limit="1")
    except PlatformError as error:
        problem = f"whether a workspace of the organisation has it was not looked at ({error})"
        return [Finding("app", problem, _ADD, missing=False)]
    return (
        [] if parts(answer.data, "teams") else [Finding("app", "was added to no workspace of the organisation", _ADD)]
    )


def _scopes(granted: Collection[str] | None) -> list[Finding]:
    if granted is None:
        problem = "Slack did not say which scopes the token has"
        return [Finding("SLACK_BOT_TOKEN", problem, "compare them with `glimmer manifest slack`", missing=False)]
    return [
        Finding("app", f"lacks the scope {scope}, {why}", "add it on OAuth & Permissions and reinstall the app")
        for scope, why in SCOPES.items()
        if scope not in granted
    ]


async def _agent(client: Any, operator: str) -> list[Finding]:
    """Whether the app is an agent whose Stop is heard, asked about a thread that the operator has with it.

    To mark that thread as active changes nothing that anybody sees. Without one there is nothing harmless to ask.
    """
    try:
        channel, thread = await _own_thread(client, operator)
        if not thread:
            remedy = "set SLACK_OPERATOR, write to the bot directly once, and run this again"
            return [Finding("app", "whether its Stop button works was not looked at", remedy, missing=False)]
        answer = await _ask(client, "agents.sessions.setStatus", channel_id=channel, thread_ts=thread, status="active")
    except PlatformError as error:
        if code_of(error) in _NO_AGENT:
            return [Finding("app", "is not an agent: no streams and no Stop button", _COMPARE)]
        return [_trouble("app", error)]
    if _NO_STOP in _warnings(answer.data):
        return [Finding("app", "does not subscribe to agent_session_stopped: no Stop button", _COMPARE)]
    return []


async def _own_thread(client: Any, operator: str) -> tuple[str, str]:
    if not operator:
        return "", ""
    opened = await _ask(client, "conversations.open", users=operator)
    channel = word(part(opened.data, "channel"), "id")
    said = await _ask(client, "conversations.history", channel=channel, limit="1")
    threads = [word(message, "thread_ts") or word(message, "ts") for message in parts(said.data, "messages")]
    return channel, next(iter(threads), "")


async def _app_token(keys: SlackKeys) -> list[Finding]:
    try:
        answer = await _ask(_client(keys, keys.app_token), "apps.connections.open")
    except PlatformError as error:
        return [_trouble("SLACK_APP_TOKEN", error)]
    if word(answer.data, "url"):
        return []
    return [Finding("SLACK_APP_TOKEN", "Slack gives no address for Socket Mode", "turn Socket Mode on for the app")]


def _client(keys: SlackKeys, token: str) -> Any:
    url = keys.api_url if keys.api_url.endswith("/") else f"{keys.api_url}/"
    return AsyncWebClient(token=token, base_url=url, timeout=_PATIENCE, retry_handlers=[])


async def _ask(client: Any, method: str, **arguments: str) -> Any:
    """One call and its whole answer; raises PlatformError and its kin."""
    try:
        async with translated(within=_PATIENCE):
            return await client.api_call(method, data=arguments)
    except AttributeError as error:  # the SDK trips over an answer that is text
        raise PlatformUnsure("the answer is no JSON") from error


def _trouble(about: str, error: PlatformError) -> Finding:
    code = code_of(error)
    again = _PREFIXES[about][1] if about in _PREFIXES else _COMPARE
    if code in _BAD_TOKEN:
        return Finding(about, f"Slack refused it ({code})", again)
    if code == "missing_scope":
        return Finding(about, f"lacks the scope {word(details_of(error), 'needed') or APP_SCOPE}", again)
    if code:
        return Finding(about, f"could not be looked at (Slack answered {code})", "try again in a minute")
    return Finding(_ADDRESS, f"Slack cannot be reached ({error})", "check the address and the network")


def _warnings(answer: Json) -> Collection[str]:
    listed: object = part(answer, "response_metadata").get("warnings")
    return {*word(answer, "warning").split(","), *map(str, cast("list[object]", listed or []))}
