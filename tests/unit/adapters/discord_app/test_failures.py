from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from adapters.discord_app import failures
from adapters.discord_app.failures import of_answer, translated
from bot import texts
from bot.errors import PlatformError, PlatformGone, PlatformRefused, PlatformUnsure

KINDS: dict[int, type[discord.HTTPException]] = {403: discord.Forbidden, 404: discord.NotFound}


def said(status: int, code: int = 0, **headers: str) -> discord.HTTPException:
    """An error as discord.py raises it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response: Any = SimpleNamespace(status=status, reason="why", headers=named)
    kind = discord.DiscordServerError if status >= 500 else KINDS.get(status, discord.HTTPException)
    return kind(response, {"message": "CANARY", "code": code})


MEANINGS: list[tuple[int, int, type[PlatformError]]] = [
    (404, 10008, PlatformGone),
    (404, 10003, PlatformGone),
    (404, 0, PlatformGone),
    (400, 10008, PlatformGone),
    (403, 50013, PlatformRefused),
    (403, 50001, PlatformRefused),
    (403, 50007, PlatformRefused),
    (400, 50035, PlatformRefused),
    (400, 50083, PlatformRefused),
    (400, 200000, PlatformRefused),
    (401, 0, PlatformRefused),
    (400, 30046, PlatformError),
    (429, 0, PlatformError),
    (500, 0, PlatformUnsure),
    (502, 0, PlatformUnsure),
    (504, 0, PlatformUnsure),
]


@pytest.mark.parametrize(("status", "code", "meaning"), MEANINGS)
async def test_each_answer_has_its_meaning(status: int, code: int, meaning: type[PlatformError]) -> None:
    error = said(status, code)
    with pytest.raises(PlatformError) as raised:
        async with translated():
            raise error
    assert type(raised.value) is meaning
    assert raised.value.__cause__ is error
    assert "CANARY" not in str(raised.value)


@pytest.mark.parametrize("code", [failures.AUTOMOD, failures.AUTOMOD_TITLE, 50013])
def test_a_refusal_names_an_existing_text(code: int) -> None:
    refusal = of_answer(said(403, code))
    assert isinstance(refusal, PlatformRefused)
    assert refusal.text == ("refused" if code == 50013 else "automod")
    assert refusal.text in texts.names()


def test_a_429_says_how_long() -> None:
    assert of_answer(said(429, Retry_After="2.5")).retry_after == 2.5
    assert of_answer(said(429)).retry_after is None


async def test_a_limit_that_discord_py_will_not_wait_for_says_how_long() -> None:
    with pytest.raises(PlatformError) as raised:
        async with translated():
            raise discord.RateLimited(42.0)
    assert raised.value.retry_after == 42.0


@pytest.mark.parametrize(
    "error", [aiohttp.ServerDisconnectedError(), aiohttp.ClientPayloadError(), ConnectionResetError(), TimeoutError()]
)
async def test_without_an_answer_nothing_is_sure(error: Exception) -> None:
    with pytest.raises(PlatformUnsure):
        async with translated():
            raise error


async def test_a_call_is_bounded_in_time() -> None:
    with pytest.raises(PlatformUnsure):
        async with translated(within=0.0):
            await asyncio.Event().wait()


async def test_mistakes_of_our_own_stay_what_they_are() -> None:
    with pytest.raises(KeyError):
        async with translated():
            raise KeyError("id")


async def test_what_succeeds_is_left_alone() -> None:
    async with translated():
        pass
