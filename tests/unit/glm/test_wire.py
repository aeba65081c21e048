from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ModelError
from bot.glm.catalogue import catalogue
from bot.glm.codes import Remedy
from bot.glm.wire import Options, build_body, encode, user_id
from bot.messages import Message, ModelRequest, Role, ToolCall

SYSTEM = Message(Role.SYSTEM, "Be brief.")
CALL = Message(Role.ASSISTANT, "", (ToolCall("c1", "now", "{}"), ToolCall("c2", "dice", "{}")))
RESULTS = (Message(Role.TOOL, "noon", tool_call_id="c1"), Message(Role.TOOL, "6", tool_call_id="c2"))
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
) -> dict[str, Any]:
    offer = catalogue().offer(model, provider)
    assert offer is not None
    identity = {"request_id": "r", "user_id": "u" * 32}
    return build_body(
        ModelRequest(model, messages or (SYSTEM, user("Hi")), "u"), offer, options or Options(), remedies, identity
    )


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
        sent = body(model=offer.name, provider=offer.provider)
        assert sent.keys() - {"model", "messages", "stream"} <= offer.terms.fields
        assert sent["model"] == offer.id


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


def test_empty_messages_are_dropped() -> None:
    assert roles(user(" "), user("a"), assistant(""), user("b")) == "uu"


def test_a_prompt_without_a_question_is_our_fault() -> None:
    with pytest.raises(ModelError) as caught:
        body(SYSTEM, assistant("a"))
    assert caught.value.text == "bug"


def test_v39_no_null_fields() -> None:
    for offer in OFFERS:
        sent = body(user("1"), CALL, *RESULTS, model=offer.name, provider=offer.provider)
        assert "null" not in json.dumps(sent)


@pytest.mark.parametrize(
    ("provider", "cold", "hot"),
    [("bigmodel", 0.01, 0.99), ("zai", 0.01, 0.99), ("aimlapi", 0.0, 1.0), ("acedata", 0.0, 1.0)],
)
def test_v40_temperatures_at_the_ends(provider: str, cold: float, hot: float) -> None:
    at_zero = body(provider=provider, options=Options(temperature=0.0))
    at_one = body(provider=provider, options=Options(temperature=1.0))
    assert (at_zero["temperature"], at_one["temperature"]) == (cold, hot)
    assert at_zero.get("do_sample") is (False if cold else None)
    assert "do_sample" not in at_one


def test_v41_tool_choice_is_not_sent() -> None:
    assert all("tool_choice" not in body(model=offer.name, provider=offer.provider) for offer in OFFERS)


def test_v42_a_model_without_system_messages_gets_the_text_in_the_first_question() -> None:
    sent = body(SYSTEM, user("Hi"), assistant("Yes"), model="glm-4.1v-thinking-flash")["messages"]
    assert sent[0] == {"role": "user", "content": "Be brief.\n\nHi"}
    assert body(remedies=Remedy.FOLD_SYSTEM)["messages"] == [{"role": "user", "content": "Be brief.\n\nHi"}]


def test_v43_a_model_that_always_thinks_is_asked_to_think_little() -> None:
    for model in ("glm-5.3", "glm-5.3-flash"):
        sent = body(model=model)
        assert "thinking" not in sent
        assert sent["reasoning_effort"] == "low"


def test_thinking_follows_options_and_remedies() -> None:
    loud = Options(thinking=True)
    assert "thinking" not in body(options=loud)
    assert body(options=loud, remedies=Remedy.THINK_LESS)["thinking"] == {"type": "disabled"}
    assert "thinking" not in body(remedies=Remedy.THINK_FREELY)


def test_v44_users_are_hashed_with_a_key() -> None:
    hashed = user_id("discord:1:2", "salt")
    assert (len(hashed), hashed) == (32, user_id("discord:1:2", "salt"))
    assert hashed not in {user_id("discord:1:2", "other"), user_id("discord:1:3", "salt")}
    assert user_id("x" * 1000, "s" * 1000)


def test_v46_content_is_a_plain_string_for_every_model() -> None:
    for offer in OFFERS:
        sent = body(user("1"), CALL, *RESULTS, model=offer.name, provider=offer.provider)
        assert all(isinstance(message["content"], str) for message in sent["messages"])


def test_max_tokens_never_exceed_the_models_own() -> None:
    assert body(model="glm-3-turbo", provider="acedata")["max_tokens"] == 4000
    assert body(options=Options(max_tokens=100))["max_tokens"] == 100


def test_the_body_is_utf8_and_survives_half_a_character() -> None:
    sent = encode(body(user("你好 \ud83d")))
    assert "你好 ?".encode() in sent
    assert json.loads(sent)["stream"] is True
