"""Notices when a message of the app would notify a channel, a group or a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from playground.slack.model import Json, Message

# Slack docs, messaging/formatting-message-text#special-mentions and #mentioning-groups.
_SPECIAL = re.compile(r"<!(?:channel|here|everyone|subteam\^\w+)(?:\|[^>]*)?>|<@[UW][A-Z0-9]+(?:\|[^>]*)?>")
_BARE = re.compile(r"@(?:channel|here|everyone)\b")
_ELEMENTS = {"user": "user_id", "usergroup": "usergroup_id", "broadcast": "range"}


class Pings:
    """The notifications so far, as (ts, what), each once; a mention of a person counts as well."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def look(self, message: Message) -> None:
        """Read a message as it stands now."""
        texts = [message.text, message.markdown]
        for what in (*(m for text in texts for m in _SPECIAL.findall(text)), *_in_blocks(message.blocks)):
            if (message.ts, what) not in self.found:
                self.found.append((message.ts, what))

    def linked(self, text: str) -> None:
        """Read a text in which Slack was asked to find names by itself (link_names, parse=full)."""
        self.found += [("", what) for what in _BARE.findall(text)]


def _in_blocks(node: Any) -> Iterator[str]:
    """Mentions in any text of the blocks but in plain_text, which Slack shows as it is."""
    if isinstance(node, list):
        for item in cast("list[Any]", node):
            yield from _in_blocks(item)
    if not isinstance(node, dict):
        return
    block = cast("Json", node)
    kind = block.get("type")
    if kind == "plain_text":
        return
    if kind in _ELEMENTS:
        yield f"{kind}:{block.get(_ELEMENTS[kind], '')}"
    text = block.get("text")
    if isinstance(text, str):
        yield from _SPECIAL.findall(text)
    for value in block.values():
        yield from _in_blocks(value)
