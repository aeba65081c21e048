"""From a question that is put off to its answer in the conversation, through all of the core."""

from __future__ import annotations

import asyncio

import pytest

from bot import texts
from bot.completion import Delta, FinishReason
from bot.dispatch import Policy
from bot.settings import FollowUp
from tests.fixtures.model import ending
from tests.fixtures.stage import Stage, a_world, on_stage
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

FINE = Delta("fine", finish=FinishReason.STOP, model="glm-one", provider="bigmodel")


async def told(stage: Stage, count: int) -> None:
    """Wait until so many messages are shown and all turns are at rest."""
    await stage.until(lambda: len(stage.texts) >= count)
    await stage.at_rest()


@virtually
async def test_an_answer_from_the_background_is_a_message_of_its_own() -> None:
    async with on_stage() as stage:
        stage.model.background = True
        stage.model.results["task-1"] = [None, None, FINE]
        await stage.ask("why?", deferred=True, message="m7")
        await told(stage, 2)
        assert stage.texts == [texts.say("deferred"), "fine"]
        assert len(await stage.store.jobs()) == 0
        summary = await stage.summary(2)
        assert summary.outcome is not None
        assert "why?" in summary.outcome.question


@virtually
async def test_without_a_background_mode_nothing_is_shown_until_it_is_whole() -> None:
    async with on_stage() as stage:
        go_on = asyncio.Event()
        stage.model.script("one ", go_on, "two", ending())
        await stage.ask("why?", deferred=True)
        await stage.until(lambda: stage.model.running)
        await stage.at_rest()
        assert stage.texts == [texts.say("deferred_here")]
        go_on.set()
        await told(stage, 2)
        assert stage.texts[1] == "one two"
        assert "one \n" not in stage.printed


@virtually
async def test_meanwhile_the_conversation_goes_on_and_later_it_knows_the_answer() -> None:
    async with on_stage() as stage:
        stage.model.background = True
        stage.model.results["task-1"] = [None, None, None, FINE]
        await stage.ask("why?", deferred=True)
        await told(stage, 1)
        await stage.answered("meanwhile")
        assert "why?" not in "".join(message.content for message in stage.model.requests[-1].messages)
        await told(stage, 3)
        await stage.answered("and now?")
        spoken = [message.content for message in stage.model.requests[-1].messages]
        assert spoken[-2] == "fine"
        assert "why?" in spoken[-3]


@virtually
async def test_an_answer_survives_its_process() -> None:
    world = a_world()
    async with on_stage(world) as stage:
        stage.model.background = True
        stage.model.results["task-1"] = [None, None, None, FINE]
        await stage.ask("why?", deferred=True)
        await told(stage, 1)
        await stage.dies()
    async with on_stage(world) as stage:
        await told(stage, 2)
        assert stage.texts == [texts.say("deferred"), "fine"]


@virtually
async def test_an_answer_finds_room_where_many_messages_wait() -> None:
    world = a_world(policy=Policy(FollowUp.ASKER, queue_limit=1, max_turns=100))
    async with on_stage(world) as stage:
        stage.model.background = True
        stage.model.results["task-1"] = [None, None, FINE]
        await stage.ask("why?", deferred=True)
        await told(stage, 1)
        held = asyncio.Event()
        stage.model.script(held, "slow")
        await stage.ask("busy?")
        await stage.until(lambda: stage.model.running)
        await stage.ask("waiting?", "ben")
        await asyncio.sleep(60.0)
        held.set()
        await told(stage, 4)
        assert sorted(stage.texts) == sorted([texts.say("deferred"), "slow", "fine", "fine"])
