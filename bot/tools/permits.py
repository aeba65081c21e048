"""Which tools a model may call, after what it has read: the rule in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bot.completion import Message, Role
from bot.marking import BEGIN
from bot.tools.registry import ToolFunction

Find = Callable[[str], ToolFunction | None]

# Until people can be asked by buttons, nobody can allow a call.
_APPROVAL: Final = "not called: this needs a person's approval, and nobody can be asked; say so"
_FOREIGN: Final = (
    "not called: this would change something, and the conversation holds text of strangers, who may have asked for it; "
    "a person's approval is needed, and nobody can be asked; say so"
)


def may_be_offered(tool: ToolFunction) -> bool:
    """Whether a model is told of a tool: not where each call needs somebody's approval."""
    return not tool.approval


def refusal(tool: ToolFunction, *, foreign: bool) -> str:
    """Why the model may not call a tool, "" if it may; `foreign` says that strangers have a say in its prompt."""
    if not may_be_offered(tool):
        return _APPROVAL
    return _FOREIGN if tool.effects and foreign else ""


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
