"""Who the bot is: chosen like the model, and said to the model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import prompt, texts
from bot.choices import scope_keys
from bot.completion import Message, Role
from bot.messages import ControlKind, History, Turn
from bot.personas import DEFAULT_PERSONA, Persona, personas
from tests.fixtures.command_desk import Desk
from tests.fixtures.stage import HERE, a_control, an_ask, moderator

PERSONA = ControlKind.PERSONA
SCOPES = list(scope_keys("talk", HERE, "ann"))


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def chosen(desk: Desk, author: str = "ann") -> Persona | None:
    return await desk.choices.chosen_persona("talk", HERE, author)


async def test_all_are_shown_with_what_they_are_in_the_language_of_the_actor(desk: Desk) -> None:
    said = await desk.act(PERSONA)
    assert said.splitlines()[0] == texts.say("persona_now", persona="default")
    assert said.splitlines()[1:] == [f"`{name}` {persona.description}" for name, persona in personas().items()]
    chinese = await desk.act(PERSONA, address=replace(HERE, locale="zh-CN"))
    assert all(persona.chinese in chinese for persona in personas().values())


@pytest.mark.parametrize("scope", SCOPES)
async def test_each_scope_can_be_set_and_unset_and_that_is_noted(desk: Desk, scope: str) -> None:
    assert await chosen(desk) is None
    control = replace(a_control(PERSONA, value="tutor", scope=scope), actor=moderator("ann"))
    said = await desk.commands.act(control)
    assert said.text == texts.say("persona_set", scope=texts.say(f"scope_{scope}"), persona="tutor")
    assert await chosen(desk) == personas()["tutor"]
    assert texts.say("persona_now", persona="tutor") in await desk.act(PERSONA)
    await desk.commands.act(replace(control, value="default"))
    assert await chosen(desk) is None
    changes = await desk.store.changes(scope_keys("talk", HERE, "ann")[scope])
    assert [(change.actor, change.before, change.after) for change in changes] == [
        ("console/ann", "tutor", None),
        ("console/ann", None, "tutor"),
    ]


async def test_the_narrower_scope_wins_and_others_are_not_concerned(desk: Desk) -> None:
    for value, scope in (("tutor", "me"), ("concise", "conversation")):
        await desk.act(PERSONA, value=value, scope=scope)
    assert await chosen(desk) == personas()["concise"]
    assert await desk.choices.chosen_persona("other", HERE, "ann") == personas()["tutor"]
    assert await desk.choices.chosen_persona("other", HERE, "bob") is None


@pytest.mark.parametrize("scope", ["channel", "server"])
async def test_places_are_for_those_who_manage_them(desk: Desk, scope: str) -> None:
    said = await desk.refused(PERSONA, value="tutor", scope=scope)
    assert said == texts.say("may_not_manage", scope=texts.say(f"scope_{scope}"))


async def test_there_may_be_no_persona_of_that_name(desk: Desk) -> None:
    assert "`nobody`" in await desk.refused(PERSONA, value="nobody", scope="me")
    await desk.store.set_setting("user/console/ann", "persona", "gone")
    assert await chosen(desk) is None


# In the prompt -------------------------------------------------------------------------------------------------------


def rules(instructions: str = "", persona: Persona | None = None) -> str:
    """What the model is told first."""
    turn, asked = Turn(1, "talk", (an_ask(),), 0.0), Message(Role.USER, "hello")
    messages = prompt.build(turn, asked, History(), instructions=instructions, budget=4_000, now=0.0, persona=persona)
    return messages[0].content


def test_without_a_choice_it_is_the_default_below_our_own_instructions() -> None:
    plain = personas()[DEFAULT_PERSONA].instructions
    assert plain in rules()
    assert plain not in rules("Speak like a pirate.")


@pytest.mark.parametrize("name", personas())
@pytest.mark.parametrize("instructions", ["", "Speak like a pirate."])
def test_who_was_chosen_speaks_below_any_instructions(name: str, instructions: str) -> None:
    said = rules(instructions, personas()[name])
    others = [other for other, persona in personas().items() if persona.instructions.strip() in said]
    assert others == [name]
    assert said.startswith(instructions)
