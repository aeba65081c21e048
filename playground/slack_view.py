"""What people see of the local Slack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from playground.feed import FOR_EVER, Card, Key, Seen
from playground.slack.journal import Change
from playground.slack.model import Channel, ChannelKind, Json, Message
from playground.slack.routes_agents import STATUSES
from playground.slack.server import SlackStandIn
from playground.view import harmless, shortened

# Slack docs, messaging/formatting-message-text: mentions, links and commands stand in angle brackets.
_MARKUP: Final = re.compile(
    r"<(?:@(?P<user>[UW]\w+)|!(?P<all>here|channel|everyone)|(?P<link>https?://[^|>\s]+))"
    r"(?:\|(?P<label>[^>\n]*))?>"
)
# Same page: no other characters are escaped.
_CHARACTERS: Final = {"amp": "&", "lt": "<", "gt": ">"}
_ESCAPED: Final = re.compile(r"&(amp|lt|gt);")
_MESSAGES: Final = ("post", "edit", "append", "stop", "ephemeral")
_FEEDBACK: Final = ("positive_button", "negative_button")


class SlackView:
    """The stand-in's journal and messages, with names in place of ids."""

    platform = "Slack"

    def __init__(self, slack: SlackStandIn) -> None:
        self._slack = slack
        self._world = slack.world

    @property
    def limited(self) -> int:
        """How many calls of the bot were refused for a rate limit."""
        return sum(1 for call in self._slack.calls if call.status == 429)

    def since(self, number: int) -> Sequence[Seen]:
        """The changes after the first so many."""
        return [self._seen(change) for change in self._slack.journal[number:]]

    async def more_than(self, number: int) -> None:
        """Wait until there are more changes than so many."""
        await self._slack.wait_for(lambda: len(self._slack.journal) > number, FOR_EVER)

    def card(self, key: Key) -> Card | None:
        """A message as it is now, None when it is gone."""
        message = self.message(key)
        if message is None or message.deleted:
            return None
        author = self._world.users[message.user]
        return Card(
            self.platform,
            author.name,
            author.app,
            self.where(self._world.channels[message.channel], message.thread),
            self.plain(message.visible),
            self.labels(message),
            [(harmless(file.name), len(file.data)) for file in message.files],
            growing=self.is_growing(message),
            private=bool(message.ephemeral_to),
        )

    def message(self, key: Key) -> Message | None:
        """A message by its key, of those too that only one person sees."""
        channel = self._world.channels.get(key[1])
        whispered = (m for m in self._slack.ephemerals if (m.channel, m.ts) == key[1:])
        return (channel.messages.get(key[2]) if channel else None) or next(whispered, None)

    def plain(self, text: str) -> str:
        """A text without control characters, and with names in place of mentions."""

        def shown(match: re.Match[str]) -> str:
            if match["link"]:
                return f"{match['label']} ({match['link']})" if match["label"] else match["link"]
            user = self._world.users.get(match["user"] or "")
            return f"@{user.name if user else match['all'] or match['user']}"

        return _ESCAPED.sub(lambda found: _CHARACTERS[found[1]], _MARKUP.sub(shown, harmless(text)))

    def where(self, channel: Channel, thread: str = "") -> str:
        """What people call a place; `thread` is the ts of a thread's root, which begins with what was asked."""
        place = "DM" if channel.kind is ChannelKind.DM else f"#{channel.name}"
        root = channel.messages.get(thread)
        title = " ".join(self.plain(root.visible).split()).removeprefix(f"@{self._world.app_name} ") if root else ""
        return f"{place} › {shortened(title)}" if title else place

    def labels(self, message: Message) -> list[str]:
        """What can be pressed: the buttons of a message, and Slack's own Stop while it is streamed."""
        session = self._world.sessions.get((message.channel, message.thread))
        stoppable = session and session.status == "processing" and self._world.streaming(message)
        return [*button_labels(message.blocks), *(["Stop"] if stoppable else [])]

    def is_growing(self, message: Message) -> bool:
        """Whether the bot is still writing it."""
        return bool(self._world.streaming(message)) or "Stop" in button_labels(message.blocks)

    def _seen(self, change: Change) -> Seen:
        user, channel = self._world.users.get(change.actor), self._world.channels.get(change.channel)
        key = (self.platform, change.channel, change.ts)
        message = self.message(key)
        # A status or a title is about the thread whose root has this ts.
        thread = change.ts if change.kind in ("status", "title") else message.thread if message else ""
        return Seen(
            change.at,
            "session" if change.kind == "status" and change.content in STATUSES else change.kind,
            key,
            user.name if user else "somebody",
            user is not None and user.app,
            self.where(channel, thread) if channel else change.kind,
            f":{change.content}:" if change.kind == "reaction" else self.plain(change.content),
            len(change.content) if change.kind in _MESSAGES else None,
            button_labels(change.blocks),
            [harmless(file.name) for file in message.files] if message and change.kind in _MESSAGES else (),
        )


def button_labels(blocks: Sequence[Json]) -> list[str]:
    """The labels of the buttons below a message."""
    return [str(button.get("text", {}).get("text", "")) for block in blocks for button in _buttons(block)]


def _buttons(block: Json) -> Iterator[Json]:
    elements: list[Any] = block.get("elements") or []
    for element in (cast("Json", e) for e in elements if isinstance(e, dict)):
        if element.get("type") == "button":
            yield element
        elif element.get("type") == "feedback_buttons":
            yield from (element[name] for name in _FEEDBACK if name in element)
