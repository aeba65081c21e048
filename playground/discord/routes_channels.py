"""Routes about channels, typing and threads."""

from __future__ import annotations

from playground.discord import drafts, thread_creation, threads, validate
from playground.discord.calls import Answer, Call, route
from playground.discord.model import Channel, ChannelKind, MessageKind
from playground.discord.payloads import channel_json, thread_member_json
from playground.discord.permissions import Permission
from playground.discord.refusals import Refusal
from playground.discord.routes_messages import shown


def get(call: Call) -> Answer:
    """A channel."""
    return Answer(channel_json(call.world, call.channel()))


def modify(call: Call) -> Answer:
    """Rename, archive or lock a thread; reopening needs no more than the right to post in it."""
    thread, body = call.channel(), call.body
    inner = threads.state(thread)
    rights = call.world.rights(thread, call.bot)
    reopens = set(body) == {"archived"} and not body["archived"] and not inner.locked
    if inner.owner_id != call.bot.id and not reopens and not rights & Permission.MANAGE_THREADS:
        raise Refusal(50013)
    if inner.archived and body.get("archived") is not False:
        raise Refusal(50083)
    validate.thread({"name": thread.name, **body})
    threads.modify(call.service, thread, body)
    return Answer(channel_json(call.world, thread))


def remove(call: Call) -> Answer:
    """Delete a thread."""
    thread = call.channel()
    if not call.world.rights(thread, call.bot) & Permission.MANAGE_THREADS:
        raise Refusal(50013)
    shown_last = channel_json(call.world, thread)
    threads.remove(call.service, thread)
    return Answer(shown_last)


def typing(call: Call) -> Answer:
    """Show that the bot types."""
    channel = call.channel()
    drafts.may_post(call.world, channel, {}, ())
    call.service.record_channel("typing", channel, call.bot.id)
    return Answer(status=204)


def thread_from_message(call: Call) -> Answer:
    """Make a thread below a message."""
    channel = call.channel()
    message = call.world.message(channel, call.ids["message"])
    validate.thread(call.body)
    if channel.kind != ChannelKind.TEXT or message.kind in (MessageKind.THREAD_CREATED, MessageKind.THREAD_STARTER):
        raise Refusal(50024)
    _may_create(call, channel)
    return Answer(
        channel_json(call.world, thread_creation.from_message(call.service, message, call.bot, call.body)), 201
    )


def thread_alone(call: Call) -> Answer:
    """Make a thread without a message, or a post in a forum."""
    channel, body = call.channel(), call.body
    _may_create(call, channel)
    if channel.kind != ChannelKind.FORUM:
        validate.thread(body)
        thread = thread_creation.alone(call.service, channel, call.bot, body)
        return Answer(channel_json(call.world, thread), 201)
    first = validate.forum_post(body)
    validate.message(first, call.uploads)
    drafts.refuse_empty(first, call.uploads)
    draft = drafts.Draft(call.bot, first.get("content") or "", call.uploads, first.get("embeds") or [])
    draft.allowed = first.get("allowed_mentions")
    thread = thread_creation.forum_post(call.service, channel, draft, body)
    return Answer({**channel_json(call.world, thread), "message": shown(call, thread, thread.messages[thread.id])}, 201)


def join(call: Call) -> Answer:
    """Become a member of a thread."""
    threads.join(call.service, call.channel(), call.bot)
    return Answer(status=204)


def leave(call: Call) -> Answer:
    """Leave a thread."""
    threads.state(call.channel()).members.pop(call.bot.id, None)
    return Answer(status=204)


def members(call: Call) -> Answer:
    """Who is in a thread."""
    thread = call.channel()
    return Answer([thread_member_json(thread, m) for m in threads.state(thread).members])


def archived(call: Call) -> Answer:
    """The archived threads of a channel, newest first."""
    below = [t for t in call.world.threads(call.channel()) if threads.state(t).archived]
    below.sort(key=lambda t: threads.state(t).archived_at, reverse=True)
    return Answer({"threads": [channel_json(call.world, t) for t in below], "members": [], "has_more": False})


def _may_create(call: Call, channel: Channel) -> None:
    if channel.thread or channel.is_private or channel.kind == ChannelKind.CATEGORY:
        raise Refusal(50024)
    needed = Permission.SEND_MESSAGES if channel.kind == ChannelKind.FORUM else Permission.CREATE_PUBLIC_THREADS
    if needed & ~call.world.rights(channel, call.bot):
        raise Refusal(50013)


_ONE = "/channels/{channel}"
ROUTES = [
    route("GET", _ONE, get),
    route("PATCH", _ONE, modify),
    route("DELETE", _ONE, remove),
    route("POST", _ONE + "/typing", typing, "typing"),
    route("POST", _ONE + "/messages/{message}/threads", thread_from_message, "create_thread"),
    route("POST", _ONE + "/threads", thread_alone, "create_thread"),
    route("GET", _ONE + "/threads/archived/public", archived),
    route("GET", _ONE + "/thread-members", members),
    route("PUT", _ONE + "/thread-members/@me", join),
    route("DELETE", _ONE + "/thread-members/@me", leave),
]
