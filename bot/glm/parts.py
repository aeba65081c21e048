"""Pictures and videos of a request: as many as the model takes, as parts of the messages that they came with."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.completion import Media, MediaKind, Message, Role
from bot.glm.catalogue import MOST_BYTES, Model

_Parts = list[dict[str, Any]]


def fit_media(messages: Sequence[Message], model: Model) -> list[Message]:
    """The messages with the media that this model takes in one request: the newest, all of the newest one's kind."""
    kinds = [media.kind for message in messages for media in _offered(message, model)]
    limits = {MediaKind.IMAGE: model.images, MediaKind.VIDEO: model.videos}
    places: float = (limits[kinds[-1]] or math.inf) if kinds else 0
    room = MOST_BYTES
    fitted: list[Message] = []
    for message in reversed(messages):
        kept: list[Media] = []
        for media in reversed(_offered(message, model)):
            if media.kind is kinds[-1] and places > 0 and len(media.data) <= room:
                kept.insert(0, media)
                places -= 1
                room -= len(media.data)
        fitted.insert(0, replace(message, media=tuple(kept)) if message.media else message)
    return fitted


def content_of(message: Message, model: Model, lead: str, *, data_urls: bool) -> str | _Parts:
    """The content of a message that follows the text `lead`: a plain string for a model that sees nothing."""
    texts = [text for text in (lead, message.content) if text.strip()]
    if message.role is not Role.USER or not any(map(model.sees, MediaKind)):
        return "\n\n".join(texts)
    shown = [_part(media, data_urls=data_urls) for media in message.media]
    return [*({"type": "text", "text": text} for text in texts), *shown]


def _offered(message: Message, model: Model) -> list[Media]:
    return [media for media in message.media if message.role is Role.USER and model.takes(media)]


def _part(media: Media, *, data_urls: bool) -> dict[str, Any]:
    address = media.url
    if media.data:
        # The vendor's SDK sends plain base64 and cuts a data: prefix off; only some models were seen to take that too.
        prefix = f"data:{media.media_type};base64," if data_urls else ""
        address = prefix + b64encode(media.data).decode("ascii")
    kind = f"{media.kind.value}_url"
    return {"type": kind, kind: {"url": address}}
