"""Threads once they are there: members, archiving, locking, deletion."""

from __future__ import annotations

from playground.discord.events import Intent, announce_thread, emit
from playground.discord.model import Channel, Json, Message, MessageKind, ThreadState, User
from playground.discord.payloads import channel_json
from playground.discord.refusals import Refusal
from playground.discord.service import Event, Service


def state(thread: Channel) -> ThreadState:
    """What only a thread has; the refusal for a channel that is none."""
    if thread.thread is None:
        raise Refusal(50024)
    return thread.thread


def modify(service: Service, thread: Channel, body: Json) -> None:
    """Rename, archive, lock, or reopen."""
    inner = state(thread)
    thread.name = body.get("name") or thread.name
    if body.get("archived") is not None and body["archived"] != inner.archived:
        inner.archived, inner.archived_at = body["archived"], service.world.clock.now()
    inner.locked = body["locked"] if body.get("locked") is not None else inner.locked
    configure(thread, body)
    announce_thread(service, "THREAD_UPDATE", thread, {})
    service.record_channel("thread_update", thread, "", thread.name)


def join(service: Service, thread: Channel, user: User) -> None:
    """Become a member of a thread."""
    state(thread).members.setdefault(user.id, service.world.clock.now())
    announce_thread(service, "THREAD_UPDATE", thread, {})


def remove(service: Service, thread: Channel) -> None:
    """Delete a thread with all its messages."""
    data = {k: channel_json(service.world, thread)[k] for k in ("id", "guild_id", "parent_id", "type")}
    emit(service, thread, Event("THREAD_DELETE", data, Intent.GUILDS, thread.guild_id))
    del service.world.channels[thread.id]
    service.record_channel("delete", thread, "")


def wake(service: Service, thread: Channel, message: Message) -> None:
    """Count a message that is about to be posted, let its author join, and reopen an archived thread."""
    inner = state(thread)
    inner.members.setdefault(message.author.id, service.world.clock.now())
    message.position = inner.count
    if message.id != thread.id and message.kind != MessageKind.THREAD_STARTER:
        inner.count += 1
    if inner.archived:
        modify(service, thread, {"archived": False})


def configure(thread: Channel, body: Json) -> None:
    """Set what a body says about archiving and tags."""
    inner = state(thread)
    inner.auto_archive = body.get("auto_archive_duration") or inner.auto_archive
    inner.tags = [str(t) for t in body.get("applied_tags") or inner.tags]
