"""What the asker says while tools work is answered together with the question, in the real process."""

from __future__ import annotations

from playground.glm import Answer, Call
from tests.fixtures.workshop import Workshop
from tests.scenarios.guests import Guest, start_with_tools
from tests.scenarios.house import script


async def test_it_is_told_to_the_model_at_the_next_boundary(guest: Guest, workshop: Workshop) -> None:
    workshop.held.add("sky")
    bot = await start_with_tools(guest, workshop, LOG_LEVEL="DEBUG")
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
