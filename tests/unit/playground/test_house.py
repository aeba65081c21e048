"""What the bot is given, and how it is ended."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from playground import house
from playground.discord.server import DiscordStandIn
from playground.glm import GlmStandIn
from playground.house import BotGone, House, bot_environment, real_providers
from playground.slack.server import SlackStandIn

SECRETS = {
    "AWS_SECRET": "x",
    "DISCORD_TOKEN": "real",
    "SLACK_BOT_TOKEN": "real",
    "SLACK_SIGNING_SECRET": "real",
    "HTTPS_PROXY": "http://proxy:1",
}
STUBBORN = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"


def test_a_provider_is_real_when_there_is_a_key() -> None:
    assert real_providers({"BIGMODEL_API_KEY": " ", "ZAI_API_KEY": "k", "ACEDATA_API_KEY": "k"}) == ("zai", "acedata")
    assert real_providers({}) == ()


async def test_beside_a_stand_in_model_the_bot_gets_no_key_no_proxy_and_nothing_else_of_ours() -> None:
    async with DiscordStandIn() as discord, SlackStandIn() as slack, GlmStandIn() as glm:
        environ = {**SECRETS, "PATH": "/bin", "GLM_MODEL": "glm-4.6", "ZAI_BASE_URL": "http://elsewhere"}
        given = bot_environment(environ, discord, slack, glm)
        assert given["DISCORD_API_URL"] == discord.url
        assert given["DISCORD_TOKEN"] == discord.token
        assert given["SLACK_API_URL"] == slack.url
        assert (given["SLACK_BOT_TOKEN"], given["SLACK_APP_TOKEN"]) == (slack.bot_token, slack.app_token)
        assert given["BIGMODEL_BASE_URL"] == glm.base_url("bigmodel")
        assert (given["PATH"], given["GLM_MODEL"], given["PORT"]) == ("/bin", "glm-4.6", "0")
        assert not {"AWS_SECRET", "SLACK_SIGNING_SECRET", "HTTPS_PROXY", "ZAI_BASE_URL"} & given.keys()


async def test_for_a_real_model_key_address_and_proxy_are_passed_on_and_the_platforms_stay_stand_ins() -> None:
    async with DiscordStandIn() as discord, SlackStandIn() as slack:
        environ = {**SECRETS, "ZAI_API_KEY": "k", "ZAI_BASE_URL": "http://elsewhere", "GLM_PROVIDERS": "zai"}
        given = bot_environment(environ, discord, slack, None)
        assert {name: given[name] for name in ("ZAI_API_KEY", "ZAI_BASE_URL", "GLM_PROVIDERS", "HTTPS_PROXY")} == {
            "ZAI_API_KEY": "k",
            "ZAI_BASE_URL": "http://elsewhere",
            "GLM_PROVIDERS": "zai",
            "HTTPS_PROXY": "http://proxy:1",
        }
        assert (given["DISCORD_TOKEN"], given["SLACK_BOT_TOKEN"]) == (discord.token, slack.bot_token)
        assert "BIGMODEL_API_KEY" not in given


async def inhabited(folder: Path, code: str) -> House:
    """A house whose bot is a few lines of Python that have begun."""
    (folder / "bot.log").write_text("\x1b[31mred words\x1b[0m\nlast words\n")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=pipe)
    assert process.stdout is not None
    await process.stdout.readline()
    return House(DiscordStandIn(), SlackStandIn(), None, (), "", folder, process, asyncio.create_task(process.wait()))


async def test_a_bot_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "END_DROPPING", 0.01)
    stubborn = await inhabited(tmp_path, STUBBORN)
    await stubborn.stop()
    assert stubborn.ended.result() == -9
    await stubborn.stop()


async def test_when_the_bot_ends_what_goes_on_meanwhile_ends_too_and_its_last_words_are_told(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def activity() -> int:
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    dying = await inhabited(tmp_path, "raise SystemExit(3)")
    with pytest.raises(BotGone, match=r"with status 3\.\n(.*\n)*  red words\n  last words$"):
        await dying.meanwhile(activity())
    assert ended.is_set()
    assert dying.keep


async def test_what_goes_on_meanwhile_has_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def activity() -> int:
        return 7

    living = await inhabited(tmp_path, "print(flush=True); import time; time.sleep(60)")
    assert await living.meanwhile(activity()) == 7
    await living.stop()
