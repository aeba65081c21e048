"""New threads: below a message, on their own, or as a post in a forum."""

from __future__ import annotations

from playground.discord import messages, threads
from playground.discord.events import announce, announce_thread
from playground.discord.model import Channel, Json, Message, MessageFlag, MessageKind, Reference, User
from playground.discord.refusals import Refusal
from playground.discord.service import Service


def from_message(service: Service, message: Message, owner: User, body: Json) -> Channel:
    """A thread below a message; a second one is refused with 160004."""
    world = service.world
    if message.id in world.channels:
        raise Refusal(160004)
    parent = world.channels[message.channel_id]
    thread = world.add_thread(parent, body["name"], owner, thread_id=message.id)
    threads.state(thread).members.setdefault(message.author.id, world.clock.now())
    threads.configure(thread, body)
    message.flags |= MessageFlag.HAS_THREAD
    announce_thread(service, "THREAD_CREATE", thread, {"newly_created": True})
    service.record_channel("thread", thread, owner.id, thread.name)
    announce(service, "MESSAGE_UPDATE", parent, message, {})
    _add_starter(service, thread, message)
    return thread


def alone(service: Service, parent: Channel, owner: User, body: Json) -> Channel:
    """A thread without a message; its parent shows a line about it."""
    thread = service.world.add_thread(parent, body["name"], owner)
    threads.configure(thread, body)
    announce_thread(service, "THREAD_CREATE", thread, {"newly_created": True})
    service.record_channel("thread", thread, owner.id, thread.name)
    line = messages.Draft(owner, thread.name, kind=MessageKind.THREAD_CREATED)
    line.reference = Reference("0", thread.id, thread.guild_id)
    messages.post(service, parent, line)
    return thread


def forum_post(service: Service, forum: Channel, draft: messages.Draft, body: Json) -> Channel:
    """A post in a forum; its first message has the thread's id."""
    thread = service.world.add_thread(forum, body["name"], draft.author)
    threads.configure(thread, body)
    forum.last_message_id = thread.id
    announce_thread(service, "THREAD_CREATE", thread, {"newly_created": True})
    service.record_channel("thread", thread, draft.author.id, thread.name)
    draft.id = thread.id
    messages.post(service, thread, draft)
    return thread


def _add_starter(service: Service, thread: Channel, origin: Message) -> None:
    """The first message of a thread made from a message: only a reference to it."""
    world = service.world
    starter = Message(world.ids.new(), thread.id, origin.author, kind=MessageKind.THREAD_STARTER, position=0)
    starter.reference = Reference(origin.id, origin.channel_id, thread.guild_id)
    thread.messages[starter.id] = starter
    announce(service, "MESSAGE_CREATE", thread, starter, {})
