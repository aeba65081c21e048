"""Rate limits must count as they say, and say what they count."""

from __future__ import annotations

import asyncio

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.discord import limits
from playground.discord.limits import Kind, Limits
from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.api import Api
from tests.unit.playground.discord.bot import running

KINDS: list[Kind] = ["fixed", "sliding"]


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    still = Time()
    monkeypatch.setattr(limits, "time", still)
    return still


def ask(rules: Limits, route_class: str = "post_message", major: str = "1") -> limits.Verdict:
    return rules.check(route_class, major, exempt=True)


@pytest.mark.parametrize("kind", KINDS)
def test_so_many_calls_pass_and_the_next_waits(clock: Time, kind: Kind) -> None:
    rules = Limits()
    rules.set("post_message", limit=3, window=6.0, kind=kind)
    left = [ask(rules).headers["X-RateLimit-Remaining"] for _ in range(3)]
    refused = ask(rules)
    assert left == ["2", "1", "0"]
    assert refused.refusal is not None
    assert refused.refusal["retry_after"] == pytest.approx(6.0 if kind == "fixed" else 2.0, abs=0.002)
    clock.now += refused.refusal["retry_after"]
    assert ask(rules).refusal is None


def test_a_sliding_bucket_tells_the_time_to_full_and_a_fixed_one_that_to_its_end(clock: Time) -> None:
    rules = Limits()
    rules.set("post_message", limit=4, window=8.0, kind="sliding")
    rules.set("edit_message", limit=4, window=8.0, kind="fixed")
    ask(rules, "post_message")
    ask(rules, "edit_message")
    clock.now += 1.0
    assert float(ask(rules, "post_message").headers["X-RateLimit-Reset-After"]) == pytest.approx(3.0, abs=0.002)
    fixed = ask(rules, "edit_message").headers
    assert float(fixed["X-RateLimit-Reset-After"]) == pytest.approx(7.0, abs=0.002)
    assert float(fixed["X-RateLimit-Reset"]) == pytest.approx(clock.now + 7.0, abs=0.002)


def test_posts_and_edits_count_apart_under_one_name(clock: Time) -> None:
    rules = Limits()
    rules.set("post_message", limit=1)
    post, edit = ask(rules, "post_message"), ask(rules, "edit_message")
    assert post.headers["X-RateLimit-Bucket"] == edit.headers["X-RateLimit-Bucket"]
    assert ask(rules, "post_message").refusal is not None
    assert ask(rules, "edit_message").refusal is None
    assert ask(rules, "post_message", major="2").refusal is None


def test_a_change_applies_to_what_was_used_already(clock: Time) -> None:
    rules = Limits()
    rules.set("edit_message", limit=5, window=10.0, kind="sliding")
    for _ in range(4):
        ask(rules, "edit_message")
    rules.set("edit_message", limit=3)
    assert ask(rules, "edit_message").refusal is not None
    rules.set("edit_message", limit=7)
    assert ask(rules, "edit_message").headers["X-RateLimit-Remaining"] == "2"


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_of_nothing_lets_nothing_through(clock: Time, kind: Kind) -> None:
    rules = Limits()
    rules.set("post_message", limit=0, window=60.0, kind=kind)
    refused = ask(rules).refusal
    assert refused is not None
    assert refused["retry_after"] == pytest.approx(60.0, abs=0.002)


def test_headers_can_be_hidden_except_on_a_refusal(clock: Time) -> None:
    rules = Limits()
    rules.headers = False
    rules.set("post_message", limit=1)
    assert ask(rules).headers == {}
    assert ask(rules).headers["Retry-After"] == "5"


def test_the_global_limit_spans_all_routes_but_the_exempt(clock: Time) -> None:
    rules = Limits()
    rules.global_limit = 3
    for number in range(3):
        assert rules.check("other", str(number), exempt=False).refusal is None
    refused = rules.check("typing", "9", exempt=False)
    assert refused.refusal is not None
    assert refused.refusal["global"] is True
    assert refused.headers["X-RateLimit-Global"] == "true"
    assert rules.check("webhook", "9", exempt=True).refusal is None
    clock.now += refused.refusal["retry_after"]
    assert rules.check("typing", "9", exempt=False).refusal is None


@given(st.sampled_from(KINDS), st.integers(1, 8), st.lists(st.floats(0, 3), max_size=60))
def test_no_window_lets_more_through_than_its_limit_and_its_refill(kind: Kind, limit: int, gaps: list[float]) -> None:
    clock, window = Time(), 4.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "time", clock)
        rules = Limits()
        rules.set("post_message", limit=limit, window=window, kind=kind)
        passed: list[float] = []
        for gap in gaps:
            clock.now += gap
            verdict = ask(rules)
            if verdict.refusal is None:
                passed.append(clock.now)
            else:
                assert 0 < verdict.refusal["retry_after"] <= window + 0.001
    for start in passed:
        assert sum(start <= at < start + window for at in passed) <= 2 * limit


async def test_a_refused_call_says_how_long_and_is_kept(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    place.limits.set("post_message", limit=1, window=60.0)
    assert (await api.post(general, {"content": "one"})).status == 200
    refused = await api.post(general, {"content": "two"})
    assert refused.status == 429
    assert refused.headers["Via"]
    assert refused.headers["X-RateLimit-Scope"] == "user"
    assert refused.headers["Content-Type"] == "application/json"
    assert refused.body["global"] is False
    assert refused.body["retry_after"] <= 60
    assert [(r.method, r.status) for r in place.refusals] == [("POST", 429)]
    assert len(place.messages(general)) == 1


async def test_the_client_waits_for_a_429_and_tries_again(place: DiscordStandIn) -> None:
    general = place.channel("general")
    place.limits.set("post_message", limit=1, window=0.05, kind="fixed")
    place.limits.headers = False
    async with running(place) as bot:
        channel = bot.get_partial_messageable(int(general.id))
        await asyncio.gather(*(channel.send(str(n)) for n in range(3)))
    assert sorted(m.content for m in place.messages(general)) == ["0", "1", "2"]


async def test_threads_have_a_limit_of_their_own(place: DiscordStandIn) -> None:
    alice, general = place.person("alice"), place.channel("general")
    place.limits.set("create_thread", limit=1, window=300.0)
    first, second = await alice.say(general, "a"), await alice.say(general, "b")
    async with running(place) as bot:
        bot.http.max_ratelimit_timeout = 30.0
        await bot.http.start_thread_with_message(int(general.id), int(first.id), name="a", auto_archive_duration=60)
        with pytest.raises(discord.RateLimited) as limited:
            await bot.http.start_thread_with_message(
                int(general.id), int(second.id), name="b", auto_archive_duration=60
            )
    assert limited.value.retry_after > 250
    assert place.thread(second) is None


async def test_too_many_invalid_calls_shut_the_address_out(
    place: DiscordStandIn, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.discord.rest.INVALID_LIMIT", 2)
    for _ in range(2):
        assert (await api.call("GET", "/users/@me", token="wrong")).status == 401
    banned = await api.call("GET", "/users/@me")
    assert banned.status == 429
    assert "Via" not in banned.headers
