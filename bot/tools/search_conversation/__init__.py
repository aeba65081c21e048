"""Looks for what was said earlier in the conversation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import Field

from bot.errors import UserError
from bot.marking import data
from bot.records import Entry
from bot.tools.registry import Context, tool
from bot.tools.search_conversation.excerpts import excerpt
from bot.tools.wording import say

# How many rounds are given, and characters of each question and each answer: all of them fit into a tool's result.
ROUNDS: Final = 5
EXCERPT: Final = 500
# How many words are looked for.
_WORDS: Final = 8

_ASKED: Final = ("{when} UTC, {who} asked: {question}", "{when} UTC,{who} 提问:{question}")
_ANSWERED: Final = ("The answer: {answer}", "回答:{answer}")
_NOTHING: Final = (
    "Nothing said earlier in this conversation has all of these words: {words}. Fewer or other words may find more.",
    "本对话此前没有同时包含这些词的内容:{words}。可以换用更少或其他的词。",
)
_NOWHERE: Final = ("There is no conversation here to look through.", "这里没有可以查找的对话。")


@tool
async def search_conversation(
    context: Context,
    query: Annotated[
        str,
        Field(description="Words used then, separated by spaces; all must be found", min_length=1, max_length=200),
    ],
) -> str:
    """Look for what was said earlier in this conversation, further back than the messages that you are given.

    Gives the newest rounds first. Raises UserError where there is no conversation.
    """
    if context.search is None:
        raise UserError(say(_NOWHERE, context.locale))
    words = query.split()[:_WORDS]
    found = await context.search(words)
    if not found:
        return say(_NOTHING, context.locale, words=" ".join(words))
    return "\n\n".join(_told(entry, words, context.locale) for entry in found[:ROUNDS])


def _told(entry: Entry, words: list[str], locale: str) -> str:
    when = datetime.fromtimestamp(entry.at, UTC).strftime("%Y-%m-%d %H:%M")
    question = excerpt(entry.question, words, EXCERPT)
    asked = say(_ASKED, locale, when=when, who=data(entry.author.name), question=question)
    return f"{asked}\n{say(_ANSWERED, locale, answer=excerpt(entry.answer, words, EXCERPT))}"
