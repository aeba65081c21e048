"""Who waits for a model that answers few at a time, in a loop whose time is not the wall's."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from bot.glm.client import GlmModel
from bot.glm.wire import Options
from tests.unit.glm.provider import HANG, Provider, Providers, Reply, chunk, question, zhipu
from tests.unit.glm.virtual import Ending, ask, now, run, waiting

HELLO = zhipu("Hello")
SILENT = Reply([HANG])


def positions(ending: Ending) -> list[int]:
    return [delta.position for delta in ending.deltas if delta.position is not None]


async def several(model: GlmModel, name: str, *conversations: str) -> list[Ending]:
    requests = (replace(question(name), conversation=conversation) for conversation in conversations)
    return await asyncio.gather(*(ask(model, request) for request in requests))


def test_who_waits_over_3_seconds_is_told_the_position_and_when_it_changes() -> None:
    slow = Reply([chunk(content="Hel"), 8.0, zhipu("lo")])
    endings = run(lambda: several(waiting(Provider(slow), "zai"), "glm-4.7-flash", "a", "b", "c", "d"))
    assert [ending.text for ending in endings] == ["Hello"] * 4
    assert [positions(ending) for ending in endings] == [[], [1, 0], [2, 1, 0], [3, 2, 1, 0]]
    assert [round(ending.ended) for ending in endings] == [8, 16, 24, 32]


def test_a_short_wait_is_not_told() -> None:
    slow = Reply([2.5, HELLO])
    endings = run(lambda: several(waiting(Provider(slow), "zai"), "glm-4.7-flash", "a", "b"))
    assert [positions(ending) for ending in endings] == [[], []]


def test_a_talkative_conversation_does_not_hold_up_the_others() -> None:
    slow = Reply([chunk(content="Hel"), 4.0, zhipu("lo")])
    endings = run(lambda: several(waiting(Provider(slow), "zai"), "glm-4.7-flash", "a", "a", "a", "a", "b"))
    assert [round(ending.ended) for ending in endings] == [4, 8, 16, 20, 12]


def test_a_queue_that_does_not_move_is_left_for_another_offer() -> None:
    class Slow(Providers):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            flash = b'"glm-4.7-flash"' in request.content
            self.replies = {"zai": Reply([chunk(content="Hel"), 30.0, zhipu("lo")]) if flash else HELLO}
            return await super().handle_async_request(request)

    model = waiting(Slow(), "zai", fallbacks=["glm-4.7"])
    first, second = run(lambda: several(model, "glm-4.7-flash", "a", "b"))
    assert (first.by, second.by) == (("zai", "glm-4.7-flash"), ("zai", "glm-4.7"))
    assert (second.seconds, positions(second)) == (10.0, [1, 0])


def test_a_queue_behind_silence_ends_with_an_error_in_time() -> None:
    transport = Provider(SILENT)
    endings = run(lambda: several(waiting(transport, "zai"), "glm-4.7-flash", "a", "b", "c"))
    assert [ending.seconds for ending in endings] == [18.0] * 3
    assert [ending.error.text for ending in endings if ending.error] == ["busy", "wait", "wait"]
    assert len(transport.requests) == 1


def test_who_waits_for_whole_answers_waits_longer() -> None:
    whole = b'{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}'
    model = waiting(Provider(Reply([40.0, whole])), "zai", options=Options(stream=False))
    endings = run(lambda: several(model, "glm-4.7-flash", "a", "b"))
    assert [(ending.text, ending.seconds) for ending in endings] == [("Hello", 40.0), ("Hello", 80.0)]


def test_half_of_the_time_is_left_for_the_answer() -> None:
    slow = Reply([chunk(content="Hel"), *[20.0, chunk(content=".")] * 14, zhipu("lo")])
    first, second = run(lambda: several(waiting(Provider(slow), "zai"), "glm-4.7-flash", "a", "b"))
    assert (first.seconds, second.seconds) == (280.0, 150.0)
    assert second.error is not None
    assert second.error.text == "wait"


def test_who_leaves_the_queue_or_is_cancelled_leaves_no_hole() -> None:
    slow = Reply([chunk(content="Hel"), 5.0, zhipu("lo")])
    model = waiting(Provider(slow), "zai")

    async def main() -> Ending:
        tasks = [asyncio.create_task(ask(model, question("glm-4.7-flash"))) for _ in range(4)]
        last = asyncio.create_task(ask(model, question("glm-4.7-flash")))
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return await last

    assert run(main).seconds == 6.0


def test_closing_while_the_position_is_shown_leaves_the_queue() -> None:
    slow = Reply([chunk(content="Hel"), 9.0, zhipu("lo")])
    model = waiting(Provider(slow), "zai")

    async def wait_and_leave() -> float:
        async with aclosing(model.stream(question("glm-4.7-flash"))) as deltas:
            assert (await anext(deltas)).position == 1
        return now()

    async def main() -> tuple[float, Ending]:
        first = asyncio.create_task(ask(model, question("glm-4.7-flash")))
        await asyncio.sleep(0)
        left = await wait_and_leave()
        await first
        return left, await ask(model, question("glm-4.7-flash"))

    left, last = run(main)
    assert (left, last.began, last.seconds) == (3.0, 9.0, 9.0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 30.0), st.sampled_from("ab")), min_size=1, max_size=8))
def test_whoever_goes_and_whenever_the_next_is_answered_at_once(goings: list[tuple[float, str]]) -> None:
    model = waiting(Provider(Reply([2.0, chunk(content="Hel"), 3.0, zhipu("lo")])), "zai")

    async def go(after: float, conversation: str) -> None:
        with suppress(TimeoutError):  # gone, wherever the question had come to
            async with asyncio.timeout(after):
                await ask(model, replace(question("glm-4.7-flash"), conversation=conversation))

    async def main() -> Ending:
        await asyncio.gather(*(go(*going) for going in goings))
        return await ask(model, question("glm-4.7-flash"))

    ending = run(main)
    assert (ending.text, round(ending.seconds, 6)) == ("Hello", 5.0)


def test_who_waits_is_counted_while_they_do() -> None:
    model = waiting(Provider(Reply([chunk(content="Hel"), 5.0, zhipu("lo")])), "zai")

    async def main() -> list[float | None]:
        seen = [REGISTRY.get_sample_value("glimmer_glm_waiting")]
        everybody = asyncio.create_task(several(model, "glm-4.7-flash", "a", "b", "c"))
        for wait in (1, 5, 5):
            await asyncio.sleep(wait)
            seen.append(REGISTRY.get_sample_value("glimmer_glm_waiting"))
        await everybody
        return seen

    assert run(main) == [0.0, 2.0, 1.0, 0.0]
