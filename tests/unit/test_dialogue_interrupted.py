from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot import texts
from bot.errors import PlatformRefused
from bot.messages import ControlKind
from bot.ports import Call
from tests.fixtures.faults import Fault
from tests.fixtures.stage import an_ask, on_stage
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

REGENERATE = (ControlKind.REGENERATE,)


@virtually
async def test_a_stop_keeps_what_was_written_and_closes_the_stream() -> None:
    async with on_stage() as house:
        house.model.script("some words", asyncio.Event())
        await house.ask()
        await house.until(lambda: house.texts)
        await house.control(ControlKind.STOP)
        await house.at_rest()
        assert house.texts == [f"some words\n{texts.say('stopped')}"]
        assert house.controls == REGENERATE
        assert house.model.closed == 1
        await house.answered("go on")
        assert "some words" in [message.content for message in house.model.requests[1].messages]


@virtually
async def test_a_deleted_question_takes_its_answer_with_it() -> None:
    async with on_stage() as house:
        house.model.script("some words", asyncio.Event())
        ask = await house.ask()
        await house.until(lambda: house.texts)
        await house.control(ControlKind.QUESTION_DELETED, target=ask.key)
        await house.at_rest()
        assert house.texts == []
        await house.answered("another")
        assert "some words" not in str(house.model.requests[1].messages)


@virtually
async def test_a_deleted_answer_ends_the_turn_and_does_not_come_back() -> None:
    async with on_stage() as house:
        house.model.script("some words", asyncio.Event())
        await house.ask()
        await house.until(lambda: house.texts)
        house.world.screen.messages.clear()
        await house.control(ControlKind.ANSWER_DELETED, target="1")
        await house.at_rest()
        assert house.texts == []
        assert house.model.closed == 1


@virtually
async def test_a_refusal_of_the_platform_ends_the_model_and_is_said() -> None:
    async with on_stage() as house:
        house.world.faults.arm(Fault(PlatformRefused("filter", text="automod"), only=Call.POST))
        house.model.script("bad words", asyncio.Event())
        await house.answered()
        assert house.texts == [texts.say("automod")]
        assert house.model.closed == 1


@virtually
async def test_who_cannot_be_answered_in_the_place_is_told_elsewhere() -> None:
    async with on_stage() as house:
        house.world.faults.arm(*[Fault(PlatformRefused("forbidden"), only=Call.POST)] * 2)
        ask = await house.answered()
        assert house.texts == []
        assert house.adapter.told == [(ask.key, texts.say("refused"))]
        assert (await house.summary()).state == "delivered"


@virtually
async def test_a_stop_before_the_first_word_says_so() -> None:
    async with on_stage() as house:
        house.model.script(asyncio.Event())
        await house.ask()
        await house.until(lambda: house.model.requests)
        await house.control(ControlKind.STOP)
        await house.at_rest()
        assert house.texts == [texts.say("stopped")]


@virtually
async def test_the_texts_are_in_the_language_of_the_asker() -> None:
    async with on_stage() as house:
        ask = an_ask("")
        await house.dispatcher.ask(replace(ask, address=replace(ask.address, locale="zh-CN")))
        await house.at_rest()
        assert house.texts == [texts.say("nothing_asked", "zh-CN")]
