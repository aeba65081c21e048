"""Which calls of a model somebody must allow, after what it has read: the rule in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.completion import Message, Role
from bot.marking import BEGIN
from bot.tools.registry import ToolFunction

Find = Callable[[str], ToolFunction | None]


def needs_approval(tool: ToolFunction, *, foreign: bool) -> bool:
    """Whether somebody must allow a call; `foreign` says that strangers have a say in the model's prompt.

    What changes something may then be what they have asked for.
    """
    return tool.approval or (tool.effects and foreign)


def is_foreign(tool: ToolFunction | None) -> bool:
    """Whether strangers write what a tool gives; of one that is no longer there that is not known."""
    return tool is None or tool.foreign


def holds_foreign(messages: Sequence[Message], find: Find) -> bool:
    """Whether strangers have a say in these messages: by quotations, files, pictures or the results of tools."""
    return any(_is_foreign(message, find) for message in messages)


def _is_foreign(message: Message, find: Find) -> bool:
    if message.role is Role.TOOL:
        # Each result is marked as a quotation; the call before it tells whose text it is.
        return False
    return BEGIN in message.content or bool(message.media) or any(is_foreign(find(c.name)) for c in message.tool_calls)
