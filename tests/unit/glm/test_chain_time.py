"""What is asked when, in a loop whose time is not the wall's."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from structlog.testing import capture_logs

from bot.completion import Delta
from bot.glm.client import GlmModel
from bot.glm.wire import Options
from tests.unit.glm.provider import HANG, Provider, Providers, Reply, chunk, event, question, refusal, text_of, zhipu
from tests.unit.glm.virtual import Ending, ask, run, waiting

HELLO = zhipu("Hello")
SILENT = Reply([HANG])
OPENER = event({"choices": [{"delta": {"role": "assistant", "content": ""}, "finish_reason": None}], "usage": None})


def asked(model: GlmModel, *, at: float = 0.0) -> Ending:
    """One question, asked at a time of a new loop."""

    async def main() -> Ending:
        await asyncio.sleep(at)
        return await ask(model)

    return run(main)


# The first event -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reads", [[HANG], [b": still here\n\n", HANG], [5.0, HANG], [OPENER, HANG]])
def test_a_provider_that_sends_nothing_is_left_for_the_next_after_10_seconds(reads: list[bytes | float | str]) -> None:
    transport = Providers(bigmodel=Reply([*reads]), zai=HELLO)
    ending = asked(waiting(transport, "bigmodel", "zai"))
    assert (ending.text, ending.by, ending.seconds) == ("Hello", ("zai", "glm-5.1"), 10.0)


def test_comments_do_not_keep_a_silent_provider() -> None:
    transport = Providers(bigmodel=Reply([b": hm\n\n", 4.0] * 20), zai=HELLO)
    assert asked(waiting(transport, "bigmodel", "zai")).seconds == 10.0


def test_a_provider_that_begins_in_time_is_waited_for() -> None:
    late = Reply([9.0, chunk(reasoning_content="hm"), 50.0, chunk(reasoning_content="hm"), 50.0, HELLO])
    ending = asked(waiting(Providers(bigmodel=late, zai=HELLO), "bigmodel", "zai"))
    assert (ending.by[0], ending.seconds) == ("bigmodel", 109.0)


def test_without_another_the_first_event_may_take_22_seconds() -> None:
    assert asked(waiting(Provider(Reply([21.0, HELLO])))).text == "Hello"
    ending = asked(waiting(Provider(Reply([23.0, HELLO]))))
    assert ending.error is not None
    assert (ending.error.text, ending.error.code, ending.seconds) == ("busy", "silent", 22.0)


def test_nothing_from_anybody_within_22_seconds_is_an_error() -> None:
    transport = Providers(bigmodel=SILENT, zai=SILENT, acedata=SILENT)
    ending = asked(waiting(transport, "bigmodel", "zai", "acedata", fallbacks=["glm-4.7", "glm-4.6"]))
    assert ending.error is not None
    assert (ending.error.text, ending.seconds) == ("busy", 22.0)
    assert [at for _, _, at in transport.asked] == [0.0, 10.0, 20.0]


def test_waits_and_stalls_together_take_22_seconds_at_most() -> None:
    limited = Reply([refusal("1302")], status=429, headers={"retry-after": "9"})
    transport = Provider(limited, limited, SILENT)
    ending = asked(waiting(transport))
    assert ending.error is not None
    assert ending.seconds == 22.0


def test_a_wait_that_another_offer_does_not_need_is_not_waited() -> None:
    limited = Reply([refusal("1302")], status=429, headers={"retry-after": "15"})
    ending = asked(waiting(Providers(bigmodel=limited, zai=HELLO), "bigmodel", "zai"))
    assert (ending.by[0], ending.seconds) == ("zai", 0.0)


def test_reasoning_that_breaks_off_is_asked_again_whatever_it_took() -> None:
    thinking = Reply([chunk(reasoning_content="hm"), 40.0, httpx.ReadError("x")])
    assert asked(waiting(Provider(thinking, HELLO))).text == "Hello"


def test_v12_a_stall_in_the_reasoning_is_tried_once_more() -> None:
    transport = Provider(Reply([chunk(reasoning_content="hm"), HANG]))
    ending = asked(waiting(transport))
    assert ending.error is not None
    assert (ending.error.text, ending.error.code, len(transport.requests)) == ("busy", "stalled", 2)


def test_a_whole_answer_has_no_first_event() -> None:
    whole = b'{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}'
    transport = Providers(bigmodel=Reply([120.0, whole]), zai=HELLO)
    ending = asked(waiting(transport, "bigmodel", "zai", options=Options(stream=False)))
    assert (ending.text, ending.by[0], ending.seconds) == ("Hello", "bigmodel", 120.0)
    never = asked(waiting(Provider(SILENT), options=Options(stream=False)))
    assert never.error is not None
    assert never.seconds == 300.0


def test_a_model_without_streams_is_asked_for_the_whole_answer_once() -> None:
    whole = b'{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}'
    transport = Provider(Reply([refusal("1212")], status=400), Reply([60.0, whole]))
    assert asked(waiting(transport)).text == "Hello"
    assert [body.get("stream", False) for body in transport.bodies] == [True, False]


# The order -----------------------------------------------------------------------------------------------------------


def test_the_chain_goes_through_providers_then_fallbacks_and_says_who_answered() -> None:
    down, gone = Reply([refusal("1234")], status=500), Reply([refusal("1211")], status=400)
    transport = Providers(bigmodel=gone, zai=down, acedata=HELLO)
    model = waiting(transport, "bigmodel", "zai", "acedata", fallbacks=["glm-4.7"])
    with capture_logs() as logs:
        ending = asked(model)
    assert ending.by == ("acedata", "glm-5.1")
    assert [name for name, *_ in transport.asked] == ["bigmodel", "zai", "zai", "zai", "acedata"]
    [told] = [entry for entry in logs if entry["event"] == "glm.fell_back"]
    assert (told["wanted"], told["model"], told["provider"]) == ("glm-5.1", "glm-5.1", "acedata")


def test_an_overloaded_model_is_left_for_another_model() -> None:
    class Overloaded(Providers):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            busy = b'"glm-5.1"' in request.content
            self.replies = {"zai": event({"error": {"code": 1305, "message": "x"}}) if busy else HELLO}
            return await super().handle_async_request(request)

    transport = Overloaded()
    ending = asked(waiting(transport, "zai", fallbacks=["glm-4.7"]))
    assert ending.by == ("zai", "glm-4.7")
    assert [name for _, name, _ in transport.asked] == ["glm-5.1", "glm-5.1", "glm-4.7"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply([chunk(content="Hel"), httpx.ReadError("x")]),
        Reply([refusal("1300")], status=400),
        Reply([refusal("1301")], status=400),
        Reply([chunk("sensitive", top={"content_filter": [{"role": "user", "level": 1}]}, content="")]),
        Reply([refusal("1261")], status=400),
    ],
)
def test_nobody_else_is_asked_after_text_or_a_safety_stop_or_for_what_the_user_must_mend(reply: Reply) -> None:
    transport = Providers(bigmodel=reply, zai=HELLO)
    asked(waiting(transport, "bigmodel", "zai", fallbacks=["glm-4.7"]))
    assert [name for name, *_ in transport.asked] == ["bigmodel"]


def test_v45_each_attempt_at_each_offer_has_an_id_of_its_own() -> None:
    transport = Provider(Reply([refusal("1234")], status=500))
    asked(waiting(transport, "bigmodel", "zai", fallbacks=["glm-4.7"]))
    ids = [body["request_id"] for body in transport.bodies]
    assert len(set(ids)) == len(ids) == 12


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


def test_one_probe_at_a_time_asks_whether_it_is_over() -> None:
    down, slow = Reply([refusal("1234")], status=500), Reply([5.0, zhipu("Hello"), 1.0])
    transport = Provider(down, down, down, down, down, slow)
    model = waiting(transport)

    async def main() -> tuple[list[Ending], list[Ending]]:
        for _ in range(2):
            await ask(model)
        assert len(transport.requests) == 5
        await asyncio.sleep(20)
        during = await asyncio.gather(*(ask(model) for _ in range(10)))
        return during, await asyncio.gather(*(ask(model) for _ in range(10)))

    during, after = run(main)
    assert [ending.text for ending in during] == ["Hello"] + [""] * 9
    assert [ending.seconds for ending in during[1:]] == [0.0] * 9
    assert [ending.text for ending in after] == ["Hello"] * 10


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
