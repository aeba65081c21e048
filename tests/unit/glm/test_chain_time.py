"""What is asked when, in a loop whose time is not the wall's."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from structlog.testing import capture_logs

from bot.glm.answer import Bounds
from bot.glm.client import GlmModel
from bot.glm.wire import Options
from tests.unit.glm.provider import HANG, Provider, Providers, Reply, chunk, event, refusal, zhipu
from tests.unit.glm.virtual import Ending, ask, run, waiting

HELLO = zhipu("Hello")
SILENT = Reply([HANG])
WHOLE = b'{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}'
OPENER = event({"choices": [{"delta": {"role": "assistant", "content": ""}, "finish_reason": None}], "usage": None})


def asked(model: GlmModel, *, at: float = 0.0) -> Ending:
    """One question, asked at a time of a new loop."""

    async def main() -> Ending:
        await asyncio.sleep(at)
        return await ask(model)

    return run(main)


# The first event -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reads", [[HANG], [b": still here\n\n", HANG], [5.0, HANG]])
def test_a_provider_that_sends_nothing_is_left_for_the_next_after_10_seconds(reads: list[bytes | float | str]) -> None:
    transport = Providers(bigmodel=Reply([*reads]), zai=HELLO)
    ending = asked(waiting(transport, "bigmodel", "zai"))
    assert (ending.text, ending.by, ending.seconds) == ("Hello", ("zai", "glm-5.1"), 10.0)


def test_comments_do_not_keep_a_silent_provider() -> None:
    transport = Providers(bigmodel=Reply([b": hm\n\n", 4.0] * 20), zai=HELLO)
    assert asked(waiting(transport, "bigmodel", "zai")).seconds == 10.0


def test_a_provider_that_begins_in_time_is_waited_for() -> None:
    late = Reply([9.0, *[chunk(reasoning_content="hm"), 14.0] * 5, HELLO])
    ending = asked(waiting(Providers(bigmodel=late, zai=HELLO), "bigmodel", "zai"))
    assert (ending.by[0], ending.seconds) == ("bigmodel", 79.0)


def test_who_speaks_is_a_first_event() -> None:
    slow = Providers(acedata=Reply([OPENER, 12.0, HELLO]), zai=zhipu("other"))
    ending = asked(waiting(slow, "acedata", "zai"))
    assert (ending.by[0], ending.text, ending.seconds) == ("acedata", "Hello", 12.0)


@pytest.mark.parametrize(("at", "left_at"), [(0.0, 15.0), (9.0, 18.0)])
def test_who_speaks_and_then_says_nothing_has_15_seconds_and_the_patience(at: float, left_at: float) -> None:
    slow = Providers(acedata=Reply([at, OPENER, HANG]), zai=HELLO)
    ending = asked(waiting(slow, "acedata", "zai"))
    assert ending.seconds == left_at
    assert ending.text == ("Hello" if left_at < 18.0 else "")


def test_without_another_who_has_spoken_has_a_minute() -> None:
    assert asked(waiting(Provider(Reply([OPENER, 59.0, HELLO])), "acedata")).text == "Hello"
    ending = asked(waiting(Provider(Reply([OPENER, 61.0, HELLO])), "acedata"))
    assert ending.error is not None
    assert (ending.error.text, ending.error.code, ending.seconds) == ("busy", "stalled", 60.0)


def test_without_another_the_first_event_may_take_18_seconds() -> None:
    assert asked(waiting(Provider(Reply([17.0, HELLO])))).text == "Hello"
    ending = asked(waiting(Provider(Reply([19.0, HELLO]))))
    assert ending.error is not None
    assert (ending.error.text, ending.error.code, ending.seconds) == ("busy", "silent", 18.0)


def test_nothing_from_anybody_within_18_seconds_is_an_error() -> None:
    transport = Providers(bigmodel=SILENT, zai=SILENT, acedata=SILENT)
    ending = asked(waiting(transport, "bigmodel", "zai", "acedata", fallbacks=["glm-4.7", "glm-4.6"]))
    assert ending.error is not None
    assert (ending.error.text, ending.seconds) == ("busy", 18.0)
    assert [at for _, _, at in transport.asked] == [0.0, 10.0]


@pytest.mark.parametrize(("patience", "asked_at"), [(60.0, [0.0, 10.0, 20.0]), (5.0, [0.0, 3.0])])
def test_the_patience_is_a_bound_and_of_a_short_one_some_is_left_for_the_next(
    patience: float, asked_at: list[float]
) -> None:
    transport = Providers(bigmodel=SILENT, zai=SILENT, acedata=SILENT)
    ending = asked(waiting(transport, "bigmodel", "zai", "acedata", bounds=Bounds(silence=patience)))
    assert (ending.seconds, [at for _, _, at in transport.asked]) == (patience, asked_at)


def test_waits_and_stalls_together_take_18_seconds_at_most() -> None:
    limited = Reply([refusal("1302")], status=429, headers={"retry-after": "8"})
    transport = Provider(limited, limited, SILENT)
    ending = asked(waiting(transport))
    assert ending.error is not None
    assert (ending.seconds, len(transport.requests)) == (18.0, 3)


def test_a_wait_that_another_offer_does_not_need_is_not_waited() -> None:
    limited = Reply([refusal("1302")], status=429, headers={"retry-after": "15"})
    ending = asked(waiting(Providers(bigmodel=limited, zai=HELLO), "bigmodel", "zai"))
    assert (ending.by[0], ending.seconds) == ("zai", 0.0)


# The next events -----------------------------------------------------------------------------------------------------


def test_reasoning_that_breaks_off_is_asked_again_whatever_it_took() -> None:
    thinking = Reply([chunk(reasoning_content="hm"), 40.0, httpx.ReadError("x")])
    assert asked(waiting(Provider(thinking, HELLO))).text == "Hello"


def test_an_answer_that_is_empty_after_long_reasoning_is_asked_for_again() -> None:
    empty = Reply([chunk(reasoning_content="hm"), 40.0, chunk("stop", content="")])
    assert asked(waiting(Provider(empty, HELLO))).text == "Hello"


def test_v12_a_stall_in_the_reasoning_is_left_for_the_next_and_not_for_the_same() -> None:
    hung = Reply([chunk(reasoning_content="hm"), HANG])
    transport = Providers(bigmodel=hung, zai=hung, acedata=HELLO)
    ending = asked(waiting(transport, "bigmodel", "zai", "acedata"))
    assert (ending.text, transport.asked) == (
        "Hello",
        [("bigmodel", "glm-5.1", 0.0), ("zai", "glm-5.1", 15.0), ("acedata", "glm-5.1", 30.0)],
    )


def test_v12_a_stall_in_the_reasoning_of_the_last_ends_after_a_minute() -> None:
    transport = Provider(Reply([chunk(reasoning_content="hm"), HANG]))
    ending = asked(waiting(transport))
    assert ending.error is not None
    assert (ending.error.text, ending.error.code, ending.seconds) == ("busy", "stalled", 60.0)
    assert len(transport.requests) == 1


def test_a_gap_in_what_can_be_seen_may_take_a_minute_whoever_else_there_is() -> None:
    slow = Reply([chunk(content="Hel"), 59.0, zhipu("lo")])
    assert asked(waiting(Providers(bigmodel=slow, zai=HELLO), "bigmodel", "zai")).by[0] == "bigmodel"


# Whole answers -------------------------------------------------------------------------------------------------------


def test_a_whole_answer_is_waited_for_a_minute_where_there_is_another_and_else_five() -> None:
    transport = Providers(bigmodel=Reply([59.0, WHOLE]), zai=HELLO)
    ending = asked(waiting(transport, "bigmodel", "zai", options=Options(stream=False)))
    assert (ending.text, ending.by[0], ending.seconds) == ("Hello", "bigmodel", 59.0)
    late = Providers(bigmodel=SILENT, zai=Reply([230.0, WHOLE]))
    ending = asked(waiting(late, "bigmodel", "zai", options=Options(stream=False)))
    assert (ending.text, ending.by[0], ending.seconds) == ("Hello", "zai", 290.0)
    last = Providers(bigmodel=SILENT, zai=SILENT, aimlapi=SILENT, acedata=Reply([100.0, WHOLE]))
    ending = asked(waiting(last, "bigmodel", "zai", "aimlapi", "acedata", options=Options(stream=False)))
    assert (ending.by[0], ending.seconds) == ("acedata", 280.0)
    never = asked(waiting(Provider(SILENT), options=Options(stream=False)))
    assert never.error is not None
    assert never.seconds == 300.0


def test_a_model_without_streams_is_asked_for_the_whole_answer_once() -> None:
    transport = Provider(Reply([refusal("1212")], status=400), Reply([60.0, WHOLE]))
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
