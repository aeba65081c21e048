"""From the body of a bot's message to a draft, with everything checked that Discord checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from playground.discord import validate
from playground.discord.calls import Call
from playground.discord.messages import Draft
from playground.discord.model import Channel, ChannelKind, Json, Message, MessageFlag, Reference, Upload
from playground.discord.permissions import Permission
from playground.discord.problems import Problems
from playground.discord.refusals import Refusal
from playground.discord.world import World

_BEFORE_POSTING = MessageFlag.EPHEMERAL | MessageFlag.LOADING


def from_body(call: Call, channel: Channel, body: Json) -> Draft:
    """The draft of a message for a channel in which the bot may post it."""
    uploads = described(call.uploads, body)
    validate.message(body, uploads)
    validate.upload_sizes(uploads, call.world.upload_limit)
    may_post(call.world, channel, body, uploads)
    refuse_empty(body, uploads)
    return Draft(
        call.bot,
        body.get("content") or "",
        uploads,
        body.get("embeds") or [],
        body.get("components") or [],
        stickers=[{"id": str(s), "name": "sticker", "format_type": 1} for s in _ids(body.get("sticker_ids"))],
        reference=_reference(call.world, channel, body),
        flags=(body.get("flags") or 0) & ~_BEFORE_POSTING,
        allowed=body.get("allowed_mentions"),
        nonce=str(body.get("nonce") or ""),
    )


def may_post(world: World, channel: Channel, body: Json, uploads: Sequence[Upload]) -> None:
    """Refuse what the bot has no right to post here."""
    bot = world.app.bot
    if channel.kind == ChannelKind.FORUM:
        raise Refusal(40058)
    if channel.kind == ChannelKind.CATEGORY:
        raise Refusal(50008)
    if channel.is_private and not all(u.dms_open for u in channel.recipients):
        raise Refusal(50007)
    rights = world.rights(channel, bot)
    if channel.thread and channel.thread.locked and not rights & Permission.MANAGE_THREADS:
        raise Refusal(160005)
    needed = Permission.SEND_MESSAGES_IN_THREADS if channel.thread else Permission.SEND_MESSAGES
    needed |= Permission.ATTACH_FILES if uploads else needed
    needed |= Permission.EMBED_LINKS if body.get("embeds") else needed
    if needed & ~rights:
        raise Refusal(50013)


def refuse_empty(body: Json, uploads: Sequence[Upload]) -> None:
    """Refuse a message in which there is nothing."""
    reference: Json = body.get("message_reference") or {}
    forward = reference.get("type") == 1
    filled = any(body.get(k) for k in ("content", "embeds", "components", "sticker_ids", "poll"))
    if not filled and not uploads and not forward:
        raise Refusal(50006)


def still_filled(message: Message, body: Json, uploads: Sequence[Upload]) -> None:
    """Refuse an edit after which nothing would be left."""
    left = {"content": message.content, "embeds": message.embeds, "components": message.components}
    if "attachments" not in body and message.attachments:
        return
    if not body.get("attachments") and not message.stickers and not message.snapshots:
        refuse_empty({**left, **body}, uploads)


def described(uploads: Sequence[Upload], body: Json) -> list[Upload]:
    """The uploaded files with the names and descriptions that the body gives them."""
    listed = Problems().objects("attachments", body.get("attachments"), validate.MAX_FILES)
    about = {str(a.get("id")): a for a in listed}
    result: list[Upload] = []
    for number, upload in enumerate(uploads):
        said = about.get(str(number), {})
        name, description = said.get("filename") or upload.name, said.get("description") or ""
        result.append(replace(upload, name=name, description=description))
    return result


def _reference(world: World, channel: Channel, body: Json) -> Reference | None:
    given: Json | None = body.get("message_reference")
    if not given:
        return None
    forward = given.get("type") == 1
    if not forward and not world.rights(channel, world.app.bot) & Permission.READ_MESSAGE_HISTORY:
        raise Refusal(160002)
    source = world.channels.get(str(given.get("channel_id") or channel.id))
    target = source.messages.get(str(given["message_id"])) if source else None
    if target and source and not target.deleted and (forward or source is channel):
        return Reference(target.id, source.id, source.guild_id, forward)
    if given.get("fail_if_not_exists", True) or forward:
        problems = Problems()
        problems.add("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        problems.settle()
    return None


def _ids(value: Any) -> list[str]:
    listed: list[Any] = value or []
    return [str(item) for item in listed]
