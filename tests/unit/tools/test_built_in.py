from __future__ import annotations

from pathlib import Path

import pytest

import bot.tools
from bot.tools.box import Toolbox
from bot.tools.registry import ToolFunction, discover

# Those that people do not call themselves.
SERVING = {"read_page", "search_conversation"}
NAMES = {"calculate", "time", "weather"} | SERVING
BUILT_IN = [item for item in discover() if item.name in NAMES]


def test_the_tools_that_ship_are_found() -> None:
    assert {item.name for item in BUILT_IN} == NAMES
    assert {item.name for item in Toolbox(BUILT_IN).commands} == NAMES - SERVING


@pytest.mark.parametrize("item", BUILT_IN, ids=lambda item: item.name)
def test_the_model_is_told_what_a_tool_and_each_of_its_arguments_is(item: ToolFunction) -> None:
    spec = item.spec
    assert 20 < len(spec.description) < 200
    for name, parameter in spec.parameters["properties"].items():
        assert parameter["description"], name
        assert "maximum" in parameter or "maxLength" in parameter, name


@pytest.mark.parametrize("item", BUILT_IN, ids=lambda item: item.name)
def test_a_tool_has_its_own_page_under_its_name(item: ToolFunction) -> None:
    folder = Path(bot.tools.__path__[0], item.body.__module__.rsplit(".", 1)[-1])
    assert (folder / "README.md").read_text("utf-8").startswith(f"# {item.name}\n")
