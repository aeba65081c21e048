"""What the asker says while tools work is answered together with the question, in the real process."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

import pytest

from playground.glm import Answer, Call
from tests.fixtures.packages import install
from tests.fixtures.workshop import Workshop, open_workshop
from tests.scenarios.guests import PLATFORMS, Guest, open_guest
from tests.scenarios.house import script

PACKAGE: Final = Path(__file__).parents[1] / "fixtures" / "odd_tools.py"


@pytest.fixture(params=PLATFORMS)
async def guest(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Guest]:
    async with open_guest(request.param, tmp_path) as guest:
        install(tmp_path, PACKAGE)
        yield guest


@pytest.fixture
async def workshop() -> AsyncGenerator[Workshop]:
    async with open_workshop() as workshop:
        yield workshop


async def test_it_is_told_to_the_model_at_the_next_boundary(guest: Guest, workshop: Workshop) -> None:
    workshop.held.add("sky")
    bot = await guest.start(PYTHONPATH=str(guest.house.folder / "site"), WORKSHOP_URL=workshop.url, LOG_LEVEL="DEBUG")
    guest.house.glm.script(Answer(text="", calls=(Call("look", {"at": "sky"}, "call-1"),)))
    await guest.ask("how is the sky?")
    await workshop.arrived("sky")
    await guest.follow_up("and tell me in verse")
    await guest.house.until(lambda: [event for event in bot.events("ask.accepted") if event["reception"] == "waiting"])
    guest.house.glm.script(script("The sky", " is high."))
    await workshop.release("sky")
    await guest.shown("The sky is high.")
    await bot.logged("turn.delivered")
    first, second = guest.house.asked
    assert "verse" not in str(first.messages)
    *_, result, said = second.messages
    assert (result["role"], said["role"]) == ("tool", "user")
    assert "and tell me in verse" in str(said["content"])
    # It belongs to the question in the history, and is not answered again.
    guest.house.glm.script(script("As I said."))
    await guest.follow_up("once more")
    await guest.shown("As I said.")
    assert len(guest.house.asked) == 3
    questions = [str(message["content"]) for message in guest.house.asked[-1].messages if message["role"] == "user"]
    assert "and tell me in verse" in questions[0]
    assert len(questions) == 2
