"""Posting, editing, deleting and reacting, the same for the bot and for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from playground.discord import mentions, threads
from playground.discord.clock import created_at
from playground.discord.components import with_numbers
from playground.discord.events import Intent, announce, emit
from playground.discord.model import (
    Attachment,
    Channel,
    Json,
    Message,
    MessageFlag,
    MessageKind,
    Reference,
    Upload,
    User,
)
from playground.discord.refusals import Refusal
from playground.discord.service import Event, Service

OLD = 3600.0  # s; Discord docs, topics/opcodes-and-status-codes: 30046 is about messages older than an hour
_SETTABLE = (
    MessageFlag.SUPPRESS_EMBEDS
    | MessageFlag.SUPPRESS_NOTIFICATIONS
    | MessageFlag.VOICE
    | MessageFlag.COMPONENTS_V2
    | MessageFlag.EPHEMERAL
    | MessageFlag.LOADING
)


@dataclass
class Draft:
    """A message that somebody wants to send; `allowed` are its allowed mentions as sent, `ago` dates it back."""

    author: User
    content: str = ""
    uploads: Sequence[Upload] = ()
    embeds: list[Json] = field(default_factory=list[Json])
    components: list[Json] = field(default_factory=list[Json])
    stickers: list[Json] = field(default_factory=list[Json])
    reference: Reference | None = None
    flags: int = 0
    allowed: Json | None = None
    nonce: str = ""
    kind: int = MessageKind.DEFAULT
    interaction: Json | None = None
    ago: float = 0.0
    id: str = ""


def post(service: Service, channel: Channel, draft: Draft) -> Message:
    """Send a message; rights and shapes are the caller's to check."""
    moderate(service, draft.content)
    world = service.world
    message = Message(
        id=draft.id or world.ids.new(ago=draft.ago),
        channel_id=channel.id,
        author=draft.author,
        content=draft.content,
        kind=draft.kind,
        flags=draft.flags & _SETTABLE,
        embeds=rich(draft.embeds),
        components=with_numbers(draft.components),
        attachments=attach(service, draft.uploads),
        stickers=list(draft.stickers),
        reference=draft.reference,
        nonce=draft.nonce,
        interaction=draft.interaction,
    )
    _refer(service, message, draft.allowed)
    if channel.thread:
        threads.wake(service, channel, message)
    channel.messages[message.id] = message
    if not message.ephemeral:
        channel.last_message_id = message.id
    notified = mentions.apply(world, channel, message, draft.allowed)
    announce(service, "MESSAGE_CREATE", channel, message, {"nonce": draft.nonce} if draft.nonce else {})
    kind = "response" if message.flags & MessageFlag.LOADING else "post"
    service.record(kind, message, draft.author.id, notified=notified)
    return message


def rich(embeds: list[Json] | None) -> list[Json]:
    """Embeds as Discord gives them back."""
    return [{"type": "rich", **e} for e in embeds or []]


def attach(service: Service, uploads: Sequence[Upload]) -> list[Attachment]:
    """Make attachments of files."""
    return [Attachment(service.world.ids.new(), u) for u in uploads]


def edit(service: Service, message: Message, changes: Json, uploads: Sequence[Upload] = ()) -> None:
    """Apply an edit's body to a message."""
    moderate(service, changes.get("content") or "")
    if "content" in changes:
        message.content = changes["content"] or ""
    if "embeds" in changes:
        message.embeds = rich(changes["embeds"])
    if "components" in changes:
        message.components = with_numbers(changes["components"] or [])
    if "attachments" in changes:
        listed: list[Json] = changes["attachments"] or []
        kept = {str(a["id"]) for a in listed}
        message.attachments = [a for a in message.attachments if a.id in kept]
    message.attachments += attach(service, uploads)
    if changes.get("flags") is not None:
        fixed = message.flags & ~MessageFlag.SUPPRESS_EMBEDS
        added = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.COMPONENTS_V2
        message.flags = fixed | changes["flags"] & added
    channel = service.world.channels[message.channel_id]
    notified = mentions.apply(service.world, channel, message, changes.get("allowed_mentions"))
    show_edit(service, message, notified)


def show_edit(service: Service, message: Message, notified: frozenset[str] = frozenset()) -> None:
    """Date a changed message and tell everybody about it."""
    message.edited = service.world.clock.now()
    announce(service, "MESSAGE_UPDATE", service.world.channels[message.channel_id], message, {})
    service.record("edit", message, message.author.id, notified=notified)


def delete(service: Service, message: Message, actor: User) -> None:
    """Take a message away."""
    message.deleted = True
    channel = service.world.channels[message.channel_id]
    data: Json = {"id": message.id, "channel_id": channel.id}
    if channel.guild_id:
        data["guild_id"] = channel.guild_id
    if not message.ephemeral:
        intent = Intent.GUILD_MESSAGES if channel.guild_id else Intent.DIRECT_MESSAGES
        emit(service, channel, Event("MESSAGE_DELETE", data, intent, channel.guild_id))
    service.record("delete", message, actor.id)


def react(service: Service, message: Message, emoji: str, user: User, *, add: bool) -> None:
    """Add or take away somebody's reaction."""
    users = message.reactions.setdefault(emoji, [])
    if add and user.id not in users:
        users.append(user.id)
    elif not add and user.id in users:
        users.remove(user.id)
    if not users:
        del message.reactions[emoji]
    channel = service.world.channels[message.channel_id]
    data: Json = {
        "user_id": user.id,
        "channel_id": channel.id,
        "message_id": message.id,
        "message_author_id": message.author.id,
        "emoji": {"id": None, "name": emoji},
        "burst": False,
        "type": 0,
    }
    if channel.guild_id:
        data["guild_id"] = channel.guild_id
    name, intent = "MESSAGE_REACTION_ADD" if add else "MESSAGE_REACTION_REMOVE", Intent.DIRECT_REACTIONS
    intent = Intent.GUILD_REACTIONS if channel.guild_id else intent
    emit(service, channel, Event(name, data, intent, channel.guild_id))
    service.record("reaction" if add else "unreaction", replace(message, content=emoji), user.id)


def moderate(service: Service, text: str) -> None:
    """Refuse a text that the automatic moderation blocks."""
    if service.automod and service.automod.search(text):
        raise Refusal(200000)


def count_old_edit(service: Service, message: Message) -> None:
    """Refuse an edit of a message older than an hour when their number is used up."""
    if service.old_edits is None or service.world.clock.now() - created_at(message.id) < OLD:
        return
    if service.old_edits <= 0:
        raise Refusal(30046, extra={"retry_after": 0.1, "global": False})
    service.old_edits -= 1


def _refer(service: Service, message: Message, allowed: Json | None) -> None:
    """Make a message a reply or a forward when it refers to another."""
    reference = message.reference
    if reference is None or message.kind != MessageKind.DEFAULT:
        return
    if reference.forward:
        source = service.world.channels[reference.channel_id].messages[reference.message_id]
        message.flags |= MessageFlag.HAS_SNAPSHOT
        message.snapshots = [replace(source, attachments=list(source.attachments), embeds=list(source.embeds))]
        return
    message.kind = MessageKind.REPLY
    message.pings_replied = True if allowed is None else bool(allowed.get("replied_user"))
