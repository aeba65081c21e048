from __future__ import annotations

from dataclasses import replace

import pytest

from bot import texts
from bot.choices import heeded
from bot.completion import ModelInfo, Thinking
from bot.messages import ControlKind
from tests.fixtures.command_desk import Desk
from tests.fixtures.stage import HERE

OFF, LOW, HIGH, MAX = Thinking
THINKER = ModelInfo("glm-one", 128_000, 8_000, images=False, providers=("zai",), thinking=(OFF, HIGH))
PLAIN = ModelInfo("glm-two", 128_000, 8_000, images=False, providers=("zai",))


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.offer.infos = (THINKER, PLAIN)
    return desk


async def chosen(desk: Desk, conversation: str = "talk", author: str = "ann") -> Thinking | None:
    return await desk.choices.chosen_thinking(conversation, HERE, author)


async def shown(desk: Desk, author: str = "ann") -> bool:
    return await desk.choices.shows_reasoning("talk", HERE, author)


async def set_to(desk: Desk, value: str, scope: str = "conversation") -> str:
    return await desk.as_moderator(ControlKind.THINKING, "ann", value=value, scope=scope)


# The level -----------------------------------------------------------------------------------------------------------


async def test_without_a_choice_a_model_thinks_as_little_as_it_can(desk: Desk) -> None:
    assert await chosen(desk) is None
    said = await desk.act(ControlKind.THINKING)
    assert texts.say("thinking_now", model="glm-one", level="off", levels="`off`, `high`") in said
    assert texts.say("reasoning_hidden") in said


@pytest.mark.parametrize("level", Thinking)
async def test_every_level_can_be_chosen_and_taken_back(desk: Desk, level: Thinking) -> None:
    assert texts.say("thinking_set", scope="This conversation", level=level) in await set_to(desk, level)
    assert await chosen(desk) is level
    assert await set_to(desk, "default") == texts.say("thinking_unset", scope="This conversation")
    assert await chosen(desk) is None


async def test_on_means_high(desk: Desk) -> None:
    assert "`high`" in await set_to(desk, "on")
    assert await chosen(desk) is HIGH


async def test_what_is_shown_is_what_the_model_in_use_makes_of_it(desk: Desk) -> None:
    await set_to(desk, "max")
    assert "`glm-one` thinks `high` here" in await desk.act(ControlKind.THINKING)


@pytest.mark.parametrize(("level", "taken"), [("low", "off"), ("max", "high")])
async def test_a_level_that_the_model_does_not_know_comes_with_the_one_that_it_takes(
    desk: Desk, level: str, taken: str
) -> None:
    assert (await set_to(desk, level)).endswith(texts.say("thinking_nearest", model="glm-one", level=taken))


async def test_a_level_that_the_model_knows_is_just_set(desk: Desk) -> None:
    assert await set_to(desk, "high") == texts.say("thinking_set", scope="This conversation", level="high")


async def test_a_model_that_cannot_be_told_is_said_to_be_one(desk: Desk) -> None:
    await desk.act(ControlKind.MODEL, value="glm-two", scope="me")
    free = texts.say("thinking_free", model="glm-two")
    assert (await desk.act(ControlKind.THINKING)).startswith(free)
    assert (await set_to(desk, "high")).endswith(free)


@pytest.mark.parametrize("value", ["much", "`" * 200, "OFF"])
async def test_an_unknown_level_is_refused_with_the_choices(desk: Desk, value: str) -> None:
    said = await desk.refused(ControlKind.THINKING, value=value, scope="me")
    assert "`off`, `low`, `high`, `max`" in said
    assert "```" not in said
    assert await chosen(desk) is None


# The scopes ----------------------------------------------------------------------------------------------------------


async def test_the_narrower_scope_wins(desk: Desk) -> None:
    for scope, level in (("server", "low"), ("me", "high"), ("channel", "max"), ("conversation", "off")):
        await set_to(desk, level, scope)
    assert await chosen(desk) is OFF
    assert await chosen(desk, "other") is MAX
    assert await chosen(desk, "other", "bob") is MAX


@pytest.mark.parametrize("value", ["high", "default", "show", "hide"])
@pytest.mark.parametrize("scope", ["channel", "server"])
async def test_the_scopes_of_all_are_for_who_manages_them(desk: Desk, scope: str, value: str) -> None:
    said = await desk.refused(ControlKind.THINKING, value=value, scope=scope)
    assert said == texts.say("may_not_manage", scope=texts.say(f"scope_{scope}"))
    assert (await chosen(desk), await shown(desk)) == (None, False)


async def test_a_level_of_a_later_version_is_passed_over(desk: Desk) -> None:
    await desk.store.set_setting("user/console/ann", "thinking", "frantic")
    await desk.store.set_setting("server/console/guild", "thinking", "low")
    assert await chosen(desk) is LOW


# Whether it is shown -------------------------------------------------------------------------------------------------


async def test_reasoning_is_shown_on_wish_only(desk: Desk) -> None:
    assert not await shown(desk)
    assert await set_to(desk, "show", "me") == texts.say("reasoning_show", scope="You")
    assert (await shown(desk), await shown(desk, "bob")) == (True, False)
    assert texts.say("reasoning_shown") in await desk.act(ControlKind.THINKING)


async def test_who_hides_it_does_not_see_what_all_others_see(desk: Desk) -> None:
    await set_to(desk, "show", "server")
    await set_to(desk, "hide", "me")
    assert (await shown(desk), await shown(desk, "bob")) == (False, True)


async def test_showing_it_changes_no_level(desk: Desk) -> None:
    await set_to(desk, "high")
    await set_to(desk, "show")
    assert await chosen(desk) is HIGH


async def test_sentences_are_in_the_language_of_the_actor(desk: Desk) -> None:
    said = await desk.act(ControlKind.THINKING, address=replace(HERE, locale="zh-CN"))
    assert texts.say("reasoning_hidden", "zh") in said


# What a model makes of a level ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "known", "taken"),
    [
        (None, (HIGH, LOW), LOW),
        (HIGH, (OFF, HIGH), HIGH),
        (LOW, (OFF, HIGH), OFF),
        (MAX, (OFF, LOW), LOW),
        (OFF, (MAX, HIGH), HIGH),
    ],
)
def test_a_model_takes_the_nearest_level_below_or_else_its_least(
    wanted: Thinking | None, known: tuple[Thinking, ...], taken: Thinking
) -> None:
    assert heeded(wanted, known) is taken
