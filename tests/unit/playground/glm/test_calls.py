"""Tool calls in streams and in whole answers, in every manner that was seen of a provider."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from playground.glm import Answer, Call, Calling, Finish, GlmStandIn
from playground.glm.calls import deltas, markup
from tests.unit.playground.glm.conftest import Client, Seen

CALLS = (Call("get_weather", {"city": "北京", "days": 2}, id="c1"), Call("clock", {}, id="c2"))
IN_PIECES = [Calling.FRAGMENTS, Calling.NO_INDEX, Calling.SAME_INDEX]


def entries(seen: Seen) -> list[dict[str, Any]]:
    return [entry for delta in seen.deltas for entry in delta.get("tool_calls", ())]


def assembled(parts: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Names and arguments, joined by index where there is one, else to the call that was opened last."""
    found: dict[Any, list[str]] = {}
    key: Any = None
    for part in parts:
        key = (part.get("index"), part["id"]) if "id" in part else _open(found, part, key)
        name, written = found.setdefault(key, [part["function"].get("name", ""), ""])
        found[key] = [name, written + part["function"]["arguments"]]
    return [(name, written) for name, written in found.values()]


def _open(found: dict[Any, list[str]], part: dict[str, Any], last: Any) -> Any:
    return next((key for key in reversed(found) if key[0] == part["index"]), last) if "index" in part else last


@pytest.mark.parametrize("provider", ["zai", "acedata"])
@pytest.mark.parametrize("calling", [Calling.WHOLE, *IN_PIECES])
async def test_calls_can_be_put_together_again(
    glm: GlmStandIn, client: Client, provider: str, calling: Calling
) -> None:
    glm.script(Answer(text="Let me see.", calls=CALLS, calling=calling))
    seen = await client.stream(provider)
    assert seen.said() == "Let me see."
    calls = [(name, json.loads(written)) for name, written in assembled(entries(seen))]
    assert calls == [("get_weather", {"city": "北京", "days": 2}), ("clock", {})]
    reasons = [chunk["choices"][0].get("finish_reason") for chunk in seen.payloads if chunk["choices"]]
    assert reasons[-1] == "tool_calls"


async def test_pieces_of_two_calls_take_turns_under_their_own_index(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text="", calls=(CALLS[0], CALLS[0]), calling=Calling.FRAGMENTS))
    order = [entry["index"] for entry in entries(await client.stream())]
    assert order[:4] == [0, 1, 0, 1]


async def test_an_index_may_be_missing_or_used_twice(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(calls=CALLS, calling=Calling.NO_INDEX))
    glm.script(Answer(calls=CALLS, calling=Calling.SAME_INDEX))
    without, same = entries(await client.stream()), entries(await client.stream())
    assert all("index" not in entry for entry in without)
    assert {entry["index"] for entry in same} == {0}
    assert [entry["id"] for entry in same if "id" in entry] == ["c1", "c2"]


async def test_arguments_may_be_an_object_or_stand_as_they_are(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(calls=CALLS, calling=Calling.OBJECTS))
    glm.script(Answer(calls=(Call("a", '{"b": 1,}'), Call("b", None), Call("c", ""))))
    objects, strange = entries(await client.stream()), entries(await client.stream())
    assert objects[0]["function"]["arguments"] == {"city": "北京", "days": 2}
    assert [entry["function"]["arguments"] for entry in strange] == ['{"b": 1,}', None, ""]


@pytest.mark.parametrize("calling", list(Calling))
async def test_whole_answers_hold_the_calls_too(glm: GlmStandIn, client: Client, calling: Calling) -> None:
    glm.script(Answer(text="", calls=CALLS, calling=calling), times=2)
    for provider, wordless in (("zai", ""), ("acedata", None)):
        choice = (await client.post(provider)).json()["choices"][0]
        if calling is Calling.LEAKED:
            assert choice["message"]["content"].startswith("<tool_call>get_weather<arg_key>city</arg_key>")
            assert choice["finish_reason"] == "stop"
            continue
        assert choice["finish_reason"] == "tool_calls"
        assert choice["message"]["content"] == wordless
        assert [call["function"]["name"] for call in choice["message"]["tool_calls"]] == ["get_weather", "clock"]


async def test_leaked_calls_are_text(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text="Well. ", calls=CALLS, calling=Calling.LEAKED))
    seen = await client.stream()
    assert not entries(seen)
    assert seen.said() == f"Well. {markup(CALLS)}"
    assert markup(CALLS[1:]) == "<tool_call>clock</tool_call>"


async def test_calls_may_come_with_another_reason_than_theirs(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(calls=CALLS, ending=Finish("stop")))
    assert (await client.stream()).payloads[-1]["choices"][0]["finish_reason"] == "stop"


async def test_an_answer_whose_budget_is_used_up_calls_nothing(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=("one", " two"), calls=CALLS))
    seen = await client.stream(max_tokens=1)
    assert not entries(seen)
    assert seen.payloads[-1]["choices"][0]["finish_reason"] == "length"


async def test_calls_count_as_tokens(glm: GlmStandIn, client: Client) -> None:
    glm.script(Answer(text=("one",), calls=CALLS))
    assert (await client.stream()).payloads[-1]["usage"]["completion_tokens"] == 3
    assert glm.requests[0].tokens == 3


def test_ids_are_made_up_given_or_left_out() -> None:
    made, given, without = deltas((Call("a"), Call("b", id="x"), Call("c", id=None)), Calling.WHOLE)
    assert made["id"].startswith("call_")
    assert given["id"] == "x"
    assert "id" not in without
