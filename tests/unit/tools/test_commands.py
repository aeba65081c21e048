from __future__ import annotations

import inspect
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from bot.errors import OperatorError
from bot.tool_commands import Parameter, ToolCommand, Type
from bot.tools.commands import as_commands
from bot.tools.registry import Context, ToolBody, ToolFunction, discover, tool
from bot.vocabulary import NAMES


class Unit(Enum):
    METRE = "m"
    FOOT = "ft"


class Wordy(Enum):
    LONG = "x" * 101
    SHORT = "y"


def made(body: ToolBody, **options: Any) -> ToolFunction:
    return tool(command=True, **options)(body)


def only(body: ToolBody, **options: Any) -> ToolCommand:
    [command] = as_commands([made(body, **options)]).values()
    return command


def parameters(body: ToolBody) -> dict[str, Parameter]:
    return {parameter.name: parameter for parameter in only(body).parameters}


async def everything(
    context: Context,
    text: Annotated[str, Field(description="Some words", min_length=2, max_length=80, examples=["a b", "c d"])],
    whole: Annotated[int, Field(ge=1, lt=8)],
    number: Annotated[float, Field(gt=0, le=1)] = 0.5,
    flag: bool = False,
    word: Literal["one", "two"] = "one",
    level: Literal[1, 2] | None = None,
    unit: Unit = Unit.METRE,
    day: date | None = None,
    either: int | str = 0,
    many: list[str] = [],  # noqa: B006  # pydantic copies it
) -> None:
    """Takes everything."""


def test_the_type_of_an_argument_is_that_of_its_parameter() -> None:
    found = parameters(everything)
    assert {name: parameter.type for name, parameter in found.items()} == {
        **dict.fromkeys(["text", "word", "unit", "day", "either"], Type.TEXT),
        **dict.fromkeys(["whole", "level"], Type.WHOLE),
        "number": Type.NUMBER,
        "flag": Type.FLAG,
    }
    assert [name for name, parameter in found.items() if parameter.required] == ["text", "whole"]


def test_bounds_choices_and_examples_are_kept() -> None:
    found = parameters(everything)
    assert (found["text"].least, found["text"].most, found["text"].suggestions) == (2, 80, ("a b", "c d"))
    assert (found["whole"].least, found["whole"].most) == (1, 7)
    assert (found["number"].least, found["number"].most) == (None, 1)
    assert [found[name].choices for name in ("word", "level", "unit")] == [("one", "two"), (1, 2), ("m", "ft")]


def test_descriptions_are_those_of_the_arguments_and_fit() -> None:
    async def told(long: Annotated[str, Field(description="x" * 200)], some_thing: str) -> None:
        """Tells."""

    found = parameters(told)
    assert len(found["long"].description) == 100
    assert found["some_thing"].description == "some thing"


def test_what_is_needed_comes_first() -> None:
    async def keyed(*, maybe: int = 0, needed: str) -> None:
        """Is called by names."""

    assert [parameter.name for parameter in only(keyed).parameters] == ["needed", "maybe"]


def test_capitals_are_for_the_tool_alone() -> None:
    async def shout(Words: str) -> None:
        """Shouts."""

    command = only(shout, name="Shout")
    assert (command.name, command.tool) == ("shout", "Shout")
    [words] = command.parameters
    assert (words.name, words.argument) == ("words", "Words")


def test_a_choice_that_is_too_long_to_be_offered_can_be_written() -> None:
    async def pick(which: Wordy) -> None:
        """Picks."""

    assert parameters(pick)["which"].choices == ()


def test_only_tools_that_say_so_are_commands() -> None:
    @tool
    async def quiet() -> None:
        """Is for the model alone."""

    assert as_commands([quiet]) == {}


def test_the_built_in_tools_are_commands_by_their_names() -> None:
    assert as_commands(discover()).keys() >= {"weather", "time", "calculate"}


@pytest.mark.parametrize("name", NAMES)
def test_a_command_of_the_house_keeps_its_name(name: str) -> None:
    async def body() -> None:
        """Does something else."""

    with pytest.raises(OperatorError, match=f"the tool '{name}'.* already"):
        as_commands([made(body, name=name)])


async def listing(items: list[str]) -> None:
    """Takes a list."""


async def bare() -> None:
    """Takes nothing."""


async def twins(word: str, Word: str) -> None:
    """Takes two words."""


def with_choices(*sizes: int) -> ToolBody:
    async def chooser(**_: str) -> None:
        """Takes one of many."""

    names = [f"choice_{number}" for number in range(len(sizes))]
    hints = [Literal[tuple(f"{index:090}" for index in range(size))] for size in sizes]
    chooser.__annotations__ = dict(zip(names, hints, strict=True))
    chooser.__signature__ = inspect.Signature(  # pyright: ignore[reportFunctionMemberAccess]  # PEP 362
        [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    )
    return chooser


@pytest.mark.parametrize(
    ("body", "name", "problem"),
    [
        (listing, "", "cannot be given its parameter 'items'"),
        (bare, "x" * 33, "32 characters"),
        (twins, "", "capital letters"),
        (with_choices(*[1] * 26), "", "cannot be given its parameter 'choice_25'"),
        (with_choices(40, 40), "", "longer than 8000"),
    ],
)
def test_what_can_be_no_command_ends_the_start(body: ToolBody, name: str, problem: str) -> None:
    with pytest.raises(OperatorError, match=problem) as caught:
        as_commands([made(body, name=name)])
    assert "command=True" in str(caught.value)


def test_two_tools_whose_names_differ_by_capitals_clash() -> None:
    with pytest.raises(OperatorError, match="already"):
        as_commands([made(bare, name="ping"), made(bare, name="Ping")])


def test_there_are_no_more_commands_than_discord_takes() -> None:
    most = 100 - len(NAMES)
    assert len(as_commands([made(bare, name=f"tool{number}") for number in range(most)])) == most
    with pytest.raises(OperatorError, match=f"{most} at most"):
        as_commands([made(bare, name=f"tool{number}") for number in range(most + 1)])
