"""The JSON of messages, whole and as far as an app without the message content intent may read them."""

from __future__ import annotations

import re
from typing import Any

from playground.discord.clock import created_at, iso
from playground.discord.links import link
from playground.discord.model import Attachment, Channel, Json, Message, MessageFlag, Reference
from playground.discord.payloads import channel_json, member_json, user_json
from playground.discord.world import World

# Discord docs, events/gateway#message-content-intent: the fields that are emptied.
_CONTENT: dict[str, Any] = {"content": "", "embeds": [], "attachments": [], "components": []}


def message_json(world: World, channel: Channel, message: Message) -> Json:
    """A message as REST shows it to an app that may read it, with the message that it answers."""
    shown = _plain(world, channel, message)
    if message.reference and not message.reference.forward:
        target = _target(world, message.reference)
        shown["referenced_message"] = _plain(world, world.channels[target.channel_id], target) if target else None
    if message.flags & MessageFlag.HAS_THREAD and message.id in world.channels:
        shown["thread"] = channel_json(world, world.channels[message.id])
    if message.reactions:
        shown["reactions"] = [_reaction(world, e, users) for e, users in message.reactions.items()]
    return shown


def event_json(world: World, channel: Channel, message: Message) -> Json:
    """A message as the gateway sends it: with the server and the author's membership."""
    shown: Json = {**message_json(world, channel, message), "channel_type": int(channel.kind)}
    guild = world.guild_of(channel)
    if guild is None:
        return shown
    shown["guild_id"] = guild.id
    if message.author.id in guild.members:
        shown["member"] = member_json(guild.members[message.author.id], with_user=False)
    users: list[Json] = shown["mentions"]
    for user in users:
        if user["id"] in guild.members:
            user["member"] = member_json(guild.members[user["id"]], with_user=False)
    return shown


def redacted(world: World, channel: Channel, message: Message, shown: Json) -> Json:
    """The same for an app without the message content intent."""
    result = dict(shown)
    if not _readable(world, channel, message):
        result |= _CONTENT
        if "message_snapshots" in result:
            result["message_snapshots"] = [{"message": s["message"] | _CONTENT} for s in shown["message_snapshots"]]
    if message.reference and result.get("referenced_message"):
        target = _target(world, message.reference)
        if target and not _readable(world, world.channels[target.channel_id], target):
            result["referenced_message"] = result["referenced_message"] | _CONTENT
    return result


def _readable(world: World, channel: Channel, message: Message) -> bool:
    """Discord docs, events/gateway#message-content-intent: own messages, DMs, mentions, replies with a ping."""
    bot = world.app.bot
    if message.author is bot or channel.is_private or re.search(rf"<@!?{bot.id}>", message.content):
        return True
    target = _target(world, message.reference) if message.reference and message.pings_replied else None
    return target is not None and target.author is bot and target.interaction is None


def _target(world: World, reference: Reference) -> Message | None:
    channel = world.channels.get(reference.channel_id)
    found = channel.messages.get(reference.message_id) if channel else None
    return None if found is None or found.deleted else found


def _plain(world: World, channel: Channel, message: Message) -> Json:
    mentioned = [world.users[m] for m in message.mentions if m in world.users]
    shown: Json = {
        **_body(world, channel.id, message),
        "id": message.id,
        "channel_id": channel.id,
        "author": user_json(message.author),
        "mentions": [user_json(u) for u in mentioned],
        "mention_everyone": message.everyone,
        "pinned": False,
        "tts": False,
    }
    if message.position is not None:
        shown["position"] = message.position
    if message.reference:
        shown["message_reference"] = _reference_json(message.reference)
    if message.snapshots:
        shown["message_snapshots"] = [{"message": _body(world, s.channel_id, s)} for s in message.snapshots]
    if message.interaction is not None:
        app = world.app.id
        shown |= {"application_id": app, "webhook_id": app, "interaction_metadata": message.interaction}
    return shown


def _body(world: World, channel_id: str, message: Message) -> Json:
    """What a snapshot shares with a message."""
    shown: Json = {
        "type": int(message.kind),
        "content": message.content,
        "mentions": [user_json(world.users[m]) for m in message.mentions if m in world.users],
        "mention_roles": list(message.mention_roles),
        "attachments": [_attachment_json(world, channel_id, a) for a in message.attachments],
        "embeds": [] if message.flags & MessageFlag.SUPPRESS_EMBEDS else list(message.embeds),
        "timestamp": iso(created_at(message.id)),
        "edited_timestamp": iso(message.edited) if message.edited else None,
        "flags": int(message.flags),
        "components": list(message.components),
    }
    return {**shown, "sticker_items": list(message.stickers)} if message.stickers else shown


def _reference_json(reference: Reference) -> Json:
    shown: Json = {
        "type": int(reference.forward),
        "channel_id": reference.channel_id,
        "message_id": reference.message_id,
    }
    return {**shown, "guild_id": reference.guild_id} if reference.guild_id else shown


def _attachment_json(world: World, channel_id: str, attachment: Attachment) -> Json:
    upload = attachment.upload
    url = link(world, channel_id, attachment)
    shown: Json = {
        "id": attachment.id,
        "filename": upload.name,
        "size": len(upload.data),
        "url": url,
        "proxy_url": url,
        "content_type": upload.media_type,
    }
    if upload.description:
        shown["description"] = upload.description
    return {**shown, "duration_secs": upload.seconds, "waveform": "AA=="} if upload.seconds else shown


def _reaction(world: World, emoji: str, users: list[str]) -> Json:
    return {
        "emoji": {"id": None, "name": emoji},
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me_burst": False,
        "me": world.app.bot.id in users,
    }
