"""How a turn ends, from what the model did to what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot import remarks, texts
from bot.completion import Delta, FinishReason
from bot.errors import ModelError
from bot.messages import NOTHING_USED, ControlKind, Outcome, OutcomeKind

AGAIN: Final = (ControlKind.REGENERATE,)
_ANSWERED: Final = (*AGAIN, ControlKind.UPVOTE, ControlKind.DOWNVOTE)
_CUT_OFF: Final = (ControlKind.CONTINUE, *_ANSWERED)
_MARKS: Final = {FinishReason.LENGTH: ("cut_off", _CUT_OFF), FinishReason.CONTEXT: ("context_full", _ANSWERED)}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the model was asked, whom its answer is for (`locale`), and a `reference` under which failures are found."""

    question: str
    locale: str
    reference: str


def failed(asked: Asked, text: str, **facts: str) -> Outcome:
    """The end of a turn without an answer, with the sentence of this name."""
    return Outcome(OutcomeKind.FAILED, asked.question, note=texts.say(text, asked.locale, **facts), controls=AGAIN)


def interrupted(asked: Asked, answer: str) -> Outcome:
    """The end of a turn that somebody stopped."""
    return Outcome(OutcomeKind.STOPPED, asked.question, answer, texts.say("stopped", asked.locale), AGAIN)


def ended(asked: Asked, answer: str, finish: Delta, notes: Sequence[str] = ()) -> Outcome:
    """The end of a turn whose model has ended; `notes`, the most important first, are what else is to be said
    below its answer, as far as there is room."""
    usage = finish.usage or NOTHING_USED
    if finish.finish is FinishReason.FILTERED:
        text = "safety_history" if finish.stage == "history" else "safety"
        note = texts.say(text, asked.locale)
        return Outcome(OutcomeKind.RETRACTED, note=note, model=finish.model, provider=finish.provider, usage=usage)
    if not answer.strip():
        ending = failed(asked, "thought_out" if finish.finish is FinishReason.LENGTH else "empty")
        return replace(ending, model=finish.model, provider=finish.provider, usage=usage)
    mark, controls = _MARKS.get(finish.finish or FinishReason.STOP, ("", _ANSWERED))
    said = texts.say(mark, asked.locale) if mark else ""
    notes = (texts.say("damaged", asked.locale), *notes) if finish.damaged else notes
    note = " ".join(filter(None, (remarks.joined(notes, remarks.ROOM - len(said) - 1), said)))
    return Outcome(OutcomeKind.ANSWERED, asked.question, answer, note, controls, finish.model, finish.provider, usage)


def not_answered(asked: Asked, answer: str, error: ModelError, *, told: bool) -> Outcome:
    """The end of a turn that the model left, with what there is of an answer; `told` says that the operator knows."""
    if answer.strip():
        note = texts.say("interrupted", asked.locale)
        return Outcome(OutcomeKind.ANSWERED, asked.question, answer, note, AGAIN)
    facts = {"model": "", "trace": error.trace or asked.reference} | error.facts
    facts["told"] = texts.say("told", asked.locale) if told else ""
    facts["reset"] = texts.say("reset_at", asked.locale, reset=facts["reset"]) if facts.get("reset") else ""
    # "Interrupted" is a note below what there is of an answer; here there is nothing.
    return failed(asked, "busy" if error.text == "interrupted" else error.text, **facts)
