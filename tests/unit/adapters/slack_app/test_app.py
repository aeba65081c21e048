"""The adapter as a whole, where no contract of all platforms says what must hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from adapters.slack_app.app import SlackAdapter, SlackSettings, workspace_of
from adapters.slack_app.client import GUESSES
from bot import texts
from bot.messages import Ask, Turn
from bot.pacing import Governor
from playground.slack.server import SlackStandIn
from tests.fixtures.platforms import Recorder

PATIENCE = 10.0


@asynccontextmanager
async def running(place: SlackStandIn, inbox: Recorder) -> AsyncGenerator[SlackAdapter]:
    governor = Governor(overall=None, guesses=GUESSES, sharing=(), headers=False)
    settings = SlackSettings(place.bot_token, place.app_token, "", place.url)
    adapter = SlackAdapter(settings, governor, model_names=["glm"])
    task = asyncio.create_task(adapter.run(inbox))
    try:
        await place.connected(PATIENCE)
        yield adapter
    finally:
        await adapter.close()
        await asyncio.wait_for(task, PATIENCE)


@pytest.fixture
async def place() -> AsyncGenerator[SlackStandIn]:
    async with SlackStandIn() as stand_in:
        yield stand_in
        assert stand_in.violations == []


def reactions_called(place: SlackStandIn) -> list[str]:
    return [call.method for call in place.calls if call.method.startswith("reactions")]


def turn_of(*asks: Ask) -> Turn:
    return Turn(1, asks[0].conversation, asks, since=asks[0].at)


async def test_the_marks_go_when_the_answer_to_what_waited_begins(place: SlackStandIn) -> None:
    inbox = Recorder()
    async with running(place, inbox) as adapter:
        ann, general = place.person("ann"), place.channel("general")
        questions = [await ann.mention(general, text) for text in ("one", "two", "three")]
        first, *waiting = [await asyncio.wait_for(inbox.asks.get(), PATIENCE) for _ in questions]
        for ask in waiting:
            await adapter.show_waiting(ask)
        adapter.surface(turn_of(first))
        adapter.surface(turn_of(*waiting))
        await place.wait_for(lambda: not any(marks for message in questions for marks in message.reactions.values()))
        # Regenerate asks for a place once more.
        adapter.surface(turn_of(*waiting))
        await adapter._tasks.wait(PATIENCE)
        assert reactions_called(place) == ["reactions.add"] * 2 + ["reactions.remove"] * 2


async def test_an_answer_that_never_waited_costs_no_call(place: SlackStandIn) -> None:
    inbox = Recorder()
    async with running(place, inbox) as adapter:
        await place.person("ann").mention(place.channel("general"), "one")
        ask = await asyncio.wait_for(inbox.asks.get(), PATIENCE)
        adapter.surface(turn_of(ask))
        await adapter._tasks.wait(PATIENCE)
        assert reactions_called(place) == []


async def test_where_the_app_is_not_installed_it_says_so_in_its_own_words(place: SlackStandIn) -> None:
    async with running(place, Recorder()) as adapter:
        await adapter.forget_workspace(place.team.id)
        told = await place.person("ann").slash("/glm", "help", place.channel("general"))
        said = [shown.visible for shown in place.ephemerals] + [str((told.response or {}).get("text", ""))]
        assert texts.say("not_installed") in said
        assert "Bolt" not in "".join(said)


@pytest.mark.parametrize(
    ("answer", "kept", "organisation"),
    [
        ({"team_id": "T1", "team": "Acme"}, "T1", ""),
        ({"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": False}, "T1", ""),
        ({"team_id": "E1", "enterprise_id": "E1", "is_enterprise_install": True}, "E1", "E1"),
        ({"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": True}, "E1", "E1"),
        ({"team_id": None, "enterprise_id": "E1", "is_enterprise_install": True}, "E1", "E1"),
        ({"team_id": None, "enterprise_id": "E1"}, "E1", "E1"),
    ],
)
def test_a_token_is_of_a_workspace_or_of_an_organisation(
    answer: dict[str, object], kept: str, organisation: str
) -> None:
    found = workspace_of(answer, "xoxb")
    assert (found.id, found.owner, found.organisation) == (kept, kept, organisation)
    assert found.team == ("" if organisation else "T1")
