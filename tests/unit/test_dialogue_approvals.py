"""A turn that waits for people: the whole core on virtual time, also when the process dies meanwhile."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace

import pytest

from bot import approvals, texts
from bot.completion import Delta, FinishReason, ModelInfo, ToolCall, Usage
from bot.messages import ControlKind, OutcomeKind, Reply
from bot.tools.registry import ToolFunction, tool
from tests.fixtures.model import ending
from tests.fixtures.stage import Stage, World, a_control, a_world, moderator, on_stage
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

ABLE = ModelInfo("glm-one", 128_000, 8_000, images=False, providers=("bigmodel",), tools=True)
ASKED = texts.say("may_i", tool="sell")


@dataclass
class Harbour:
    """A tool that somebody must allow, and what it has done."""

    done: list[str] = field(default_factory=list[str])

    def tools(self) -> list[ToolFunction]:
        @tool(approval=True, foreign=False)
        async def sell(boat: str) -> str:
            """Sells a boat."""
            self.done.append(boat)
            return f"{boat} is sold"

        return [sell]


def a_harbour() -> tuple[World, Harbour]:
    harbour = Harbour()
    world = a_world(tools=harbour.tools())
    world.model.offered = (ABLE,)
    return world, harbour


def selling(boat: str, number: int = 1) -> Delta:
    call = ToolCall(f"c{number}", "sell", json.dumps({"boat": boat}))
    return Delta(
        finish=FinishReason.TOOLS, tool_calls=(call,), usage=Usage(10, 5), model="glm-one", provider="bigmodel"
    )


async def asked(house: Stage, boat: str = "Möwe", times: int = 1) -> None:
    """Ask for a sale, and wait until people are asked and nobody works on the turn."""
    house.model.script("I will.", selling(boat))
    await house.ask(f"sell the {boat}")
    await parked(house, times)


def shown(house: Stage) -> str:
    """What the buttons below the last message are about."""
    return list(house.world.screen.messages.values())[-1].page.target


async def parked(house: Stage, times: int = 1) -> None:
    await house.until(lambda: house.printed.count(ASKED) >= times and not house.dispatcher.load)


@virtually
async def test_people_are_asked_and_nothing_is_done_until_they_have_answered() -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        [text] = house.texts
        assert text.startswith(f"I will.\n\n{ASKED}")
        assert '"boat": "Möwe"' in text
        assert text.endswith(approvals.note(""))
        assert house.controls == approvals.BUTTONS
        assert harbour.done == []


@virtually
async def test_what_is_allowed_is_done_once_and_the_answer_goes_on_in_the_same_message() -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        world.model.script("It is sold.")
        assert await house.control(ControlKind.ALLOW, target=shown(house)) == ""
        await house.at_rest()
        assert harbour.done == ["Möwe"]
        assert house.texts == [f"I will.\n\nIt is sold.\n{texts.say('with_tools', tools='sell · Möwe')}"]
        assert "Möwe is sold" in world.model.requests[-1].messages[-1].content
        assert (await house.summary()).state == "delivered"


@virtually
async def test_what_is_denied_is_not_done_and_the_answer_says_so() -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        world.model.script("Then not.")
        await house.control(ControlKind.DENY, target=shown(house))
        await house.at_rest()
        assert harbour.done == []
        assert house.texts == ["I will.\n\nThen not."]
        assert "said no" in world.model.requests[-1].messages[-1].content


@virtually
async def test_who_may_not_steer_the_turn_may_not_answer_for_it() -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        for kind in approvals.BUTTONS:
            assert await house.control(kind, "bob", target=shown(house)) == texts.say("not_yours")
        assert not house.dispatcher.load
        world.model.script("Sold.")
        mona = replace(a_control(ControlKind.ALLOW, target=shown(house)), actor=moderator("mona"))
        assert await house.dispatcher.control(mona) == Reply()
        await house.at_rest()
        assert harbour.done == ["Möwe"]
        [change] = await house.store.changes("turn:1")
        assert (change.actor, change.name, change.after) == ("console/mona", "call:sell", "allowed")


@virtually
async def test_nobody_answers_in_time() -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        before = shown(house)
        world.model.script("Nobody answered.")
        await asyncio.sleep(approvals.SECONDS + 1)
        await house.at_rest()
        assert harbour.done == []
        assert house.texts == ["I will.\n\nNobody answered."]
        assert "in time" in world.model.requests[-1].messages[-1].content
        assert await house.control(ControlKind.ALLOW, target=before) == texts.say("may_i_settled")


@pytest.mark.parametrize("author", ["ann", "bob"])
@virtually
async def test_a_new_question_goes_on_without_the_answer(author: str) -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        world.model.script("Then not.")
        world.model.script("Here I am.")
        await house.answered("hello?", author=author)
        assert harbour.done == []
        assert "conversation went on" in str(world.model.requests[1].messages)
        assert house.texts[0].startswith("I will.\n\nThen not.")
        # What the asker says is answered together with the question, what others ask after it.
        assert len(world.model.requests) == (2 if author == "ann" else 3)


@virtually
async def test_who_waits_already_is_not_kept_waiting() -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        hold = asyncio.Event()
        world.model.script("I will.", hold, selling("Möwe"))
        await house.ask("sell it")
        await house.until(lambda: world.model.requests)
        await house.ask("and me?", author="bob")
        world.model.script("Then not.")
        world.model.script("Hello Bob.")
        hold.set()
        await house.at_rest()
        assert harbour.done == []
        assert [text.split("\n")[0] for text in house.texts] == ["I will.", "Hello Bob."]


@virtually
async def test_an_answer_counts_for_the_calls_that_were_seen_only() -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        world.model.script("One more.", selling("Adler", 2))
        first = shown(house)
        await house.control(ControlKind.ALLOW, target=first)
        await parked(house, 2)
        # The second click on the first buttons.
        assert await house.control(ControlKind.ALLOW, target=first) == texts.say("may_i_settled")
        assert harbour.done == ["Möwe"]
        world.model.script("Both.")
        await house.control(ControlKind.ALLOW, target=shown(house))
        await house.at_rest()
        assert harbour.done == ["Möwe", "Adler"]


@virtually
async def test_a_process_that_dies_meanwhile_changes_nothing() -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        await house.dies()
    async with on_stage(world) as house:
        await asyncio.sleep(60)
        assert len(world.model.requests) == 1
        assert house.controls == approvals.BUTTONS
        world.model.script("It is sold.")
        await house.control(ControlKind.ALLOW, target=shown(house))
        await house.at_rest()
        assert harbour.done == ["Möwe"]
        assert len(house.texts) == 1


@pytest.mark.parametrize("command", [ControlKind.STOP, ControlKind.RESET])
@virtually
async def test_a_turn_that_waits_can_be_stopped(command: ControlKind) -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        await house.control(command)
        await house.at_rest()
        assert harbour.done == []
        outcome = (await house.summary()).outcome
        assert outcome is not None
        assert outcome.kind is OutcomeKind.STOPPED
        assert len(world.model.requests) == 1


@virtually
async def test_what_a_person_asks_for_by_name_needs_nobody_else() -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        call = ToolCall("c1", "sell", '{"boat": "Möwe"}')
        await house.answered("/sell Möwe", call=call, alone=True)
        assert harbour.done == ["Möwe"]
        assert house.texts == ["Möwe is sold"]


@virtually
async def test_what_the_asker_says_while_tools_work_is_answered_with_the_question() -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        hold = asyncio.Event()
        world.model.script(hold, "Sold.")
        await house.control(ControlKind.ALLOW, target=shown(house))
        await house.until(lambda: len(world.model.requests) == 2)
        await house.ask("and the Adler?")
        world.model.script("Not the Adler.")
        hold.set()
        await house.at_rest()
        # It came after the last tool: it has an answer of its own.
        assert [text.split("\n")[-1] for text in house.texts][1] == "Not the Adler."
        assert harbour.done == ["Möwe"]


@virtually
async def test_what_was_spent_before_people_were_asked_counts() -> None:
    world, _ = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        [before] = await house.store.spending("console", 0.0, author="ann")
        assert (before.prompt, before.completion) == (10, 5)
        world.model.script("Sold.", ending())
        await house.control(ControlKind.ALLOW, target=shown(house))
        await house.at_rest()
        [after] = await house.store.spending("console", 0.0, author="ann")
        assert after.prompt > before.prompt


@virtually
async def test_buttons_from_before_an_answer_was_made_again_are_about_nothing() -> None:
    world, harbour = a_harbour()
    async with on_stage(world) as house:
        await asked(house)
        before = shown(house)
        world.model.script("Then not.")
        await house.control(ControlKind.DENY, target=before)
        await house.at_rest()
        world.model.script("Again.", selling("Adler", 2))
        await house.control(ControlKind.REGENERATE, target="1")
        await parked(house, 2)
        assert await house.control(ControlKind.ALLOW, target=before) == texts.say("may_i_settled")
        assert harbour.done == []
        world.model.script("Sold.")
        await house.control(ControlKind.ALLOW, target=shown(house))
        await house.at_rest()
        assert harbour.done == ["Adler"]
