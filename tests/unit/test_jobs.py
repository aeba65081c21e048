from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from bot import texts
from bot.completion import Delta, FinishReason, Usage
from bot.jobs import FIRST_PAUSE, LONGEST_PAUSE
from bot.messages import ControlKind, Outcome, OutcomeKind
from tests.fixtures.model import ending
from tests.fixtures.office import EPOCH, FINE, QUESTION, Office, answered
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")


@virtually
async def test_an_answer_that_somebody_else_works_out_is_polled_for_more_and_more_seldom() -> None:
    office = Office()
    turn = await office.defer("h1")
    office.model.results["h1"] = [*[None] * 9, FINE]
    outcome = await answered(office, turn)
    assert (outcome.kind, outcome.question, outcome.answer) == (OutcomeKind.ANSWERED, "Ann: why?", "fine")
    assert (outcome.model, outcome.provider, outcome.usage) == ("glm-one", "bigmodel", Usage(10, 5))
    polled = office.model.polled
    pauses = [later - earlier for earlier, later in pairwise(polled)]
    assert pauses[0] == pytest.approx(FIRST_PAUSE)
    assert pauses == sorted(pauses)
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE)
    assert office.model.requests == []


@virtually
async def test_without_a_handle_we_ask_ourselves_and_show_nothing_of_it() -> None:
    office = Office()
    turn = await office.defer()
    office.model.script(Delta("one "), Delta(reasoning="canary"), Delta("two"), ending())
    outcome = await answered(office, turn)
    assert (outcome.question, outcome.answer, outcome.note) == ("Ann: why?", "one two", "")
    assert "canary" not in repr(outcome) + outcome.reasoning
    assert office.model.asked == ["Ann: why?"]


@virtually
async def test_the_answer_comes_as_an_ask_of_its_own_where_the_question_was() -> None:
    office = Office()
    turn = await office.defer("h1")
    office.model.results["h1"] = [None, FINE]
    await answered(office, turn)
    [ask] = office.asks
    assert (ask.key, ask.job, ask.alone, ask.deferred, ask.addressed) == (f"job/{turn}", turn, True, False, True)
    assert ask.at == pytest.approx(EPOCH + FIRST_PAUSE)
    assert (ask.conversation, ask.address, ask.author) == ("talk h1why?", QUESTION.address, QUESTION.author)
    assert (ask.text, ask.message, ask.attachments) == ("why?", "m1", QUESTION.attachments)
    # It follows what was said last, whatever the question referred to.
    assert ask.reply_to == ""
    claim = await office.store.claim("dialogue", 60.0)
    assert claim is not None
    assert (claim.turn.ask, claim.turn.parent) == (ask, turn)


@virtually
async def test_messages_that_were_put_off_together_are_one_question() -> None:
    office = Office()
    for number in (1, 2):
        await office.accept(replace(QUESTION, key=f"k{number}", text=f"part {number}"))
    claim = await office.store.claim("dialogue", 60.0)
    assert claim is not None
    await office.store.finish(claim, Outcome(OutcomeKind.DEFERRED))
    await answered(office, claim.turn.id)
    assert office.asks[0].text == "part 1\npart 2"


@pytest.mark.parametrize(
    ("finish", "kind", "note", "control"),
    [
        (ending(FinishReason.LENGTH), OutcomeKind.ANSWERED, "cut_off", ControlKind.CONTINUE),
        (ending(FinishReason.CONTEXT), OutcomeKind.ANSWERED, "context_full", ControlKind.UPVOTE),
        (ending(FinishReason.FILTERED, stage="user"), OutcomeKind.RETRACTED, "safety", None),
        (ending(FinishReason.FILTERED, stage="history"), OutcomeKind.RETRACTED, "safety_history", None),
    ],
)
@pytest.mark.parametrize("handle", ["", "h1"])
def test_every_end_has_its_note(
    handle: str, finish: Delta, kind: OutcomeKind, note: str, control: ControlKind | None
) -> None:
    @virtually
    async def test() -> None:
        office = Office()
        turn = await office.defer(handle)
        office.model.results["h1"] = [replace(finish, text="words")]
        office.model.script("words", finish)
        outcome = await answered(office, turn)
        assert (outcome.kind, outcome.note) == (kind, texts.say(note))
        assert outcome.answer == ("words" if kind is OutcomeKind.ANSWERED else "")
        assert control is None or control in outcome.controls

    test()


@virtually
async def test_it_is_said_when_another_model_answered() -> None:
    office = Office()
    turn = await office.defer()
    office.model.script("words", replace(ending(), model="glm-two", provider="zai"))
    outcome = await answered(office, turn)
    assert outcome.note == texts.say("answered_by", model="glm-two", provider="zai")
