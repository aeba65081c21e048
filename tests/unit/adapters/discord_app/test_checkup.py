from __future__ import annotations

from collections.abc import AsyncGenerator

import discord
import pytest

from adapters.discord_app import checkup
from adapters.discord_app.checkup import check
from adapters.discord_app.invite import permissions
from bot.findings import Finding
from playground.discord.server import DiscordStandIn


@pytest.fixture
async def place() -> AsyncGenerator[DiscordStandIn]:
    async with DiscordStandIn() as stand_in:
        stand_in.limits.lift()
        yield stand_in


async def looked_at(place: DiscordStandIn) -> list[Finding]:
    return list(await check(place.token, place.url))


async def test_before_the_first_start_only_the_commands_are_not_there_yet(place: DiscordStandIn) -> None:
    [hint] = await looked_at(place)
    assert not hint.missing
    assert "commands" in hint.problem


async def test_an_app_that_has_everything_has_no_findings(place: DiscordStandIn) -> None:
    place.commands.replace("", [{"name": "ask", "description": "Ask", "type": 1}])
    assert await looked_at(place) == []


async def test_a_refused_token_is_told(place: DiscordStandIn) -> None:
    [finding] = await check("wrong", place.url)
    assert (finding.about, finding.missing) == ("DISCORD_TOKEN", True)
    assert "wrong" not in str(finding)


async def test_an_address_where_nobody_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "_PATIENCE", 0.2)  # discord.py tries several times
    [finding] = await check("token", "http://127.0.0.1:1")
    assert (finding.about, finding.missing) == ("DISCORD_API_URL", True)


async def test_the_content_intent_that_is_off_is_told() -> None:
    async with DiscordStandIn(privileged_intent=False) as place:
        found = [finding for finding in await looked_at(place) if finding.missing]
    assert ["Message Content Intent" in finding.problem for finding in found] == [True]


async def test_a_bot_without_any_server_is_told_how_to_come_into_one(place: DiscordStandIn) -> None:
    del place.guild.members[place.bot_user.id]
    [finding] = [finding for finding in await looked_at(place) if finding.missing]
    assert "glimmer invite discord" in finding.remedy


def server(granted: discord.Permissions) -> dict[str, object]:
    return {"id": "1", "name": "playground", "permissions": str(granted.value)}


@pytest.mark.parametrize("needed", [name for name, wanted in permissions() if wanted])
def test_each_permission_that_a_server_does_not_give_is_told(needed: str) -> None:
    granted = permissions()
    granted.update(**{needed: False})
    [finding] = checkup._servers([server(granted), server(permissions())])
    assert finding.problem == f"the bot lacks {needed.replace('_', ' ')}"
    assert "playground" in finding.about


@pytest.mark.parametrize("granted", [discord.Permissions(administrator=True), discord.Permissions.all()])
def test_more_than_is_needed_is_enough(granted: discord.Permissions) -> None:
    assert checkup._servers([server(granted)]) == []
