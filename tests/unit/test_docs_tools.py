"""The example in docs/howto/tools.md does what the page says."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any, cast

import httpx
import pytest

from bot.completion import ToolCall
from bot.messages import Address, Author
from bot.tools import registry
from bot.tools.box import RESULT_LIMIT, Toolbox
from bot.tools.commands import as_commands
from bot.tools.registry import GROUP, SECONDS, Context, ToolFunction, discover
from docs.generate import ROOT

PAGE = (ROOT / "docs" / "howto" / "tools.md").read_text("utf-8")
# Friday, 20 November 2026, 12:00 UTC.
NOON = 1_795_176_000.0


def block(language: str, number: int = 0) -> str:
    """One of the page's fenced blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[number]


@pytest.fixture
def module() -> ModuleType:
    """The first block as a module."""
    made = ModuleType("my_tools.calendar")
    exec(block("python"), vars(made))
    return made


@pytest.fixture
def example(module: ModuleType) -> ToolFunction:
    [found] = [value for value in vars(module).values() if isinstance(value, ToolFunction)]
    return found


@pytest.fixture
def context() -> Context:
    return Context(httpx.AsyncClient(), Address("console", "", "terminal"), Author("ann", "Ann"), "talk", NOON)


def test_the_example_is_told_to_the_model(example: ToolFunction) -> None:
    spec = Toolbox([example]).specs[0]
    assert (spec.name, spec.description) == ("days_until", "How long it is until a day.")
    properties = spec.parameters["properties"]
    assert list(properties) == ["day", "count"]
    assert properties["count"]["enum"] == ["days", "weeks"]
    assert spec.parameters["required"] == ["day"]


@pytest.mark.parametrize("line", block("text").splitlines())
async def test_a_call_of_the_page_gives_what_the_page_says(example: ToolFunction, context: Context, line: str) -> None:
    given, _, said = line.partition(" → ")
    name, words = given.removeprefix("/glm ").split(" ", 1)
    command = as_commands([example])[name]
    result = await Toolbox([example]).call(command.call(command.read(words)), context)
    assert (result.failure or result.text) == said


async def test_the_test_of_the_page_passes(module: ModuleType, context: Context) -> None:
    names = {**vars(module), "Toolbox": Toolbox, "ToolCall": ToolCall}
    exec(block("python", 1), names)
    tests = [cast("Any", value) for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 1
    await tests[0](context)


def test_the_entry_point_of_the_page_is_found(
    module: ModuleType, example: ToolFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(group, points)] = tomllib.loads(block("toml"))["project"]["entry-points"].items()
    assert group == GROUP
    [(name, target)] = points.items()
    monkeypatch.setitem(sys.modules, target, module)
    monkeypatch.setitem(sys.modules, target.partition(".")[0], ModuleType("my_tools"))

    def installed(*, group: str) -> list[EntryPoint]:
        return [EntryPoint(name, target, group)]

    monkeypatch.setattr(registry, "entry_points", installed)
    assert example in discover()


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    assert f"At most {RESULT_LIMIT:,} characters" in PAGE
    assert f"{SECONDS:g} seconds, or" in PAGE
