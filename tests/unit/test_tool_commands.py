from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import texts
from bot.tool_commands import Parameter, ToolCommand, Type
from bot.vocabulary import COMMANDS, Order, listed, read
from tests.fixtures.stage import an_ask

PLACE = Parameter("place", "place", Type.TEXT, "A town", required=True)
DAYS = Parameter("days", "Days", Type.WHOLE, "How many")
UNIT = Parameter("unit", "unit", Type.TEXT, "In which", choices=("Celsius", "Kelvin"))
SHARE = Parameter("share", "share", Type.NUMBER, "Of the whole")
LEVEL = Parameter("level", "level", Type.WHOLE, "How high", choices=(1, 2))
LOUD = Parameter("loud", "loud", Type.FLAG, "Whether it is heard")
WEATHER = ToolCommand("weather", "Weather", "The weather", (PLACE, DAYS, UNIT, SHARE, LEVEL, LOUD))
DICE = ToolCommand("roll", "roll", "Rolls dice", (Parameter("sides", "sides", Type.WHOLE, "How many sides"),))
BARE = ToolCommand("ping", "ping", "Answers")
TOOLS = {command.name: command for command in (WEATHER, DICE, BARE)}


def arguments(command: ToolCommand, words: str) -> dict[str, Any]:
    call = command.call(command.read(words))
    assert call.name == command.tool
    return json.loads(call.arguments)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", {}),
        ("New York, NY", {"place": "New York, NY"}),
        ("New York days:3", {"place": "New York", "Days": 3}),
        ("days:3 place:New York", {"place": "New York", "Days": 3}),
        ("place: New York  DAYS: 3", {"place": "New York", "Days": 3}),
        ("北京 days\uff1a3", {"place": "北京", "Days": 3}),
        ("Rome unit:kelvin", {"place": "Rome", "unit": "Kelvin"}),
        ("Rome days:", {"place": "Rome"}),
        ("Rome share:0.5 level:2 loud:yes", {"place": "Rome", "share": 0.5, "level": 2, "loud": "yes"}),
        ("see https://a.test/days:3", {"place": "see https://a.test/days:3"}),
        ("nodays:3", {"place": "nodays:3"}),
        ("Rome\ntoday", {"place": "Rome\ntoday"}),
    ],
)
def test_words_are_read(words: str, told: dict[str, Any]) -> None:
    assert arguments(WEATHER, words) == told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Rome days:many", {"place": "Rome", "Days": "many"}),
        ("Rome share:half", {"place": "Rome", "share": "half"}),
        ("Rome unit:Rankine", {"place": "Rome", "unit": "Rankine"}),
        ("Rome level:3", {"place": "Rome", "level": 3}),
    ],
)
def test_what_does_not_fit_is_left_to_the_tool_box(words: str, told: dict[str, Any]) -> None:
    assert arguments(WEATHER, words) == told


def test_words_without_a_name_go_to_the_next_parameter_that_is_open() -> None:
    assert arguments(DICE, "20") == {"sides": 20}
    assert arguments(WEATHER, "Kelvin place:Rome") == {"place": "Rome", "unit": "Kelvin"}


def test_words_that_no_parameter_is_open_for_are_told_as_such() -> None:
    assert arguments(BARE, "now") == {"now": "now"}
    assert arguments(DICE, "please sides:6") == {"sides": 6, "please": "please"}
    assert len(next(iter(arguments(BARE, "x" * 100)))) == 40


def test_arguments_come_in_the_order_of_the_parameters() -> None:
    assert list(arguments(WEATHER, "days:3 loud:no place:Rome")) == ["place", "Days", "loud"]


# Among the other commands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("weather Rome days:3", "Rome days:3"), ("WEATHER\nRome", "Rome"), ("weather", ""), (" weather  Rome", "Rome")],
)
def test_a_tool_is_ordered_by_its_name(text: str, value: str) -> None:
    assert read(text, TOOLS) == Order(None, value, tool=WEATHER)
    assert read(text) is None


def test_the_commands_of_the_house_are_read_as_ever() -> None:
    assert read("stop", TOOLS) == read("stop")
    assert read("weathering the storm", TOOLS) is None


def test_an_order_for_a_tool_is_an_ask_that_it_alone_answers() -> None:
    before = replace(an_ask("x"), addressed=False)
    order = Order(None, "Rome days:3", tool=WEATHER)
    ask = order.asked(before, order.value)
    assert (ask.text, ask.addressed, ask.alone) == ("/weather Rome days:3", True, True)
    assert ask.call == WEATHER.call({"place": "Rome", "days": "3"})
    assert Order(None, "", tool=BARE).asked(before, "").text == "/ping"


@pytest.mark.parametrize("deferred", [True, False])
def test_an_order_without_a_tool_asks_the_model(deferred: bool) -> None:
    before = replace(an_ask("x"), addressed=False)
    asked = Order(None, "why?", deferred=deferred).asked(before, "why?")
    assert asked == replace(before, text="why?", addressed=True, deferred=deferred)


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_the_list_ends_with_the_tools(locale: str) -> None:
    *lines, last = listed(locale, TOOLS).splitlines()
    assert "\n".join(lines) == listed(locale)
    assert last == texts.say("command_tools", locale, names="**/weather**, **/roll**, **/ping**")


def test_however_many_tools_there_are_help_fits_into_a_message_on_discord() -> None:
    many = {f"{number:032}": replace(BARE, name=f"{number:032}") for number in range(90)}
    said = texts.say("help", "en", commands=listed("en", many))
    assert len(said) <= 2_000
    assert f"**/{0:032}**" in said
    assert "…" in said.splitlines()[len(COMMANDS) + 1]


# In words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"place": "New York", "days": 3}, "/weather New York days:3"),
        ({"days": 3, "loud": True}, "/weather days:3 loud:true"),
        ({}, "/weather"),
    ],
)
def test_a_command_is_shown_as_one_would_write_it(given: dict[str, object], shown: str) -> None:
    assert WEATHER.shown(given) == shown


@pytest.mark.parametrize(
    ("command", "written"),
    [
        (
            WEATHER,
            "weather <place> [days:<number>] [unit:<Celsius|Kelvin>] [share:<number>] [level:<1|2>] [loud:<yes|no>]",
        ),
        (DICE, "roll [<sides>]"),
        (BARE, "ping"),
    ],
)
def test_how_a_command_is_written(command: ToolCommand, written: str) -> None:
    assert command.syntax == written


@given(
    st.sampled_from([WEATHER, DICE, BARE]), st.text(max_size=60) | st.from_regex(r"(\w+ |days:|place:|unit:\s){0,6}")
)
def test_any_words_give_a_call_whose_arguments_are_an_object(command: ToolCommand, words: str) -> None:
    told = arguments(command, words)
    assert bool(told) == bool(words.strip()) or ":" in words


@given(
    st.text("abc é北", min_size=1, max_size=20).map(str.strip).filter(bool),
    st.integers(-999, 999),
    st.sampled_from(["Celsius", "Kelvin"]),
)
def test_what_is_shown_is_read_as_it_was_given(place: str, days: int, unit: str) -> None:
    given = {"place": place, "days": days, "unit": unit}
    shown = WEATHER.shown(given).removeprefix("/weather ")
    assert WEATHER.call(WEATHER.read(shown)) == WEATHER.call(given)
