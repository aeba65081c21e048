"""What all operations share: the world, the journal of what is visible, and the way to the gateway."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Protocol

from playground.discord.journal import Change, Journal
from playground.discord.model import Channel, Json, Message
from playground.discord.world import World


@dataclass(frozen=True)
class Event:
    """What the gateway sends: `intent` is the bit that a session must have asked for (0 for none).

    `data` is for sessions with the message content intent, `redacted` for those without.
    """

    name: str
    data: Json
    intent: int
    guild_id: str = ""
    redacted: Json | None = None


class Publisher(Protocol):
    """Where events go."""

    def publish(self, event: Event) -> None:
        """Send an event to every session that asked for its kind."""
        ...


@dataclass(eq=False)
class Service:
    """The world with its journal; `automod` is a pattern that no message may contain.

    `nonces` maps (channel, nonce) to a message for `nonce_lifetime` seconds. `old_edits` is how many edits of messages
    older than an hour are still allowed, None for any number.
    """

    world: World
    journal: Journal
    gateway: Publisher
    automod: re.Pattern[str] | None = None
    old_edits: int | None = None
    nonce_lifetime: float = 300.0  # s; "a few minutes" in Discord's change log of 2024-02-12
    nonces: dict[tuple[str, str], Message] = field(default_factory=dict[tuple[str, str], Message])

    def record(self, kind: str, message: Message, actor: str, *, notified: frozenset[str] = frozenset()) -> None:
        """Note a visible change of a message."""
        self.journal.add(
            Change(
                time.monotonic(),
                kind,
                message.channel_id,
                message.id,
                actor,
                message.content,
                list(message.components),
                [a.name for a in message.attachments],
                notified,
            )
        )

    def record_channel(self, kind: str, channel: Channel, actor: str, content: str = "") -> None:
        """Note a visible change of a channel."""
        self.journal.add(Change(time.monotonic(), kind, channel.id, channel.id, actor, content))
