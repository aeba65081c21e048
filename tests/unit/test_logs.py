from __future__ import annotations

import ast
import io
import json
import logging
import re
from collections.abc import Generator

import pytest
import structlog
from PIL import ExifTags, Image

from bot import logs, pictures
from tests.fixtures.sources import called, calls

METHODS = ("debug", "info", "warning", "error", "exception", "critical")


class Out:
    """Standard error."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def text(self) -> str:
        return self._captured.readouterr().err

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def out(capsys: pytest.CaptureFixture[str]) -> Generator[Out]:
    """Standard error; afterwards logging is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Out(capsys)
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_a_line_is_an_event_with_facts(out: Out) -> None:
    logs.configure("INFO", "json")
    structlog.get_logger("bot.x").info("turn.delivered", turn=3)
    [line] = out.lines()
    assert (line["event"], line["turn"], line["level"]) == ("turn.delivered", 3, "info")
    assert "timestamp" in line


@pytest.mark.parametrize("name", ["token", "api_key", "Authorization", "discord_token", "password", "client_secret"])
@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_are_hidden(out: Out, name: str, form: str) -> None:
    logs.configure("INFO", form)
    structlog.get_logger("bot.x").info("event", **{name: "CANARY"})
    text = out.text()
    assert "CANARY" not in text
    assert "***" in text


@pytest.mark.parametrize("name", ["key", "tokens", "keyboard"])
def test_what_only_looks_like_a_secret_is_shown(out: Out, name: str) -> None:
    logs.configure("INFO", "json")
    structlog.get_logger("bot.x").info("event", **{name: "seen"})
    assert out.lines()[0][name] == "seen"


def test_less_than_the_level_is_left_out(out: Out) -> None:
    logs.configure("WARNING", "json")
    structlog.get_logger("bot.x").info("event")
    logging.getLogger("bot.y").info("event")
    structlog.get_logger("bot.x").warning("seen")
    assert [line["event"] for line in out.lines()] == ["seen"]


def test_libraries_log_in_the_same_form(out: Out) -> None:
    logs.configure("INFO", "json")
    logging.getLogger("asyncio").warning("slow: %s", "callback")
    assert out.lines()[0]["event"] == "slow: callback"


@pytest.mark.parametrize(
    "name",
    [
        *("httpx", "httpcore.http11", "httpcore2", "discord.http", "discord.webhook.async_", "aiohttp.access", "hpack"),
        *("PIL.TiffImagePlugin", "pypdf._reader", "aiosqlite", "asyncio", "slack_sdk.web", "mcp.client", "unheard_of"),
    ],
)
def test_libraries_log_neither_addresses_nor_contents_even_in_detail(out: Out, name: str) -> None:
    logs.configure("DEBUG", "json")
    logging.getLogger(name).debug("POST https://discord.com/webhooks/1/CANARY")
    logging.getLogger(name).info("POST https://discord.com/webhooks/1/CANARY")
    assert out.text() == ""


@pytest.mark.parametrize("name", ["__main__", "bot.dialogue", "adapters.discord_app.app", "storage.sqlite"])
def test_what_is_ours_is_logged_in_detail_where_that_is_wanted(out: Out, name: str) -> None:
    logs.configure("DEBUG", "json")
    structlog.get_logger(name).debug("turn.detail")
    assert [line["event"] for line in out.lines()] == ["turn.detail"]


def test_what_a_picture_says_about_itself_is_not_logged(out: Out) -> None:
    logs.configure("DEBUG", "json")
    notes = Image.Exif()
    notes[ExifTags.Base.ImageDescription] = "CANARY"
    sink = io.BytesIO()
    Image.new("RGB", (8, 8)).save(sink, "JPEG", exif=notes)
    assert pictures.prepared(sink.getvalue()) is not None
    assert "CANARY" not in out.text()


def test_an_exception_is_one_line_for_machines(out: Out) -> None:
    logs.configure("INFO", "json")
    try:
        raise RuntimeError("why")
    except RuntimeError:
        structlog.get_logger("bot.x").exception("turn.crashed")
    [line] = out.lines()
    assert "RuntimeError: why" in str(line["exception"])


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("logger", [structlog.get_logger("bot.x"), logging.getLogger("bot.y")])
def test_an_exception_does_not_show_what_its_functions_held(out: Out, form: str, logger: logging.Logger) -> None:
    logs.configure("INFO", form)
    held = "CANARY" + form
    try:
        raise RuntimeError("why")
    except RuntimeError:
        logger.exception("turn.crashed")
    shown = out.text()
    assert "RuntimeError: why" in shown
    assert held not in shown


def test_a_stream_that_is_no_terminal_gets_json(out: Out) -> None:
    logs.configure("INFO", "")
    structlog.get_logger("bot.x").info("event")
    assert out.lines()[0]["event"] == "event"


def test_events_have_constant_names() -> None:
    wrong = [
        where
        for where, call in calls("bot", "adapters", "storage")
        if called(call) in METHODS and ast.unparse(call.func).startswith("log.") and not has_name(call)
    ]
    assert wrong == []


def has_name(call: ast.Call) -> bool:
    event = call.args[0] if len(call.args) == 1 else None
    if isinstance(event, ast.Name):
        # Handed over by a caller, who names it in the same module.
        return True
    return isinstance(event, ast.Constant) and bool(re.fullmatch(r"[a-z_]+\.[a-z_]+", str(event.value)))
