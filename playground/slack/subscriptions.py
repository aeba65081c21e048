"""Which events the app is told of: those that it asked for, where it is, and with the scope for it."""

from __future__ import annotations

from playground.slack.model import Channel, Json, Team

# Slack docs, reference/events: the name of a subscription, and the scope that it needs ("" for none).
SCOPES = {
    "agent_session_stopped": "",
    "agent_session_title_changed": "",
    "app_context_changed": "",
    "app_home_opened": "",
    "app_mention": "app_mentions:read",
    "app_uninstalled": "",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "tokens_revoked": "",
}
_MESSAGES = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}
_EVERYWHERE = {"app_home_opened", "app_context_changed", "app_uninstalled", "tokens_revoked"}
_AFTER_REVOCATION = {"app_uninstalled", "tokens_revoked"}
_AGENTS_ONLY = {"agent_session_stopped", "agent_session_title_changed", "app_context_changed"}


def name_of(event: Json) -> str:
    """The subscription under which an event is sent."""
    kind = str(event["type"])
    return _MESSAGES[event["channel_type"]] if kind == "message" else kind


def reaches(subscribed: set[str], team: Team, event: Json, channel: Channel | None) -> bool:
    """Whether the app of this workspace is told of the event."""
    name = name_of(event)
    if name not in subscribed or (team.revoked and name not in _AFTER_REVOCATION):
        return False
    if name in _AGENTS_ONLY and not team.agent:
        return False
    if channel is not None and name not in _EVERYWHERE and team.bot_user_id not in channel.members:
        return False
    scope = SCOPES.get(name, "")
    return not scope or scope in team.scopes
