"""What a turn does with tools: the loop in a whole process, on virtual time, also when that dies."""

from __future__ import annotations

import asyncio
import json

import pytest

from bot import texts
from bot.completion import Delta, FinishReason, ModelInfo, Role, ToolCall, Usage
from bot.dialogue import ATTEMPTS
from bot.errors import ModelError
from bot.messages import ControlKind
from bot.tokens import Estimator
from bot.tools.registry import ToolFunction, tool
from tests.fixtures.model import ending
from tests.fixtures.stage import Stage, World, a_world, on_stage
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

ABLE = ModelInfo("glm-one", 128_000, 8_000, images=False, providers=("bigmodel",), tools=True)


class Kitchen:
    """Tools, and what they have done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gate = asyncio.Event()

    def tools(self) -> list[ToolFunction]:
        @tool(command=True)
        async def weather(place: str) -> str:
            """The weather at a place."""
            self.done.append(place)
            return f"sunny in {place}"

        @tool(effects=True, seconds=60)
        async def remind(text: str) -> str:
            """Sets a reminder."""
            self.done.append(text)
            await self.gate.wait()
            return "reminded"

        @tool(command=True)
        async def broken() -> str:
            """Does not work."""
            raise RuntimeError("secret")

        return [weather, remind, broken]


def a_kitchen() -> tuple[World, Kitchen]:
    kitchen = Kitchen()
    world = a_world(tools=kitchen.tools())
    world.model.offered = (ABLE,)
    return world, kitchen


def wanting(name: str, number: int = 1, **arguments: str) -> Delta:
    call = ToolCall(f"c{number}", name, json.dumps(arguments))
    return Delta(
        finish=FinishReason.TOOLS, tool_calls=(call,), usage=Usage(10, 5), model="glm-one", provider="bigmodel"
    )


@virtually
async def test_a_tool_is_called_and_the_footer_says_so() -> None:
    world, kitchen = a_kitchen()
    world.model.script("Let me look.", wanting("weather", place="Beijing"))
    world.model.script("It is sunny.")
    async with on_stage(world) as house:
        await house.answered("weather in Beijing?")
        helped = texts.say("with_tools", tools="weather · Beijing")
        assert house.texts == [f"Let me look.\n\nIt is sunny.\n{helped}"]
        assert kitchen.done == ["Beijing"]
        assert {item.name for item in world.model.requests[0].tools} >= {"weather"}


@virtually
async def test_a_model_without_tools_is_offered_none() -> None:
    world, _ = a_kitchen()
    world.model.offered = (ModelInfo("glm-one", 128_000, 8_000, images=False, providers=("bigmodel",)),)
    async with on_stage(world) as house:
        await house.answered()
        assert world.model.requests[0].tools == ()


@virtually
async def test_while_a_tool_works_people_see_what_it_does() -> None:
    world, kitchen = a_kitchen()
    world.model.script("Yes.", wanting("remind", text="tea"))
    world.model.script("Done.")
    async with on_stage(world) as house:
        await house.ask("remind me of tea")
        await house.until(lambda: any(texts.say("at_tools", tools="remind · tea") in text for text in house.texts))
        kitchen.gate.set()
        await house.at_rest()
        assert "🔧 remind · tea…" not in house.texts[0]


@virtually
async def test_what_was_called_belongs_to_the_history() -> None:
    world, _ = a_kitchen()
    world.model.script(wanting("weather", place="Beijing"))
    world.model.script("It is sunny.")
    async with on_stage(world) as house:
        await house.answered("weather in Beijing?")
        await house.answered("and tomorrow?")
        past = world.model.requests[-1].messages[1:-1]
        assert [message.role for message in past] == [Role.USER, Role.ASSISTANT, Role.TOOL, Role.ASSISTANT]
        assert "sunny in Beijing" in past[2].content
        assert past[3].content == "It is sunny."


@virtually
async def test_a_change_that_was_interrupted_is_not_made_twice_and_the_model_is_told() -> None:
    world, kitchen = a_kitchen()
    world.model.script(wanting("remind", text="tea"))
    async with on_stage(world) as house:
        await house.ask("remind me of tea")
        await house.until(lambda: kitchen.done)
        await house.dies()
    world.model.script("I do not know whether it was done.")
    async with on_stage(world) as house:
        await house.at_rest()
        assert kitchen.done == ["tea"]
        assert "not known whether" in world.model.requests[-1].messages[-1].content
        assert house.texts[0].startswith("I do not know whether it was done.")


@virtually
async def test_after_an_interruption_finished_calls_are_not_made_again() -> None:
    world, kitchen = a_kitchen()
    stuck = asyncio.Event()
    world.model.script(wanting("weather", place="Beijing"))
    world.model.script(stuck)
    async with on_stage(world) as house:
        await house.ask("weather in Beijing?")
        await house.until(lambda: len(world.model.requests) == 2)
        await house.dies()
    world.model.script("It is sunny.")
    async with on_stage(world) as house:
        await house.at_rest()
        assert kitchen.done == ["Beijing"]
        assert house.texts[0].startswith("It is sunny.")


@virtually
async def test_a_tool_that_people_call_answers_without_the_model() -> None:
    world, kitchen = a_kitchen()
    async with on_stage(world) as house:
        call = ToolCall("c1", "weather", '{"place": "Beijing"}')
        await house.answered("/weather Beijing", call=call, alone=True)
        assert house.texts == ["sunny in Beijing"]
        assert world.model.requests == []
        assert kitchen.done == ["Beijing"]


@pytest.mark.parametrize(
    ("name", "arguments", "words"), [("broken", "{}", "failed"), ("weather", "{}", "place"), ("gone", "{}", "no tool")]
)
@virtually
async def test_a_tool_that_has_nothing_to_give_says_so_plainly(name: str, arguments: str, words: str) -> None:
    world, _ = a_kitchen()
    async with on_stage(world) as house:
        await house.answered(f"/{name}", call=ToolCall("c1", name, arguments), alone=True)
        assert words in house.texts[0]
        assert "secret" not in house.texts[0]


@virtually
async def test_a_change_that_a_person_asked_for_is_not_made_twice() -> None:
    world, kitchen = a_kitchen()
    async with on_stage(world) as house:
        await house.ask("/remind tea", call=ToolCall("c1", "remind", '{"text": "tea"}'), alone=True)
        await house.until(lambda: kitchen.done)
        await house.dies()
    async with on_stage(world) as house:
        await house.at_rest()
        assert kitchen.done == ["tea"]
        assert texts.say("tool_unknown", tool="remind") in house.texts[0]


@pytest.mark.parametrize(("called", "learned"), [(True, 0), (False, 1)])
@virtually
async def test_what_several_rounds_have_used_together_corrects_no_estimate(called: bool, learned: int) -> None:
    world, _ = a_kitchen()
    counted: list[int] = []

    def learn(_self: Estimator, _model: str, _estimated: int, actual: int) -> None:
        counted.append(actual)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Estimator, "learn", learn)
        async with on_stage(world) as house:
            if called:
                world.model.script(wanting("weather", place="Beijing"))
            world.model.script("Sunny.", ending())
            await house.answered("weather?")
    assert len(counted) == learned


# What a tool has changed is said, however the turn ends ---------------------------------------------------------------


async def reminded(house: Stage, kitchen: Kitchen) -> None:
    """Ask for a change, and wait until it is made and the model is asked again."""
    kitchen.gate.set()
    house.model.script(wanting("remind", text="tea"))
    house.model.script(asyncio.Event())
    await house.ask("remind me of tea")
    await house.until(lambda: len(house.model.requests) == 2)


@virtually
async def test_a_turn_that_is_given_up_says_what_was_done_and_regenerate_does_not_do_it_again() -> None:
    world, kitchen = a_kitchen()
    async with on_stage(world) as house:
        await reminded(house, kitchen)
        await house.dies()
    for _ in range(ATTEMPTS - 1):
        world.model.script(asyncio.Event())
        async with on_stage(world) as house:
            await house.until(lambda: house.dispatcher.load)
            await house.dies()
    async with on_stage(world) as house:
        await house.at_rest()
        assert house.texts[0].endswith(texts.say("was_done", tools="remind · tea"))
        world.model.script("It is done.")
        await house.control(ControlKind.REGENERATE, target="1")
        await house.at_rest()
        assert kitchen.done == ["tea"]
        assert "reminded" in str(world.model.requests[-1].messages)
        assert house.texts[0].startswith("It is done.")


@virtually
async def test_a_model_that_fails_afterwards_does_not_hide_what_was_done() -> None:
    world, kitchen = a_kitchen()
    kitchen.gate.set()
    async with on_stage(world) as house:
        house.model.script(wanting("remind", text="tea"))
        house.model.script(ModelError("down", text="busy"))
        await house.answered("remind me of tea")
        assert kitchen.done == ["tea"]
        assert house.texts[0].endswith(texts.say("was_done", tools="remind · tea"))


@virtually
async def test_a_stop_in_the_middle_of_a_change_says_so_to_people_and_to_the_model() -> None:
    world, kitchen = a_kitchen()
    async with on_stage(world) as house:
        house.model.script(wanting("remind", text="tea"))
        await house.ask("remind me of tea")
        await house.until(lambda: kitchen.done)
        await house.control(ControlKind.STOP)
        await house.at_rest()
        said = texts.say("may_be_done", tools="remind · tea")
        assert house.texts == [f"{said}\n{texts.say('stopped')}"]
        await house.answered("well?")
        assert said in str(world.model.requests[-1].messages)


@pytest.mark.parametrize(("arguments", "done"), [('{"text": "tea"}', ["tea"]), ('{"text": "cake"}', ["tea", "cake"])])
@virtually
async def test_a_change_by_name_is_made_again_only_if_it_is_another(arguments: str, done: list[str]) -> None:
    world, kitchen = a_kitchen()
    kitchen.gate.set()
    async with on_stage(world) as house:
        ask = await house.answered("/remind tea", call=ToolCall("c1", "remind", '{"text": "tea"}'), alone=True)
        await house.store.rewrite_question(ask.key, "/remind", ToolCall("c1", "remind", arguments))
        await house.control(ControlKind.REGENERATE, target="1")
        await house.at_rest()
        assert kitchen.done == done
        assert house.texts == ["reminded"]


@virtually
async def test_links_that_strangers_wrote_are_none_when_a_tool_is_called_by_name() -> None:
    @tool(command=True)
    async def page() -> str:
        """A page that a stranger wrote."""
        return "See [this](https://evil.example/login) ![x](https://evil.example/x.png)"

    async with on_stage(a_world(tools=[page])) as house:
        await house.answered("/page", call=ToolCall("c1", "page", "{}"), alone=True)
        assert "](http" not in house.texts[0]
        assert "`https://evil.example/login`" in house.texts[0]
