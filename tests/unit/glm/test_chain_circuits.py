"""What is left alone after failures, and who waits until it is not, in a loop whose time is not the wall's."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta, timezone

import httpx
from structlog.testing import capture_logs

from bot.completion import Delta
from bot.glm.client import GlmModel
from tests.unit.glm.provider import Provider, Providers, Reply, chunk, question, refusal, respond, text_of, zhipu
from tests.unit.glm.virtual import Ending, ask, run, waiting

HELLO = zhipu("Hello")
DOWN = Reply([refusal("1234")], status=500)


async def many(model: GlmModel, number: int) -> list[Ending]:
    """Several questions at once."""
    return await asyncio.gather(*(ask(model) for _ in range(number)))


async def failed(model: GlmModel) -> None:
    """Until the provider has failed five times in a row: three attempts, and two more of which the last opens."""
    await ask(model)
    asking = asyncio.create_task(ask(model))
    await asyncio.sleep(2)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


# What is left alone --------------------------------------------------------------------------------------------------


def test_a_provider_that_refused_the_key_is_not_asked_for_a_minute() -> None:
    transport = Providers(bigmodel=Reply([refusal("1002")], status=401), zai=HELLO)
    model = waiting(transport, "bigmodel", "zai")

    async def main() -> None:
        for wait in (30.0, 29.0, 2.0):
            assert (await ask(model)).text == "Hello"
            await asyncio.sleep(wait)
        await ask(model)

    run(main)
    assert [(name, at) for name, _, at in transport.asked if name == "bigmodel"] == [
        ("bigmodel", 0.0),
        ("bigmodel", 61.0),
    ]


def test_when_all_is_left_alone_the_error_comes_at_once_with_the_reason() -> None:
    transport = Provider(Reply([refusal("1113")], status=429))
    model = waiting(transport, "bigmodel", "zai")

    async def main() -> tuple[Ending, Ending]:
        return await ask(model), await ask(model)

    _, second = run(main)
    assert second.error is not None
    assert (second.error.text, second.error.code, second.seconds, len(transport.requests)) == ("quota", "1113", 0.0, 2)
    assert "BIGMODEL_API_KEY" in second.error.operator


def test_a_stated_reset_is_when_the_provider_is_asked_again() -> None:
    reset = datetime.now(UTC).astimezone(timezone(timedelta(hours=8))) + timedelta(hours=2)
    spent = Reply([refusal("1308", f"limit reached, resets at {reset:%Y-%m-%d %H:%M:%S}")], status=429)
    transport = Provider(spent, HELLO)
    model = waiting(transport)

    async def main() -> list[Ending]:
        endings = [await ask(model)]
        for wait in (3600.0, 3500.0, 160.0):
            await asyncio.sleep(wait)
            endings.append(await ask(model))
        return endings

    endings = run(main)
    assert [ending.text for ending in endings] == ["", "", "", "Hello"]
    assert len(transport.requests) == 2
    assert endings[1].error is not None
    assert endings[1].error.facts["reset"] == f"{reset:%Y-%m-%d %H:%M}"


def test_one_probe_asks_whether_it_is_over_and_the_others_wait_for_it() -> None:
    transport = Provider(*[DOWN] * 5, Reply([5.0, HELLO]))
    model = waiting(transport)

    async def main() -> tuple[list[Ending], int]:
        await failed(model)
        assert len(transport.requests) == 5
        await asyncio.sleep(20)
        asking = asyncio.create_task(many(model, 10))
        await asyncio.sleep(4.9)
        probes = len(transport.requests) - 5
        return await asking, probes

    endings, probes = run(main)
    assert [ending.text for ending in endings] == ["Hello"] * 10
    assert (probes, max(ending.seconds for ending in endings)) == (1, 10.0)


def test_who_has_waited_for_a_probe_that_fails_is_told_why_at_once() -> None:
    transport = Provider(*[DOWN] * 5, Reply([6.0, httpx.ReadError("x")]))
    model = waiting(transport)

    async def main() -> list[Ending]:
        await failed(model)
        await asyncio.sleep(20)
        return await many(model, 5)

    endings = run(main)
    assert [ending.error.text for ending in endings if ending.error] == ["busy"] * 5
    assert max(ending.seconds for ending in endings) <= 7.0
    assert len(transport.requests) == 6


def test_a_reopening_that_is_near_is_waited_for_where_there_is_nothing_else() -> None:
    transport = Provider(*[DOWN] * 5, HELLO)
    model = waiting(transport)

    async def main() -> list[Ending]:
        await failed(model)
        return await many(model, 3)

    endings = run(main)
    assert [ending.text for ending in endings] == ["Hello"] * 3
    assert all(13.0 < ending.seconds <= 15.0 for ending in endings)


def test_what_was_passed_over_is_asked_when_nothing_else_has_answered() -> None:
    class Recovers(Providers):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            late = self.asked[-1][2] > 10.0
            return respond(HELLO, asyncio.Event()) if late and self.asked[-1][0] == "bigmodel" else response

    transport = Recovers(bigmodel=DOWN, zai=Reply([refusal("1211")], status=400))
    model = waiting(transport, "bigmodel", "zai")

    async def main() -> Ending:
        await failed(model)
        return await ask(model)

    ending = run(main)
    assert (ending.text, ending.by[0]) == ("Hello", "bigmodel")


def test_who_has_waited_for_a_reopening_is_answered_there_though_others_reopen_with_it() -> None:
    class Recovers(Providers):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            late = asyncio.get_running_loop().time() > 50.0
            busy = Reply([refusal("1312")], status=429)
            self.replies = dict.fromkeys(("bigmodel", "zai"), Reply([2.0, HELLO]) if late else busy)
            return await super().handle_async_request(request)

    model = waiting(Recovers(), "bigmodel", "zai")

    async def main() -> Ending:
        await ask(model)
        await asyncio.sleep(49)
        return await ask(model)

    ending = run(main)
    assert (ending.text, ending.by[0], ending.seconds) == ("Hello", "bigmodel", 13.0)


def test_another_that_may_be_asked_is_not_kept_waiting_for_a_probe() -> None:
    class Half(Providers):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            late = asyncio.get_running_loop().time() > 20.0
            self.replies = {"bigmodel": Reply([5.0, HELLO]) if late else DOWN, "zai": HELLO}
            return await super().handle_async_request(request)

    transport = Half()
    model = waiting(transport, "bigmodel", "zai")

    async def main() -> list[Ending]:
        await many(model, 5)
        await asyncio.sleep(25)
        return await many(model, 3)

    endings = run(main)
    assert [(ending.by[0], ending.seconds) for ending in endings] == [("bigmodel", 5.0), ("zai", 0.0), ("zai", 0.0)]


def test_a_burst_of_failures_among_answers_opens_nothing() -> None:
    class Stumbles(Providers):
        latency = 0.1

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            down = len(self.asked) < 6
            response = await super().handle_async_request(request)
            return response if down else respond(slow, asyncio.Event())

    slow = Reply([0.3, chunk(content="Hel"), 0.7, zhipu("lo")])
    model = waiting(Stumbles(bigmodel=DOWN))

    async def main() -> list[Ending]:
        return [*await many(model, 20), *await many(model, 1)]

    with capture_logs() as logs:
        endings = run(main)
    assert [ending.text for ending in endings] == ["Hello"] * 21
    assert not [entry for entry in logs if "circuit" in entry["event"]]


def test_a_reader_who_stops_at_the_finish_has_had_an_answer() -> None:
    down = Reply([refusal("1234")], status=500)
    model = waiting(Provider(down, down, down, down, HELLO, down))

    async def read_to_the_finish() -> str:
        deltas: list[Delta] = []
        async with aclosing(model.stream(question())) as stream:
            async for delta in stream:
                deltas.append(delta)
                if delta.finish is not None:
                    break
        return text_of(deltas)

    async def main() -> Ending:
        await ask(model)
        assert await read_to_the_finish() == "Hello"
        return await ask(model)

    assert run(main).seconds > 0, "the streak was over, so it is asked three times"
