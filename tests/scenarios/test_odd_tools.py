"""Tools that misbehave, in the real process: the model or the person is told, and everything goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from playground.glm import Answer, Call
from tests.fixtures.odd_tools import PASSWORD
from tests.fixtures.workshop import Workshop
from tests.scenarios.guests import Guest, results, start_with_tools
from tests.scenarios.house import script

# Characters of a result that the model is told, with the marks around it.
MOST: Final = 8_200

# What is told of each.
TOLD: Final[Mapping[str, str]] = {
    "hangs": "no result within 1 seconds",
    "raises": "the tool failed (RuntimeError)",
    "large": "[cut here: the result goes on]",
    "binary": "the tool failed (TypeError)",
    "nan": "the tool failed (ValueError)",
    "nothing": "(no result)",
    "clings": "no result within 1 seconds",
    "cancels": "the tool failed",
    "leaves": "the tool failed",
    "shouts": "!!!",
    "halved": "half: ",
}
# Arguments that do not fit, each with what is told of them; a str goes out as it stands.
MISFITS: Final[Mapping[str, str]] = {
    '{"day": "never"}': "the arguments do not fit: day",
    '{"day": ["2026-11-20"]}': "the arguments do not fit: day",
    '{"day": null}': "the arguments do not fit: day",
    "{}": "the arguments do not fit: day",
    '{"day": "2026-11-20", "hour": 7}': "the arguments do not fit: hour",
    '["2026-11-20"]': "the arguments are not a JSON object",
    "tomorrow": "the arguments are not a JSON object",
    '{"day": "2026-': "the arguments are not a JSON object",
}


def calling(guest: Guest, *calls: Call) -> None:
    """Have the model make these calls, and answer when it is told what they gave."""
    guest.house.glm.script(Answer(text="", calls=calls))
    guest.house.glm.script(script("So", " it is."))


@pytest.mark.parametrize("tool", TOLD)
async def test_the_model_is_told_and_answers(guest: Guest, tool: str) -> None:
    await start_with_tools(guest)
    calling(guest, Call(tool), Call("picky", {"day": "2026-11-20"}))
    await guest.ask("well?")
    await guest.shown("So it is.")
    _, told = guest.house.asked
    odd, sound = results(told)
    assert TOLD[tool] in odd
    assert len(odd) <= MOST
    assert "took 2026-11-20" in sound
    assert PASSWORD not in str(told.body)


@pytest.mark.parametrize("tool", TOLD)
async def test_a_person_is_told(guest: Guest, tool: str) -> None:
    await start_with_tools(guest)
    await guest.order(tool)
    await guest.shown(TOLD[tool])
    await guest.order("picky", day="2026-11-20")
    await guest.shown("took 2026-11-20")
    assert not any(PASSWORD in text for text, _ in guest.messages())
    assert guest.house.asked == []


async def test_what_clings_to_life_ends_with_the_process(guest: Guest) -> None:
    bot = await start_with_tools(guest)
    await guest.order("clings")
    await guest.shown(TOLD["clings"])
    assert await bot.terminate() == 0


async def test_the_model_is_told_of_arguments_that_do_not_fit(guest: Guest) -> None:
    await start_with_tools(guest)
    calling(guest, *(Call("picky", arguments) for arguments in MISFITS))
    await guest.ask("well?")
    await guest.shown("So it is.")
    _, told = guest.house.asked
    for result, wanted in zip(results(told), MISFITS.values(), strict=True):
        assert wanted in result


async def test_a_person_is_told_of_arguments_that_do_not_fit(guest: Guest) -> None:
    await start_with_tools(guest)
    await guest.order("picky", day="never")
    assert "the arguments do not fit: day" in await guest.shown("`picky`")


async def test_all_calls_of_a_round_have_begun_before_one_returns(guest: Guest, workshop: Workshop) -> None:
    things = ("sun", "moon", "star")
    workshop.held |= set(things)
    await start_with_tools(guest, workshop)
    calling(guest, *(Call("look", {"at": thing}) for thing in things))
    await guest.ask("well?")
    await workshop.arrived(*things)
    assert len(guest.house.asked) == 1
    # In another order than they were called in, to see that each result goes to its own call.
    for thing in reversed(things):
        await workshop.release(thing)
    await guest.shown("So it is.")
    _, told = guest.house.asked
    for thing, result in zip(things, results(told), strict=True):
        assert f"done: {thing}" in result
    assert sorted(workshop.seen) == sorted(things)
