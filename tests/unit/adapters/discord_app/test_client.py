from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
import yarl

from adapters.discord_app.client import RestTrace, intents, lane_of, log_in
from bot.budgets import Budget
from bot.pacing import Governor
from playground.discord.server import DiscordStandIn
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually

LANES = [
    ("POST", "/api/v10/channels/1/messages", "post:1"),
    ("PATCH", "/api/v10/channels/1/messages/2", "edit:1"),
    ("DELETE", "/api/v10/channels/1/messages/2", "delete:1"),
    ("POST", "/api/v10/channels/1/messages/2/threads", "thread:1"),
    ("POST", "/api/v10/channels/1/typing", "typing:1"),
    ("PUT", "/api/v10/channels/1/messages/2/reactions/%F0%9F%91%80/@me", "reaction:1"),
    ("GET", "/api/v10/channels/1/messages", "read:1"),
    ("GET", "/api/v10/channels/1/messages/2", "read:1"),
    ("PATCH", "/api/v10/webhooks/3/to-ken_A.b/messages/@original", "hook-edit:to-ken_A.b"),
    ("POST", "/api/v10/webhooks/3/to-ken_A.b", "hook-post:to-ken_A.b"),
    ("POST", "/channels/1/messages", "post:1"),
    ("GET", "/api/v10/users/@me", None),
    ("PATCH", "/api/v10/channels/1", None),
    ("POST", "/api/v10/interactions/1/token/callback", None),
]


@pytest.mark.parametrize(("method", "path", "lane"), LANES)
def test_each_request_belongs_to_its_lane(method: str, path: str, lane: str | None) -> None:
    assert lane_of(method, path) == lane


def test_the_smallest_intents_are_asked_for() -> None:
    wanted = {name for name, on in intents() if on}
    assert wanted == {"guilds", "guild_messages", "dm_messages"}


async def answer(governor: Governor, status: int, path: str = "/channels/1/messages", **headers: str) -> None:
    """An answer of Discord passes the trace."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = SimpleNamespace(status=status, headers=named)
    params: Any = SimpleNamespace(method="POST", url=yarl.URL(f"http://discord{path}"), response=response)
    session: Any = None
    for hook in RestTrace(governor).config().on_request_end:
        await hook(session, SimpleNamespace(), params)


def governor() -> Governor:
    return Governor(overall=None, guess=Budget(limit=50, window=1.0), clock=now)


async def goes_now(governor: Governor, lane: str = "post:1") -> bool:
    return governor.try_permit(lane) is not None


@virtually
async def test_headers_teach_the_budget_of_the_lane() -> None:
    paced = governor()
    limits = {"X_RateLimit_Limit": "5", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset_After": "4.5"}
    await answer(paced, 200, **limits)
    assert not await goes_now(paced)
    assert await goes_now(paced, "post:2"), "another channel has a limit of its own"


@virtually
async def test_a_429_closes_its_lane_only() -> None:
    paced = governor()
    await answer(paced, 429, Retry_After="3.5", X_RateLimit_Scope="user")
    assert paced.refusals == 1
    assert not await goes_now(paced)
    assert await goes_now(paced, "post:2")


@pytest.mark.parametrize("headers", [{"X_RateLimit_Global": "true"}, {"X_RateLimit_Scope": "global"}])
@virtually
async def test_a_global_429_closes_all_lanes(headers: dict[str, str]) -> None:
    paced = governor()
    await answer(paced, 429, Retry_After="3.5", **headers)
    assert not await goes_now(paced, "post:2")


@virtually
async def test_an_answer_without_headers_teaches_nothing() -> None:
    paced = governor()
    await answer(paced, 200)
    await answer(paced, 500)
    await answer(paced, 200, X_RateLimit_Limit="1")
    assert await goes_now(paced)


@pytest.mark.parametrize("wait", [{}, {"Retry_After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {"Retry_After": "soon"}])
@virtually
async def test_a_429_that_does_not_say_for_how_long_closes_its_lane_for_a_second(wait: dict[str, str]) -> None:
    paced = governor()
    await answer(paced, 429, **wait)
    assert not await goes_now(paced)
    await asyncio.sleep(1.1)
    assert await goes_now(paced)


@pytest.mark.parametrize("wrong", ["", "many", "nan", "inf", "-1"])
@pytest.mark.parametrize("name", ["X_RateLimit_Limit", "X_RateLimit_Reset_After"])
@virtually
async def test_headers_that_are_no_numbers_teach_nothing(name: str, wrong: str) -> None:
    paced = governor()
    limits = {"X_RateLimit_Limit": "5", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset_After": "4.5", name: wrong}
    await answer(paced, 200, **limits)
    assert await goes_now(paced)


@virtually
async def test_requests_that_no_lane_knows_are_passed_over() -> None:
    paced = governor()
    await answer(paced, 429, path="/users/@me", Retry_After="9")
    assert paced.refusals == 0


PATIENCE = 10.0


class Together(RestTrace):
    """Lets requests go only when as many as this wait to be sent."""

    def __init__(self, count: int) -> None:
        super().__init__(governor())
        self.three_wait = asyncio.Event()
        self._barrier = asyncio.Barrier(count)

    def config(self) -> aiohttp.TraceConfig:
        async def started(*_: object) -> None:
            if self._barrier.n_waiting == 2:
                self.three_wait.set()
            await self._barrier.wait()

        config = super().config()
        config.on_request_start.append(started)
        return config


async def test_a_login_asks_for_all_it_needs_at_once() -> None:
    async with DiscordStandIn() as place, asyncio.timeout(PATIENCE):
        client = await log_in(place.token, place.url, intents(), Together(3))
        asked = sorted(request.path for request in place.requests)
        await client.close()
    assert asked == ["/gateway/bot", "/oauth2/applications/@me", "/users/@me"]
    assert client.user is not None
    assert client.application_id


async def test_a_refused_token_is_called_so() -> None:
    async with DiscordStandIn() as place, asyncio.timeout(PATIENCE):
        with pytest.raises(discord.LoginFailure):
            await log_in("wrong", place.url, intents(), Together(3))


async def test_a_login_that_is_given_up_leaves_nothing_behind() -> None:
    async with DiscordStandIn() as place, asyncio.timeout(PATIENCE):
        others = asyncio.all_tasks()
        trace = Together(4)
        entering = asyncio.create_task(log_in(place.token, place.url, intents(), trace))
        await trace.three_wait.wait()
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
        assert asyncio.all_tasks() == others


async def test_after_the_login_the_application_is_asked_for_anew() -> None:
    async with DiscordStandIn() as place, asyncio.timeout(PATIENCE):
        client = await log_in(place.token, place.url, intents(), RestTrace(governor()))
        await client.application_info()
        await client.close()
    assert [request.path for request in place.requests].count("/oauth2/applications/@me") == 2
