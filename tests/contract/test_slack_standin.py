"""The local Slack must know the arguments, limits, scopes and errors that Slack's reference of its Web API names.

Needs the contracts folder (GLIMMER_CONTRACTS, or ../shared/contracts beside the repository) for the part that compares;
that part is skipped without it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from playground.slack.calls import FAMILIES
from playground.slack.content import MAX_MARKDOWN, MAX_UPDATE
from playground.slack.model import ChannelKind, Json
from playground.slack.rest import METHODS
from playground.slack.tiers import TIERS
from tests.fixtures.slack_place import at_slack

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "contracts"
REFERENCE = Path(os.environ.get("GLIMMER_CONTRACTS", _BESIDE)) / "slack" / "api-ref"
compared = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the contracts are not here")
DESCRIBED = sorted(name for name in METHODS if (REFERENCE / f"{name}.json").exists())
# What the reference of 2026-08 does not have: slack_sdk 3.47 sends the first, api.test takes whatever comes.
NEWER = {"chat.stopStream": {"session_status"}, "api.test": {"foo"}}
# The text of an append may come as chunks instead; reactions on files are gone from Slack.
OTHERWISE = {"chat.appendStream": {"markdown_text"}, "reactions.remove": {"channel", "timestamp"}}
KINDS = {
    "text": {"string", "user_id", "ts", "channel"},
    "flag": {"boolean"},
    "number": {"number", "integer"},
    "list": {"array", "string", "prompts"},
    "json": {"string", "array", "", "view", "publishable-view"},
}
# Errors that any method may answer with; Slack docs, apis/web-api#errors, and 429 as in apis/web-api/rate-limits.
GENERAL = {
    *("invalid_arguments", "missing_scope", "not_authed", "invalid_auth", "token_revoked", "not_allowed_token_type"),
    *("unknown_method", "ratelimited", "internal_error"),
}
UNLISTED = {"conversations.replies": {"not_in_channel"}}  # as conversations.history answers
LONG = "x" * (MAX_MARKDOWN + 1)
BUTTON: Json = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x" * 76}}
HOME: Json = {"type": "home", "blocks": [{"type": "markdown", "text": "only in messages"}]}


def reference(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_text())


def kinds_of(described: Json) -> set[str]:
    variants = described.get("anyOf", [described])
    return {str(v.get("type") or v.get("schema") or "") for v in variants} - {"null"}


@compared
def test_most_methods_are_described() -> None:
    assert set(METHODS) - set(DESCRIBED) == {"agents.sessions.setStatus", "agents.sessions.rename"}


@compared
@pytest.mark.parametrize("name", DESCRIBED)
def test_a_method_takes_the_documented_arguments(name: str) -> None:
    described = reference(name)["args"]
    properties = described.get("properties", {})
    table = METHODS[name].arguments
    assert set(table) - NEWER.get(name, set()) == set(properties) - {"token"}
    required = set(described.get("required", [])) - {"token"}
    assert {n for n, a in table.items() if a.required} == required ^ OTHERWISE.get(name, set())
    for argument, row in table.items():
        if argument in properties:
            assert kinds_of(properties[argument]) & KINDS[row.kind], argument


@compared
@pytest.mark.parametrize("name", DESCRIBED)
def test_a_method_has_the_documented_tier_and_scope(name: str) -> None:
    described, row = reference(name), METHODS[name]
    tier = described["rate_limits"]
    assert row.limit == TIERS[tier] if tier in TIERS else row.limit > max(TIERS.values())
    scopes = described.get("scope", {}).get("bot", [])
    if row.scope:
        assert row.scope in scopes
    else:
        assert not scopes or {s.partition(":")[0] for s in scopes} & set(FAMILIES.values())


# (method, arguments, error); C is a channel with the bot in it, O one without, A an archived one, M the bot's message,
# H a person's, S a message that is being streamed, T a thread's root, U a person, W the workspace.
REFUSED: list[tuple[str, Json, str]] = [
    ("chat.postMessage", {"channel": "C0", "text": "x"}, "channel_not_found"),
    ("chat.postMessage", {"channel": "O", "text": "x"}, "not_in_channel"),
    ("chat.postMessage", {"channel": "A", "text": "x"}, "is_archived"),
    ("chat.postMessage", {"channel": "C"}, "no_text"),
    ("chat.postMessage", {"channel": "C", "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
    ("chat.postMessage", {"channel": "C", "blocks": "nonsense"}, "invalid_blocks_format"),
    ("chat.postMessage", {"channel": "C", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
    ("chat.postMessage", {"channel": "C", "blocks": [{"type": "actions", "elements": [BUTTON]}]}, "invalid_blocks"),
    (
        "chat.postMessage",
        {"channel": "C", "blocks": [{"type": "markdown", "text": "x" * 7000}] * 2},
        "msg_blocks_too_long",
    ),
    ("chat.postMessage", {"channel": "C", "text": "x", "metadata": {"event_type": 1}}, "invalid_metadata_format"),
    ("chat.postMessage", {"channel": "C", "text": "x", "metadata": "{"}, "invalid_metadata_format"),
    ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
    ("chat.postMessage", {"channel": "C", "text": 1}, "invalid_arguments"),
    ("chat.postMessage", {"channel": "C", "text": "x", "unfurl_links": "perhaps"}, "invalid_arguments"),
    ("chat.update", {"channel": "C", "ts": "H", "text": "x"}, "cant_update_message"),
    ("chat.update", {"channel": "C", "ts": "1.000001", "text": "x"}, "message_not_found"),
    ("chat.update", {"channel": "C", "ts": "S", "text": "x"}, "streaming_state_conflict"),
    ("chat.update", {"channel": "C", "ts": "M", "text": "x" * (MAX_UPDATE + 1)}, "msg_too_long"),
    ("chat.update", {"channel": "C", "ts": "M", "markdown_text": LONG}, "msg_too_long"),
    ("chat.delete", {"channel": "C", "ts": "H"}, "cant_delete_message"),
    ("chat.postEphemeral", {"channel": "C", "user": "U0", "text": "x"}, "user_not_in_channel"),
    ("chat.getPermalink", {"channel": "C", "message_ts": "nonsense"}, "message_not_found"),
    ("chat.startStream", {"channel": "C", "thread_ts": "T", "recipient_user_id": "U"}, "missing_recipient_team_id"),
    ("chat.startStream", {"channel": "C", "thread_ts": "T", "recipient_team_id": "W"}, "missing_recipient_user_id"),
    ("chat.startStream", {"channel": "C", "recipient_user_id": "U", "recipient_team_id": "W"}, "invalid_arguments"),
    ("chat.appendStream", {"channel": "C", "ts": "S", "markdown_text": ""}, "no_text"),
    ("chat.appendStream", {"channel": "C", "ts": "M", "markdown_text": "x"}, "message_not_in_streaming_state"),
    ("chat.appendStream", {"channel": "C", "ts": "H", "markdown_text": "x"}, "message_not_owned_by_app"),
    ("chat.appendStream", {"channel": "C", "ts": "S", "chunks": [{"type": "new"}]}, "invalid_chunks"),
    ("chat.appendStream", {"channel": "C", "ts": "S", "chunks": [], "markdown_text": "x"}, "invalid_arguments"),
    ("chat.stopStream", {"channel": "C", "ts": "M"}, "message_not_in_streaming_state"),
    ("chat.stopStream", {"channel": "C", "ts": "S", "session_status": "idle"}, "invalid_arguments"),
    ("chat.stopStream", {"channel": "C", "ts": "S", "blocks": [{"type": "divider"}] * 51}, "msg_blocks_too_many"),
    ("assistant.threads.setStatus", {"channel_id": "C", "thread_ts": "soon", "status": "x"}, "invalid_thread_ts"),
    ("assistant.threads.setSuggestedPrompts", {"channel_id": "C", "prompts": [{}] * 5}, "invalid_arguments"),
    ("conversations.replies", {"channel": "C", "ts": "1.000001"}, "thread_not_found"),
    ("conversations.replies", {"channel": "O", "ts": "1.000001"}, "not_in_channel"),
    ("conversations.history", {"channel": "C", "oldest": "once"}, "invalid_ts_oldest"),
    ("conversations.history", {"channel": "C", "cursor": "?"}, "invalid_cursor"),
    ("conversations.open", {}, "users_list_not_supplied"),
    ("conversations.open", {"users": "U0"}, "user_not_found"),
    ("conversations.open", {"users": "U,U"}, "missing_scope"),
    ("conversations.list", {"types": "secret"}, "invalid_types"),
    ("users.info", {"user": "U0"}, "user_not_found"),
    ("bots.info", {"bot": "B0"}, "bot_not_found"),
    ("team.info", {}, "missing_scope"),
    ("reactions.add", {"channel": "C", "timestamp": "H", "name": "👍"}, "invalid_name"),
    ("reactions.remove", {"channel": "C", "timestamp": "H", "name": "eyes"}, "no_reaction"),
    ("views.publish", {"user_id": "U", "view": HOME}, "invalid_arguments"),
    ("views.open", {"trigger_id": "old", "view": {}}, "invalid_trigger_id"),
    ("files.info", {"file": "F0"}, "file_not_found"),
    ("files.completeUploadExternal", {"files": [{"id": "F0"}]}, "file_not_found"),
    ("files.getUploadURLExternal", {"filename": "a", "length": 0}, "file_upload_size_restricted"),
    ("apps.connections.open", {}, "not_allowed_token_type"),
    ("apps.uninstall", {}, "unknown_method"),
]


@pytest.mark.parametrize(("name", "arguments", "error"), REFUSED)
async def test_a_wrong_call_is_refused_as_documented(name: str, arguments: Json, error: str) -> None:
    async with at_slack() as (place, client):
        ann, general = place.person("ann"), place.channel("general")
        archived = place.channel("old")
        archived.archived = True
        said = await ann.say(general, "hello")
        own = await client.ask("chat.postMessage", channel=general.id, text="mine")
        recipient = {"recipient_user_id": ann.id, "recipient_team_id": place.team.id}
        names: Json = {
            "C": general.id,
            "O": place.channel("other", member=False).id,
            "A": archived.id,
            "U": ann.id,
            "U,U": f"{ann.id},{place.owner.id}",
            "W": place.team.id,
            "M": own["ts"],
            "H": said.ts,
            "T": said.ts,
            "S": await client.begin(general, said.ts, **recipient),
        }
        filled: Json = {n: names.get(v, v) if isinstance(v, str) else v for n, v in arguments.items()}
        answer = await client.ask(name, **filled)
    assert answer["error"] == error
    if REFERENCE.is_dir() and name in DESCRIBED:
        assert error in {*GENERAL, *reference(name)["errors"], *UNLISTED.get(name, ())}


async def test_a_form_with_booleans_as_text_is_as_good_as_json() -> None:
    async with at_slack() as (place, client):
        form = {
            "channel": place.channel("general").id,
            "blocks": '[{"type": "divider"}]',
            "text": "x",
            "unfurl_links": "0",
        }
        answer: Any = await client.api_call("chat.postMessage", data=form)
        assert place.messages(place.channel("general"))[0].unfurl is False
    assert answer["message"]["blocks"][0]["type"] == "divider"


async def test_a_call_is_kept_with_its_arguments_but_not_with_the_token() -> None:
    async with at_slack() as (place, _), aiohttp.ClientSession() as http:
        form = {"token": place.bot_token, "user": place.owner.id}
        async with http.post(f"{place.url}users.info", data=form) as answer:
            told = await answer.json()
        (call,) = place.calls
    assert told["user"]["is_owner"] is True
    assert (call.method, call.args, call.team, call.status, call.error) == (
        *("users.info", {"user": place.owner.id}, place.team.id),
        *(200, ""),
    )


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-forged", "invalid_auth")])
async def test_without_a_valid_token_nothing_is_said(token: str, error: str) -> None:
    async with at_slack() as (place, _), aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with http.post(f"{place.url}auth.test", headers=headers) as answer:
            assert await answer.json() == {"ok": False, "error": error}


async def test_every_answer_names_the_scopes_and_a_missing_one_is_named_too() -> None:
    async with at_slack(scopes={"chat:write", "users:read"}) as (place, client):
        told = await client.auth_test()
        refused = await client.ask("conversations.history", channel=place.channel("general").id)
    assert told.headers["x-oauth-scopes"] == "chat:write,users:read"
    assert refused["error"] == "missing_scope"
    assert (refused["needed"], refused["provided"]) == ("channels:history", "chat:write,users:read")


async def test_a_token_opens_only_its_own_workspace() -> None:
    async with at_slack() as (place, client):
        other = place.add_team("elsewhere", enterprise="E1")
        there = place.channel("general", team=other)
        refused = await client.ask("chat.postMessage", channel=there.id, text="x")
        assert refused["error"] == "channel_not_found"
        told = await client.ask("auth.test", token=other.bot_token)
        place.deliver.uninstall(other)
        refused = await client.ask("auth.test", token=other.bot_token)
        assert refused["error"] == "token_revoked"
    assert (told["team"], told["enterprise_id"]) == ("elsewhere", "E1")


async def test_a_private_channel_is_not_there_for_a_bot_that_is_not_in_it() -> None:
    async with at_slack() as (place, client):
        secret = place.channel("secret", kind=ChannelKind.PRIVATE, member=False)
        answer = await client.ask("conversations.history", channel=secret.id)
    assert answer["error"] == "channel_not_found"


async def test_what_breaks_the_documentation_is_noted() -> None:
    async with at_slack() as (place, client):
        general = place.channel("general").id
        await client.ask("chat.postMessage", channel=general, text="x", colour="red")
        await client.ask("chat.postMessage", channel=general, text="x", thread_ts="1.000001")
        await client.ask("chat.postMessage", channel=general, markdown_text=LONG)
        await client.ask("chat.everything")
    assert [v.partition(":")[0] for v in place.violations] == ["chat.postMessage"] * 3 + ["chat.everything"]
    assert "unknown argument colour" in place.violations[0]
    assert "not the first message of a thread" in place.violations[1]
    assert "12001 characters of markdown_text" in place.violations[2]
