from __future__ import annotations

from dataclasses import replace

import pytest

from bot import texts
from bot.choices import scope_keys
from bot.errors import UserError
from bot.messages import Address, ControlKind
from tests.fixtures.command_desk import Desk
from tests.fixtures.model import MODELS
from tests.fixtures.stage import HERE, a_control, moderator

SCOPES = tuple(scope_keys("talk", HERE, "ann"))


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_without_a_choice_it_is_the_default(desk: Desk) -> None:
    assert await desk.model() == "glm-one"
    shown = await desk.act(ControlKind.MODEL)
    assert shown == texts.say("model_now", model="glm-one", models="`glm-one`, `glm-two`")


@pytest.mark.parametrize("scope", SCOPES)
async def test_each_scope_can_be_set_and_unset(desk: Desk, scope: str) -> None:
    chosen = a_control(ControlKind.MODEL, value="glm-two", scope=scope)
    said = await desk.commands.act(replace(chosen, actor=moderator("ann")))
    assert said.text == texts.say("model_set", scope=texts.say(f"scope_{scope}"), model="glm-two")
    assert await desk.model() == "glm-two"
    back = replace(chosen, value="default", actor=moderator("ann"))
    assert "glm-one" in (await desk.commands.act(back)).text
    assert await desk.model() == "glm-one"


@pytest.mark.parametrize("index", range(1, len(SCOPES)))
async def test_the_narrower_scope_wins(desk: Desk, index: int) -> None:
    for scope, value in ((SCOPES[index], "glm-one"), (SCOPES[index - 1], "glm-two")):
        control = a_control(ControlKind.MODEL, value=value, scope=scope)
        await desk.commands.act(replace(control, actor=moderator("ann")))
    assert await desk.model() == "glm-two"


async def test_my_choice_is_mine_wherever_i_am(desk: Desk) -> None:
    await desk.act(ControlKind.MODEL, value="glm-two", scope="me")
    assert await desk.model("elsewhere", Address("console", "", "direct")) == "glm-two"
    assert await desk.model(author="bob") == "glm-one"


@pytest.mark.parametrize("scope", ["channel", "server"])
async def test_the_scopes_of_all_are_for_who_manages_them(desk: Desk, scope: str) -> None:
    said = await desk.refused(ControlKind.MODEL, value="glm-two", scope=scope)
    assert said == texts.say("may_not_manage", scope=texts.say(f"scope_{scope}"))
    assert await desk.model() == "glm-one"


async def test_a_direct_message_has_no_channel_and_no_server() -> None:
    assert list(scope_keys("talk", Address("console", "", "direct"), "ann")) == ["conversation", "me"]


@pytest.mark.parametrize("scope", ["channel", "server", "nonsense", ""])
async def test_a_scope_that_is_not_there_is_refused(desk: Desk, scope: str) -> None:
    control = a_control(ControlKind.MODEL, value="glm-two", scope=scope)
    direct = replace(control, address=Address("console", "", "direct"), actor=moderator("ann"))
    with pytest.raises(UserError) as error:
        await desk.commands.act(direct)
    assert str(error.value) == texts.say("no_conversation")


async def test_an_unknown_model_is_refused_with_the_choices(desk: Desk) -> None:
    said = await desk.refused(ControlKind.MODEL, value="gpt`" * 100, scope="me")
    assert "`glm-one`, `glm-two`" in said
    assert "``" not in said
    assert len(said) < 300


async def test_a_choice_that_no_provider_offers_any_more_is_passed_over(desk: Desk) -> None:
    await desk.act(ControlKind.MODEL, value="glm-two", scope="me")
    desk.offer.infos = MODELS[:1]
    assert await desk.model() == "glm-one"
