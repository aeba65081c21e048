"""The local Slack's rate limits, and its failures on demand."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from unittest import mock

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError

from playground.slack.tiers import Tiers
from tests.fixtures.slack_place import at_slack


class Watch:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@given(
    st.integers(1, 20),
    st.integers(0, 10),
    st.lists(st.floats(0.0, 20.0), min_size=1, max_size=150),
)
@settings(deadline=None, max_examples=60)
def test_no_minute_has_more_calls_than_allowed(limit: int, burst: int, gaps: list[float]) -> None:
    watch, tiers = Watch(), Tiers({})
    tiers.set("m", per_minute=limit, burst=burst)
    passed: list[float] = []
    with mock.patch("playground.slack.tiers.time", watch):
        for gap in gaps:
            watch.now += gap
            if tiers.check("m", "T", "") is None:
                passed.append(watch.now)
    for start in passed:
        # A full burst at the start, and what comes back of it within that minute.
        assert sum(start <= at < start + 60 for at in passed) <= limit + 2 * burst


@given(st.integers(1, 20), st.integers(0, 10), st.lists(st.floats(0.0, 20.0), max_size=60))
@settings(deadline=None, max_examples=60)
def test_a_call_after_its_retry_after_always_passes(limit: int, burst: int, gaps: list[float]) -> None:
    watch, tiers = Watch(), Tiers({})
    tiers.set("m", per_minute=limit, burst=burst)
    with mock.patch("playground.slack.tiers.time", watch):
        for gap in gaps:
            watch.now += gap
            excess = tiers.check("m", "T", "")
            if excess is not None:
                assert excess.retry_after >= 1
                watch.now += excess.retry_after
                assert tiers.check("m", "T", "") is None


def test_the_default_tolerates_half_as_many_at_once_and_a_hard_tier_none() -> None:
    soft, hard = Tiers({"m": 20}), Tiers({"m": 20})
    hard.harden()
    counts = [sum(t.check("m", "T", "") is None for _ in range(50)) for t in (soft, hard)]
    assert counts == [30, 20]


def test_workspaces_and_methods_are_counted_apart() -> None:
    tiers = Tiers({"m": 1, "n": 1})
    assert tiers.check("m", "T", "") is None
    assert tiers.check("m", "T", "") is not None
    assert [tiers.check("m", "U", ""), tiers.check("n", "T", "")] == [None, None]


async def test_too_many_calls_are_told_when_to_come_again() -> None:
    async with at_slack() as (place, client):
        place.tiers.set("users.info", per_minute=1)
        await client.ask("users.info", user=place.owner.id)
        with pytest.raises(SlackApiError) as caught:
            await client.users_info(user=place.owner.id)
        response: Any = cast("Any", caught.value).response
        assert (response.status_code, response["error"]) == (429, "ratelimited")
        assert response.headers["Retry-After"] == "60"
        assert [c.status for c in place.calls] == [200, 429]
        assert place.violations == []


async def test_who_comes_again_too_early_is_noted() -> None:
    async with at_slack() as (place, client):
        place.tiers.set("users.info", per_minute=1)
        with mock.patch("playground.slack.rest.GRACE", 0.0):
            for _ in range(3):
                await client.ask("users.info", user=place.owner.id)
        (violation,) = place.violations
    assert violation.startswith("users.info: called ")
    assert "Retry-After" in violation


async def test_posts_are_counted_by_channel_too() -> None:
    async with at_slack() as (place, client):
        place.tiers.harden()
        one, two = place.channel("general").id, place.channel("other").id
        answers = [await client.ask("chat.postMessage", channel=c, text="x") for c in (one, one, two)]
        assert [a["ok"] for a in answers] == [True, False, True]
        place.tiers.lift()
        answers = [await client.ask("chat.postMessage", channel=one, text="x") for _ in range(5)]
    assert all(a["ok"] for a in answers)


async def test_a_failure_on_demand_has_no_effect_and_passes() -> None:
    async with at_slack() as (place, client):
        general = place.channel("general")
        place.fail("chat.postMessage", "restricted_action")
        place.fail("chat.postMessage", status=429, retry_after=7)
        answers = [await client.ask("chat.postMessage", channel=general.id, text="x") for _ in range(3)]
        assert [a.get("error", "") for a in answers] == ["restricted_action", "ratelimited", ""]
        assert len(place.messages(general)) == 1
        assert [c.error for c in place.calls] == ["restricted_action", "ratelimited", ""]


async def test_a_broken_server_answers_with_text() -> None:
    async with at_slack() as (place, client):
        place.fail("auth.test", status=503)
        with pytest.raises(SlackApiError) as caught:
            await client.auth_test()
        response: Any = cast("Any", caught.value).response
    assert (response.status_code, type(response.data)) == (503, str)


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_call_may_or_may_not_have_had_its_effect(applied: bool) -> None:
    async with at_slack() as (place, client):
        general = place.channel("general")
        place.lose("chat.postMessage", applied=applied)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.ask("chat.postMessage", channel=general.id, text="x")
        assert len(place.messages(general)) == applied


@pytest.mark.parametrize("applied", [True, False])
async def test_a_held_call_waits_until_it_is_released(applied: bool) -> None:
    async with at_slack() as (place, client):
        general = place.channel("general")
        hold = place.hold("chat.postMessage", applied=applied)
        call = asyncio.create_task(client.ask("chat.postMessage", channel=general.id, text="x"))
        await hold.arrived
        assert (len(place.messages(general)), call.done()) == (applied, False)
        hold.release()
        assert (await call)["ok"]
        assert len(place.messages(general)) == 1


async def test_half_of_the_latency_is_before_the_effect() -> None:
    async with at_slack(latency=0.05) as (place, client):
        general = place.channel("general")
        call = asyncio.create_task(client.ask("chat.postMessage", channel=general.id, text="x"))
        await place.wait_for(lambda: place.calls)
        assert place.messages(general) == []
        await place.wait_for(lambda: place.messages(general))
        assert not call.done()
        await call
        await place.idle()
