from __future__ import annotations

from dataclasses import replace

import pytest

from bot import outcomes, texts
from bot.completion import Delta, FinishReason, Usage
from bot.errors import ModelError
from bot.messages import ControlKind, OutcomeKind
from bot.outcomes import Asked
from bot.remarks import ROOM

ASKED = Asked("[Ann]: hello", "en-US", "7")
USAGE = Usage(10, 5, cost=0.001, currency="USD")


def finish(reason: FinishReason = FinishReason.STOP, stage: str = "") -> Delta:
    return Delta(finish=reason, stage=stage, usage=USAGE, model="glm-one", provider="zai")


def test_an_answer_says_who_gave_it_and_what_it_cost() -> None:
    outcome = outcomes.ended(ASKED, "hi", finish())
    assert (outcome.kind, outcome.question, outcome.answer) == (OutcomeKind.ANSWERED, "[Ann]: hello", "hi")
    assert (outcome.model, outcome.provider, outcome.usage) == ("glm-one", "zai", USAGE)
    assert outcome.note == ""


def test_notes_stand_before_the_mark_of_the_end() -> None:
    outcome = outcomes.ended(ASKED, "hi", finish(FinishReason.LENGTH), ("_(first)_", "_(second)_"))
    assert outcome.note.startswith("_(first)_ _(second)_ _(answer cut off")
    assert ControlKind.CONTINUE in outcome.controls


def test_notes_that_do_not_fit_beside_the_mark_are_left_out() -> None:
    notes = ("_(first)_", "x" * (ROOM - 20), "_(second)_")
    outcome = outcomes.ended(ASKED, "hi", finish(FinishReason.LENGTH), notes)
    assert outcome.note.startswith("_(first)_ _(second)_ _(answer cut off")
    assert len(outcome.note) <= ROOM


@pytest.mark.parametrize("damaged", [True, False])
def test_an_answer_that_came_damaged_says_so_before_all_else(damaged: bool) -> None:
    outcome = outcomes.ended(ASKED, "hi", replace(finish(), damaged=damaged), ("_(first)_",))
    assert outcome.note == " ".join(filter(None, (texts.say("damaged") if damaged else "", "_(first)_")))


def test_a_conversation_that_fills_the_context_says_so_below_its_answer() -> None:
    outcome = outcomes.ended(ASKED, "hi", finish(FinishReason.CONTEXT))
    assert "/reset" in outcome.note
    assert outcome.answer == "hi"


@pytest.mark.parametrize(
    ("stage", "words"), [("user", "Try rephrasing"), ("assistant", "Try rephrasing"), ("history", "/reset")]
)
def test_a_safety_stop_keeps_neither_question_nor_answer(stage: str, words: str) -> None:
    outcome = outcomes.ended(ASKED, "bad", finish(FinishReason.FILTERED, stage))
    assert (outcome.kind, outcome.question, outcome.answer) == (OutcomeKind.RETRACTED, "", "")
    assert words in outcome.note
    assert outcome.usage == USAGE


@pytest.mark.parametrize(
    ("reason", "words"), [(FinishReason.STOP, "empty answer"), (FinishReason.LENGTH, "whole budget thinking")]
)
def test_an_answer_without_text_is_a_failure(reason: FinishReason, words: str) -> None:
    outcome = outcomes.ended(ASKED, " \n", finish(reason))
    assert outcome.kind is OutcomeKind.FAILED
    assert words in outcome.note
    # It was paid for like any other.
    assert (outcome.model, outcome.provider, outcome.usage) == ("glm-one", "zai", USAGE)


def test_what_there_is_of_an_answer_is_kept_when_the_model_fails() -> None:
    outcome = outcomes.not_answered(ASKED, "half", ModelError("x", text="busy"), told=False)
    assert (outcome.kind, outcome.answer) == (OutcomeKind.ANSWERED, "half")
    assert "incomplete" in outcome.note


def test_a_failure_without_text_says_what_it_was_and_who_knows() -> None:
    error = ModelError("x", text="quota", facts={"model": "glm-one", "trace": "", "reset": "2026-12-01 00:00"})
    note = outcomes.not_answered(ASKED, "", error, told=True).note
    assert "An admin has been told." in note
    assert "2026-12-01 00:00" in note


def test_a_failure_without_a_trace_is_found_by_its_turn() -> None:
    assert "(ref 7)" in outcomes.not_answered(ASKED, "", ModelError("x", text="bug"), told=False).note


def test_a_connection_lost_before_the_first_word_leaves_no_note_about_an_answer() -> None:
    note = outcomes.not_answered(ASKED, "", ModelError("x", text="interrupted"), told=False).note
    assert "overloaded" in note
