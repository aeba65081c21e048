"""Methods about conversations: what they are, who is in them, what was said."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import TypeVar

from playground.slack.calls import FAMILIES, Context, method, whole
from playground.slack.clock import moment
from playground.slack.model import Channel, ChannelKind, Json, Message
from playground.slack.payloads import message_json
from playground.slack.refusals import Refusal

T = TypeVar("T")
DEFAULT_HISTORY, MAX_PAGE = 100, 999  # Slack docs, reference/methods/conversations.history
DEFAULT_REPLIES, MAX_REPLIES = 1000, 1000  # Slack docs, reference/methods/conversations.replies
DEFAULT_LIST, MAX_LIST = 100, 1000  # Slack docs, reference/methods/conversations.list
MAX_USERS = 8  # Slack docs, reference/methods/conversations.open
_KINDS = {
    "public_channel": ChannelKind.PUBLIC,
    "private_channel": ChannelKind.PRIVATE,
    "mpim": ChannelKind.GROUP_DM,
    "im": ChannelKind.DM,
}


def replies(context: Context) -> Json:
    """A thread, oldest first; with the ts of a reply only that reply."""
    channel = context.joined(scope="history")
    ts = context.stamp("ts", "thread_not_found")
    found = channel.messages.get(ts)
    if found is None or found.deleted:
        raise Refusal("thread_not_found")
    inside = [found] if found.thread not in ("", ts) else context.world.thread(channel, ts)
    return _page(context, _between(context, inside), whole(context.args.get("limit"), DEFAULT_REPLIES, MAX_REPLIES))


def history(context: Context) -> Json:
    """What was said outside of threads, newest first."""
    channel = context.joined(scope="history")
    newest = list(reversed(_between(context, context.world.top_level(channel))))
    page = _page(context, newest, whole(context.args.get("limit"), DEFAULT_HISTORY, MAX_PAGE))
    return {**page, "pin_count": 0}


def info(context: Context) -> Json:
    """One conversation."""
    channel = context.channel(scope="read")
    shown = channel_json(context, channel)
    if context.args.get("include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def open_direct(context: Context) -> Json:
    """The direct message with one person, or the group of several."""
    channel = context.channel() if context.text("channel") else _with(context, context.args.get("users", []))
    brief: Json = {"id": channel.id}
    return {"channel": channel_json(context, channel) if context.args.get("return_im") else brief}


def list_all(context: Context) -> Json:
    """The conversations that the app may know of."""
    context.needs_team()
    kinds = [_KINDS.get(str(t).strip()) for t in context.args.get("types", ["public_channel"])]
    if None in kinds:
        raise Refusal("invalid_types")
    for kind in kinds:
        context.need(f"{FAMILIES[ChannelKind(kind)]}:read")
    known = [c for c in context.world.channels.values() if c.team == context.team.id and c.kind in kinds]
    known = [c for c in known if c.kind is ChannelKind.PUBLIC or context.bot.id in c.members]
    if context.args.get("exclude_archived"):
        known = [c for c in known if not c.archived]
    part, cursor, _ = _cut(context, known, whole(context.args.get("limit"), DEFAULT_LIST, MAX_LIST))
    shown = [channel_json(context, c) for c in part]
    return {"channels": shown, "response_metadata": {"next_cursor": cursor}}


def members(context: Context) -> Json:
    """Who is in a conversation."""
    channel = context.channel(scope="read")
    part, cursor, _ = _cut(context, sorted(channel.members), whole(context.args.get("limit"), DEFAULT_LIST, MAX_LIST))
    return {"members": list(part), "response_metadata": {"next_cursor": cursor}}


def channel_json(context: Context, channel: Channel) -> Json:
    """A conversation as the app sees it; Slack docs, reference/objects/conversation-object."""
    shown: Json = {
        "id": channel.id,
        "created": int(channel.created),
        "updated": int(channel.created * 1000),
        "is_archived": channel.archived,
        "is_org_shared": bool(channel.shared_with) and not context.world.is_external(channel),
        "context_team_id": context.team.id,
        "is_im": channel.kind is ChannelKind.DM,
    }
    if channel.kind is ChannelKind.DM:
        other = next(iter(channel.members - {context.bot.id}), "")
        return {**shown, "user": other, "is_open": True, "priority": 0}
    return {
        **shown,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind is ChannelKind.PUBLIC,
        "is_group": channel.kind is ChannelKind.PRIVATE,
        "is_mpim": channel.kind is ChannelKind.GROUP_DM,
        "is_private": channel.kind is not ChannelKind.PUBLIC,
        "is_general": channel.name == "general",
        "is_shared": bool(channel.shared_with),
        "is_ext_shared": context.world.is_external(channel),
        "is_member": context.bot.id in channel.members,
        "shared_team_ids": [channel.team, *sorted(channel.shared_with)],
        "creator": min(channel.members, default=""),
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }


def _with(context: Context, users: Iterable[str]) -> Channel:
    wanted = [str(u).strip() for u in users]
    if not wanted:
        raise Refusal("users_list_not_supplied")
    if len(wanted) > MAX_USERS:
        raise Refusal("too_many_users")
    if any(u not in context.world.users for u in wanted):
        raise Refusal("user_not_found")
    context.need("im:write" if len(wanted) == 1 else "mpim:write")
    if len(wanted) == 1:
        return context.world.dm(context.world.users[wanted[0]], context.team)
    everybody = {*wanted, context.bot.id}
    for channel in context.world.channels.values():
        if channel.kind is ChannelKind.GROUP_DM and channel.members == everybody:
            return channel
    names = "--".join(context.world.users[u].name for u in wanted)
    return context.world.add_channel(context.team, f"mpdm-{names}-1", ChannelKind.GROUP_DM, everybody)


def _between(context: Context, found: Sequence[Message]) -> list[Message]:
    """Those between `oldest` and `latest`; the bounds themselves only when `inclusive`."""
    oldest, latest = context.stamp("oldest", "invalid_ts_oldest"), context.stamp("latest", "invalid_ts_latest")
    inclusive = bool(context.args.get("inclusive"))
    low, high = moment(oldest) if oldest else -1.0, moment(latest) if latest else float("inf")
    return [m for m in found if low < moment(m.ts) < high or (inclusive and moment(m.ts) in (low, high))]


def _page(context: Context, found: Sequence[Message], limit: int) -> Json:
    part, cursor, more = _cut(context, found, limit)
    shown = [_shown(context, m) for m in part]
    return {"messages": shown, "has_more": more, "response_metadata": {"next_cursor": cursor}}


def _shown(context: Context, message: Message) -> Json:
    shown = message_json(context.world, message)
    if message.metadata and context.args.get("include_all_metadata"):
        shown["metadata"] = message.metadata
    return shown


def _cut(context: Context, items: Sequence[T], limit: int) -> tuple[Sequence[T], str, bool]:
    """A page of items, the cursor of the next one, and whether there is one."""
    start = _opened(context.text("cursor"))
    end = start + limit
    more = end < len(items)
    cursor = base64.b64encode(f"next:{end}".encode()).decode() if more else ""
    return items[start:end], cursor, more


def _opened(cursor: str) -> int:
    try:
        word, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal("invalid_cursor") from None
    if cursor and not (word == "next" and number.isdecimal()):
        raise Refusal("invalid_cursor")
    return int(number or 0)


_PAGE = "cursor limit:number"
_SPAN = f"{_PAGE} oldest latest inclusive:flag include_all_metadata:flag"
METHODS = [
    method("conversations.replies", replies, "t3", "", f"channel! ts! {_SPAN}"),
    method("conversations.history", history, "t3", "", f"channel! {_SPAN}"),
    method("conversations.info", info, "t3", "", "channel! include_locale:flag include_num_members:flag"),
    method("conversations.open", open_direct, "t3", "", "channel users:list return_im:flag prevent_creation:flag"),
    method("conversations.list", list_all, "t2", "", f"{_PAGE} exclude_archived:flag team_id types:list"),
    method("conversations.members", members, "t4", "", f"channel! {_PAGE}"),
]
