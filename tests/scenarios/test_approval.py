"""Calls that somebody must allow, in the real process: the buttons on both platforms, and kill -9 meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bot import texts
from playground.glm import Answer, Call
from playground.slack.model import Message as SlackMessage
from tests.fixtures.workshop import Workshop
from tests.scenarios.guests import Guest, SlackGuest, results, start_with_tools
from tests.scenarios.house import script
from tests.scenarios.process import Bot
from tests.scenarios.slack_house import SlackHouse, open_slack

CALL: Final = Call("sell", {"what": "boat"}, "call-1")
ASKED: Final = texts.say("may_i", tool="sell").replace("**", "")


async def asked(guest: Guest, workshop: Workshop) -> Bot:
    """Ask for a sale, and wait until the buttons are there and the turn waits."""
    bot = await start_with_tools(guest, workshop)
    guest.house.glm.script(Answer(text="I will. ", calls=(CALL,)))
    await guest.ask("sell the boat")
    await guest.house.until(guest.asks)
    await bot.logged("turn.parked")
    return bot


async def test_what_is_allowed_is_done_once_and_the_answer_goes_on(guest: Guest, workshop: Workshop) -> None:
    await asked(guest, workshop)
    [(text, grows)] = [shown for shown in guest.messages() if "boat" in shown[0]]
    assert "I will." in text
    assert ASKED in text.replace("**", "")
    assert not grows
    assert workshop.seen == []
    guest.house.glm.script(script("It is", " sold."))
    await guest.press("Allow")
    answer = await guest.shown("It is sold.")
    assert workshop.seen == ["boat"]
    assert "I will." in answer
    assert ASKED not in answer.replace("**", "")
    assert not guest.asks()
    [told] = results(guest.house.asked[-1])
    assert "done: boat" in told


async def test_what_is_denied_is_not_done(guest: Guest, workshop: Workshop) -> None:
    await asked(guest, workshop)
    guest.house.glm.script(script("Then", " not."))
    await guest.press("Deny")
    await guest.shown("Then not.")
    assert workshop.seen == []
    [told] = results(guest.house.asked[-1])
    assert "said no" in told


async def test_killed_while_it_waits_the_buttons_still_count(guest: Guest, workshop: Workshop) -> None:
    bot = await asked(guest, workshop)
    await bot.kill()
    await start_with_tools(guest, workshop)
    guest.house.glm.script(script("It is", " sold."))
    await guest.press("Allow")
    await guest.shown("It is sold.")
    assert workshop.seen == ["boat"]
    assert guest.count("It is sold.") == 1
    assert len(guest.house.asked) == 2


async def test_killed_while_an_allowed_call_is_made_it_is_not_made_again(guest: Guest, workshop: Workshop) -> None:
    workshop.held.add("boat")
    bot = await asked(guest, workshop)
    await guest.press("Allow")
    await workshop.arrived("boat")
    await bot.kill()
    await workshop.release("boat")
    guest.house.glm.script(script("I do not know", " whether it was sold."))
    await start_with_tools(guest, workshop)
    await guest.shown("I do not know whether it was sold.")
    assert workshop.seen == ["boat"]
    [told] = results(guest.house.asked[-1])
    assert "not known whether" in told


async def test_a_new_question_is_answered_without_the_call(guest: Guest, workshop: Workshop) -> None:
    await asked(guest, workshop)
    guest.house.glm.script(script("Then", " not."))
    await guest.follow_up("leave it")
    await guest.shown("Then not.")
    assert workshop.seen == []
    [told] = results(guest.house.asked[-1])
    assert "conversation went on" in told
    assert "leave it" in str(guest.house.asked[-1].messages[-1])


async def test_a_stream_of_slack_ends_while_people_are_asked(tmp_path: Path, workshop: Workshop) -> None:
    async with open_slack(tmp_path) as house:
        guest = SlackGuest(house, house.ann)
        bot = await start_with_tools(guest, workshop)
        house.glm.script(Answer(text="I will. ", calls=(CALL,)))
        await house.ann.dm_bot("sell the boat")
        await bot.logged("turn.parked")
        assert not streams(house)
        house.glm.script(script("It is", " sold."))
        await guest.press("Allow")
        await guest.shown("It is sold.")
        assert not streams(house)
        assert workshop.seen == ["boat"]


def streams(house: SlackHouse) -> list[SlackMessage]:
    everything = list(house.slack.world.channels.values())
    messages = [message for channel in everything for message in channel.messages.values()]
    return [message for message in messages if house.slack.world.streaming(message)]
