"""Signed links to attachments that expire, as Discord's do."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

from playground.discord.model import Attachment
from playground.discord.world import World

_KEY = b"local stand-in"


def link(world: World, channel_id: str, attachment: Attachment) -> str:
    """A link that is good for the world's link lifetime from now on."""
    issued = int(world.clock.now())
    expires = f"{issued + int(world.link_lifetime):x}"
    path = f"/attachments/{channel_id}/{attachment.id}/{quote(attachment.name)}"
    return f"{world.address}{path}?ex={expires}&is={issued:x}&hm={_sign(channel_id, attachment.id, expires)}"


def opened(world: World, channel_id: str, attachment_id: str, query: Mapping[str, str]) -> Attachment | None:
    """The file that a link stands for; None when it is forged, expired or gone."""
    expires = query.get("ex", "0")
    if not hmac.compare_digest(query.get("hm", ""), _sign(channel_id, attachment_id, expires)):
        return None
    if int(expires, 16) < world.clock.now() or channel_id not in world.channels:
        return None
    for message in world.channels[channel_id].messages.values():
        for attachment in () if message.deleted else message.attachments:
            if attachment.id == attachment_id:
                return attachment
    return None


def _sign(channel_id: str, attachment_id: str, expires: str) -> str:
    return hmac.new(_KEY, f"{channel_id}/{attachment_id}/{expires}".encode(), hashlib.sha256).hexdigest()
