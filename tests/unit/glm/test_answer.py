from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.completion import Delta, FinishReason, Tool, ToolCall
from bot.glm.answer import AnswerReader, Bounds
from bot.glm.catalogue import catalogue
from tests.unit.glm.provider import DONE, chunk, event, openai, reasoning_of, refusal, text_of, zhipu

GREETING = "你好👋"
CANARY = "reasoning-canary"
WEATHER = Tool("get_weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'}}
LEAK = "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Rome</arg_value>\n</tool_call>"


def read(
    *reads: bytes, model: str = "glm-5.1", provider: str = "bigmodel", bounds: Bounds | None = None, tools: bool = True
) -> tuple[list[Delta], AnswerReader]:
    offer = catalogue().offer(model, provider)
    assert offer is not None
    reader = AnswerReader(offer, bounds or Bounds(), [WEATHER] if tools else [])
    deltas: list[Delta | None] = []
    for data in reads:
        if not reader.ended and reader.fault is None:
            deltas.append(reader.feed(data))
    if not reader.ended and reader.fault is None:
        deltas.append(reader.end())
    return [delta for delta in deltas if delta is not None], reader


def fault_of(*reads: bytes) -> str:
    reader = read(*reads)[1]
    return reader.fault.code if reader.fault and not reader.ended else ""


def counts(deltas: Sequence[Delta]) -> tuple[int, int, int, int]:
    usage = deltas[-1].usage
    assert usage is not None
    return usage.prompt, usage.completion, usage.cached, usage.reasoning


def end_of(deltas: Sequence[Delta]) -> FinishReason | None:
    assert [delta.finish for delta in deltas[:-1]] == [None] * (len(deltas) - 1)
    return deltas[-1].finish


def test_v01_both_dialects_read_the_same() -> None:
    for stream, usage in ((zhipu("Hel", "lo"), (7, 3, 0, 0)), (openai("Hel", "lo"), (1420, 18, 0, 0))):
        deltas, _ = read(stream)
        assert (text_of(deltas), end_of(deltas), counts(deltas)) == ("Hello", FinishReason.STOP, usage)
        assert (deltas[-1].model, deltas[-1].provider) == ("glm-5.1", "bigmodel")


def test_v01_reasoning_stays_apart() -> None:
    deltas, _ = read(chunk(reasoning_content=CANARY), chunk(reasoning=CANARY, content=None), zhipu("Hello"))
    assert (reasoning_of(deltas), text_of(deltas)) == (CANARY * 2, "Hello")


def test_all_events_of_one_read_are_one_delta() -> None:
    deltas, _ = read(zhipu(*"Hello"))
    assert [delta.text for delta in deltas] == ["Hello"]


def test_v02_every_byte_split_of_a_stream() -> None:
    stream = zhipu(GREETING, "!")
    for cut in range(len(stream)):
        deltas, _ = read(stream[:cut], stream[cut:])
        assert (text_of(deltas), end_of(deltas)) == (GREETING + "!", FinishReason.STOP)


@settings(deadline=None)
@given(st.lists(st.integers(0, 600)))
def test_v02_any_byte_split_of_a_thinking_stream(cuts: list[int]) -> None:
    stream = zhipu("\n<th", f"ink>{CANARY}</th", "ink>\n", GREETING)
    edges = [0, *(min(cut, len(stream)) for cut in sorted(cuts)), len(stream)]
    reads = [stream[a:b] for a, b in pairwise(edges) if a < b]
    deltas, _ = read(*reads, model="glm-z1-air")
    assert (reasoning_of(deltas), text_of(deltas)) == (CANARY, GREETING)


def test_v03_raw_line_separators_inside_content() -> None:
    content = "a\u2028b\u2029c\u0085d"
    assert text_of(read(zhipu(content))[0]) == content


def test_v09_no_done_but_a_finish() -> None:
    deltas, _ = read(zhipu("Hello").removesuffix(DONE))
    assert (text_of(deltas), end_of(deltas)) == ("Hello", FinishReason.STOP)


@pytest.mark.parametrize("ending", [b"", DONE])
def test_v10_a_clean_end_without_finish_is_a_failure(ending: bytes) -> None:
    deltas, reader = read(chunk(content="Hel"), ending)
    assert text_of(deltas) == "Hel"
    assert reader.fault is not None
    assert reader.fault.code == "truncated"


def test_v13_a_glued_frame_is_repaired_and_said() -> None:
    glued = b'data: {"id":"1","object":"chat.cdata: ' + chunk(content="lo").removeprefix(b"data: ")
    with capture_logs() as logs:
        deltas, _ = read(chunk(content="Hel") + glued + zhipu("!"))
    assert text_of(deltas) == "Hello!"
    assert deltas[-1].damaged
    assert [entry["event"] for entry in logs] == ["glm.frame_repaired"]


def test_v13_a_frame_beyond_repair_ends_the_stream_as_truncated() -> None:
    deltas, reader = read(chunk(content="Hel") + b'data: {"id":\n\n' + zhipu("lo"))
    assert text_of(deltas) == "Hel"
    assert reader.fault is not None
    assert reader.fault.code == "truncated"


@pytest.mark.parametrize("body", [{}, {"choices": None}, {"choices": []}, {"choices": "x"}, {"choices": [None]}, [], 7])
def test_v14_chunks_without_choices_add_nothing(body: object) -> None:
    assert text_of(read(event(body) + zhipu("Hello"))[0]) == "Hello"


@pytest.mark.parametrize("delta", [None, [], "x", {"content": None}, {"content": 7}, {"content": {}}])
def test_v15_deltas_without_content_add_nothing(delta: object) -> None:
    assert text_of(read(event({"choices": [{"delta": delta}]}) + zhipu("Hello"))[0]) == "Hello"


def test_content_as_a_list_of_parts() -> None:
    parts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}, None]
    assert text_of(read(chunk(content=parts) + zhipu("!"))[0]) == "Hello!"


def test_v16_first_event_is_an_integer_code() -> None:
    assert fault_of(event({"error": {"code": 1305, "message": "overloaded"}})) == "1305"


def test_v17_error_event_after_text_comes_after_the_text() -> None:
    deltas, reader = read(chunk(content="Hel") + event({"error": {"code": "1234", "message": "x"}}) + zhipu("lo"))
    assert text_of(deltas) == "Hel"
    assert reader.fault is not None
    assert reader.fault.code == "1234"


@pytest.mark.parametrize("data", [b'{"code":"1302","message":"x"}', b'{"error":{"code":1302}}'])
def test_v18_event_named_error(data: bytes) -> None:
    assert fault_of(b"event: error\ndata: " + data + b"\n\n") == "1302"


def test_v18_event_named_error_without_json() -> None:
    assert fault_of(b"event: error\ndata: boom\n\n") == "200"


def test_v19_a_json_error_with_status_200() -> None:
    assert fault_of(refusal("1302")) == "1302"


def test_v19_a_whole_completion_instead_of_a_stream() -> None:
    message = {"role": "assistant", "content": "Hello", "reasoning_content": f"\n{CANARY}"}
    usage = {"prompt_tokens": 20, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 4}}
    body = {"id": "1", "choices": [{"index": 0, "finish_reason": "length", "message": message}], "usage": usage}
    deltas, _ = read(*(json.dumps(body).encode()[i : i + 7] for i in range(0, 420, 7)))
    assert (text_of(deltas), reasoning_of(deltas), end_of(deltas)) == ("Hello", f"\n{CANARY}", FinishReason.LENGTH)
    assert counts(deltas) == (20, 9, 0, 4)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"choices": [', b"   \n", b"garbage", b"\xff\xfe\x00", b"[" * 5000])
def test_bodies_that_are_nothing_are_truncated(body: bytes) -> None:
    assert fault_of(body) == "truncated"


def test_deeply_nested_json_is_truncated() -> None:
    assert fault_of(b"data: " + b"[" * 100_000 + b"\n\n") == "truncated"


def test_v20_soft_404_is_a_matter_of_the_address() -> None:
    reader = read(b'{"code":500,"msg":"404 NOT_FOUND","success":false}')[1]
    assert reader.fault is not None
    assert reader.fault.rule.text == "config"
    assert "BASE_URL" in reader.fault.rule.operator


def test_v21_a_page_is_not_an_answer() -> None:
    assert fault_of(b"\n <!doctype html><p>provider-canary") == "not_an_answer"


def test_v22_sensitive_after_text() -> None:
    filtered = {"content_filter": [{"role": "history", "level": 3}, {"role": "user", "level": 1}]}
    last = chunk("sensitive", top=filtered, role="user", content="never shown")
    deltas, _ = read(chunk(content="Hel"), last + DONE)
    assert (text_of(deltas), end_of(deltas), deltas[-1].stage) == ("Hel", FinishReason.FILTERED, "user")


def test_v22_without_a_stage_text_tells_which_it_was() -> None:
    assert read(chunk(content="Hel"), chunk("sensitive"))[0][-1].stage == "assistant"
    assert read(chunk("content_filter"))[0][-1].stage == "user"


@pytest.mark.parametrize(
    "body",
    [
        refusal("1301", contentFilter=[{"role": "history", "level": 1}]),
        event({"error": {"code": 1301}, "contentFilter": [{"role": "history", "level": 0}]}),
        refusal("9999", contentFilter=[{"role": "history", "level": 2}]),
    ],
)
def test_a_safety_error_is_a_filtered_end(body: bytes) -> None:
    deltas, reader = read(body)
    assert (end_of(deltas), deltas[-1].stage, reader.fault) == (FinishReason.FILTERED, "history", None)


def test_v23_usage_with_floats_and_nonsense() -> None:
    usage = {
        "prompt_tokens": 14.0,
        "completion_tokens": 1677.6,
        "prompt_tokens_details": {"cached_tokens": float("nan")},
        "completion_tokens_details": "x",
    }
    assert counts(read(zhipu("Hello", usage=usage))[0]) == (14, 1677, 0, 0)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("length", FinishReason.LENGTH),
        ("tool_calls", FinishReason.STOP),
        ("content_filter", FinishReason.FILTERED),
        ("model_context_window_exceeded", FinishReason.CONTEXT),
        ("something new", FinishReason.STOP),
    ],
)
def test_finish_reasons(reason: str, finish: FinishReason) -> None:
    assert end_of(read(zhipu("Hello", finish=reason))[0]) is finish


@pytest.mark.parametrize("reason", ["stop", "tool_calls", "function_call"])
def test_tool_calls_come_with_the_end_whatever_its_reason(reason: str) -> None:
    deltas, _ = read(chunk(content="Let me check."), chunk(tool_calls=[{"index": 0, **CALL}]), zhipu(finish=reason))
    assert (text_of(deltas), end_of(deltas)) == ("Let me check.", FinishReason.TOOLS)
    assert deltas[-1].tool_calls == (ToolCall("call_1", "get_weather", '{"city":"Rome"}'),)


def test_an_answer_that_was_cut_or_filtered_calls_nothing() -> None:
    for reason in ("length", "sensitive", "model_context_window_exceeded"):
        assert read(chunk(tool_calls=[CALL]), zhipu(finish=reason))[0][-1].tool_calls == ()


@pytest.mark.parametrize("content", [None, ""])
def test_v34_null_content_beside_calls(content: str | None) -> None:
    message = {"role": "assistant", "content": content, "tool_calls": [CALL]}
    body = {"choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}
    deltas, _ = read(json.dumps(body).encode())
    assert (text_of(deltas), end_of(deltas), len(deltas[-1].tool_calls)) == ("", FinishReason.TOOLS, 1)


@pytest.mark.parametrize("field", ["content", "reasoning_content"])
def test_v35_leaked_markup_of_an_offered_tool_is_a_call(field: str) -> None:
    pieces = [event({"choices": [{"delta": {field: part}}]}) for part in (LEAK[:9], LEAK[9:])]
    deltas, _ = read(*pieces, zhipu())
    assert (text_of(deltas), reasoning_of(deltas), end_of(deltas)) == ("", "", FinishReason.TOOLS)
    assert [(call.name, call.arguments) for call in deltas[-1].tool_calls] == [("get_weather", '{"city": "Rome"}')]


def test_v35_leaked_markup_beside_a_real_call_or_a_thought_is_only_deleted() -> None:
    deltas, _ = read(chunk(content="So." + LEAK), chunk(tool_calls=[CALL]), zhipu())
    assert (text_of(deltas), [call.id for call in deltas[-1].tool_calls]) == ("So.", ["call_1"])
    deltas, _ = read(chunk(reasoning_content=LEAK), zhipu("Hello"))
    assert (text_of(deltas), end_of(deltas), deltas[-1].tool_calls) == ("Hello", FinishReason.STOP, ())


def test_v35_leaked_markup_without_tools_is_never_shown() -> None:
    deltas, _ = read(chunk(content=f"Hel{LEAK}lo"), zhipu(), tools=False)
    assert (text_of(deltas), end_of(deltas)) == ("Hello", FinishReason.STOP)


def test_v35_leaked_markup_inside_of_code_is_text_and_calls_nothing() -> None:
    for text in (f"So:\n```xml\n{LEAK}\n```\nThat is it.", "Write `<tool_call>get_weather</tool_call>`."):
        deltas, _ = read(chunk(content=text[:20]), zhipu(text[20:]))
        assert (text_of(deltas), end_of(deltas), deltas[-1].tool_calls) == (text, FinishReason.STOP, ())


@pytest.mark.parametrize(("reason", "shown"), [("stop", "So <tool_call>\nget"), ("length", "So ")])
def test_v35_what_may_have_become_markup_is_shown_only_where_the_answer_is_whole(reason: str, shown: str) -> None:
    assert text_of(read(zhipu("So <tool_call>", "\nget", finish=reason))[0]) == shown


@pytest.mark.parametrize(
    ("reason", "parts"),
    [("length", (CANARY, "")), ("model_context_window_exceeded", (CANARY, "")), ("stop", ("", CANARY))],
)
def test_v27_without_any_tag_an_inline_thinker_has_answered_only_where_it_ended(reason: str, parts: object) -> None:
    deltas, _ = read(zhipu(CANARY[:5], CANARY[5:], finish=reason), model="glm-z1-air")
    assert (reasoning_of(deltas), text_of(deltas)) == parts


def test_v27_an_inline_thinker_beyond_a_bound_has_only_thought() -> None:
    deltas, _ = read(chunk(content=CANARY), b": filler\n" * 100, model="glm-z1-air", bounds=Bounds(stream=500))
    assert (reasoning_of(deltas), text_of(deltas), end_of(deltas)) == (CANARY, "", FinishReason.LENGTH)


def test_network_error_is_never_a_good_end() -> None:
    assert fault_of(zhipu("Hello", finish="network_error")) == "network_error"


def test_what_breaks_after_the_finish_does_no_harm() -> None:
    deltas, reader = read(zhipu("Hello").removesuffix(DONE) + b"data: {\n\n")
    assert (text_of(deltas), end_of(deltas), reader.ended) == ("Hello", FinishReason.STOP, True)


def test_a_character_in_two_escaped_halves_is_whole_again() -> None:
    halves = [
        b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"\\udc4b!"}}]}\n\n',
    ]
    assert text_of(read(*halves, zhipu())[0]) == "👋!"
    assert text_of(read(halves[1], zhipu())[0]) == "\ufffd!"


def test_text_beyond_its_bound_ends_as_length() -> None:
    deltas, _ = read(chunk(content="12345"), chunk(content="67890"), zhipu("x"), bounds=Bounds(text=8))
    assert (text_of(deltas), end_of(deltas)) == ("12345678", FinishReason.LENGTH)


def test_a_stream_beyond_its_bound_ends_as_length_where_there_is_text() -> None:
    deltas, _ = read(chunk(content="Hello"), b": filler\n" * 100, bounds=Bounds(stream=500))
    assert (text_of(deltas), end_of(deltas)) == ("Hello", FinishReason.LENGTH)


@pytest.mark.parametrize("garbage", [b"x" * 600, b"\n" * 600, b"{" + b" " * 600, b"data: " + b"x" * 600])
def test_garbage_beyond_the_bound_is_a_failure(garbage: bytes) -> None:
    for bounds in (Bounds(stream=500), Bounds(event=500, stream=500)):
        reader = read(garbage, bounds=bounds)[1]
        assert reader.fault is not None
        assert (reader.fault.code, reader.fault.rule.text) == ("too_much", "interrupted")


def test_an_event_beyond_its_bound_ends_the_answer() -> None:
    deltas, _ = read(chunk(content="Hello"), b"data: " + b"x" * 600, bounds=Bounds(event=500))
    assert (text_of(deltas), end_of(deltas)) == ("Hello", FinishReason.LENGTH)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fall_over(data: bytes) -> None:
    deltas, reader = read(data, data)
    assert reader.fault is not None or deltas[-1].finish is not None
