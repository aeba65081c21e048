from __future__ import annotations

from dataclasses import replace

import pytest

from bot.completion import Media, MediaKind, Message, Role, ToolCall
from bot.marking import quoted
from bot.tools.box import Toolbox
from bot.tools.calculator import calculate
from bot.tools.permits import holds_foreign, needs_approval
from bot.tools.read_page import read_page
from bot.tools.registry import tool


@tool
async def looks() -> str:
    """Looks at something."""
    return ""


@tool(effects=True, foreign=False)
async def changes() -> str:
    """Changes something."""
    return ""


@tool(approval=True)
async def sells() -> str:
    """Sells something."""
    return ""


BOX = Toolbox([looks, changes, sells, calculate, read_page])
ASKED = Message(Role.USER, "[Ann]: hello")


@pytest.mark.parametrize("foreign", [True, False])
def test_what_changes_nothing_may_always_be_called(foreign: bool) -> None:
    assert not needs_approval(looks, foreign=foreign)


def test_what_changes_something_may_be_called_while_no_stranger_has_spoken() -> None:
    assert not needs_approval(changes, foreign=False)
    assert needs_approval(changes, foreign=True)


@pytest.mark.parametrize("foreign", [True, False])
def test_what_is_made_so_must_be_allowed_each_time(foreign: bool) -> None:
    assert needs_approval(sells, foreign=foreign)


@pytest.mark.parametrize(
    ("message", "foreign"),
    [
        (ASKED, False),
        (Message(Role.USER, f"{quoted('Eve', 'x')}\n\n[Ann]: hello"), True),
        (Message(Role.SYSTEM, f"Be kind.\n\n{quoted('summary', 'x')}"), True),
        (replace(ASKED, media=(Media(MediaKind.IMAGE, data=b"x"),)), True),
        (Message(Role.ASSISTANT, "", (ToolCall("1", "looks", "{}"),)), True),
        (Message(Role.ASSISTANT, "", (ToolCall("1", "read_page", "{}"),)), True),
        (Message(Role.ASSISTANT, "", (ToolCall("1", "gone", "{}"),)), True),
        (Message(Role.ASSISTANT, "", (ToolCall("1", "calculate", "{}"),)), False),
        (Message(Role.TOOL, quoted("tool calculate", "4"), tool_call_id="1"), False),
    ],
)
def test_strangers_have_a_say_by_what_is_quoted_seen_or_given_by_tools(message: Message, foreign: bool) -> None:
    assert holds_foreign([ASKED, message], BOX.find) == foreign
