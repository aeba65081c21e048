from __future__ import annotations

import pytest

from adapters.console.inbound import HERE, read_line
from bot.messages import Ask, Author, Control, ControlKind
from bot.tool_commands import Parameter, ToolCommand, Type

ANN = Author("ann", "Ann")


def read(line: str) -> Ask | Control:
    return read_line(line, "s/1", ANN, 5.0)


@pytest.mark.parametrize(
    ("line", "text", "deferred"),
    [
        ("hello there\n", "hello there", False),
        ("/ask why?", "why?", False),
        ("/background why?", "why?", True),
        ("/etc/hosts is what?", "/etc/hosts is what?", False),
        ("stop", "stop", False),
    ],
)
def test_a_line_asks(line: str, text: str, deferred: bool) -> None:
    assert read(line) == Ask("console/s/1", "console/ann", HERE, ANN, text, 5.0, "s/1", deferred=deferred)


def test_a_line_calls_a_tool() -> None:
    place = Parameter("place", "place", Type.TEXT, "A town", required=True)
    weather = ToolCommand("weather", "weather", "The weather", (place,))
    ask = read_line("/weather New York\n", "s/1", ANN, 5.0, {"weather": weather})
    assert isinstance(ask, Ask)
    assert (ask.text, ask.alone, ask.call) == ("/weather New York", True, weather.call({"place": "New York"}))
    assert read("/weather New York") == Ask("console/s/1", "console/ann", HERE, ANN, "/weather New York", 5.0, "s/1")


@pytest.mark.parametrize(
    ("line", "kind", "value", "scope"),
    [
        ("/stop\n", ControlKind.STOP, "", "conversation"),
        ("/model GLM-4.6", ControlKind.MODEL, "glm-4.6", "conversation"),
        ("/thinking high for me", ControlKind.THINKING, "high", "me"),
        ("/usage", ControlKind.USAGE, "", "conversation"),
        ("/jobs cancel 12", ControlKind.JOBS, "12", "conversation"),
        ("/ask", ControlKind.HELP, "", "conversation"),
    ],
)
def test_a_line_is_a_command(line: str, kind: ControlKind, value: str, scope: str) -> None:
    control = Control(f"console/s/1/{kind}", kind, "console/ann", HERE, ANN, value=value, scope=scope)
    assert read(line) == control
