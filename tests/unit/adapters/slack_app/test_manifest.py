from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from adapters.slack_app.manifest import EVENTS, SCOPES, SHORTCUTS, manifest
from adapters.slack_app.prompts import MAX_PROMPTS, prompts
from bot.vocabulary import COMMANDS, syntax
from tests.fixtures.sources import ROOT, calls

SOCKET = manifest(socket_mode=True)
HTTP = manifest(socket_mode=False, url="https://bot.example/")
CONTRACTS = Path(os.environ.get("GLIMMER_CONTRACTS") or ROOT.parent / "shared" / "contracts") / "slack" / "api-ref"

# Slack docs, reference/app-manifest: the longest that each field may be, by its path.
LONGEST = {
    "display_information.name": 35,
    "display_information.description": 140,
    "features.bot_user.display_name": 80,
    "features.agent_view.agent_description": 300,
    "features.shortcuts.name": 24,
    "features.shortcuts.callback_id": 255,
    "features.shortcuts.description": 150,
    "features.slash_commands.command": 32,
    "features.slash_commands.description": 2_000,
    "features.slash_commands.usage_hint": 1_000,
}
# Slack docs, reference/events: the scope without which an event is not sent, "" for none.
SCOPE_OF_EVENT = {
    "agent_session_stopped": "assistant:write",
    "app_home_opened": "",
    "app_mention": "app_mentions:read",
    "app_uninstalled": "",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "tokens_revoked": "",
}
# What features need by themselves: Slack docs, interactivity/slash-commands and ai/agent-sessions; to fetch an
# attachment is no method.
SCOPES_OF_FEATURES = {"commands", "assistant:write", "files:read"}
METHOD = re.compile(r"(assistant|agents|auth|chat|conversations|files|reactions|users|views)(\.[a-zA-Z]+)+")


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a manifest with its path, in which places in a list do not count."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, Any]", value).items():
            yield from texts(inner, f"{path}.{key}".removeprefix("."))
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from texts(inner, path)


def methods() -> set[str]:
    """The Web API methods that the adapter calls."""
    given = (argument for _, call in calls("adapters/slack_app") for argument in call.args)
    words = (node.value for node in given if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {word for word in words if METHOD.fullmatch(word)}


@pytest.mark.parametrize("made", [SOCKET, HTTP])
def test_no_text_is_longer_than_slack_takes(made: Mapping[str, Any]) -> None:
    seen = dict(texts(made))
    assert LONGEST.keys() <= seen.keys()
    assert [path for path, text in texts(made) if len(text) > LONGEST.get(path, 10_000)] == []
    assert [path for path, text in texts(made) if not text.strip()] == []


@pytest.mark.parametrize("made", [SOCKET, HTTP])
def test_it_survives_the_way_through_a_clipboard(made: Mapping[str, Any]) -> None:
    assert json.loads(json.dumps(made)) == made


def test_with_socket_mode_it_needs_no_address() -> None:
    assert SOCKET["settings"]["socket_mode_enabled"] is True
    assert "http" not in json.dumps(SOCKET)


def test_without_socket_mode_every_way_in_has_its_address() -> None:
    there = "https://bot.example/slack/events"
    settings = HTTP["settings"]
    assert settings["socket_mode_enabled"] is False
    assert settings["event_subscriptions"]["request_url"] == there
    assert settings["interactivity"] == {"is_enabled": True, "request_url": there}
    assert [command["url"] for command in HTTP["features"]["slash_commands"]] == [there]


def test_people_can_write_to_the_bot_directly() -> None:
    home = SOCKET["features"]["app_home"]
    assert home["home_tab_enabled"]
    assert home["messages_tab_enabled"]
    assert not home["messages_tab_read_only_enabled"]


def test_the_hint_beside_the_command_has_every_command() -> None:
    [command] = SOCKET["features"]["slash_commands"]
    assert command["usage_hint"].split(" · ") == [syntax(command) for command in COMMANDS]


def test_it_is_an_agent_of_the_new_kind() -> None:
    assert "agent_view" in SOCKET["features"]
    assert "assistant_view" not in SOCKET["features"]
    assert not [event for event in EVENTS if event.startswith("assistant_")]


@pytest.mark.parametrize("locale", ["", "zh-CN"])
def test_prompts_are_few_and_whole(locale: str) -> None:
    assert 1 <= len(prompts(locale)) <= MAX_PROMPTS
    assert all(prompt.keys() == {"title", "message"} for prompt in prompts(locale))
    assert all(text.strip() for prompt in prompts(locale) for text in prompt.values())


def test_shortcuts_are_in_the_menu_of_a_message() -> None:
    listed = {shortcut["callback_id"]: shortcut for shortcut in SOCKET["features"]["shortcuts"]}
    assert listed.keys() == SHORTCUTS.keys() == {"glimmer_ask", "glimmer_summarise"}
    assert {shortcut["type"] for shortcut in listed.values()} == {"message"}


@pytest.mark.parametrize("reasons", [SCOPES, EVENTS])
def test_everything_that_is_asked_for_has_its_reason_and_stands_in_order(reasons: Mapping[str, str]) -> None:
    assert all(len(why) > 10 for why in reasons.values())
    assert list(reasons) == sorted(reasons)


def test_all_scopes_and_events_are_in_it_and_no_others() -> None:
    assert SOCKET["oauth_config"]["scopes"] == {"bot": list(SCOPES)}
    assert SOCKET["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)


def test_every_event_can_be_sent_with_these_scopes() -> None:
    assert EVENTS.keys() == SCOPE_OF_EVENT.keys()
    assert set(SCOPE_OF_EVENT.values()) <= {*SCOPES, ""}


@pytest.mark.skipif(not CONTRACTS.is_dir(), reason="the contracts are not on this machine")
def test_every_method_that_the_adapter_calls_may_be_called_and_no_scope_is_left_over() -> None:
    needed: dict[str, set[str]] = {}
    for name in methods():
        page = CONTRACTS / f"{name}.json"
        if page.exists():
            needed[name] = set(json.loads(page.read_text())["scope"].get("bot", ()))
    assert len(needed) > 8
    assert {name: scopes for name, scopes in needed.items() if scopes and not scopes & SCOPES.keys()} == {}
    used = set[str]().union(*needed.values(), SCOPE_OF_EVENT.values(), SCOPES_OF_FEATURES)
    assert SCOPES.keys() <= used
