"""Routes about messages and reactions."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from playground.discord import drafts, messages, validate
from playground.discord.calls import Answer, Call, route
from playground.discord.clock import created_at
from playground.discord.events import Intent
from playground.discord.message_payloads import message_json, redacted
from playground.discord.model import Channel, Json, Message, MessageFlag, MessageKind
from playground.discord.permissions import Permission
from playground.discord.problems import Problems
from playground.discord.refusals import Refusal

MAX_PAGE = 100  # Discord docs, resources/message#get-channel-messages
DEFAULT_PAGE = 50
_SYSTEM = (MessageKind.THREAD_CREATED, MessageKind.THREAD_STARTER)


def post(call: Call) -> Answer:
    """Send a message; the same enforced nonce within a few minutes sends none and answers with the first."""
    channel, body = call.channel(), call.body
    draft = drafts.from_body(call, channel, body)
    key = (channel.id, draft.nonce)
    first = call.service.nonces.get(key) if draft.nonce and body.get("enforce_nonce") else None
    if first and call.world.clock.now() - created_at(first.id) < call.service.nonce_lifetime:
        return Answer(shown(call, channel, first))
    message = messages.post(call.service, channel, draft)
    if draft.nonce:
        call.service.nonces[key] = message
    return Answer({**shown(call, channel, message), **({"nonce": draft.nonce} if draft.nonce else {})})


def patch(call: Call) -> Answer:
    """Edit a message of the bot's own; of others only whether their embeds show."""
    channel, body = call.channel(), call.body
    message = call.world.message(channel, call.ids["message"])
    uploads = drafts.described(call.uploads, body)
    _may_edit(call, channel, message, body)
    validate.message(body, uploads, flags=message.flags)
    validate.upload_sizes(uploads, call.world.upload_limit)
    drafts.still_filled(message, body, uploads)
    messages.count_old_edit(call.service, message)
    messages.edit(call.service, message, body, uploads)
    return Answer(shown(call, channel, message))


def delete(call: Call) -> Answer:
    """Delete a message."""
    channel = call.channel()
    message = call.world.message(channel, call.ids["message"])
    if message.author is not call.bot:
        if channel.is_private:
            raise Refusal(50013)
        _need(call, channel, Permission.MANAGE_MESSAGES)
    messages.delete(call.service, message, call.bot)
    return Answer(status=204)


def get_one(call: Call) -> Answer:
    """One message."""
    channel = call.channel()
    _need(call, channel, Permission.READ_MESSAGE_HISTORY)
    return Answer(shown(call, channel, call.world.message(channel, call.ids["message"])))


def get_many(call: Call) -> Answer:
    """A page of messages, newest first; none without the right to read the history."""
    channel, limit = call.channel(), _page_size(call)
    if not call.world.rights(channel, call.bot) & Permission.READ_MESSAGE_HISTORY:
        return Answer([])
    chosen = _page(call.world.live(channel), call.request.query, limit)
    return Answer([shown(call, channel, m) for m in reversed(chosen)])


def react(call: Call) -> Answer:
    """Add or take away the bot's reaction."""
    channel = call.channel()
    message = call.world.message(channel, call.ids["message"])
    if channel.thread and channel.thread.archived:
        raise Refusal(50083)
    emoji = unquote(call.ids["emoji"])
    if emoji.isascii() and ":" not in emoji:
        raise Refusal(10014)
    add = call.request.method == "PUT"
    if add and emoji not in message.reactions:
        _need(call, channel, Permission.ADD_REACTIONS | Permission.READ_MESSAGE_HISTORY)
    messages.react(call.service, message, emoji, call.bot, add=add)
    return Answer(status=204)


def shown(call: Call, channel: Channel, message: Message) -> Json:
    """A message as the app may read it."""
    whole = message_json(call.world, channel, message)
    if call.world.app.intents & Intent.MESSAGE_CONTENT:
        return whole
    return redacted(call.world, channel, message, whole)


def _may_edit(call: Call, channel: Channel, message: Message, body: Json) -> None:
    if message.author is not call.bot:
        if set(body) - {"flags"}:
            raise Refusal(50005)
        _need(call, channel, Permission.MANAGE_MESSAGES)
    if message.kind in _SYSTEM or message.flags & MessageFlag.VOICE:
        raise Refusal(50021)
    if channel.thread and channel.thread.archived:
        raise Refusal(50083)


def _need(call: Call, channel: Channel, rights: Permission) -> None:
    if rights & ~call.world.rights(channel, call.bot):
        raise Refusal(50013)


def _page_size(call: Call) -> int:
    problems = Problems()
    given = call.request.query.get("limit", str(DEFAULT_PAGE))
    if not given.isdecimal() or not 1 <= int(given) <= MAX_PAGE:
        problems.add("limit", "NUMBER_TYPE_MAX", f"int value should be between 1 and {MAX_PAGE}.")
    for name in ("before", "after", "around"):
        if name in call.request.query:
            problems.snowflake(name, call.request.query[name])
    problems.settle()
    return int(given)


def _page(live: list[Message], asked: Mapping[str, str], limit: int) -> list[Message]:
    """The part of the live messages that a query asks for, oldest first."""
    if "after" in asked:
        return [m for m in live if int(m.id) > int(asked["after"])][:limit]
    if "before" in asked:
        return [m for m in live if int(m.id) < int(asked["before"])][-limit:]
    if "around" in asked:
        half = limit // 2
        older = [m for m in live if int(m.id) < int(asked["around"])][-half:] if half else []
        rest = [m for m in live if int(m.id) >= int(asked["around"])]
        return [*older, *rest[: limit - len(older)]]
    return live[-limit:]


_ALL = "/channels/{channel}/messages"
_ONE = _ALL + "/{message}"
_REACTION = _ONE + "/reactions/{emoji}/@me"
ROUTES = [
    route("GET", _ALL, get_many, "read_messages"),
    route("POST", _ALL, post, "post_message"),
    route("GET", _ONE, get_one, "read_messages"),
    route("PATCH", _ONE, patch, "edit_message"),
    route("DELETE", _ONE, delete, "delete_message"),
    route("PUT", _REACTION, react, "reaction"),
    route("DELETE", _REACTION, react, "reaction"),
]
