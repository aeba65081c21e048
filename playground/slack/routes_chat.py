"""Methods about messages: chat.*, but for streams."""

from __future__ import annotations

from playground.slack import content
from playground.slack.calls import Context, method
from playground.slack.content import MAX_POST, MAX_UPDATE, Content
from playground.slack.model import Channel, Json, Message
from playground.slack.payloads import message_json
from playground.slack.refusals import Refusal
from playground.slack.tiers import POSTS_A_MINUTE


def post(context: Context) -> Json:
    """Send a message; a user's id instead of a channel's means their direct message."""
    channel = _target(context)
    given = _cut(context, content.read(context))
    message = content.draft(context, channel, given, thread=thread_of(context, channel))
    message.broadcast = bool(context.args.get("reply_broadcast") and message.thread)
    message.unfurl = context.args.get("unfurl_links", True) is not False
    context.service.post(message)
    settle_line(context, channel, message.thread)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(context.world, message)}


def update(context: Context) -> Json:
    """Change a message of the bot's own; parts that are not mentioned stay, but markdown_text replaces everything."""
    channel = context.channel()
    message = context.message(channel)
    if message.user != context.bot.id:
        raise Refusal("cant_update_message", broken="chat.update of somebody else's message")
    if context.world.streaming(message):
        raise Refusal("streaming_state_conflict", broken="chat.update of a message that is being streamed")
    given = content.read(context, too_long="msg_too_long")
    content.check_length(given, MAX_UPDATE)
    if channel.archived:
        raise Refusal("is_inactive")
    new_metadata = content.metadata(context)
    previous = context.service.before(message)
    _replace(message, given)
    if new_metadata is not None:
        message.metadata = new_metadata or None
    message.edited = context.world.clock.now()
    context.service.edited(message, previous)
    shown = message_json(context.world, message)
    return {"channel": channel.id, "ts": message.ts, "text": shown["text"], "message": shown}


def delete(context: Context) -> Json:
    """Delete a message of the bot's own."""
    channel = context.channel()
    message = context.message(channel)
    if message.user != context.bot.id:
        raise Refusal("cant_delete_message", broken="chat.delete of somebody else's message")
    context.service.delete(context.bot, message)
    return {"channel": channel.id, "ts": message.ts}


def whisper(context: Context) -> Json:
    """Show a message to one person in the channel."""
    channel = context.writable()
    if context.text("user") not in channel.members:
        raise Refusal("user_not_in_channel")
    given = content.read(context)
    content.check_length(given, MAX_POST)
    message = content.draft(context, channel, given, thread=thread_of(context, channel))
    message.ephemeral_to = context.text("user")
    context.service.whisper(message)
    return {"message_ts": message.ts}


def permalink(context: Context) -> Json:
    """The address of a message."""
    channel = context.channel()
    message = context.message(channel, "message_ts")
    path = f"/archives/{channel.id}/p{message.ts.replace('.', '')}"
    query = f"?thread_ts={message.thread}&cid={channel.id}" if message.thread else ""
    return {"channel": channel.id, "permalink": context.world.address + path + query}


def thread_of(context: Context, channel: Channel) -> str:
    """The thread to post in; Slack lets an unknown one pass, the docs ask for the ts of a thread's first message."""
    thread = context.stamp("thread_ts")
    root = channel.messages.get(thread)
    if thread and (root is None or root.thread not in ("", root.ts)):
        context.breach(f"thread_ts {thread} is not the first message of a thread")
    return thread


def settle_line(context: Context, channel: Channel, thread: str) -> None:
    """Slack takes the status line away as soon as the app writes in the thread."""
    session = context.world.sessions.get((channel.id, thread))
    if session and session.line:
        session.line, session.loading_messages = "", []
        context.service.note("status", channel.id, thread, context.bot.id)


def _target(context: Context) -> Channel:
    user = context.world.users.get(context.text("channel"))
    if user is None:
        return context.writable()
    if not context.world.reaches(context.team, user.team):
        raise Refusal("channel_not_found")
    return context.world.dm(user, context.team)


def _cut(context: Context, given: Content) -> Content:
    if not given.text or len(given.text) <= MAX_POST:
        return given
    context.warnings.append("message_truncated")
    context.breach(f"{len(given.text)} characters of text, cut at {MAX_POST}")
    return Content(given.text[:MAX_POST], given.markdown, given.blocks)


def _replace(message: Message, given: Content) -> None:
    """Put new parts in the place of old ones."""
    if given.markdown is not None:
        message.text, message.markdown, message.blocks = "", given.markdown, []
        return
    if given.blocks is not None:
        message.markdown, message.blocks = "", given.blocks
    if given.text is not None:
        message.text, message.markdown = given.text, ""


_BODY = "text markdown_text blocks:json attachments:json metadata:json"
_LOOK = "icon_emoji icon_url username parse link_names:flag as_user:flag"
METHODS = [
    method(
        "chat.postMessage",
        post,
        POSTS_A_MINUTE,
        "chat:write",
        f"channel! {_BODY} {_LOOK} thread_ts reply_broadcast:flag mrkdwn:flag unfurl_links:flag unfurl_media:flag"
        " current_draft_last_updated_ts",
    ),
    method(
        "chat.update",
        update,
        "t3",
        "chat:write",
        f"channel! ts! {_BODY} parse link_names:flag as_user:flag reply_broadcast:flag file_ids:list"
        " unfurled_attachments:json",
    ),
    method("chat.delete", delete, "t3", "chat:write", "channel! ts! as_user:flag"),
    method("chat.postEphemeral", whisper, "t4", "chat:write", f"channel! user! {_BODY} {_LOOK} thread_ts"),
    method("chat.getPermalink", permalink, POSTS_A_MINUTE, "", "channel! message_ts!"),
]
