from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Annotated, Any

import httpx
import pytest
from pydantic import Field
from structlog.testing import capture_logs

from bot.completion import ToolCall
from bot.errors import OperatorError, ServiceError, UserError
from bot.messages import Address, Author
from bot.tools.box import RESULT_LIMIT, TOOLS, Toolbox
from bot.tools.registry import Context, ToolFunction, discover, tool
from tests.fixtures.virtually import virtually

CONTEXT = Context(httpx.AsyncClient(), Address("console", "", "terminal"), Author("ann", "Ann"), "talk", 0.0)


@tool(command=True)
async def weather(
    context: Context, place: Annotated[str, Field(description="A town")], days: Annotated[int, Field(ge=1, le=7)] = 1
) -> object:
    """The weather at a place.

    More for the reader of the code.
    """
    return {"place": place, "days": days, "asked by": context.author.name}


def giving(value: object) -> ToolFunction:
    @tool(name="giver")
    async def giver() -> object:
        """Gives something."""
        if isinstance(value, Exception):
            raise value
        return value

    return giver


async def called(function: ToolFunction, arguments: str = "{}") -> tuple[str, bool]:
    result = await Toolbox([function]).call(ToolCall("1", function.name, arguments), CONTEXT)
    return result.text, result.failed


def test_a_tool_is_told_by_its_name_docstring_and_signature() -> None:
    spec = weather.spec
    assert (spec.name, spec.description) == ("weather", "The weather at a place.")
    assert spec.parameters["required"] == ["place"]
    assert spec.parameters["properties"]["place"] == {"description": "A town", "type": "string"}
    assert spec.parameters["properties"]["days"]["maximum"] == 7
    assert "context" not in spec.parameters["properties"]
    assert spec.parameters["additionalProperties"] is False


async def test_a_call_gets_its_arguments_and_the_context() -> None:
    text, failed = await called(weather, '{"place": "北京"}')
    assert json.loads(text) == {"place": "北京", "days": 1, "asked by": "Ann"}
    assert "北京" in text
    assert not failed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("{", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ("{}", "place"),
        ('{"place": 5}', "place"),
        ('{"place": "x", "days": 9}', "days"),
        ('{"place": "x", "more": 1}', "more"),
    ],
)
async def test_arguments_that_do_not_fit_are_told_to_the_model(arguments: str, words: str) -> None:
    text, failed = await called(weather, arguments)
    assert failed
    assert words in json.loads(text)["error"]


@pytest.mark.parametrize("arguments", ['"{\\"place\\": \\"x\\"}"', '{"place": "x"}'])
async def test_an_object_that_was_encoded_twice_is_read(arguments: str) -> None:
    assert not (await called(weather, arguments))[1]


@pytest.mark.parametrize("arguments", ["", "null", "{}"])
async def test_no_arguments_are_none(arguments: str) -> None:
    assert await called(giving("fine"), arguments) == ("fine", False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("words", "words"),
        ("", "(no result)"),
        (None, "(no result)"),
        ({"a": [1, None]}, '{"a": [1, null]}'),
        (3.5, "3.5"),
    ],
)
async def test_what_a_tool_gives_becomes_text(value: object, text: str) -> None:
    assert await called(giving(value)) == (text, False)


@pytest.mark.parametrize("value", [b"bytes", float("nan"), {"x": float("inf")}, object(), {1, 2}])
async def test_what_is_no_text_is_a_failure_told_to_the_model(value: object, silence: None) -> None:
    text, failed = await called(giving(value))
    assert failed
    assert "the tool failed" in json.loads(text)["error"]


async def test_a_large_result_is_cut_and_says_so() -> None:
    text, failed = await called(giving("x" * 5_000_000))
    assert len(text) == RESULT_LIMIT
    assert text.endswith("[cut here: the result goes on]")
    assert not failed


@pytest.mark.parametrize("error", [UserError("no such town"), ServiceError("the service is down")])
async def test_what_a_tool_says_on_purpose_reaches_the_model(error: Exception) -> None:
    text, failed = await called(giving(error))
    assert failed
    assert json.loads(text)["error"] == str(error)


async def test_what_a_tool_raises_otherwise_stays_with_us(silence: None) -> None:
    text, failed = await called(giving(RuntimeError("secret")))
    assert failed
    assert "secret" not in text


@virtually
async def test_a_tool_that_hangs_is_given_up() -> None:
    @tool(seconds=3)
    async def sleeper() -> None:
        """Never ends."""
        await asyncio.Event().wait()

    text, failed = await called(sleeper)
    assert failed
    assert "within 3 seconds" in text


@pytest.mark.parametrize(
    "ending", [SystemExit, KeyboardInterrupt, GeneratorExit, BaseException, asyncio.CancelledError]
)
async def test_a_tool_that_ends_the_program_ends_itself_only(ending: type[BaseException]) -> None:
    @tool
    async def leaver() -> None:
        """Ends the program."""
        raise ending

    text, failed = await called(leaver)
    assert failed
    assert f"the tool failed ({ending.__name__})" in text


async def test_an_unknown_tool_is_told_to_the_model() -> None:
    result = await Toolbox([weather]).call(ToolCall("1", "wether", "{}"), CONTEXT)
    assert result.failed
    assert "weather" in result.text


@pytest.mark.parametrize(
    ("arguments", "label"),
    [
        *[('{"place": "Beijing"}', "weather · Beijing"), ('{"place": ""}', "weather"), ("{}", "weather")],
        *[("{", "weather"), ('{"place": "\\ud800"}', "weather · ?")],
    ],
)
def test_people_see_what_a_call_is_about(arguments: str, label: str) -> None:
    assert Toolbox([weather]).label(ToolCall("1", "weather", arguments)) == label


def test_a_tool_without_a_docstring_is_the_operators_mistake() -> None:
    async def silent() -> None: ...

    with pytest.raises(OperatorError, match="docstring"):
        tool(silent)


def test_a_tool_that_would_block_the_loop_is_the_operators_mistake() -> None:
    def blocking() -> None:
        """Waits."""

    with pytest.raises(OperatorError, match="async def"):
        tool(blocking)  # pyright: ignore[reportArgumentType]  # that is the mistake


def test_a_parameter_without_a_type_is_the_operators_mistake() -> None:
    async def untyped(place) -> None:  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]  # that is the mistake
        """Something."""

    with pytest.raises(OperatorError, match="'place' needs a type"):
        tool(untyped)  # pyright: ignore[reportUnknownArgumentType]  # that is the mistake


def test_only_tools_that_are_commands_are_offered_to_people() -> None:
    box = Toolbox([weather, giving("x")])
    assert [item.name for item in box.commands] == ["weather"]
    assert {spec.name for spec in box.specs} == {"weather", "giver"}


def test_tools_are_found_in_the_package() -> None:
    names: list[Any] = [item.name for item in discover()]
    assert names == sorted(names)


def named(*names: str) -> list[ToolFunction]:
    return [replace(weather, name=name) for name in names]


def offered(box: Toolbox) -> list[str]:
    return [spec.name for spec in box.specs]


async def test_a_source_offers_tools_anew_while_the_box_is_in_use() -> None:
    box = Toolbox([weather])
    box.offer("wiki", named("a", "b"))
    assert offered(box) == ["weather", "a", "b"]
    assert not (await box.call(ToolCall("1", "a", '{"place": "x"}'), CONTEXT)).failed
    box.offer("wiki", named("b", "c"))
    assert offered(box) == ["weather", "b", "c"]
    assert (await box.call(ToolCall("1", "a", '{"place": "x"}'), CONTEXT)).failed
    box.offer("wiki", ())
    assert offered(box) == ["weather"]


def test_where_names_clash_the_boxs_own_tools_come_first_and_then_the_first_source() -> None:
    box = Toolbox([weather])
    for source in ("one", "two"):
        box.offer(source, ())
    second, first = named("weather", "same"), named("same")
    box.offer("two", second)
    assert box.find("same") is second[1]
    box.offer("one", first)
    assert box.find("same") is first[0]
    assert box.find("weather") is weather
    box.offer("one", ())
    assert box.find("same") is second[1]


def test_a_tool_is_said_to_be_left_out_once() -> None:
    box = Toolbox([weather])
    with capture_logs() as logs:
        for _ in range(3):
            box.offer("wiki", named("weather", "a"))
    assert logs == [{"event": "tool.left_out", "tool": "weather", "source": "wiki", "log_level": "warning"}]


def test_no_more_tools_are_offered_than_a_request_may_have() -> None:
    box = Toolbox([weather])
    with capture_logs() as logs:
        box.offer("wiki", named(*(f"tool{number}" for number in range(TOOLS + 1))))
    assert len(box.specs) == TOOLS
    assert {entry["tool"] for entry in logs} == {f"tool{TOOLS - 1}", f"tool{TOOLS}"}
