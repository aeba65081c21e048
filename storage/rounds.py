"""From an answered turn to its round of history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.completion import Message, Role
from bot.messages import CallRecord, Round

_BETWEEN = "\n\n"  # as `bot.tool_loop` joins what was said before and after calls


def answered_round(
    turn: int, asker: str, question: str, answer: str, files: Sequence[str], calls: Sequence[CallRecord] = ()
) -> Round:
    """A round of history, with those of the calls that came to a result."""
    ended = [record for record in calls if record.result is not None]
    made = [list(records) for _, records in groupby(ended, lambda record: record.round)]
    before, after = _parted([records[0].text for records in made], answer)
    told = [message for text, records in zip(before, made, strict=True) for message in _told(text, records)]
    return Round(turn, (Message(Role.USER, question), *told, Message(Role.ASSISTANT, after)), tuple(files), asker)


def _told(text: str, records: Sequence[CallRecord]) -> Iterator[Message]:
    yield Message(Role.ASSISTANT, text, tuple(record.call for record in records))
    for record in records:
        yield Message(Role.TOOL, record.result or "", tool_call_id=record.call.id)


def _parted(texts: Sequence[str], answer: str) -> tuple[list[str], str]:
    """What was said before each round of calls, and what after them, so that nothing is said twice."""
    before: list[str] = []
    rest = answer
    for text in (text.strip() for text in texts):
        opening = f"{text}{_BETWEEN}"
        if text and rest.lstrip().startswith(opening):
            rest = rest.lstrip().removeprefix(opening)
            before.append(text)
        else:
            before.append("" if text in rest else text)
    # A model takes no message without any text, so that an answer that ended with calls stays whole.
    return (before, rest) if not texts or rest.strip() else ([""] * len(texts), answer)
