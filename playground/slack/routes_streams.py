"""Methods about messages that grow while people look on: chat.startStream, appendStream and stopStream."""

from __future__ import annotations

import json

from playground.slack import blocks, chunks, content
from playground.slack.calls import Context, method
from playground.slack.chunks import Piece
from playground.slack.content import Content
from playground.slack.model import Channel, ChannelKind, Json, Message, Stream
from playground.slack.payloads import message_json
from playground.slack.refusals import Refusal
from playground.slack.routes_agents import STATUSES, set_session
from playground.slack.routes_chat import settle_line, thread_of
from playground.slack.world import World


def start(context: Context) -> Json:
    """Begin a streamed reply; outside of direct messages it needs somebody to whom it is streamed."""
    channel = context.writable()
    piece = _piece(context)
    if not context.text("thread_ts"):
        # The documentation calls it optional; a live check found that it is not (reported, NangoHQ/nango#676).
        raise Refusal(
            "invalid_arguments", messages=["missing required field: thread_ts"], broken="a stream in no thread"
        )
    stream = _recipient(context, channel)
    message = content.draft(context, channel, Content(None, None, None), thread=thread_of(context, channel))
    message.stream = stream
    _grow(context.world, message, piece, [])
    context.service.post(message)
    settle_line(context, channel, message.thread)
    set_session(context, channel, message.thread, "processing")
    return {"channel": channel.id, "ts": message.ts}


def append(context: Context) -> Json:
    """Add to a streamed message."""
    channel = context.writable()
    message = _own(context, channel)
    stream = _live(context, message, "appendStream")
    if stream.stopped_by_user:
        raise Refusal("stopped_by_user")
    piece = _piece(context)
    if piece.empty:
        raise Refusal("no_text", broken="an empty append")
    previous = context.service.before(message)
    _grow(context.world, message, piece, [])
    stream.touched = context.world.clock.now()
    context.service.edited(message, previous, "append")
    return {"channel": channel.id, "ts": message.ts}


def stop(context: Context) -> Json:
    """Finish a streamed message; what comes with it is added to what is there."""
    channel = context.joined()
    message = _own(context, channel)
    stream = _live(context, message, "stopStream")
    status = context.text("session_status") or "active"
    if status not in STATUSES:
        raise Refusal(
            "invalid_arguments", messages=[f"must be one of: {', '.join(STATUSES)} [json-pointer:/session_status]"]
        )
    given = context.args.get("blocks")
    added = blocks.read(given, too_many="msg_blocks_too_many") if given else []
    piece, new_metadata = _piece(context), content.metadata(context)
    previous = context.service.before(message)
    _grow(context.world, message, piece, added)
    if new_metadata is not None:
        message.metadata = new_metadata or None
    stream.open, stream.finished = False, True
    context.service.edited(message, previous, "stop")
    set_session(context, channel, message.thread, status)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(context.world, message)}


def _recipient(context: Context, channel: Channel) -> Stream:
    user, team = context.text("recipient_user_id"), context.text("recipient_team_id")
    if channel.kind is not ChannelKind.DM:
        if not team:
            raise Refusal(
                "missing_recipient_team_id", broken="a stream outside of direct messages without a recipient's team"
            )
        if not user:
            raise Refusal("missing_recipient_user_id", broken="a stream outside of direct messages without a recipient")
    if user and user not in context.world.users:
        raise Refusal("user_not_found")
    if user and team and team not in context.world.users[user].workspaces:
        context.breach("recipient_team_id is not the workspace of the recipient")
    if context.text("task_display_mode") not in ("", "timeline", "plan"):
        raise Refusal(
            "invalid_arguments", messages=["must be one of: timeline, plan [json-pointer:/task_display_mode]"]
        )
    now = context.world.clock.now()
    return Stream(now, now, user, team)


def _piece(context: Context) -> Piece:
    markdown = context.text("markdown_text")
    content.check_markdown(markdown)
    return chunks.read(markdown, context.args.get("chunks"))


def _own(context: Context, channel: Channel) -> Message:
    message = context.message(channel)
    if message.user != context.bot.id:
        raise Refusal("message_not_owned_by_app", broken="a stream method on somebody else's message")
    return message


def _live(context: Context, message: Message, call: str) -> Stream:
    """The open stream of a message; Slack may have ended it, but the app itself must know what it has stopped."""
    stream = context.world.streaming(message)
    if stream is None:
        known = message.stream is None or message.stream.finished
        broken = f"{call} on a message that is not being streamed" if known else ""
        raise Refusal("message_not_in_streaming_state", broken=broken)
    return stream


def _grow(world: World, message: Message, piece: Piece, added: list[Json]) -> None:
    """Add a piece, and blocks for the end, unless the message would become too long."""
    assert message.stream is not None
    markdown, shown = message.markdown + piece.markdown, [*message.blocks, *piece.blocks, *added]
    if len(message.blocks) + len(piece.blocks) > blocks.MAX_BLOCKS:
        raise Refusal("msg_blocks_too_many", broken=f"more than {blocks.MAX_BLOCKS} blocks streamed into a message")
    trial = Stream(0.0, 0.0, tasks=dict(message.stream.tasks))
    chunks.add_tasks(trial, piece.tasks)
    size = len(markdown.encode()) + chunks.weight(trial)
    size += len(json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()) if shown else 0
    if size > world.stream_bytes:
        raise Refusal("msg_too_long", broken=f"{size} bytes in a streamed message, {world.stream_bytes} allowed")
    message.markdown, message.blocks, message.stream.tasks = markdown, shown, trial.tasks


_PIECE = "markdown_text chunks:json"
_LOOK = "icon_emoji icon_url username"
METHODS = [
    method(
        "chat.startStream",
        start,
        "t2",
        "chat:write",
        f"channel! thread_ts {_PIECE} recipient_user_id recipient_team_id task_display_mode {_LOOK}",
    ),
    method("chat.appendStream", append, "t4", "chat:write", f"channel! ts! {_PIECE}"),
    method(
        "chat.stopStream", stop, "t2", "chat:write", f"channel! ts! {_PIECE} blocks:json metadata:json session_status"
    ),
]
