"""What a message may consist of: text, markdown, blocks and metadata, each with its limits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from playground.slack import blocks
from playground.slack.calls import Context
from playground.slack.model import Channel, Json, Message
from playground.slack.refusals import Refusal

MAX_MARKDOWN = 12_000  # characters of markdown_text; Slack docs, reference/methods/chat.postMessage
MAX_POST = 40_000  # characters of text, cut beyond; Slack docs, changelog 2018-04-truncating-really-long-messages
MAX_UPDATE = 4_000  # characters of text; Slack docs, reference/methods/chat.update, msg_too_long


@dataclass(frozen=True)
class Content:
    """The parts of a message that a call gives; None is a part that it does not mention."""

    text: str | None
    markdown: str | None
    blocks: list[Json] | None


def read(context: Context, *, too_long: str = "msg_blocks_too_long") -> Content:
    """The content of a message; refuses mixtures, nothing at all, and what is too long or not Block Kit.

    `too_long` is how the method calls blocks with too much text.
    """
    args = context.args
    text, markdown = args.get("text"), args.get("markdown_text")
    if markdown is not None and (text or args.get("blocks")):
        raise Refusal("markdown_text_conflict", broken="markdown_text together with text or blocks")
    check_markdown(markdown or "")
    given = blocks.read(args["blocks"], too_long=too_long) if "blocks" in args else None
    if not (text or markdown or given or args.get("attachments")):
        raise Refusal("no_text", broken="a message without text")
    if args.get("link_names") or args.get("parse") == "full":
        context.service.pings.linked(text or markdown or "")
    return Content(text, markdown, given)


def check_markdown(markdown: str) -> None:
    """Refuse markdown that is too long for one call."""
    if len(markdown) > MAX_MARKDOWN:
        raise Refusal(
            "msg_too_long", broken=f"{len(markdown)} characters of markdown_text, {MAX_MARKDOWN} allowed in a call"
        )


def check_length(content: Content, most: int) -> None:
    """Refuse text of more than so many characters."""
    if content.text and len(content.text) > most:
        raise Refusal("msg_too_long", broken=f"{len(content.text)} characters of text, {most} allowed")


def metadata(context: Context) -> Json | None:
    """The metadata of a call; an empty object takes away what was there, None is none given.

    Slack docs, messaging/message-metadata: an event_type and an event_payload.
    """
    given: Any = context.args.get("metadata")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            raise Refusal("invalid_metadata_format", broken="metadata is not JSON") from None
    if given is None or given == {}:
        return given
    shape = cast("Json", given) if isinstance(given, dict) else {}
    if not (isinstance(shape.get("event_type"), str) and isinstance(shape.get("event_payload"), dict)):
        raise Refusal("invalid_metadata_format", broken="metadata without event_type or event_payload")
    return shape


def draft(context: Context, channel: Channel, content: Content, *, thread: str = "") -> Message:
    """A new message of the bot's, not yet in its channel."""
    bot, team = context.bot, context.team
    message = Message(context.world.clock.ts(), channel.id, bot.id, team.id, bot_id=team.bot_id, thread=thread)
    message.text, message.markdown = content.text or "", content.markdown or ""
    message.blocks = content.blocks or []
    message.metadata = metadata(context) or None
    return message
