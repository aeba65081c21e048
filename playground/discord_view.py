"""What people see of the local Discord."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from playground.discord.components import BUTTON, walk
from playground.discord.journal import Change
from playground.discord.model import Channel, Json, Message, MessageFlag
from playground.discord.server import DiscordStandIn
from playground.feed import FOR_EVER, Card, Key, Seen
from playground.view import harmless, shortened

_MENTION: Final = re.compile(r"<@!?(\d+)>")
_MESSAGES: Final = ("post", "edit", "response")


class DiscordView:
    """The stand-in's journal and messages, with names in place of ids."""

    platform = "Discord"

    def __init__(self, discord: DiscordStandIn) -> None:
        self._discord = discord
        self._world = discord.world

    @property
    def limited(self) -> int:
        """How many calls of the bot were refused for a rate limit."""
        return sum(1 for refused in self._discord.refusals if refused.status == 429)

    def since(self, number: int) -> Sequence[Seen]:
        """The changes after the first so many."""
        return [self._seen(change) for change in self._discord.journal[number:]]

    async def more_than(self, number: int) -> None:
        """Wait until there are more changes than so many."""
        await self._discord.wait_for(lambda: len(self._discord.journal) > number, FOR_EVER)

    def card(self, key: Key) -> Card | None:
        """A message as it is now, None when it is gone."""
        channel = self._world.channels.get(key[1])
        message = channel.messages.get(key[2]) if channel else None
        if channel is None or message is None or message.deleted:
            return None
        awaited = "is thinking…" if message.flags & MessageFlag.LOADING else ""
        return Card(
            self.platform,
            message.author.name,
            message.author is self._world.app.bot,
            self.where(channel),
            self.plain(message.content) or awaited,
            button_labels(message.components),
            [(self.plain(attachment.name), len(attachment.data)) for attachment in message.attachments],
            growing=is_growing(message),
            private=message.ephemeral,
        )

    def plain(self, text: str) -> str:
        """A text without control characters, and with names in place of mentions."""

        def name(match: re.Match[str]) -> str:
            user = self._world.users.get(match[1])
            return f"@{user.name}" if user else match[0]

        return _MENTION.sub(name, harmless(text))

    def where(self, channel: Channel) -> str:
        """What people call a place."""
        if channel.is_private:
            return "DM"
        if channel.thread is None:
            return f"#{channel.name}"
        parent = self._world.channels.get(channel.parent_id)
        return f"#{parent.name if parent else '?'} › {shortened(self.plain(channel.name))}"

    def _seen(self, change: Change) -> Seen:
        user, channel = self._world.users.get(change.actor), self._world.channels.get(change.channel_id)
        if channel is not None and change.kind == "thread":
            channel = self._world.parent(channel)
        return Seen(
            change.at,
            change.kind,
            (self.platform, change.channel_id, change.message_id),
            user.name if user else "somebody",
            change.actor == self._world.app.bot.id,
            self.where(channel) if channel else "?",
            "is typing…" if change.kind == "typing" else self.plain(change.content),
            len(change.content) if change.kind in _MESSAGES else None,
            button_labels(change.components),
            [self.plain(name) for name in change.attachments],
        )


def button_labels(components: list[Json]) -> list[str]:
    """The labels of the buttons that can be pressed."""
    found = (c for c in walk(components) if c.get("type") == BUTTON and c.get("custom_id") and not c.get("disabled"))
    return [str(button.get("label", "")) for button in found]


def is_growing(message: Message) -> bool:
    """Whether the bot is still writing it."""
    return bool(message.flags & MessageFlag.LOADING) or "Stop" in button_labels(message.components)
