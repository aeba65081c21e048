from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.completion import Message, ModelRequest, Role, Thinking, Tool, ToolCall
from bot.errors import ModelError
from bot.glm.catalogue import catalogue
from bot.glm.codes import Remedy
from bot.glm.wire import Options, build_body, encode, user_id

SYSTEM = Message(Role.SYSTEM, "Be brief.")
CALL = Message(Role.ASSISTANT, "", (ToolCall("c1", "now", "{}"), ToolCall("c2", "dice", "{}")))
RESULTS = (Message(Role.TOOL, "noon", tool_call_id="c1"), Message(Role.TOOL, "6", tool_call_id="c2"))
CANARY = "reasoning-canary"
NOW = Tool("now", "What time it is.", {"type": "object", "properties": {}})
OFFERS = [
    offer
    for model in catalogue().models
    for provider in catalogue().providers
    if (offer := catalogue().offer(model, provider))
]


def user(text: str) -> Message:
    return Message(Role.USER, text)


def assistant(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


def body(
    *messages: Message,
    model: str = "glm-5.1",
    provider: str = "bigmodel",
    options: Options | None = None,
    remedies: Remedy = Remedy.NONE,
    thinking: Thinking | None = None,
    tools: Sequence[Tool] = (),
) -> dict[str, Any]:
    offer = catalogue().offer(model, provider)
    assert offer is not None
    identity = {"request_id": "r", "user_id": "u" * 32}
    request = ModelRequest(model, messages or (SYSTEM, user("Hi")), "u", "", thinking, tuple(tools))
    return build_body(request, offer, options or Options(), remedies, identity)


def roles(*messages: Message, remedies: Remedy = Remedy.NONE) -> str:
    return "".join(message["role"][0] for message in body(*messages, remedies=remedies)["messages"])


def test_a_request_in_full() -> None:
    assert body() == {
        "model": "glm-5.1",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "stream": True,
        "max_tokens": 8192,
        "temperature": 0.99,
        "top_p": 0.95,
        "thinking": {"type": "disabled"},
        "request_id": "r",
        "user_id": "u" * 32,
    }


def test_only_documented_fields_are_sent() -> None:
    for offer in OFFERS:
        for thinking in (None, *Thinking):
            sent = body(model=offer.name, provider=offer.provider, thinking=thinking, tools=[NOW])
            assert sent.keys() - {"model", "messages", "stream"} <= offer.terms.fields
            assert sent["model"] == offer.id
            assert sent["max_tokens"] <= offer.model.output


ANY_CONTENT = st.sampled_from(["", " ", "x"])
ANY_MESSAGE = st.one_of(
    st.builds(Message, st.sampled_from([Role.SYSTEM, Role.USER]), ANY_CONTENT),
    st.builds(
        Message, st.just(Role.ASSISTANT), ANY_CONTENT, st.sampled_from([(), CALL.tool_calls, CALL.tool_calls[:1]])
    ),
    st.builds(Message, st.just(Role.TOOL), ANY_CONTENT, st.just(()), st.sampled_from(["", "c1", "c2"])),
)


@settings(deadline=None)
@given(st.lists(ANY_MESSAGE, max_size=8))
def test_v38_whatever_the_history_the_order_is_one_that_is_accepted(messages: list[Message]) -> None:
    sent = body(*messages, user("Hi"))["messages"]
    talk = [message for message in sent if message["role"] != "system"]
    assert talk[0]["role"] == "user"
    assert "system" not in {message["role"] for message in sent[1:]}
    open_calls: set[str] = set()
    for message in talk:
        if message["role"] == "tool":
            assert message["tool_call_id"] in open_calls
        else:
            assert message["content"].strip() or message["role"] == "assistant"
            open_calls = {call["id"] for call in message.get("tool_calls", ())}


def test_v38_first_is_the_users_after_any_trimming() -> None:
    assert roles(SYSTEM, assistant("a"), *RESULTS, user("b"), assistant("c"), user("d")) == "suau"
    long = (SYSTEM, user("1"), assistant("2"), user("3"), assistant("4"), user("5"), assistant("6"), user("7"))
    assert roles(*long, remedies=Remedy.SHORTEN) == "suau"
    assert roles(SYSTEM, user("1"), remedies=Remedy.SHORTEN) == "su"


def test_tool_calls_go_with_all_their_results_or_not_at_all() -> None:
    assert roles(user("1"), CALL, *RESULTS, user("2")) == "uattu"
    assert roles(user("1"), CALL, RESULTS[0], user("2")) == "uu"
    sent = body(user("1"), CALL, *RESULTS)["messages"]
    assert sent[1]["content"] == ""
    assert sent[1]["tool_calls"][0]["function"] == {"name": "now", "arguments": "{}"}


def test_v36_an_id_that_was_used_before_becomes_another() -> None:
    sent = body(user("1"), CALL, *RESULTS, user("2"), CALL, *RESULTS, user("3"))["messages"]
    called = [call["id"] for message in sent for call in message.get("tool_calls", ())]
    answered = [message["tool_call_id"] for message in sent if message["role"] == "tool"]
    assert called == answered
    assert len(set(called)) == 4
    assert called[:2] == ["c1", "c2"]


def test_results_are_one_for_each_call() -> None:
    twice = replace(CALL, tool_calls=(CALL.tool_calls[0],) * 2)
    assert roles(user("1"), twice, RESULTS[0], RESULTS[0], user("2")) == "uu"
    assert roles(user("1"), CALL, *RESULTS, RESULTS[0], user("2")) == "uu"


def test_arguments_go_back_as_the_json_of_an_object() -> None:
    for written, meant in (('{"a": 1}', '{"a": 1}'), ("{", "{}"), ("[1]", "{}"), ("", "{}")):
        call = replace(CALL, tool_calls=(ToolCall("c1", "now", written),))
        sent = body(user("1"), call, RESULTS[0])["messages"]
        assert sent[1]["tool_calls"][0]["function"]["arguments"] == meant


def test_a_model_without_tools_sees_none_of_them() -> None:
    sent = body(user("1"), CALL, *RESULTS, user("2"), model="glm-4.5v", tools=[NOW])
    assert [message["role"] for message in sent["messages"]] == ["user", "user"]
    assert "tools" not in sent


def test_tools_are_offered_as_functions() -> None:
    bare = Tool("dice", "", {})
    sent = body(tools=[NOW, bare])
    assert sent["tools"][0] == {
        "type": "function",
        "function": {"name": "now", "description": "What time it is.", "parameters": dict(NOW.parameters)},
    }
    assert sent["tools"][1]["function"] == {"name": "dice", "description": "dice", "parameters": {}}
    assert len(body(tools=[NOW] * 200)["tools"]) == 128
    assert "tools" not in body()


def test_arguments_come_in_pieces_only_where_a_stream_and_the_model_allow_it() -> None:
    assert body(tools=[NOW])["tool_stream"] is True
    for other in (
        body(),
        body(tools=[NOW], model="glm-4.5"),
        body(tools=[NOW], provider="aimlapi"),
        body(tools=[NOW], options=Options(stream=False)),
    ):
        assert "tool_stream" not in other


def test_reasoning_goes_back_with_its_calls_where_the_provider_takes_it() -> None:
    thought = replace(CALL, reasoning=CANARY)
    for model, provider, expected in (
        ("glm-5.1", "bigmodel", CANARY),
        ("glm-5.1", "zai", CANARY),
        ("glm-5.1", "aimlapi", None),
        ("glm-5.1", "acedata", None),
        ("glm-z1-air", "bigmodel", None),
    ):
        sent = body(user("1"), thought, *RESULTS, model=model, provider=provider)["messages"]
        assert sent[1].get("reasoning_content") == expected
    told = replace(assistant("a"), reasoning=CANARY)
    assert CANARY not in json.dumps(body(user("1"), told, user("2")))


def test_whole_answers_are_asked_for_without_the_fields_of_a_stream() -> None:
    for provider in catalogue().providers:
        for sent in (
            body(provider=provider, options=Options(stream=False)),
            body(provider=provider, remedies=Remedy.WHOLE),
        ):
            assert not sent.keys() & {"stream", "stream_options"}
    assert body(provider="aimlapi")["stream_options"] == {"include_usage": True}


def test_remedies_leave_history_out() -> None:
    long = (SYSTEM, user("1"), assistant("2"), user("3"), CALL, *RESULTS)
    assert roles(*long, remedies=Remedy.FORGET) == "suatt"
    assert roles(*long, remedies=Remedy.FORGET | Remedy.SHORTEN) == "suatt"


def test_empty_messages_are_dropped() -> None:
    assert roles(user(" "), user("a"), assistant(""), user("b")) == "uu"


def test_a_prompt_without_a_question_is_our_fault() -> None:
    with pytest.raises(ModelError) as caught:
        body(SYSTEM, assistant("a"))
    assert caught.value.text == "bug"


def test_v39_no_null_fields() -> None:
    for offer in OFFERS:
        for tools in ((), (NOW,)):
            sent = body(user("1"), CALL, *RESULTS, model=offer.name, provider=offer.provider, tools=tools)
            assert "null" not in json.dumps(sent)


@pytest.mark.parametrize(
    ("provider", "cold", "hot"),
    [("bigmodel", 0.01, 0.99), ("zai", 0.01, 0.99), ("aimlapi", 0.0, 1.0), ("acedata", 0.0, 1.0)],
)
def test_v40_temperatures_at_the_ends(provider: str, cold: float, hot: float) -> None:
    at_zero = body(provider=provider, options=Options(creativity=0.0))
    at_one = body(provider=provider, options=Options(creativity=1.0))
    assert (at_zero["temperature"], at_one["temperature"]) == (cold, hot)
    assert at_zero.get("do_sample") is (False if cold else None)
    assert "do_sample" not in at_one


def test_creativity_is_the_same_temperature_everywhere() -> None:
    for offer in OFFERS:
        sent = body(model=offer.name, provider=offer.provider, options=Options(creativity=0.3))
        assert sent["temperature"] == 0.3


def test_v41_tool_choice_is_auto_where_it_is_known_and_there_are_tools() -> None:
    for offer in OFFERS:
        sent = body(model=offer.name, provider=offer.provider, tools=[NOW])
        known = offer.model.tools and offer.provider != "acedata"
        assert sent.get("tool_choice") == ("auto" if known else None)
        assert "tool_choice" not in body(model=offer.name, provider=offer.provider)


def test_v42_a_model_without_system_messages_gets_the_text_in_the_first_question() -> None:
    for model in ("glm-4.1v-thinking-flash", "glm-4.1v-thinking-flashx"):
        sent = body(SYSTEM, user("Hi"), assistant("Yes"), user("So?"), model=model)["messages"]
        assert [message["role"] for message in sent] == ["user", "assistant", "user"]
        assert sent[0]["content"] == [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Hi"}]
    assert body(remedies=Remedy.FOLD_SYSTEM)["messages"] == [{"role": "user", "content": "Be brief.\n\nHi"}]


@pytest.mark.parametrize("model", ["glm-5.3", "glm-5.3-flash"])
@pytest.mark.parametrize(
    ("thinking", "effort"),
    [(None, "low"), (Thinking.OFF, "low"), (Thinking.LOW, "low"), (Thinking.HIGH, "high"), (Thinking.MAX, "max")],
)
def test_v43_a_model_that_always_thinks_is_told_how_much(model: str, thinking: Thinking | None, effort: str) -> None:
    for provider in ("bigmodel", "zai"):
        sent = body(model=model, provider=provider, thinking=thinking)
        assert "thinking" not in sent
        assert sent["reasoning_effort"] == effort


@pytest.mark.parametrize(
    ("thinking", "kind", "budget"),
    [
        (None, "disabled", 8192),
        (Thinking.OFF, "disabled", 8192),
        (Thinking.LOW, "disabled", 8192),
        (Thinking.HIGH, "enabled", 16384),
        (Thinking.MAX, "enabled", 16384),
    ],
)
def test_of_the_levels_that_are_not_known_the_nearest_below_is_taken(
    thinking: Thinking | None, kind: str, budget: int
) -> None:
    sent = body(thinking=thinking)
    assert (sent["thinking"], sent["max_tokens"]) == ({"type": kind}, budget)


def test_much_thinking_has_a_larger_budget_within_the_models_own() -> None:
    assert body(model="glm-5.3", thinking=Thinking.MAX)["max_tokens"] == 32768
    assert body(model="glm-5.3", thinking=Thinking.MAX, options=Options(max_tokens=100_000))["max_tokens"] == 131_072
    assert body(model="glm-z1-air", thinking=Thinking.MAX)["max_tokens"] == 8192


def test_models_that_know_no_levels_are_told_none() -> None:
    for model in ("glm-z1-air", "glm-4.1v-thinking-flash", "glm-4-plus", "glm-4.5v"):
        assert not body(model=model, thinking=Thinking.MAX).keys() & {"thinking", "reasoning_effort"}


def test_remedies_go_before_the_wanted_level() -> None:
    assert body(thinking=Thinking.HIGH, remedies=Remedy.THINK_LESS)["thinking"] == {"type": "disabled"}
    assert "thinking" not in body(thinking=Thinking.HIGH, remedies=Remedy.THINK_FREELY)


def test_v44_users_are_hashed_with_a_key() -> None:
    hashed = user_id("discord:1:2", "salt")
    assert (len(hashed), hashed) == (32, user_id("discord:1:2", "salt"))
    assert hashed not in {user_id("discord:1:2", "other"), user_id("discord:1:3", "salt")}
    assert user_id("x" * 1000, "s" * 1000)


def test_max_tokens_never_exceed_the_models_own() -> None:
    assert body(model="glm-3-turbo", provider="acedata")["max_tokens"] == 4000
    assert body(options=Options(max_tokens=100))["max_tokens"] == 100
    assert body(options=Options(max_tokens=100), model="glm-4.1v-thinking-flash")["max_tokens"] == 1024


def test_the_body_is_utf8_and_survives_half_a_character() -> None:
    sent = encode(body(user("你好 \ud83d")))
    assert "你好 ?".encode() in sent
    assert json.loads(sent)["stream"] is True
