"""kill -9 around what a tool changes, in the real process: it is changed once, and the answer knows or says it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import Final

import pytest

from playground.faults import Gate
from playground.glm import Answer, Call, Hold
from tests.fixtures.workshop import Workshop
from tests.scenarios.guests import DiscordGuest, Guest, SlackGuest, results, start_with_tools
from tests.scenarios.house import script
from tests.scenarios.process import PATIENCE, Bot

UNKNOWN: Final = "it is not known whether this was done"
CALL: Final = Call("paint", {"what": "fence"}, "call-1")


async def killed_while_it_paints(guest: Guest, workshop: Workshop) -> None:
    """The fence is painted, and nobody but the workshop knows."""
    workshop.held.add("fence")
    bot = await start_with_tools(guest, workshop)
    guest.house.glm.script(Answer(text="Wait. ", calls=(CALL,)))
    await guest.ask("paint the fence")
    await workshop.arrived("fence")
    await bot.kill()
    await workshop.release("fence")


async def stored(guest: Guest, query: str) -> None:
    """Wait until the query finds something in the database, which tells nobody of its changes."""
    async with asyncio.timeout(PATIENCE):
        with closing(sqlite3.connect(f"file:{guest.house.folder}/glimmer.db?mode=ro", uri=True)) as database:
            while not database.execute(query).fetchall():  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.01)


def hold_delivery(guest: Guest) -> Gate:
    """Let no answer of a command reach the platform."""
    if isinstance(guest, DiscordGuest):
        return guest.house.discord.hold("PATCH", r"/webhooks/", applied=False, times=9)
    assert isinstance(guest, SlackGuest)
    return guest.house.slack.hold("chat.postMessage", shows="done: fence", times=9)


async def whole(guest: Guest, bot: Bot, words: str) -> str:
    """The one answer with these words, when it is delivered and nothing comes after it."""
    await bot.logged("turn.delivered")
    answer = await guest.shown(words)
    assert guest.count(words) == 1
    assert [text for text, grows in guest.messages() if grows] == []
    return answer


async def test_killed_between_the_change_and_its_journal_entry(guest: Guest, workshop: Workshop) -> None:
    await killed_while_it_paints(guest, workshop)
    guest.house.glm.script(script("I do not know", " whether it was done."))
    answer = await whole(guest, await start_with_tools(guest, workshop), "I do not know whether it was done.")
    first, again = guest.house.asked
    assert results(first) == []
    [told] = results(again)
    assert UNKNOWN in told
    assert workshop.seen == ["fence"]
    assert "paint · fence" in answer


async def test_a_model_that_insists_does_not_change_it_a_second_time(guest: Guest, workshop: Workshop) -> None:
    await killed_while_it_paints(guest, workshop)
    guest.house.glm.script(Answer(text="", calls=(Call("paint", {"what": "fence"}, "call-2"),)))
    guest.house.glm.script(script("I could", " not."))
    await whole(guest, await start_with_tools(guest, workshop), "I could not.")
    unknown, refused = results(guest.house.asked[-1])
    assert UNKNOWN in unknown
    assert "not called again" in refused
    assert workshop.seen == ["fence"]


async def test_killed_twice_it_is_still_unknown_and_done_once(guest: Guest, workshop: Workshop) -> None:
    await killed_while_it_paints(guest, workshop)
    waiting = Hold(-1)
    guest.house.glm.script(script("Never.", hold=waiting))
    bot = await start_with_tools(guest, workshop)
    await waiting.arrived()
    await bot.kill()
    waiting.release()
    guest.house.glm.script(script("I do not know", " whether it was done."))
    await whole(guest, await start_with_tools(guest, workshop), "I do not know whether it was done.")
    [told] = results(guest.house.asked[-1])
    assert UNKNOWN in told
    assert workshop.seen == ["fence"]


@pytest.mark.parametrize("said", [-1, 1], ids=["before the answer", "in the answer"])
async def test_killed_between_the_journal_entry_and_the_end(guest: Guest, workshop: Workshop, said: int) -> None:
    waiting = Hold(said)
    bot = await start_with_tools(guest, workshop)
    guest.house.glm.script(Answer(text="", calls=(CALL,)))
    guest.house.glm.script(script("The fence", " is painted.", hold=waiting))
    await guest.ask("paint the fence")
    await waiting.arrived()
    await bot.kill()
    waiting.release()
    guest.house.glm.script(script("The fence", " is painted."))
    answer = await whole(guest, await start_with_tools(guest, workshop), "The fence is painted.")
    assert answer.startswith("The fence is painted.")
    _, before, after = guest.house.asked
    assert results(before) == results(after)
    [told] = results(after)
    assert "done: fence" in told
    assert workshop.seen == ["fence"]


async def test_killed_after_the_first_of_two_changes(guest: Guest, workshop: Workshop) -> None:
    workshop.held.add("gate")
    bot = await start_with_tools(guest, workshop)
    calls = (CALL, Call("paint", {"what": "gate"}, "call-2"), Call("look", {"at": "sky"}, "call-3"))
    guest.house.glm.script(Answer(text="", calls=calls))
    await guest.ask("paint the fence and the gate")
    await workshop.arrived("fence", "gate", "sky")
    await stored(guest, "SELECT 1 FROM call WHERE id = 'call-1' AND result IS NOT NULL")
    await stored(guest, "SELECT 1 FROM call WHERE id = 'call-3' AND result IS NOT NULL")
    await bot.kill()
    await workshop.release("gate")
    guest.house.glm.script(script("One", " of two."))
    await whole(guest, await start_with_tools(guest, workshop), "One of two.")
    fence, gate, sky = results(guest.house.asked[-1])
    assert "done: fence" in fence
    assert UNKNOWN in gate
    assert "done: sky" in sky
    assert workshop.seen.count("fence") == workshop.seen.count("gate") == 1


async def test_a_command_that_was_killed_is_not_done_again(guest: Guest, workshop: Workshop) -> None:
    workshop.held.add("fence")
    bot = await start_with_tools(guest, workshop)
    await guest.order("paint", what="fence")
    await workshop.arrived("fence")
    await bot.kill()
    await workshop.release("fence")
    await whole(guest, await start_with_tools(guest, workshop), "I don't know whether it was done")
    assert workshop.seen == ["fence"]
    assert guest.house.asked == []


async def test_a_command_that_was_done_is_only_delivered_again(guest: Guest, workshop: Workshop) -> None:
    bot = await start_with_tools(guest, workshop)
    held = hold_delivery(guest)
    await guest.order("paint", what="fence")
    await held.arrived
    await stored(guest, "SELECT 1 FROM turn WHERE state = 'finished'")
    await bot.kill()
    held.release()
    await whole(guest, await start_with_tools(guest, workshop), "done: fence")
    assert workshop.seen == ["fence"]
