"""Faults must strike the calls they name, and say when they do."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.api import Api

POSTS = r"/channels/\d+/messages$"


async def test_an_error_has_no_effect_and_ends_after_its_times(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    place.fail("POST", POSTS, 503, times=2)
    statuses = [(await api.post(general, {"content": "x"})).status for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert len(place.messages(general)) == 1
    assert [r.status for r in place.refusals] == [503, 503]


@pytest.mark.parametrize(("applied", "left"), [(True, 1), (False, 0)])
async def test_a_lost_response_may_have_taken_effect(place: DiscordStandIn, api: Api, applied: bool, left: int) -> None:
    general = place.channel("general").id
    place.lose("POST", POSTS, applied=applied)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await api.post(general, {"content": "x"})
    assert len(place.messages(general)) == left


@pytest.mark.parametrize(("applied", "seen"), [(True, 1), (False, 0)])
async def test_a_held_call_is_answered_when_released(place: DiscordStandIn, api: Api, applied: bool, seen: int) -> None:
    general = place.channel("general").id
    hold = place.hold("POST", POSTS, applied=applied)
    call = asyncio.create_task(api.post(general, {"content": "x"}))
    await asyncio.wait_for(hold.arrived, 5)
    assert len(place.messages(general)) == seen
    assert not call.done()
    hold.release()
    assert (await call).status == 200
    assert len(place.messages(general)) == 1


async def test_other_calls_pass_a_fault_by(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    place.fail("POST", r"/typing$", 500)
    assert (await api.post(general, {"content": "x"})).status == 200
    assert (await api.call("POST", f"/channels/{general}/typing")).status == 500
    assert (await api.call("POST", f"/channels/{general}/typing")).status == 204


async def test_an_effect_is_visible_half_way_through_the_latency(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    place.latency = 0.05
    call = asyncio.create_task(api.post(general, {"content": "x"}))
    at_arrival = await place.wait_for(lambda: [len(place.messages(general)) for _ in place.requests])
    assert at_arrival == [0]
    at_effect = await place.wait_for(lambda: [place.rest.in_flight for _ in place.messages(general)])
    assert at_effect == [1]
    assert (await call).status == 200


async def test_idle_waits_for_calls_in_flight(place: DiscordStandIn, api: Api) -> None:
    hold = place.hold("POST", POSTS)
    call = asyncio.create_task(api.post(place.channel("general").id, {"content": "x"}))
    await asyncio.wait_for(hold.arrived, 5)
    idle = asyncio.create_task(place.idle())
    with pytest.raises(TimeoutError):
        await place.idle(timeout=0.01)
    hold.release()
    await asyncio.gather(idle, call)


async def test_closing_releases_what_is_held() -> None:
    async with DiscordStandIn() as place, aiohttp.ClientSession() as http:
        api = Api(http, place)
        hold = place.hold("POST", POSTS)
        call = asyncio.create_task(api.post(place.channel("general").id, {"content": "x"}))
        await asyncio.wait_for(hold.arrived, 5)
    await asyncio.gather(call, return_exceptions=True)
    assert call.done()


async def test_waiting_ends_with_the_change_and_fails_with_the_predicate(place: DiscordStandIn) -> None:
    general, alice = place.channel("general"), place.person("alice")
    waiting = asyncio.create_task(place.wait_for(lambda: [m.content for m in place.messages(general)]))
    await alice.say(general, "here")
    assert await waiting == ["here"]

    def broken() -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await place.wait_for(broken)
    with pytest.raises(TimeoutError):
        await place.wait_for(lambda: False, timeout=0.01)
