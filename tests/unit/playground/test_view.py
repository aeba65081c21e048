"""How messages look in a terminal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from playground import view
from playground.discord import messages
from playground.discord.model import Json, Message, MessageFlag
from playground.discord.server import DiscordStandIn

STOP: list[Json] = [
    {"type": 1, "components": [{"type": 2, "style": 4, "label": "Stop", "custom_id": "any:stop"}]},
    {"type": 1, "components": [{"type": 2, "style": 5, "label": "Web", "url": "https://example.org"}]},
]


@pytest.fixture
async def discord() -> AsyncIterator[DiscordStandIn]:
    async with DiscordStandIn() as stand_in:
        yield stand_in


def drawn(what: RenderableType, width: int = 60) -> str:
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(what)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def answer(discord: DiscordStandIn, text: str, components: list[Json] | None = None, flags: int = 0) -> Message:
    draft = messages.Draft(discord.bot_user, text, components=components or [], flags=flags)
    return messages.post(discord.service, discord.channel("general"), draft)


def test_a_card_says_who_where_what_and_which_buttons(discord: DiscordStandIn) -> None:
    message = answer(discord, "**Hello**", STOP)
    assert drawn(view.card(message, discord.world)) == "glimmer  #general\n  Hello\n  [Stop: /click stop]\n"
    assert view.is_growing(message)


def test_a_finished_message_does_not_grow(discord: DiscordStandIn) -> None:
    assert not view.is_growing(answer(discord, "done"))


def test_a_deferred_answer_grows_and_says_that_it_is_awaited(discord: DiscordStandIn) -> None:
    message = answer(discord, "", flags=MessageFlag.LOADING | MessageFlag.EPHEMERAL)
    assert view.is_growing(message)
    assert drawn(view.card(message, discord.world)) == "glimmer  #general (only you see this)\n  is thinking…\n"


async def test_mentions_are_names_and_wrapped_lines_keep_the_margin(discord: DiscordStandIn) -> None:
    said = await discord.person("alice").mention(discord.channel("general"), "one two three four five")
    shown = drawn(view.card(said, discord.world, remark="edited"), width=20).splitlines()
    assert [line.rstrip() for line in shown[-2:]] == ["  @glimmer one two", "  three four five"]
    assert "(edited)" in drawn(view.card(said, discord.world, remark="edited"))


async def test_places_are_called_as_people_call_them(discord: DiscordStandIn) -> None:
    alice, general = discord.person("alice"), discord.channel("general")
    thread = await alice.open_thread(await alice.say(general, "x"), "A name that is rather long for a line")
    called = [view.where(place, discord.world) for place in (general, thread, alice.dm_channel)]
    assert called == ["#general", "#general › A name that is rather long…", "DM"]


@pytest.mark.parametrize(
    ("source", "shown", "styles"),
    [
        ("## A title", "A title", {"bold underline"}),
        ("-# small", "small", {"dim"}),
        ("> quoted", "> quoted", {"italic"}),
        ("a **b** c", "a b c", {"bold"}),
        ("an *i* and _j_", "an i and j", {"italic"}),
        ("~~gone~~", "gone", {"strike"}),
        ("`**code**`", "**code**", {"cyan"}),
        ("snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4", set[str]()),
        ("[here](https://example.org)", "[here](https://example.org)", {"underline"}),
        ("#hash", "#hash", set[str]()),
    ],
)
def test_marks_become_styles(source: str, shown: str, styles: set[str]) -> None:
    text = view.markdown(source)
    assert text.plain == shown
    assert {str(span.style) for span in text.spans} - {""} == styles


def test_nothing_is_a_mark_inside_of_a_code_block() -> None:
    source = "````py\n# **x**\n```\n````\n# y"
    assert view.markdown(source).plain == "````py\n# **x**\n```\n````\ny"


@given(st.text())
def test_no_text_can_drive_the_terminal(text: str) -> None:
    shown = view.plain(text, DiscordStandIn().world)
    assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in shown)


@given(st.text(alphabet="`~*_#->[]() \nab", max_size=80))
def test_any_text_can_be_drawn(text: str) -> None:
    assert drawn(view.Indented(view.markdown(text)), width=20) is not None
