"""The sentences of the tools that ship with the bot: each stands with its tool, in English and Chinese."""

from __future__ import annotations

Sentence = tuple[str, str]
"""A sentence in English and in Chinese, with the names of its facts in braces."""


def is_chinese(locale: str) -> bool:
    """Whether somebody with this locale ("zh-CN", "en-US", …) is spoken to in Chinese."""
    return locale.lower().startswith("zh")


def say(sentence: Sentence, locale: str, **facts: object) -> str:
    """A sentence in the locale's language, else English, with its facts filled in."""
    return sentence[is_chinese(locale)].format(**facts)
