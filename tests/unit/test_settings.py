from __future__ import annotations

import os
import re
from pathlib import Path
from typing import cast

import pytest

from bot.errors import OperatorError
from bot.settings import PROVIDERS, FollowUp, Settings, load, require_run

EXAMPLE = Path(__file__).parents[2] / ".env.example"
SECRETS = (
    *("DISCORD_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "MCP_SECRETS"),
    *(f"{provider.upper()}_API_KEY" for provider in PROVIDERS),
)

# A value for each setting that can be wrong.
WRONG = {
    "DISCORD_API_URL": "discord.com/api/v10",
    "DISCORD_THREADS": "perhaps",
    "DISCORD_REQUESTS_PER_SECOND": "-1",
    "SLACK_BOT_TOKEN": "xapp-swapped",
    "SLACK_APP_TOKEN": "xoxb-swapped",
    "SLACK_API_URL": "slack.com/api",
    "SLACK_STREAM": "fast",
    "SLACK_STRANGERS": "perhaps",
    "BIGMODEL_BASE_URL": "ftp://files",
    "ZAI_BASE_URL": "z.ai",
    "AIMLAPI_BASE_URL": "//x",
    "ACEDATA_BASE_URL": "x",
    "GLM_PROVIDERS": "bigmodel,nobody",
    "GLM_CREATIVITY": "2",
    "GLM_STREAM": "maybe",
    "GLM_WEB_SEARCH": "sometimes",
    "GLM_PATIENCE": "0",
    "WEATHER_URL": "api.open-meteo.com",
    "GEOCODING_URL": "ws://places",
    "DATABASE_URL": "postgres://db",
    "DATABASE_SYNC": "OFF",
    "FILE_MEGABYTES": "0",
    "FILE_DAYS": "soon",
    "PORT": "65536",
    "FOLLOW_UP": "sometimes",
    "DEFAULT_DENY": "perhaps",
    "ACCESS_ALLOW": "user:1,somebody:2",
    "ACCESS_DENY": "channel",
    "QUOTAS": "user 50 requests,user 50 apples",
    "LINK_HOSTS": "wiki.example,https://wiki.example/",
    "PROMPT_TOKENS": "999",
    "QUEUE_LIMIT": "0",
    "MAX_TURNS": "many",
    "LOG_LEVEL": "loud",
    "LOG_FORMAT": "xml",
}


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting comes from the machine on which the tests run."""
    for name in os.environ:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)


def written(value: object) -> str:
    """A default as one writes it into the environment."""
    if isinstance(value, tuple):
        return ",".join(map(str, cast("tuple[object, ...]", value)))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_the_example_lists_every_setting_with_its_description_and_default() -> None:
    lines = [line for line in EXAMPLE.read_text().split("\n\n", 1)[1].splitlines() if line and line[:3] != "## "]
    wanted = [
        line
        for name, field in Settings.model_fields.items()
        for line in (f"# {field.description}", f"{name.upper()}={written(field.default)}")
    ]
    assert lines == wanted


def test_the_example_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = load()
    for name, value in re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE):
        monkeypatch.setenv(name, value)
    assert load() == defaults


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_a_wrong_value_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(OperatorError) as error:
        load()
    assert re.fullmatch(rf"{name}: [^\n]+", str(error.value))


def test_each_problem_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WRONG.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OperatorError) as error:
        load()
    assert [line.partition(":")[0] for line in str(error.value).splitlines()] == list(WRONG)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = load()
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "")
    assert load() == defaults


def test_secrets_are_in_no_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "CANARY")
    settings = load()
    assert "CANARY" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    monkeypatch.setenv("PORT", "CANARIES")
    with pytest.raises(OperatorError) as error:
        load()
    assert "CANARY" not in str(error.value)
    assert error.value.__cause__ is None


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_REPLY_CHANNELS", " 1, 2 ,,3")
    assert load().discord_reply_channels == ("1", "2", "3")


@pytest.mark.parametrize("level", ["debug", "Debug", "DEBUG"])
def test_the_level_may_be_written_in_any_case(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    monkeypatch.setenv("LOG_LEVEL", level)
    assert load().log_level == "DEBUG"


def test_roots_lose_their_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_API_URL", "http://127.0.0.1:1/api/v10/")
    assert load().discord_api_url == "http://127.0.0.1:1/api/v10"


def test_the_database_is_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().database_path == "glimmer.db"
    monkeypatch.setenv("DATABASE_URL", "sqlite:////var/lib/glimmer.db")
    assert load().database_path == "/var/lib/glimmer.db"


def test_providers_with_a_key_are_on_in_the_order_to_try_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGMODEL_API_KEY", " one ")
    monkeypatch.setenv("ZAI_API_KEY", "two")
    monkeypatch.setenv("ACEDATA_API_KEY", "  ")
    monkeypatch.setenv("ZAI_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("GLM_PROVIDERS", "zai,acedata,bigmodel")
    assert list(load().provider_keys().items()) == [("zai", ("two", "http://127.0.0.1:1")), ("bigmodel", ("one", ""))]


def test_a_provider_that_is_not_in_the_order_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGMODEL_API_KEY", "one")
    monkeypatch.setenv("GLM_PROVIDERS", "zai")
    assert load().provider_keys() == {}


def test_who_follows_up_is_one_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLLOW_UP", "always")
    assert load().follow_up is FollowUp.ALWAYS


def test_nothing_can_run_without_a_platform_and_a_provider() -> None:
    with pytest.raises(OperatorError) as error:
        require_run(load())
    platform, provider = str(error.value).splitlines()
    assert platform.startswith("DISCORD_TOKEN, SLACK_BOT_TOKEN: ")
    assert all(f"{name.upper()}_API_KEY" in provider for name in PROVIDERS)


@pytest.mark.parametrize(
    ("given", "named"),
    [("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN, SLACK_SIGNING_SECRET"), ("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN")],
)
def test_half_of_slack_is_not_enough(monkeypatch: pytest.MonkeyPatch, given: str, named: str) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "t")
    monkeypatch.setenv("ZAI_API_KEY", "k")
    monkeypatch.setenv(given, "x")
    with pytest.raises(OperatorError) as error:
        require_run(load())
    assert str(error.value).startswith(f"{named}: ")


@pytest.mark.parametrize("way_in", ["SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"])
def test_slack_alone_is_enough(monkeypatch: pytest.MonkeyPatch, way_in: str) -> None:
    for name in ("SLACK_BOT_TOKEN", way_in, "ZAI_API_KEY"):
        monkeypatch.setenv(name, "k")
    require_run(load())


def test_a_platform_and_a_provider_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "t")
    monkeypatch.setenv("ACEDATA_API_KEY", "k")
    require_run(load())
