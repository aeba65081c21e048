from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any, cast

import pytest

from adapters.discord_app.tool_commands import define
from bot.tool_commands import Parameter, ToolCommand, Type
from playground.discord.refusals import Impossible
from tests.unit.adapters.discord_app.test_commands import Front, opened

TOWNS = tuple(f"Town {number}" for number in range(40))
WEATHER = ToolCommand(
    "weather",
    "Weather",
    "The weather at a place",
    (
        Parameter("place", "place", Type.TEXT, "A town", required=True, suggestions=("Rome", "Romford"), most=50),
        Parameter("days", "days", Type.WHOLE, "How many", least=1, most=7),
        Parameter("share", "share", Type.NUMBER, "Of the whole", most=0.5),
        Parameter("loud", "loud", Type.FLAG, "Whether it is heard"),
        Parameter("level", "level", Type.WHOLE, "How high", choices=(1, 2)),
        Parameter("class", "class", Type.TEXT, "Whose word that is", choices=TOWNS),
        Parameter("far", "far", Type.WHOLE, "Without bounds", least=-(2**60)),
    ),
)
BARE = ToolCommand("ping", "ping", "Answers")


@pytest.fixture
async def front() -> AsyncGenerator[Front]:
    async with opened({command.name: command for command in (WEATHER, BARE)}) as front:
        yield front


def options(front: Front) -> dict[str, Mapping[str, Any]]:
    """The options of /weather as Discord has them, by name."""
    [definition] = [known for known in front.place.commands.listed("") if known["name"] == "weather"]
    return {option["name"]: option for option in definition["options"]}


async def test_options_have_the_types_and_bounds_of_the_parameters(front: Front) -> None:
    found = options(front)
    # Discord docs, interactions/application-commands: string, integer, boolean and number.
    types = {"place": 3, "days": 4, "share": 10, "loud": 5, "level": 3, "class": 3, "far": 4}
    assert {name: option["type"] for name, option in found.items()} == types
    assert [name for name, option in found.items() if option.get("required")] == ["place"]
    assert (found["place"]["min_length"], found["place"]["max_length"]) == (0, 50)
    assert (found["days"]["min_value"], found["days"]["max_value"]) == (1, 7)
    assert found["share"]["max_value"] == 0.5
    assert (found["far"]["min_value"], found["far"]["max_value"]) == (-(2**53) + 1, 2**53 - 1)
    assert found["days"]["description"] == "How many"


async def test_few_choices_are_listed_and_many_are_offered_while_one_types(front: Front) -> None:
    found = options(front)
    assert [choice["value"] for choice in found["level"]["choices"]] == ["1", "2"]
    assert not found["class"].get("choices")
    offered = await front.alice.autocomplete("weather", {"place": "Rome", "class": "3"}, channel=front.general)
    assert [choice["value"] for choice in offered] == [town for town in TOWNS if "3" in town]
    many = await front.alice.autocomplete("weather", {"place": "Rome", "class": ""}, channel=front.general)
    assert len(many) == 25


async def test_examples_are_offered_and_all_else_may_be_given(front: Front) -> None:
    offered = await front.alice.autocomplete("weather", {"place": "romf"}, channel=front.general)
    assert [choice["value"] for choice in offered] == ["Romford"]


@pytest.mark.parametrize(
    ("given", "text", "told"),
    [
        ({"place": "Rome"}, "/weather Rome", {"place": "Rome"}),
        (
            {"place": "Rome", "days": 3, "share": 0.25, "loud": True, "level": "2", "class": "Town 7"},
            "/weather Rome days:3 share:0.25 loud:true level:2 class:Town 7",
            {"place": "Rome", "days": 3, "share": 0.25, "loud": True, "level": 2, "class": "Town 7"},
        ),
    ],
)
async def test_a_command_is_an_ask_with_a_call(
    front: Front, given: dict[str, Any], text: str, told: dict[str, Any]
) -> None:
    await front.give("weather", given)
    [ask] = front.inbox.asks
    assert (ask.text, ask.alone) == (text, True)
    assert ask.call is not None
    assert (ask.call.name, json.loads(ask.call.arguments)) == ("Weather", told)
    assert await front.desk.acknowledged(ask.origin["interaction"]) != ""


async def test_a_command_may_take_nothing(front: Front) -> None:
    await front.give("ping")
    [ask] = front.inbox.asks
    assert (ask.text, ask.call and ask.call.arguments) == ("/ping", "{}")


@pytest.mark.parametrize("given", [{}, {"place": "Rome", "days": 8}, {"place": "x" * 51}, {"place": "R", "level": "3"}])
async def test_discord_itself_refuses_what_is_out_of_bounds(front: Front, given: dict[str, Any]) -> None:
    with pytest.raises(Impossible):
        await front.give("weather", given)
    assert front.inbox.asks == []


def test_bounds_beyond_those_of_discord_are_cut() -> None:
    wide = Parameter("text", "text", Type.TEXT, "Long", least=7_000, most=9_000)
    [made] = define({"wide": ToolCommand("wide", "wide", "Wide", (wide,))}, cast("Any", None))
    [option] = made.parameters
    assert (option.min_value, option.max_value) == (6_000, 6_000)
