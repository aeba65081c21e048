"""What a conversation may begin with: the prompts that Slack shows when the bot is opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot import texts

# Slack docs, reference/methods/assistant.threads.setSuggestedPrompts and reference/app-manifest.
MAX_PROMPTS: Final = 4

_PROMPTS: Final = (
    ("prompt_explain", "prompt_explain_asked"),
    ("prompt_draft", "prompt_draft_asked"),
    ("prompt_code", "prompt_code_asked"),
    ("prompt_help", "prompt_help_asked"),
)


def prompts(locale: str = "") -> Sequence[dict[str, str]]:
    """The prompts in the language of this locale, as Slack takes them."""
    return [{"title": texts.say(title, locale), "message": texts.say(asked, locale)} for title, asked in _PROMPTS]
