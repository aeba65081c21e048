"""Tools that are switched on and off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import texts
from bot.choices import scope_keys
from bot.completion import Tool
from bot.messages import Author, Control, ControlKind
from bot.rulebooks import Operator, Rulebooks
from bot.tool_choices import WEB_SEARCH, ToolChoices
from tests.fixtures.command_desk import Desk
from tests.fixtures.stage import HERE, a_control, moderator

TOOLS = ControlKind.TOOLS
SCOPES = list(scope_keys("talk", HERE, "ann"))


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def usable(desk: Desk, author: str = "ann", conversation: str = "talk") -> list[str]:
    found = await desk.tool_choices.usable(conversation, HERE, Author(author, author.title()))
    return [tool.name for tool in found]


def by_moderator(value: str, scope: str) -> Control:
    return replace(a_control(TOOLS, value=value, scope=scope), actor=moderator("ann"))


async def test_all_are_on_and_listed_with_what_they_do(desk: Desk) -> None:
    assert await usable(desk) == ["weather", "time"]
    listed = "`weather` (on): The weather\n`time` (on): What time it is"
    assert await desk.act(TOOLS) == "\n".join([texts.say("tools_list"), listed, texts.say("tools_how")])


@pytest.mark.parametrize("scope", SCOPES)
async def test_each_scope_switches_a_tool_and_that_is_noted(desk: Desk, scope: str) -> None:
    said = await desk.commands.act(by_moderator("off weather", scope))
    assert said.text == texts.say("tools_off", scope=texts.say(f"scope_{scope}"), tool="weather")
    assert await usable(desk) == ["time"]
    assert "`weather` (off)" in await desk.act(TOOLS)
    await desk.commands.act(by_moderator("on weather", scope))
    assert await usable(desk) == ["weather", "time"]
    changes = await desk.store.changes(scope_keys("talk", HERE, "ann")[scope])
    assert [(change.actor, change.after) for change in changes] == [("console/ann", None), ("console/ann", "weather")]


async def test_those_that_somebody_may_use_can_be_named_also_while_they_are_off(desk: Desk) -> None:
    ann = Author("ann", "Ann")
    await desk.act(TOOLS, value="off time", scope="me")
    assert await desk.tool_choices.names(HERE, ann) == ["weather", "time"]
    await desk.commands.act(
        replace(a_control(ControlKind.ACCESS, value="deny user:ann tool:weather"), actor=moderator("mona"))
    )
    assert await desk.tool_choices.names(HERE, ann) == ["time"]
    assert await desk.tool_choices.names(HERE, Author("bob", "Bob")) == ["weather", "time"]


async def test_what_is_off_anywhere_is_off(desk: Desk) -> None:
    await desk.commands.act(by_moderator("off weather", "server"))
    await desk.act(TOOLS, value="off time", scope="me")
    await desk.act(TOOLS, value="on weather", scope="conversation")
    assert await usable(desk) == []
    assert await usable(desk, "bob") == ["time"]


@pytest.mark.parametrize("scope", ["channel", "server"])
async def test_places_are_for_those_who_manage_them(desk: Desk, scope: str) -> None:
    said = await desk.refused(TOOLS, value="off weather", scope=scope)
    assert said == texts.say("may_not_manage", scope=texts.say(f"scope_{scope}"))
    assert await usable(desk) == ["weather", "time"]


async def test_what_somebody_may_not_use_is_off_for_them(desk: Desk) -> None:
    address = HERE
    control = a_control(ControlKind.ACCESS, "root", value="deny user:ann tool:weather", address=address)
    await desk.commands.act(control)
    assert await usable(desk) == ["time"]
    assert await usable(desk, "bob") == ["weather", "time"]


@pytest.mark.parametrize("value", ["off", "on", "weather", "maybe weather"])
async def test_what_makes_no_sense_is_explained(desk: Desk, value: str) -> None:
    assert await desk.refused(TOOLS, value=value, scope="me") == texts.say("tools_how")


async def test_an_unknown_one_can_be_switched_on_again_but_not_off(desk: Desk) -> None:
    assert await desk.refused(TOOLS, value="off nothing", scope="me") == texts.say("tools_unknown", tool="nothing")
    await desk.act(TOOLS, value="off time", scope="me")
    desk.toolbox = desk.toolbox[:1]
    await desk.act(TOOLS, value="on time", scope="me")
    assert await desk.store.settings("tools", ("user/console/ann",)) == {}


async def test_a_long_list_fits_into_a_message_and_none_is_said(desk: Desk) -> None:
    desk.toolbox = tuple(Tool(f"tool_{number}", "does something " * 20, {}) for number in range(128))
    said = await desk.act(TOOLS)
    assert len(said) < 2_000
    assert "\n…\n" in said
    desk.toolbox = ()
    assert await desk.act(TOOLS) == texts.say("tools_none")
    assert await usable(desk) == []


# One that is off until it is switched on ------------------------------------------------------------------------------


@pytest.fixture
def costly(desk: Desk) -> ToolChoices:
    """The choices with the search of the web, which nobody has switched on."""
    books = Rulebooks(desk.store, Operator(frozenset({"root"})))
    return ToolChoices(desk.store, desk.choices, books, lambda: (*desk.toolbox, WEB_SEARCH), (WEB_SEARCH.name,))


async def searches(choices: ToolChoices, author: str = "ann") -> bool:
    """Whether the web is searched for somebody; the other tools are on."""
    found = await choices.usable("talk", HERE, Author(author, author.title()))
    assert [tool.name for tool in found[:2]] == ["weather", "time"]
    return WEB_SEARCH in found


async def test_a_search_is_off_until_it_is_switched_on(costly: ToolChoices) -> None:
    assert not await searches(costly)
    listed = await costly.act(a_control(TOOLS))
    assert f"`web_search` (off): {WEB_SEARCH.description}" in listed


@pytest.mark.parametrize("scope", SCOPES)
async def test_each_scope_switches_a_search_on_and_off_again(desk: Desk, costly: ToolChoices, scope: str) -> None:
    said = await costly.act(by_moderator("on web_search", scope))
    assert said == texts.say("tools_on_here", scope=texts.say(f"scope_{scope}"), tool="web_search")
    assert await searches(costly)
    assert "`web_search` (on)" in await costly.act(a_control(TOOLS))
    said = await costly.act(by_moderator("off web_search", scope))
    assert said == texts.say("tools_off", scope=texts.say(f"scope_{scope}"), tool="web_search")
    assert not await searches(costly)
    changes = await desk.store.changes(scope_keys("talk", HERE, "ann")[scope])
    assert [change.after for change in changes] == ["web_search", "+web_search"]


async def test_a_search_is_on_for_those_only_who_have_switched_it_on(costly: ToolChoices) -> None:
    await costly.act(a_control(TOOLS, value="on web_search", scope="me"))
    assert await searches(costly)
    assert not await searches(costly, "bob")


async def test_a_search_that_is_off_in_any_scope_is_off(costly: ToolChoices) -> None:
    await costly.act(by_moderator("off web_search", "server"))
    await costly.act(a_control(TOOLS, value="on web_search", scope="me"))
    assert not await searches(costly)


async def test_the_switches_of_one_scope_do_not_forget_each_other(desk: Desk, costly: ToolChoices) -> None:
    for value in ("off weather", "on web_search", "off time", "on weather"):
        await costly.act(a_control(TOOLS, value=value, scope="me"))
    assert await desk.store.settings("tools", ("user/console/ann",)) == {"user/console/ann": "+web_search,time"}


async def test_who_may_not_search_cannot_switch_it_on(desk: Desk, costly: ToolChoices) -> None:
    await desk.commands.act(a_control(ControlKind.ACCESS, "root", value="deny user:ann tool:web_search", address=HERE))
    await costly.act(by_moderator("on web_search", "server"))
    assert not await searches(costly)
    assert await searches(costly, "bob")


async def test_where_the_operator_has_it_on_it_is_a_tool_like_any_other(desk: Desk) -> None:
    books = Rulebooks(desk.store, Operator())
    choices = ToolChoices(desk.store, desk.choices, books, lambda: (*desk.toolbox, WEB_SEARCH))
    assert await searches(choices)
    await choices.act(a_control(TOOLS, value="off web_search", scope="me"))
    assert not await searches(choices)
    await choices.act(a_control(TOOLS, value="on web_search", scope="me"))
    assert await desk.store.settings("tools", ("user/console/ann",)) == {}
