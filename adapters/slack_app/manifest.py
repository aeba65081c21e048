"""The manifest from which a Slack app is made: what it asks for, and why it needs each of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.slack_app.prompts import prompts
from bot.vocabulary import COMMANDS, syntax

NAME: Final = "Glimmer"
COMMAND: Final = "/glm"
EVENTS_PATH: Final = "/slack/events"

# Scope of the bot's token -> why it is asked for.
SCOPES: Final[Mapping[str, str]] = {
    "app_mentions:read": "to hear when somebody mentions the bot",
    "assistant:write": "to be an agent in Slack: suggested prompts, and a line about what is being done",
    "channels:history": "to follow the threads of public channels in which it takes part",
    "chat:write": "to answer, to stream answers and to edit its own messages",
    "commands": "for /glm and the shortcuts in a message's menu",
    "files:read": "to read the pictures and text files that people attach to a question",
    "files:write": "to attach a long answer as a file",
    "groups:history": "to follow the threads of private channels in which it takes part",
    "im:history": "to read what people write to it directly",
    "im:write": "to write to a person directly when it may not speak where they asked",
    "mpim:history": "to follow the threads of group messages in which it takes part",
    "reactions:write": "to mark a message that waits for its turn",
    "users:read": "for people's names, their language, and whether they are admins",
}
# Scope of the app-level token, with which Socket Mode is opened.
APP_SCOPE: Final = "connections:write"

# Event -> why it is subscribed to.
EVENTS: Final[Mapping[str, str]] = {
    "agent_session_stopped": "Slack's own Stop button; without it Slack does not show one",
    "app_home_opened": "to fill the Home tab and to suggest prompts",
    "app_mention": "questions in channels",
    "app_uninstalled": "to forget a workspace that removed the app",
    "message.channels": "follow-ups in threads of public channels, edited and deleted questions",
    "message.groups": "the same in private channels",
    "message.im": "questions in direct messages",
    "message.mpim": "follow-ups in group messages",
    "tokens_revoked": "to stop using a token that was taken back",
}

# Callback id -> name in a message's menu, and what it does.
SHORTCUTS: Final[Mapping[str, tuple[str, str]]] = {
    "glimmer_ask": ("Ask about this", "Explains this message in its thread"),
    "glimmer_summarise": ("Summarise thread", "Sums up what was said in this thread"),
}

_DESCRIPTION: Final = "Answers questions with GLM models, in channels, threads and direct messages"
_AGENT: Final = (
    "Ask me anything: I answer with GLM models, as I write. Mention me in a channel or write to me here; each message "
    "here begins a conversation of its own. Stop me, ask again, or switch the model whenever you like."
)
_USAGE: Final = " · ".join(map(syntax, COMMANDS))


def manifest(*, socket_mode: bool, url: str = "") -> Mapping[str, Any]:
    """What Slack's page "Create an app from a manifest" takes.

    Without Socket Mode `url` is the public address of `glimmer run`, without a path; Slack sends everything to
    `/slack/events` below it.
    """
    way_in = {} if socket_mode else {"request_url": f"{url.rstrip('/')}{EVENTS_PATH}"}
    return {
        "display_information": {"name": NAME, "description": _DESCRIPTION, "background_color": "#1d1c2b"},
        "features": _features({"url": way_in["request_url"]} if way_in else {}),
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**way_in, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **way_in},
            "org_deploy_enabled": True,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }


def _features(command_url: Mapping[str, str]) -> Mapping[str, Any]:
    shortcuts = [
        {"type": "message", "callback_id": callback, "name": name, "description": description}
        for callback, (name, description) in SHORTCUTS.items()
    ]
    command = {"command": COMMAND, "description": _DESCRIPTION, "usage_hint": _USAGE, "should_escape": False}
    return {
        "bot_user": {"display_name": NAME, "always_online": True},
        # With a read-only Messages tab nobody could write to the bot directly.
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "agent_view": {"agent_description": _AGENT, "suggested_prompts": list(prompts())},
        "shortcuts": shortcuts,
        "slash_commands": [{**command, **command_url}],
    }
