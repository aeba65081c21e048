"""Calls that somebody must allow: what people are shown of them, and what becomes of their answer."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bot import access, metrics, texts
from bot.addresses import harmless
from bot.completion import Message, ToolCall
from bot.errors import UserError
from bot.guard import without_echoes
from bot.marking import data
from bot.messages import CallRecord, Control, ControlKind, Verdict
from bot.ports import Store

# How long people have to answer, in seconds.
SECONDS: Final = 15 * 60.0
# Characters of all arguments of a call, as people are shown them: what they cannot see whole they cannot allow.
SHOWN: Final = 1_500
BUTTONS: Final = (ControlKind.ALLOW, ControlKind.DENY)

_VERDICTS: Final[Mapping[ControlKind, Verdict]] = {
    ControlKind.ALLOW: Verdict.ALLOWED,
    ControlKind.DENY: Verdict.DENIED,
}
CANNOT_BE_SHOWN: Final = (
    "not done: a person must allow this, and cannot be shown all of its arguments: "
    f"they may have at most {SHOWN} characters, and must not repeat your instructions; say so"
)
_REFUSALS: Final[Mapping[Verdict, str]] = {
    Verdict.UNANSWERED: "not done: a person was asked to allow this, and nobody answered in time; say so",
    Verdict.DENIED: "not done: the person who was asked to allow this said no; do not try it again, and say so",
    Verdict.PASSED_OVER: (
        "not done: a person was asked to allow this, and had not answered when the conversation went on; "
        "ask again only if it is still wanted"
    ),
}
# Letters that look like nothing, beside what Unicode calls controls, formats and spaces; and what ends a block of code,
# anywhere in a line where Discord is concerned, which knows no longer fences.
_SPELLED: Final = frozenset("\u034f\u115f\u1160\u3164\uffa0`")


def can_be_shown(call: ToolCall, messages: Sequence[Message]) -> bool:
    """Whether people can be shown all of a call that a model makes after these messages."""
    text = _arguments(call)
    return len(text) <= SHOWN and without_echoes(text, messages) == text


def refusal(record: CallRecord) -> str:
    """Why a call was not made about which people were asked, as the model is told it."""
    return _REFUSALS[record.verdict or Verdict.UNANSWERED]


def ballot(record: CallRecord) -> int:
    """What tells calls apart from those that people are asked about at any other time: when they are asked."""
    return round(record.until * 1_000)


def request(calls: Sequence[ToolCall], locale: str) -> str:
    """What people read who are to allow these calls, as Markdown."""
    return "\n\n".join(f"{texts.say('may_i', locale, tool=data(call.name))}\n{_shown(call)}" for call in calls)


def note(locale: str) -> str:
    """How people may answer, and how long."""
    return texts.say("may_i_how", locale, minutes=str(round(SECONDS / 60)))


class Approvals:
    """Takes the answers of those who may give them; `wake` is called when a turn may go on."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    async def act(self, control: Control) -> str:
        """Answer for the calls of a ballot, once; the target is "turn.ballot". Raises UserError."""
        locale = control.address.locale
        number, asked = (int(part or 0) for part in control.target.partition(".")[::2])
        turn = await self._store.turn(number)
        if turn is not None and not access.may_steer(control.actor, control.kind, turn.asker):
            raise UserError(texts.say("not_yours", locale))
        verdict = _VERDICTS[control.kind]
        meant = [record.round for record in await self._store.calls(number) if ballot(record) == asked]
        decided = await self._store.decide(number, meant[0], verdict) if meant else ()
        if not decided:
            raise UserError(texts.say("may_i_settled", locale))
        for record in decided:
            await self._note(control, record, verdict)
        self._wake()
        return ""

    async def _note(self, control: Control, record: CallRecord, verdict: Verdict) -> None:
        metrics.approvals.labels(verdict).inc()
        actor = f"{control.address.platform}/{control.actor.id}"
        name = f"call:{record.call.name}"
        await self._store.note_change(actor, f"turn:{control.target}", name, Verdict.ASKED, verdict)


def _arguments(call: ToolCall) -> str:
    try:
        given: object = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        return call.arguments
    return json.dumps(given, ensure_ascii=False, indent=2)


def _shown(call: ToolCall) -> str:
    """The arguments as a block of code that they cannot end, and in which nothing is invisible."""
    text = harmless("".join(map(_visible, _arguments(call))))
    return f"```json\n{text}\n```"


def _visible(letter: str) -> str:
    """A letter, or as JSON writes it too its number, in place of one by which a text could look like another."""
    seen = letter in " \n" or (unicodedata.category(letter)[0] not in "CZ" and letter not in _SPELLED)
    return letter if seen else f"\\u{ord(letter):04x}"
