from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from bot.completion import Media, MediaKind, Message, ModelRequest, Role, Tool
from bot.errors import ModelError, OperatorError
from bot.glm.chain import Chain, Lane
from bot.glm.client import GlmModel, ProviderSettings
from bot.glm.errors import Fault, Refusal, broken, to_fault
from bot.glm.retry import RetryPolicy
from tests.unit.glm.provider import KEY, question

PICTURE = Media(MediaKind.IMAGE, "image/png", b"x")
FILM = Media(MediaKind.VIDEO, "video/mp4", b"film")
TOOL = Tool("now", "The time", {"type": "object"})


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def chain(*providers: str, fallbacks: tuple[str, ...] = (), clock: Clock | None = None) -> Chain:
    return Chain(providers or ("bigmodel", "zai"), fallbacks, RetryPolicy(), clock or Clock())


def names(lanes: list[Lane]) -> list[tuple[str, str]]:
    return [(lane.offer.provider, lane.offer.name) for lane in lanes]


def lane_of(made: Chain, number: int = 0, request: ModelRequest | None = None) -> Lane:
    return made.lanes(request or question())[number]


def fail(lane: Lane, fault: Fault) -> None:
    with pytest.raises(Fault), lane.attempt():
        raise fault


def seen(picture: Media, model: str) -> ModelRequest:
    return ModelRequest(model, (Message(Role.USER, "What is this?", media=(picture,)),), "u")


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


# The order ---------------------------------------------------------------------------------------------------------


def test_the_model_at_each_provider_then_each_fallback_at_each() -> None:
    made = chain("zai", "bigmodel", "aimlapi", fallbacks=("glm-4.7", "glm-z1-air"))
    assert names(made.lanes(question("glm-5.1"))) == [
        ("zai", "glm-5.1"),
        ("bigmodel", "glm-5.1"),
        ("aimlapi", "glm-5.1"),
        ("zai", "glm-4.7"),
        ("bigmodel", "glm-4.7"),
        ("bigmodel", "glm-z1-air"),
    ]


def test_a_model_that_is_its_own_fallback_is_asked_once() -> None:
    assert names(chain("zai", fallbacks=("glm-4.7", "glm-5.1")).lanes(question("glm-4.7"))) == [
        ("zai", "glm-4.7"),
        ("zai", "glm-5.1"),
    ]


def test_a_model_that_nobody_has_any_more_is_answered_by_a_fallback() -> None:
    assert names(chain("zai", fallbacks=("glm-4.7",)).lanes(question("glm-0"))) == [("zai", "glm-4.7")]
    with pytest.raises(ModelError) as caught:
        chain("zai").lanes(question("glm-0"))
    assert caught.value.text == "model"


@pytest.mark.parametrize("name", ["gpt-9", "glm-3-turbo", ""])
def test_a_fallback_that_no_provider_has_is_the_operators_mistake(name: str) -> None:
    with pytest.raises(OperatorError, match="GLM_FALLBACKS") as caught:
        GlmModel([ProviderSettings("zai", KEY)], fallbacks=["glm-4.7", name])
    assert repr(name) in str(caught.value)


def test_a_fallback_that_does_not_see_is_passed_over_for_a_picture() -> None:
    made = chain("zai", fallbacks=("glm-5.1", "glm-4.6v"))
    assert names(made.lanes(seen(PICTURE, "glm-5v-turbo"))) == [("zai", "glm-5v-turbo"), ("zai", "glm-4.6v")]
    assert names(made.lanes(seen(FILM, "glm-5v-turbo")))[1:] == [("zai", "glm-4.6v")]


def test_a_fallback_without_tools_is_passed_over_where_they_are_needed() -> None:
    made = chain("zai", fallbacks=("glm-4.5v", "glm-4.7"))
    assert names(made.lanes(replace(question(), tools=(TOOL,)))) == [("zai", "glm-5.1"), ("zai", "glm-4.7")]


def test_where_nothing_can_take_all_of_it_everything_is_left() -> None:
    assert names(chain("zai", fallbacks=("glm-4.7",)).lanes(seen(PICTURE, "glm-5.1"))) == [
        ("zai", "glm-5.1"),
        ("zai", "glm-4.7"),
    ]


# What is left alone --------------------------------------------------------------------------------------------------


def test_what_concerns_the_account_closes_all_of_the_provider() -> None:
    made = chain(fallbacks=("glm-4.7",))
    fail(lane_of(made), to_fault("zhipu", Refusal(401, "1002")))
    assert [lane.blocked is not None for lane in made.lanes(question())] == [True, False, True, False]


@pytest.mark.parametrize("code", ["1312", "1113"])
def test_what_concerns_a_model_closes_it_at_that_provider(code: str) -> None:
    made = chain(fallbacks=("glm-4.7",))
    fail(lane_of(made), to_fault("zhipu", Refusal(429, code)))
    assert [lane.blocked is not None for lane in made.lanes(question())] == [True, False, False, False]


def test_an_overload_of_a_model_closes_it_when_it_comes_twice_in_a_row() -> None:
    lane = lane_of(chain())
    overload = to_fault("zhipu", Refusal(200, "1305"))
    fail(lane, overload)
    assert lane.blocked is None
    fail(lane, overload)
    assert lane.blocked is overload


@pytest.mark.parametrize("kind", ["silent", "reset", "truncated", "unreachable", "stalled"])
def test_five_failures_in_a_row_close_a_model_for_15_seconds(kind: str) -> None:
    clock = Clock()
    lane = lane_of(chain(clock=clock))
    for _ in range(5):
        assert lane.blocked is None
        fail(lane, broken(kind))
    clock.now += 14.9
    assert lane.blocked is not None
    clock.now += 0.2
    assert lane.blocked is None


def test_an_error_in_the_request_says_that_the_provider_answers() -> None:
    lane = lane_of(chain())
    for _ in range(4):
        fail(lane, broken("reset"))
    fail(lane, to_fault("zhipu", Refusal(400, "1261")))
    fail(lane, broken("reset"))
    assert lane.blocked is None


def test_a_probe_that_was_given_up_leaves_room_for_the_next() -> None:
    clock = Clock()
    lane = lane_of(chain(clock=clock))
    fail(lane, to_fault("zhipu", Refusal(401, "1002")))
    clock.now += 61
    with lane.attempt():
        assert lane.blocked is not None
    assert lane.blocked is None


def test_a_probe_of_the_account_that_fails_for_another_reason_leaves_room_for_the_next() -> None:
    clock = Clock()
    lane = lane_of(chain(clock=clock))
    fail(lane, to_fault("zhipu", Refusal(401, "1002")))
    clock.now += 61
    fail(lane, broken("reset"))
    assert lane.blocked is None


@pytest.mark.parametrize("beside", [0, 3])
def test_refusals_as_too_many_teach_and_close_nothing_whatever_is_under_way(beside: int) -> None:
    lane, limited = lane_of(chain()), to_fault("zhipu", Refusal(429, "1302"))
    with ExitStack() as stack:
        for _ in range(beside):
            stack.enter_context(lane.attempt("a"))
        for _ in range(9):
            fail(lane, limited)
    assert (lane.limiter.limit, lane.blocked) == (max(1, beside), None)


def test_an_answer_from_before_a_streak_closes_its_circuit() -> None:
    lane = lane_of(chain())
    with lane.attempt() as early:
        for _ in range(5):
            fail(lane, broken("reset"))
        assert lane.blocked is not None
        early.answered()
        assert lane.blocked is None


def test_who_waits_at_any_model_of_an_account_is_let_in_when_its_circuit_closes() -> None:
    clock = Clock()
    made = chain("zai", fallbacks=("glm-4.7",), clock=clock)
    lane, other = made.lanes(question())
    fail(lane, to_fault("zhipu", Refusal(401, "1002")))
    clock.now += 61
    with lane.attempt() as probe, other.attempt() as waiting:
        assert (probe.place.admitted.is_set(), waiting.place.admitted.is_set()) == (True, False)
        probe.begun()
        assert waiting.place.admitted.is_set()


def test_who_waits_at_any_model_of_an_account_may_try_when_its_probe_was_given_up() -> None:
    clock = Clock()
    made = chain("zai", fallbacks=("glm-4.7",), clock=clock)
    lane, other = made.lanes(question())
    fail(lane, to_fault("zhipu", Refusal(401, "1002")))
    clock.now += 61
    with ExitStack() as stack:
        with lane.attempt():
            waiting = stack.enter_context(other.attempt())
            assert not waiting.place.admitted.is_set()
        assert waiting.place.admitted.is_set()


def test_who_leaves_the_queue_has_asked_nothing() -> None:
    lane = lane_of(chain())
    labels = {"provider": "bigmodel", "model": "glm-5.1", "result": "abandoned"}
    fail(lane, to_fault("zhipu", Refusal(429, "1302")))
    before = metric("glimmer_glm_requests_total", **labels)
    with pytest.raises(Fault), lane.attempt():
        raise broken("waited")
    assert metric("glimmer_glm_requests_total", **labels) == before
    assert lane.limiter.under_way == 0


def test_known_limits_are_where_the_limiter_starts() -> None:
    assert lane_of(chain("bigmodel"), request=question("glm-z1-air")).limiter.limit == 30
    assert lane_of(chain("bigmodel"), request=question("glm-5.1")).limiter.limit is None


# What is told --------------------------------------------------------------------------------------------------------


def test_opening_closing_and_lowering_are_logged_and_counted() -> None:
    clock = Clock()
    lane = lane_of(chain("acedata", clock=clock))
    gauge = {"provider": "acedata", "model": "glm-5.1"}
    with capture_logs() as logs:
        for _ in range(5):
            fail(lane, broken("reset"))
        assert metric("glimmer_glm_circuit_open", **gauge) == 1
        clock.now += 16
        with lane.attempt() as attempt:
            attempt.answered()
        assert metric("glimmer_glm_circuit_open", **gauge) == 0
        fail(lane, to_fault("acedata", Refusal(429, "too_many_requests")))
    assert [entry["event"] for entry in logs] == ["glm.circuit_opened", "glm.circuit_closed", "glm.limit_lowered"]
    assert all((entry["provider"], entry["model"]) == ("acedata", "glm-5.1") for entry in logs)


def test_requests_are_counted_by_how_they_ended() -> None:
    lane = lane_of(chain("acedata"))

    def counted(result: str) -> float:
        return metric("glimmer_glm_requests_total", provider="acedata", model="glm-5.1", result=result)

    before = {result: counted(result) for result in ("answered", "abandoned", "busy", "quota")}
    with lane.attempt() as attempt:
        attempt.begun()
        attempt.answered()
    with lane.attempt():
        pass
    fail(lane, broken("reset"))
    fail(lane, to_fault("acedata", Refusal(402)))
    assert {result: counted(result) - before[result] for result in before} == dict.fromkeys(before, 1.0)


def test_answers_that_come_are_counted_while_they_do() -> None:
    lane = lane_of(chain())
    with lane.attempt() as attempt:
        assert attempt.begun()
        assert not attempt.begun()
        assert lane.answering == 1
    assert lane.answering == 0
