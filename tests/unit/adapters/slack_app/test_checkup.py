from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from adapters.slack_app.checkup import SlackKeys, check
from adapters.slack_app.manifest import SCOPES
from bot.findings import Finding
from playground.slack.server import SlackStandIn

STOP_WARNING = "missing_agent_session_stopped_event_subscription"


def keys_of(place: SlackStandIn) -> SlackKeys:
    """The settings with which everything is well."""
    return SlackKeys(place.bot_token, place.app_token, api_url=place.url, operator=place.owner.id)


async def found(keys: SlackKeys) -> list[str]:
    """What is missing, in the words that an operator reads."""
    return [str(finding) for finding in await check(keys) if finding.missing]


@pytest.fixture
async def place() -> AsyncGenerator[SlackStandIn]:
    async with SlackStandIn() as stand_in:
        await stand_in.owner.dm_bot("hello")
        yield stand_in
        assert stand_in.violations == []


@asynccontextmanager
async def answering(bodies: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> AsyncGenerator[str]:
    """A Web API that answers each method with a fixed body; gives its address."""

    async def answer(request: web.Request) -> web.Response:
        body = bodies[request.match_info["method"]]
        if isinstance(body, str):
            return web.Response(text=body, headers=headers)
        return web.json_response(body, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/api/{method}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    finally:
        await runner.cleanup()


def healthy(**changed: Any) -> dict[str, Any]:
    """The answers to an app with which all is well."""
    bodies: dict[str, Any] = {
        "auth.test": {"ok": True, "team_id": "T1", "user_id": "U1", "bot_id": "B1"},
        "apps.connections.open": {"ok": True, "url": "wss://x"},
        "conversations.open": {"ok": True, "channel": {"id": "D1"}},
        "conversations.history": {"ok": True, "messages": [{"ts": "1.0", "thread_ts": "0.5"}]},
        "agents.sessions.setStatus": {"ok": True, "agent_status": "active"},
    }
    return bodies | {name.replace("_", "."): body for name, body in changed.items()}


async def test_an_app_that_has_everything_has_no_findings(place: SlackStandIn) -> None:
    assert await check(keys_of(place)) == []


async def test_over_http_as_well(place: SlackStandIn) -> None:
    assert await check(replace(keys_of(place), app_token="", signing_secret=place.signing_secret)) == []


async def test_both_ways_in_are_only_a_hint(place: SlackStandIn) -> None:
    [hint] = await check(replace(keys_of(place), signing_secret=place.signing_secret))
    assert not hint.missing
    assert "Socket Mode is used" in hint.problem


async def test_no_way_in_is_missing(place: SlackStandIn) -> None:
    [line] = await found(replace(keys_of(place), app_token=""))
    assert line.startswith("SLACK_APP_TOKEN, SLACK_SIGNING_SECRET: Slack's events have no way in")


async def test_swapped_tokens_are_told_without_asking_slack(place: SlackStandIn) -> None:
    keys = replace(keys_of(place), bot_token=place.app_token, app_token=place.bot_token)
    lines = await found(keys)
    assert [line.partition(";")[0] for line in lines] == [
        "SLACK_BOT_TOKEN: does not begin with xoxb-",
        "SLACK_APP_TOKEN: does not begin with xapp-",
    ]
    assert place.calls == []


async def test_a_missing_bot_token_is_told() -> None:
    assert "SLACK_BOT_TOKEN: not set" in (await found(SlackKeys("", app_token="", signing_secret="0" * 32)))[0]


async def test_refused_tokens_are_told_by_their_names(place: SlackStandIn) -> None:
    lines = await found(replace(keys_of(place), bot_token="xoxb-wrong", app_token="xapp-wrong"))
    assert [line.partition(";")[0] for line in lines] == [
        "SLACK_BOT_TOKEN: Slack refused it (invalid_auth)",
        "SLACK_APP_TOKEN: Slack refused it (invalid_auth)",
    ]


async def test_a_revoked_token_is_told(place: SlackStandIn) -> None:
    place.team.revoked = True
    assert "SLACK_BOT_TOKEN: Slack refused it" in (await found(keys_of(place)))[0]


@pytest.mark.parametrize("scope", SCOPES)
async def test_each_scope_that_is_missing_is_told_with_what_it_is_for(scope: str) -> None:
    async with answering(healthy(), {"X-OAuth-Scopes": ",".join(SCOPES.keys() - {scope})}) as url:
        [line] = await found(SlackKeys("xoxb-1", "xapp-1", api_url=url))
    assert scope in line
    assert SCOPES[scope] in line


async def test_an_answer_that_does_not_tell_the_scopes_is_a_hint() -> None:
    async with answering(healthy()) as url:
        hints = await check(SlackKeys("xoxb-1", "xapp-1", api_url=url, operator="U1"))
    assert [(hint.about, hint.missing) for hint in hints] == [("SLACK_BOT_TOKEN", False)]


GRANTED = {"x-oauth-scopes": ", ".join(SCOPES)}


async def findings_with(**changed: Any) -> list[Finding]:
    async with answering(healthy(**changed), GRANTED) as url:
        return list(await check(SlackKeys("xoxb-1", "xapp-1", api_url=url, operator="U1")))


@pytest.mark.parametrize(
    "warned", [{"warning": f"other,{STOP_WARNING}"}, {"response_metadata": {"warnings": [STOP_WARNING]}}]
)
async def test_a_stop_that_the_app_would_not_hear_of_is_told(warned: dict[str, Any]) -> None:
    [finding] = await findings_with(agents_sessions_setStatus={"ok": True, **warned})
    assert finding.missing
    assert "agent_session_stopped" in finding.problem


ORG_WIDE = {"ok": True, "enterprise_id": "E1", "is_enterprise_install": True, "user_id": "U1", "bot_id": "B1"}


async def test_an_organisations_app_that_was_added_to_no_workspace_is_told() -> None:
    [finding] = await findings_with(auth_test=ORG_WIDE, auth_teams_list={"ok": True, "teams": []})
    assert finding.missing
    assert "added to no workspace" in finding.problem


async def test_an_organisations_app_with_a_workspace_has_no_findings() -> None:
    assert await findings_with(auth_test=ORG_WIDE, auth_teams_list={"ok": True, "teams": [{"id": "T1"}]}) == []


async def test_an_organisation_that_does_not_tell_its_workspaces_is_a_hint() -> None:
    [hint] = await findings_with(auth_test=ORG_WIDE, auth_teams_list={"ok": False, "error": "unknown_method"})
    assert (hint.missing, "unknown_method" in hint.problem) == (False, True)


async def test_a_persons_token_is_told() -> None:
    [finding] = await findings_with(auth_test={"ok": True, "user_id": "U1"})
    assert "a person's token" in finding.problem


async def test_an_app_without_socket_mode_is_told() -> None:
    [finding] = await findings_with(apps_connections_open={"ok": True})
    assert finding.remedy == "turn Socket Mode on for the app"


@pytest.mark.parametrize("said", ["not_authorized", "not_agent_app", "unknown_method", "feature_not_enabled"])
async def test_an_app_that_is_no_agent_is_told(said: str) -> None:
    [finding] = await findings_with(agents_sessions_setStatus={"ok": False, "error": said})
    assert "is not an agent" in finding.problem


async def test_an_app_level_token_without_its_scope_is_told() -> None:
    refusal = {"ok": False, "error": "missing_scope", "needed": "connections:write"}
    [finding] = await findings_with(apps_connections_open=refusal)
    assert (finding.about, finding.problem) == ("SLACK_APP_TOKEN", "lacks the scope connections:write")


@pytest.mark.parametrize("messages", [[], None])
async def test_without_a_thread_to_ask_about_the_stop_is_only_a_hint(messages: Any) -> None:
    [hint] = await findings_with(conversations_history={"ok": True, "messages": messages})
    assert not hint.missing


async def test_without_an_operator_nothing_is_asked_about_their_messages(place: SlackStandIn) -> None:
    [hint] = await check(replace(keys_of(place), operator=""))
    assert (hint.missing, "SLACK_OPERATOR" in hint.remedy) == (False, True)
    assert {call.method for call in place.calls} == {"auth.test", "apps.connections.open"}


@pytest.mark.parametrize("nonsense", ["<html>maintenance</html>", "[]"])
async def test_an_address_that_is_not_slacks_is_told(nonsense: str) -> None:
    bodies = dict.fromkeys(healthy(), nonsense)
    async with answering(bodies) as url:
        lines = await found(SlackKeys("xoxb-1", signing_secret="0" * 32, api_url=url))
    assert lines[0].startswith("SLACK_API_URL: Slack cannot be reached")


async def test_an_address_where_nobody_answers_is_told_once() -> None:
    [line] = await found(SlackKeys("xoxb-1", "xapp-1", api_url="http://127.0.0.1:1/api"))
    assert line.startswith("SLACK_API_URL: Slack cannot be reached")


async def test_trouble_that_passes_is_not_blamed_on_the_token(place: SlackStandIn) -> None:
    place.fail("auth.test", "service_unavailable")
    [line] = await found(keys_of(place))
    assert line == (
        "SLACK_BOT_TOKEN: could not be looked at (Slack answered service_unavailable); try again in a minute"
    )


@pytest.mark.parametrize(("secret", "missing"), [("xoxb-1-2", True), ("xapp-1-2", True), ("short", False)])
async def test_a_signing_secret_of_the_wrong_shape_is_told(place: SlackStandIn, secret: str, missing: bool) -> None:
    [finding] = await check(replace(keys_of(place), app_token="", signing_secret=secret))
    assert (finding.about, finding.missing) == ("SLACK_SIGNING_SECRET", missing)


async def test_no_finding_shows_a_key(place: SlackStandIn) -> None:
    keys = replace(keys_of(place), bot_token="xoxb-canary", app_token="xapp-canary", signing_secret="canary")
    lines = [str(finding) for finding in await check(keys)]
    assert len(lines) >= 3
    assert "canary" not in "".join(lines)
    assert "canary" not in repr(keys)
