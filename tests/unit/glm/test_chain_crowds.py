"""Providers that refuse us as too many, in a loop whose time is not the wall's."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
from structlog.testing import capture_logs

from bot.glm.answer import Bounds
from bot.glm.client import GlmModel
from bot.glm.wire import Options
from tests.unit.glm.provider import Provider, Providers, Reply, chunk, question, refusal, respond, zhipu
from tests.unit.glm.virtual import Ending, ask, now, run, waiting

HELLO = zhipu("Hello")
CROWDED = Reply([refusal("1302")], status=429)


class Narrow(Providers):
    """Answers so many at a time, each in `seconds`, and counts a request for `lag` seconds more; refuses others."""

    def __init__(self, room: int, *, seconds: float = 1.5, lag: float = 0.0) -> None:
        super().__init__(bigmodel=CROWDED, zai=CROWDED)
        self.room = room
        self.refused = list[float]()
        self._reply = Reply([chunk(content="Hel"), seconds, zhipu("lo")])
        self._taken = seconds + lag

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if self.room == 0:
            self.refused.append(now())
            return response
        self.room -= 1
        asyncio.get_running_loop().call_later(self._taken, self._free)
        return respond(self._reply, asyncio.Event())

    def _free(self) -> None:
        self.room += 1


async def crowd(model: GlmModel, number: int, name: str = "glm-5.1") -> list[Ending]:
    """So many ask at once, each in a conversation of their own."""
    requests = (replace(question(name), conversation=str(one)) for one in range(number))
    return await asyncio.gather(*(ask(model, request) for request in requests))


def busy_until(end: float) -> Providers:
    """A provider whose account is used up by others until then."""

    class Busy(Providers):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            return response if now() < end else respond(HELLO, asyncio.Event())

    return Busy(bigmodel=CROWDED)


@pytest.mark.parametrize("lag", [0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize(("room", "number"), [(2, 10), (5, 30)])
def test_everybody_is_answered_though_places_become_free_late(room: int, number: int, lag: float) -> None:
    transport = Narrow(room, lag=lag)
    endings = run(lambda: crowd(waiting(transport), number))
    assert [ending.text for ending in endings] == ["Hello"] * number
    assert max(ending.seconds for ending in endings) <= number / room * (1.5 + 0.35) + 2.0
    assert len(transport.asked) <= 2 * number, "the limit is learned from the first refusals"


@pytest.mark.parametrize("lag", [0.0, 0.05, 0.3])
def test_a_known_limit_is_kept_where_places_become_free_late(lag: float) -> None:
    transport = Narrow(1, seconds=1.0, lag=lag)
    endings = run(lambda: crowd(waiting(transport), 8, "glm-4.7-flash"))
    assert [ending.text for ending in endings] == ["Hello"] * 8
    assert len(transport.asked) <= 9


def test_a_limit_that_was_found_is_tried_again_once_a_minute() -> None:
    transport = Narrow(2, seconds=1.0)
    model = waiting(transport)

    async def user() -> None:
        while now() < 150.0:
            assert (await ask(model)).text == "Hello"

    async def main() -> None:
        await asyncio.gather(*(user() for _ in range(4)))

    run(main)
    assert 2 <= len([at for at in transport.refused if at > 1.0]) <= 3


def test_too_much_at_once_is_learned_without_failing_anybody() -> None:
    transport = Narrow(30, seconds=3.0)
    endings = run(lambda: crowd(waiting(transport), 90))
    assert [ending.text for ending in endings] == ["Hello"] * 90
    assert len(transport.asked) == 90 + 60


def test_an_account_that_is_busy_for_3_seconds_is_waited_for() -> None:
    transport = busy_until(2.9)
    ending = run(lambda: crowd(waiting(transport), 1))[0]
    assert (ending.text, [at for _, _, at in transport.asked]) == ("Hello", [0.0, 1.0, 3.0])


def test_all_who_wait_for_a_busy_account_are_answered_and_no_circuit_opens() -> None:
    transport = busy_until(2.9)
    with capture_logs() as logs:
        endings = run(lambda: crowd(waiting(transport), 10))
    assert [ending.text for ending in endings] == ["Hello"] * 10
    assert not [entry for entry in logs if "circuit" in entry["event"]]


@pytest.mark.parametrize("stream", [True, False])
def test_refusals_without_end_fail_all_in_time_with_few_requests(stream: bool) -> None:
    transport = Providers(bigmodel=CROWDED)
    transport.latency = 0.2
    endings = run(lambda: crowd(waiting(transport, options=Options(stream=stream)), 20))
    assert [ending.error.text for ending in endings if ending.error] == ["wait"] * 20
    assert max(ending.seconds for ending in endings) <= 22.0
    assert 20 + 4 <= len(transport.asked) <= 20 + 6


def test_another_offer_is_asked_after_three_pauses_in_vain_and_later_at_once() -> None:
    transport = Providers(bigmodel=CROWDED, zai=HELLO)
    model = waiting(transport, "bigmodel", "zai")

    async def main() -> list[Ending]:
        first = await crowd(model, 1)
        await asyncio.sleep(1)
        return [*first, *await crowd(model, 2)]

    endings = run(main)
    assert [(ending.by[0], ending.seconds) for ending in endings] == [("zai", 3.0), ("zai", 0.0), ("zai", 0.0)]
    assert [at for name, _, at in transport.asked if name == "bigmodel"] == [0.0, 1.0, 3.0]


def test_who_is_refused_beside_answers_that_come_is_not_thrown_out() -> None:
    """One long answer after the other holds the only place."""
    transport = Narrow(1, seconds=20.0)
    endings = run(lambda: crowd(waiting(transport), 4))
    assert [ending.text for ending in endings] == ["Hello"] * 4


def test_a_long_queue_is_waited_in_also_between_the_answers() -> None:
    transport = Narrow(1, seconds=1.0, lag=0.3)
    endings = run(lambda: crowd(waiting(transport), 80, "glm-4.7-flash"))
    assert [ending.text for ending in endings] == ["Hello"] * 80
    assert max(ending.seconds for ending in endings) > 100.0


@pytest.mark.parametrize(("hint", "seconds"), [(29, 29.0), (31, 0.0)])
def test_a_retry_after_is_waited_for_up_to_30_seconds(hint: int, seconds: float) -> None:
    told = Reply([refusal("1302")], status=429, headers={"retry-after": str(hint)})
    ending = run(lambda: crowd(waiting(Provider(told, HELLO), bounds=Bounds(silence=60.0)), 1))[0]
    assert (ending.seconds, ending.text) == (seconds, "Hello" if seconds else "")


def test_a_long_retry_after_throws_nobody_out_while_others_are_answered() -> None:
    transport = Narrow(1, seconds=20.0)
    transport.replies["bigmodel"] = Reply([refusal("1302")], status=429, headers={"retry-after": "20"})
    endings = run(lambda: crowd(waiting(transport), 2))
    assert [ending.text for ending in endings] == ["Hello"] * 2


def test_a_retry_after_is_obeyed_by_all_who_wait() -> None:
    told = Reply([refusal("1302")], status=429, headers={"retry-after": "6"})
    transport = Provider(told, HELLO)
    endings = run(lambda: crowd(waiting(transport), 3, "glm-4.7-flash"))
    assert [ending.text for ending in endings] == ["Hello"] * 3
    assert min(ending.seconds for ending in endings) == 6.0
