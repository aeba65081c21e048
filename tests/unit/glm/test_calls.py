from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.glm.calls import CallAssembler, mend_arguments


def piece(arguments: object = None, **more: object) -> dict[str, Any]:
    function = {"name": more.pop("name", None), "arguments": arguments}
    return {"type": "function", "function": function, **more}


def assembled(*deltas: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    assembler = CallAssembler()
    for delta in deltas:
        assembler.feed({"tool_calls": list(delta)})
    return [(call.id, call.name, call.arguments) for call in assembler.calls()]


def test_v30_fragments_of_two_calls_interleaved() -> None:
    calls = assembled(
        [piece('{"a"', index=0, id="x", name="now"), piece('{"b"', index=1, id="y", name="dice")],
        [piece(": 2", index=1)],
        [piece(": 1}", index=0, name="now")],
        [piece("}", index=1, id="y")],
    )
    assert calls == [("x", "now", '{"a": 1}'), ("y", "dice", '{"b": 2}')]


@settings(deadline=None)
@given(st.permutations([0] * 5 + [1] * 5), st.lists(st.integers(0, 30), min_size=4, max_size=4))
def test_v30_any_interleaving_of_any_fragments(turns: list[int], cuts: list[int]) -> None:
    whole = ['{"city": "Rome", "days": 3}', '{"sides": 6, "times": [1, 2]}']
    parts: list[list[str]] = []
    for text in whole:
        edges = [0, *(min(cut, len(text)) for cut in sorted(cuts)), len(text)]
        parts.append([text[a:b] for a, b in pairwise(edges)])
    opening = [[piece("", index=number, id=f"c{number}", name="f")] for number in (0, 1)]
    calls = assembled(*opening, *([piece(parts[turn].pop(0), index=turn)] for turn in turns))
    assert calls == [("c0", "f", whole[0]), ("c1", "f", whole[1])]


def test_v31_without_index_an_id_or_a_name_opens_a_call() -> None:
    calls = assembled(
        [piece('{"a":', id="x", name="now")],
        [piece("1}")],
        [piece("{}", id="y", name="dice")],
        [piece('{"c"', name="roll")],
        [piece(":1}", name="roll")],
        [piece("{}", name="roll")],
    )
    assert [call[1:] for call in calls] == [
        ("now", '{"a":1}'),
        ("dice", "{}"),
        ("roll", '{"c":1}'),
        ("roll", "{}"),
    ]
    assert len({call[0] for call in calls}) == 4


def test_v31_without_index_and_id_the_position_tells_calls_apart() -> None:
    calls = assembled([piece('{"a":', name="now"), piece('{"b":', name="now")], [piece("1}"), piece("2}")])
    assert [call[1:] for call in calls] == [("now", '{"a":1}'), ("now", '{"b":2}')]


def test_v31_a_known_id_continues_its_call() -> None:
    calls = assembled([piece("{", id="x", name="now")], [piece("{}", id="y", name="dice")], [piece("}", id="x")])
    assert calls == [("x", "now", "{}"), ("y", "dice", "{}")]


def test_v32_the_same_index_with_another_id_is_another_call() -> None:
    calls = assembled(
        [piece("{}", index=0, id="x", name="now")],
        [piece('{"b":', index=0, id="y", name="dice")],
        [piece("1}", index=0)],
    )
    assert calls == [("x", "now", "{}"), ("y", "dice", '{"b":1}')]


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ({"a": [1, "ü"]}, {"a": [1, "ü"]}),
        ({}, {}),
        (None, {}),
        ("", {}),
        ("null", {}),
        (json.dumps('{"a": 1}'), {"a": 1}),
        ('{"a": 1,}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('{"a": "x\ny"}', {"a": "x\ny"}),
    ],
)
def test_v33_arguments_in_any_form_are_the_json_of_an_object(arguments: object, meant: object) -> None:
    calls = assembled([piece(arguments, index=0, id="x", name="now")])
    assert json.loads(calls[0][2]) == meant


def test_v33_arguments_that_mean_nothing_stay_for_whoever_validates_them() -> None:
    for written in ("[1]", "{", "Rome", '{"a": 1} {"b": 2}'):
        assert mend_arguments(written) == written


def test_v33_good_arguments_are_not_rewritten() -> None:
    assert mend_arguments('{"a":1,  "b":",}"}') == '{"a":1,  "b":",}"}'


def test_v36_ids_that_are_missing_or_repeated_become_ones_of_their_own() -> None:
    calls = assembled(
        [piece("{}", index=0, id="x", name="a"), piece("{}", index=1, id="x", name="b"), piece("{}", index=2, name="c")]
    )
    assert [call[1] for call in calls] == ["a", "b", "c"]
    assert calls[0][0] == "x"
    assert len({call[0] for call in calls}) == 3
    assert all(call[0] for call in calls)


def test_the_older_form_is_one_call() -> None:
    assembler = CallAssembler()
    assembler.feed({"function_call": {"name": "now", "arguments": '{"a":'}})
    assembler.feed({"function_call": {"arguments": "1}"}, "tool_calls": None})
    assert [(call.name, call.arguments) for call in assembler.calls()] == [("now", '{"a":1}')]


@pytest.mark.parametrize(
    "spoilt",
    [
        piece('{"path</arg_key>": 1}', name="read", id="x"),
        piece("{}", name="read<arg_key>", id="x"),
        piece("{}", name="", id="x"),
        piece({"<b": 1}, name="read", id="x"),
    ],
)
def test_v35_calls_spoilt_by_markup_are_rejected(spoilt: dict[str, Any]) -> None:
    assert [call[1] for call in assembled([spoilt, piece("{}", name="now", id="y")])] == ["now"]


def test_calls_without_end_are_limited() -> None:
    assert len(assembled([piece("{}", index=number, name="now") for number in range(1000)])) == 64


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["index", "id", "function", "name", "arguments", "tool_calls", "function_call"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["tool_calls", "function_call"]), ANYTHING), max_size=4))
def test_nothing_foreign_makes_it_fall_over(deltas: list[dict[str, Any]]) -> None:
    assembler = CallAssembler()
    for delta in deltas:
        assembler.feed(delta)
    assert all(call.id and call.name for call in assembler.calls())
