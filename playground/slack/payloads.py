"""How messages, files and people look in JSON, in events, actions and answers of the Web API alike."""

from __future__ import annotations

import hashlib
import re

from playground.slack.model import Channel, File, Json, Message, Team, User
from playground.slack.world import World

TOKEN = "verification-token"  # noqa: S105  # the deprecated field that every payload still has
_MENTIONS = re.compile(r"<@([UW][A-Z0-9]+)>|<!(here|channel|everyone)>")


def message_json(world: World, message: Message) -> Json:
    """A message as `conversations.replies`, events and actions show it.

    Slack docs, reference/events/message; keys as in recorded payloads.
    """
    shown: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text or message.markdown}
    if message.subtype:
        shown["subtype"] = message.subtype
    if message.client_msg_id:
        shown["client_msg_id"] = message.client_msg_id
    shown |= {"team": message.team, "blocks": blocks_json(message)}
    if message.bot_id:
        profile = _profile(world, message)
        shown |= {"bot_id": message.bot_id, "app_id": profile["app_id"], "bot_profile": profile}
    shown |= _thread_json(world, message)
    if message.files:
        shown |= {"files": [file_json(world, file) for file in message.files], "upload": False, "display_as_bot": False}
    if message.edited:
        shown["edited"] = {"user": message.user, "ts": f"{message.edited:.0f}.000000"}
    if message.reactions:
        shown["reactions"] = [{"name": n, "users": sorted(u), "count": len(u)} for n, u in message.reactions.items()]
    if message.stream is not None:
        shown["streaming_state"] = "in_progress" if message.stream.open else "completed"
    return shown


def blocks_json(message: Message) -> list[Json]:
    """The blocks of a message, each with an id as Slack gives it one."""
    made = message.blocks
    if not made and message.markdown:
        made = [{"type": "markdown", "text": message.markdown}]
    if not made and message.text:
        made = [rich_text(message.text)]
    return [with_id(block, f"{message.ts}/{index}") for index, block in enumerate(made)]


def with_id(block: Json, place: str) -> Json:
    """The block with its id, or with one that only depends on where it stands."""
    if block.get("block_id"):
        return block
    return {**block, "block_id": short_id(place)}


def short_id(place: str) -> str:
    """An id such as Slack gives blocks and elements that have none."""
    return hashlib.sha256(place.encode()).hexdigest()[:5]


def rich_text(text: str) -> Json:
    """What Slack's editor makes of typed text: mentions apart, the rest as it is."""
    elements: list[Json] = []
    end = 0
    for found in _MENTIONS.finditer(text):
        elements += _words(text[end : found.start()])
        user, everyone = found.groups()
        elements.append({"type": "user", "user_id": user} if user else {"type": "broadcast", "range": everyone})
        end = found.end()
    elements += _words(text[end:])
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def file_json(world: World, file: File) -> Json:
    """A file as messages and `files.info` show it; Slack docs, reference/objects/file-object."""
    kind = file.name.rpartition(".")[2].lower()
    created = int(file.created)
    return {
        "id": file.id,
        "created": created,
        "timestamp": created,
        "name": file.name,
        "title": file.name,
        "mimetype": file.mimetype,
        "filetype": kind,
        "pretty_type": kind.upper(),
        "user": file.user,
        "user_team": file.team,
        "editable": False,
        "size": len(file.data),
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": True,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": file.private_url,
        "url_private_download": file.download_url,
        "media_display_type": "unknown",
        "permalink": f"{world.address}/files/{file.user}/{file.id}/{file.name}",
        "permalink_public": f"{world.address}/public/{file.id}",
        "is_starred": False,
        "skipped_shares": True,
        "has_rich_preview": False,
        "file_access": "visible",
    }


def acting_user(user: User) -> Json:
    """The person in an action."""
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team}


def team_json(team: Team) -> Json:
    """The workspace in an action."""
    shown: Json = {"id": team.id, "domain": domain(team)}
    if team.enterprise:
        shown |= {"enterprise_id": team.enterprise, "enterprise_name": f"{team.name} organisation"}
    return shown


def enterprise_json(team: Team) -> Json | None:
    """The Grid organisation in an action, if there is one."""
    return {"id": team.enterprise, "name": f"{team.name} organisation"} if team.enterprise else None


def channel_json(channel: Channel) -> Json:
    """The conversation in an action; Slack calls every direct message "directmessage"."""
    return {"id": channel.id, "name": shown_name(channel)}


def shown_name(channel: Channel) -> str:
    """The name that commands and actions give a conversation."""
    names = {"im": "directmessage", "group": "privategroup"}
    return names.get(channel.kind, channel.name)


def domain(team: Team) -> str:
    """The workspace's part of its web address."""
    return re.sub(r"[^a-z0-9]+", "-", team.name.lower()).strip("-") or "workspace"


def _words(text: str) -> list[Json]:
    return [{"type": "text", "text": text}] if text else []


def _thread_json(world: World, message: Message) -> Json:
    """How a message hangs in its thread: a reply names its root, a root counts its replies."""
    messages = world.channels[message.channel].messages
    if message.thread and message.thread != message.ts:
        root = messages.get(message.thread)
        parent: Json = {"parent_user_id": root.user} if root else {}
        return {"thread_ts": message.thread, **parent}
    replies = [m for m in messages.values() if m.thread == message.ts and m.ts != message.ts and not m.deleted]
    replies = [m for m in replies if not m.ephemeral_to]
    if not replies:
        return {"thread_ts": message.thread} if message.thread else {}
    users = list(dict.fromkeys(m.user for m in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
        "reply_users": users,
        "is_locked": False,
    }


def _profile(world: World, message: Message) -> Json:
    user = world.users.get(message.user)
    return {
        "id": message.bot_id,
        "deleted": False,
        "name": user.name if user else "bot",
        "updated": 1_700_000_000,
        "app_id": world.app_id if user and user.app else f"A{message.bot_id[1:]}",
        "icons": {},
        "team_id": message.team,
    }
