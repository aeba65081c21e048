"""What a streamed answer looks like on the wire, in both dialects, with every oddity."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.glm import Answer, Broken, Cut, Finish, GlmStandIn, Sensitive, Silence, Thinking, Wire
from playground.glm.tokens import pieces
from tests.unit.playground.glm.conftest import Client

WORDS = ("one", " two", " three", " four")


@given(st.text())
def test_pieces_join_to_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


async def test_zhipu_chunks_carry_the_role_and_their_last_one_the_usage(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS))
    seen = await client.stream("zai")
    assert seen.headers["content-type"] == "text/event-stream;charset=UTF-8"
    assert [delta["content"] for delta in seen.deltas] == [*WORDS, ""]
    assert all(delta["role"] == "assistant" for delta in seen.deltas)
    *rest, last = seen.payloads
    assert not any("finish_reason" in chunk["choices"][0] or "usage" in chunk for chunk in rest)
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["usage"]["completion_tokens"] == len(WORDS)
    assert seen.raw.endswith(b"data: [DONE]\n\n")


async def test_openai_chunks_open_with_the_role_and_close_with_usage_apart(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS))
    seen = await client.stream("acedata")
    assert seen.deltas[0] == {"content": "", "role": "assistant"}
    assert seen.deltas[1:] == [*({"content": word} for word in WORDS), {}]
    assert [c["choices"][0]["finish_reason"] for c in seen.payloads[:-1]] == [None] * 5 + ["stop"]
    assert seen.payloads[-1]["choices"] == []
    assert seen.payloads[-1]["usage"]["total_tokens"] > len(WORDS)


@pytest.mark.parametrize(("options", "shown"), [(None, False), ({"include_usage": True}, True)])
async def test_aimlapi_sends_usage_only_on_request(
    glm: GlmStandIn, client: Client, options: dict[str, bool] | None, shown: bool
) -> None:
    glm.script(Answer(text=WORDS))
    seen = await client.stream("aimlapi", stream_options=options)
    assert any(chunk.get("usage") for chunk in seen.payloads) is shown
    assert seen.payloads[0]["model"] == "glm-5-1"  # never the id that was asked for


async def test_a_dialect_can_be_forced(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, dialect="openai"))
    assert (await client.stream("zai")).payloads[-1]["choices"] == []


async def test_reasoning_in_a_field_comes_before_the_text(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, reasoning=("\n1", " 2")))
    seen = await client.stream()
    assert (seen.said("reasoning_content"), seen.said()) == ("\n1 2", "one two three four")
    assert seen.payloads[-1]["usage"]["completion_tokens_details"] == {"reasoning_tokens": 2}


async def test_inline_tags_are_split_over_chunks(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, reasoning=("Hmm",), thinking=Thinking.TAGS))
    seen = await client.stream()
    assert seen.said() == "\n<think>\nHmm\n</think>\n\none two three four"
    assert not any("<think>" in delta["content"] for delta in seen.deltas)


async def test_reasoning_under_headers_and_left_out(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, reasoning="Hmm", thinking=Thinking.HEADERS))
    glm.script(Answer(text=WORDS, reasoning="Hmm", thinking=Thinking.NONE))
    assert (await client.stream()).said().startswith("###Thinking\nHmm\n\n###Response\none")
    assert b"Hmm" not in (await client.stream()).raw


@pytest.mark.parametrize(
    ("budget", "reasoning", "text"), [(3, "ab", "one"), (1, "a", ""), (6, "ab", "one two three four")]
)
async def test_reasoning_and_text_share_the_budget(
    glm: GlmStandIn, client: Client, budget: int, reasoning: str, text: str
) -> None:
    glm.script(Answer(text=WORDS, reasoning=("a", "b")))
    seen = await client.stream(max_tokens=budget)
    assert (seen.said("reasoning_content"), seen.said()) == (reasoning, text)
    assert seen.payloads[-1]["choices"][0]["finish_reason"] == ("stop" if budget == 6 else "length")


async def test_line_separators_and_chinese_are_not_escaped(glm: GlmStandIn, client: Client) -> None:
    text = "a\u2028b\u2029c\u0085d 你好👋"
    glm.script(Answer(text=text))
    seen = await client.stream()
    assert seen.said() == text
    assert "\u2028".encode() in seen.raw
    assert "\u0085".encode() in seen.raw
    assert b"\\u" not in seen.raw


async def test_every_oddity_of_the_format_keeps_the_text(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, wire=Wire(newline="\r\n", prefix="data:", bom=True, comments=True)))
    seen = await client.stream()
    assert seen.raw.startswith(b"\xef\xbb\xbf: keep-alive\r\n\r\n")
    assert b'data:{"id"' in seen.raw
    assert seen.raw.count(b"\r\n") == seen.raw.count(b"\n")
    assert seen.raw.count(b": keep-alive") == 1 + len(WORDS) + 1
    assert seen.said() == "one two three four"


async def test_a_stream_may_end_without_blank_line_and_done(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, wire=Wire(done=False, blank_end=False)))
    seen = await client.stream()
    assert b"[DONE]" not in seen.raw
    assert seen.raw.endswith(b"}}")
    assert seen.payloads[-1]["choices"][0]["finish_reason"] == "stop"


async def test_a_glued_frame_breaks_off_where_the_next_begins(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, wire=Wire(glue_at=1)))
    raw = (await client.stream()).raw
    assert raw.count(b'"object":"chat.cdata: {"id"') == 1
    assert b" two" not in raw
    assert b" three" in raw


async def test_writes_are_cut_at_every_byte(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text="你好👋", wire=Wire(split=1)))
    seen = await client.stream()
    assert {len(chunk) for chunk in seen.chunks} == {1}
    assert seen.said() == "你好👋"


async def test_the_header_may_name_another_charset(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text="你好", wire=Wire(content_type="text/event-stream; charset=iso-8859-1")))
    seen = await client.stream()
    assert seen.headers["content-type"].endswith("iso-8859-1")
    assert seen.said() == "你好"


@pytest.mark.parametrize("after", [0, 2])
async def test_an_error_event_comes_after_so_many_tokens(glm: GlmStandIn, client: Client, after: int) -> None:
    glm.script(Answer(text=WORDS, after=after, ending=Broken(code=1305, event="error")))
    seen = await client.stream()
    assert seen.status == 200
    assert seen.said() == "".join(WORDS[:after])
    assert seen.payloads[-1]["error"]["code"] == 1305
    assert b"event: error\ndata: " in seen.raw
    assert b"[DONE]" not in seen.raw


@pytest.mark.parametrize(("provider", "reason"), [("zai", "sensitive"), ("acedata", "content_filter")])
async def test_a_sensitive_chunk_names_stage_and_level(
    glm: GlmStandIn, client: Client, provider: str, reason: str
) -> None:
    glm.script(Answer(text=WORDS, after=1, ending=Sensitive("user", 0)))
    last = (await client.stream(provider)).payloads[-1]
    assert last["content_filter"] == [{"role": "user", "level": 0}]
    assert last["choices"][0]["finish_reason"] == reason
    assert last["choices"][0]["delta"] == {"role": "user", "content": ""}


async def test_a_silent_end_closes_cleanly_without_a_finish(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, ending=Silence()))
    seen = await client.stream()
    assert seen.said() == "one two three four"
    assert b"finish_reason" not in seen.raw
    assert b"[DONE]" not in seen.raw


async def test_a_cut_resets_the_connection_after_the_tokens(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, after=2, ending=Cut()))
    with pytest.raises(httpx.ReadError):
        await client.stream()
    assert glm.requests[0].tokens == 2
    assert not glm.requests[0].client_gone


async def test_empty_answers_and_answers_of_reasoning_alone(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=""))
    glm.script(Answer(text="", reasoning="Hmm"))
    empty, thought = await client.stream("acedata"), await client.stream()
    assert empty.deltas == [{"content": "", "role": "assistant"}, {}]
    assert (thought.said("reasoning_content"), thought.said()) == ("Hmm", "")


async def test_network_error_and_odd_usage_are_written_as_told(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, ending=Finish("network_error", usage={"completion_tokens": 0.0})))
    glm.script(Answer(text=WORDS, ending=Finish(usage={})))
    last = (await client.stream()).payloads[-1]
    assert (last["choices"][0]["finish_reason"], last["usage"]) == ("network_error", {"completion_tokens": 0.0})
    assert "usage" not in (await client.stream()).payloads[-1]


async def test_noise_is_sent_as_it_stands_before_the_text(glm: GlmStandIn, client: Client) -> None:
    noise = ({"choices": None}, {"choices": [{"delta": None}]}, {"id": "x"})
    glm.script(Answer(text=WORDS, noise=noise))
    payloads = (await client.stream()).payloads
    assert payloads[:3] == list(noise)
    assert payloads[3]["choices"][0]["delta"]["content"] == "one"


async def test_a_completion_may_come_although_a_stream_was_asked_for(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=WORDS, reasoning="Hmm", whole=True))
    seen = await client.stream()
    assert seen.headers["content-type"].startswith("application/json")
    message = json.loads(seen.raw)["choices"][0]["message"]
    assert message == {"role": "assistant", "reasoning_content": "Hmm", "content": "one two three four"}
