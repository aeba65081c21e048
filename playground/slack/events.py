"""The events that Slack sends, and the envelope in which they come."""

from __future__ import annotations

import base64
import itertools
import json
import time

from playground.slack.model import Channel, Json, Message, Team, User
from playground.slack.payloads import TOKEN, message_json
from playground.slack.world import World

_COUNT = itertools.count(1)


def message_event(world: World, message: Message) -> Json:
    """A new message in a conversation; Slack docs, reference/events/message."""
    channel = world.channels[message.channel]
    event = message_json(world, message) | _place(channel, message.ts)
    if message.files:
        event["subtype"] = "file_share"
    root = channel.messages.get(message.thread)
    if message.broadcast and root is not None:
        event |= {"subtype": "thread_broadcast", "root": message_json(world, root)}
    if message.team != channel.team:
        event |= {"user_team": message.team, "source_team": message.team, "user_profile": {"team": message.team}}
    return event


def mention_event(world: World, message: Message, *, files: bool) -> Json:
    """The other copy of a message that names the app; Slack docs, reference/events/app_mention.

    Without `files` it lacks them, as reported in ColeMurray/background-agents#1087.
    """
    event = message_event(world, message) | {"type": "app_mention"}
    dropped = {"subtype", "channel_type", "root"} | (set[str]() if files else {"files", "upload", "display_as_bot"})
    return {key: value for key, value in event.items() if key not in dropped}


def changed_event(world: World, message: Message, previous: Json, ts: str) -> Json:
    """A message was edited; `previous` is its JSON before that, `ts` that of the change itself."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": message_json(world, message),
        "previous_message": previous,
        "hidden": True,
        "ts": ts,
    } | _place(world.channels[message.channel], ts)


def deleted_event(world: World, message: Message, ts: str) -> Json:
    """A message was deleted; `ts` is that of the deletion."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": message_json(world, message),
        "hidden": True,
        "deleted_ts": message.ts,
        "ts": ts,
    } | _place(world.channels[message.channel], ts)


def reaction_event(message: Message, user: User, name: str, ts: str, *, added: bool) -> Json:
    """Somebody reacted to a message; Slack docs, reference/events/reaction_added."""
    return {
        "type": "reaction_added" if added else "reaction_removed",
        "user": user.id,
        "reaction": name,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "item_user": message.user,
        "event_ts": ts,
    }


def home_event(user: User, channel: Channel, tab: str, view: Json | None, ts: str) -> Json:
    """Somebody opened a tab of the app; Slack docs, reference/events/app_home_opened."""
    event: Json = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": tab, "event_ts": ts}
    return event | ({"view": view} if view and tab == "home" else {})


def context_event(user: User, channel: Channel, ts: str) -> Json:
    """Somebody looks at a channel while the app is open; Slack docs, reference/events/app_context_changed."""
    entity = {"type": "slack#/types/channel_id", "value": channel.id, "team_id": channel.team}
    context: Json = {"entities": [entity]}
    return {"type": "app_context_changed", "user": user.id, "context": context, "event_ts": ts}


def stopped_event(user: User, channel: Channel, thread: str, streams: list[str], ts: str) -> Json:
    """Somebody pressed Stop in an agent session; Slack docs, reference/events/agent_session_stopped."""
    return {
        "type": "agent_session_stopped",
        "channel": channel.id,
        "thread_ts": thread,
        "user": user.id,
        "streaming_message_ts": streams,
        "event_ts": ts,
    }


def callback(world: World, team: Team, event: Json, channel: Channel | None = None) -> Json:
    """The event in its outer body, with an id of its own; Slack docs, apis/events-api#callback-field."""
    # An org-wide installation names no team of its own; what concerns it as a whole, none at all (both as recorded).
    own = None if team.id == team.enterprise else team.id
    body: Json = {
        "token": TOKEN,
        "team_id": own,
        "context_team_id": own,
        "context_enterprise_id": team.enterprise or None,
        "api_app_id": world.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{next(_COUNT):09d}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": team.enterprise or None,
                "team_id": None if team.org_wide else team.id,
                "user_id": team.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": team.org_wide,
            }
        ],
        "is_ext_shared_channel": channel is not None and world.is_external(channel),
    }
    if team.enterprise:
        body["enterprise_id"] = team.enterprise
    return body | {"event_context": _context(world, team, event, channel)}


def _place(channel: Channel, ts: str) -> Json:
    return {"channel": channel.id, "event_ts": ts, "channel_type": str(channel.kind)}


def _context(world: World, team: Team, event: Json, channel: Channel | None) -> str:
    said = {"et": event["type"], "tid": team.id, "aid": world.app_id} | ({"cid": channel.id} if channel else {})
    return "4-" + base64.urlsafe_b64encode(json.dumps(said, separators=(",", ":")).encode()).decode().rstrip("=")
