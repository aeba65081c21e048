from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest

from bot import doctor, settings
from bot.doctor import examine
from playground.discord.server import DiscordStandIn
from playground.glm import DEFAULT_KEY, GlmStandIn
from playground.slack.server import SlackStandIn

LINE = re.compile(r"(ok {7}|missing|hint {3}) {2}\S.*|ok {7}\S+")


@dataclass
class Ward:
    """All outer services, and the settings with which everything is well."""

    slack: SlackStandIn
    discord: DiscordStandIn
    glm: GlmStandIn
    capture: pytest.CaptureFixture[str]

    def settings(self, **changed: Any) -> settings.Settings:
        given: dict[str, Any] = {
            "discord_token": self.discord.token,
            "discord_api_url": self.discord.url,
            "slack_bot_token": self.slack.bot_token,
            "slack_app_token": self.slack.app_token,
            "slack_api_url": self.slack.url,
            "slack_operator": self.slack.owner.id,
            "zai_api_key": DEFAULT_KEY,
            "zai_base_url": self.glm.base_url("zai"),
        }
        return settings.load({name: value for name, value in (given | changed).items() if value is not None})

    async def examined(self, **changed: Any) -> tuple[int, list[str]]:
        """The exit status and the lines."""
        status = await examine(self.settings(**changed))
        return status, self.capture.readouterr().out.splitlines()


@pytest.fixture
async def ward(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Ward]:
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    async with SlackStandIn() as slack, DiscordStandIn() as discord, GlmStandIn() as glm:
        discord.limits.lift()
        discord.commands.replace("", [{"name": "ask", "description": "Ask", "type": 1}])
        await slack.owner.dm_bot("hello")
        yield Ward(slack, discord, glm, capsys)
        assert slack.violations == []


async def test_when_all_is_well_it_says_so_of_each_part(ward: Ward) -> None:
    assert await ward.examined() == (0, ["ok       Discord", "ok       Slack", "ok       GLM"])


async def test_a_part_that_is_not_configured_is_left_alone(ward: Ward) -> None:
    status, lines = await ward.examined(slack_bot_token=None, slack_app_token=None)
    assert (status, lines) == (0, ["ok       Discord", "ok       GLM"])
    assert ward.slack.calls == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"slack_bot_token": "xoxb-canary"}, "missing  Slack: SLACK_BOT_TOKEN"),
        ({"slack_app_token": "xapp-canary"}, "missing  Slack: SLACK_APP_TOKEN"),
        ({"discord_token": "canary"}, "missing  Discord: DISCORD_TOKEN"),
        ({"zai_api_key": "canary.key"}, "missing  GLM: zai: ZAI_API_KEY was refused"),
        ({"glm_model": "gpt-9"}, "missing  GLM: GLM_MODEL"),
    ],
)
async def test_what_is_missing_is_one_line_and_status_one(ward: Ward, changed: dict[str, str], named: str) -> None:
    status, lines = await ward.examined(**changed)
    [line] = [line for line in lines if line.startswith("missing")]
    assert status == 1
    assert line.startswith(named)
    assert "; " in line
    assert "canary" not in "".join(lines)


async def test_a_scope_that_is_missing_is_told_with_its_reason(ward: Ward) -> None:
    ward.slack.team.scopes.discard("reactions:write")
    status, lines = await ward.examined()
    assert status == 1
    assert "missing  Slack: app: lacks the scope reactions:write, to mark a message that waits for its turn" in "".join(
        lines
    )


async def test_a_hint_alone_is_no_fault(ward: Ward) -> None:
    status, lines = await ward.examined(slack_signing_secret=ward.slack.signing_secret)
    assert status == 0
    assert [line.split()[0] for line in lines] == ["ok", "ok", "hint", "ok"]


async def test_what_is_missing_comes_before_what_is_only_a_hint(ward: Ward) -> None:
    _, lines = await ward.examined(slack_signing_secret="odd", slack_app_token="xapp-canary", discord_token=None)
    assert [line.split()[0] for line in lines] == ["missing", "hint", "hint", "ok"]


async def test_every_line_begins_with_what_it_is(ward: Ward) -> None:
    _, lines = await ward.examined(slack_bot_token="xoxb-canary", discord_token="canary", glm_model="gpt-9")
    assert len(lines) >= 3
    assert all(LINE.fullmatch(line) for line in lines)


async def test_a_part_that_never_answers_does_not_keep_the_others_from_being_told(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "PATIENCE", 0.5)
    hold = ward.slack.hold("auth.test")
    status, lines = await ward.examined()
    hold.release()
    assert status == 1
    assert "missing  Slack: the service: did not answer within" in "".join(lines)
    assert {"ok       Discord", "ok       GLM"} <= set(lines)
