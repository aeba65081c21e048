from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import ServiceError
from bot.tools.mcp_schemas import arguments_of, offered_name

TOWN: dict[str, Any] = {
    "type": "object",
    "properties": {"town": {"$ref": "#/$defs/name"}, "days": {"type": "integer", "maximum": 7}},
    "required": ["town"],
    "$defs": {"name": {"type": "string"}},
}


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"x": schema}}
    return schema


def test_arguments_that_fit_are_handed_on_as_they_are() -> None:
    given_ = {"town": "北京", "days": 3, "more": [None, {"title": 1}]}
    assert arguments_of(TOWN).model_validate(given_).model_dump() == given_


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, 'all: must fit required ["town"]'),
        ({"town": 5}, 'town: must fit type "string"'),
        ({"town": "x", "days": 8}, "days: must fit maximum 7"),
    ],
)
def test_what_does_not_fit_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        arguments_of(TOWN).model_validate(wrong)
    assert said in error.value.errors()[0]["msg"]


def test_a_complaint_has_a_limit_and_does_not_repeat_what_was_given() -> None:
    choices = [f"choice {number}" for number in range(1_000)]
    schema: dict[str, Any] = {"type": "object", "additionalProperties": {"enum": choices}}
    with pytest.raises(ValidationError) as error:
        arguments_of(schema).model_validate({f"{number}{'k' * 5_000}": "CANARY" for number in range(100)})
    said = error.value.errors()[0]["msg"]
    assert len(said) < 3_000
    assert "CANARY" not in said


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({}, "no object"),
        ({"type": "string"}, "no object"),
        ({"type": ["object"]}, "no object"),
        ({"type": "object", "required": 5}, "invalid"),
        ({"type": "object", "properties": {"x": {"type": "nonsense"}}}, "invalid"),
        ({"type": "object", "$schema": {}}, "invalid"),
        ({"type": "object", "description": "x" * 20_000}, "too large"),
        (nested(300), "invalid"),
    ],
)
def test_a_schema_that_says_nothing_usable_is_refused(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(ServiceError, match=said):
        arguments_of(schema)


@pytest.mark.parametrize(
    "part",
    [
        {"$ref": "#/$defs/nowhere"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "#/properties/x"},
        {"type": "string", "pattern": r"^\p{Lu}"},
        {"type": "string", "pattern": "^(a+)+$"},
    ],
)
def test_what_a_schema_says_and_we_cannot_read_is_left_to_the_server(part: dict[str, Any]) -> None:
    arguments = arguments_of({"type": "object", "properties": {"x": part}})
    assert arguments.model_validate({"x": "y"}).model_dump() == {"x": "y"}


HOSTILE = "a" * 60 + "!"
BOMB = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)} | {"d60": {"type": "string"}}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"x": {"pattern": "^(a+)+$"}}},
        {"propertyNames": {"pattern": "^(a+)+$"}},
        {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False},
        {"patternProperties": {"^(a+)+$": {}}, "unevaluatedProperties": False},
        {"properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": BOMB},
    ],
)
def test_no_schema_keeps_the_process_busy(schema: dict[str, Any]) -> None:
    given = {"x": HOSTILE, HOSTILE: 1}
    assert arguments_of({"type": "object", **schema}).model_validate(given).model_dump() == given


def test_what_is_not_named_is_refused_where_the_schema_says_so() -> None:
    with pytest.raises(ValidationError, match="additionalProperties"):
        arguments_of({"type": "object", "properties": {}, "additionalProperties": False}).model_validate({"x": 1})


def test_a_schema_may_be_of_an_older_or_an_unknown_draft() -> None:
    older = {"$schema": "http://json-schema.org/draft-07/schema#", **TOWN}
    for schema in (older, {"$schema": "https://mcp.example/draft", **TOWN}):
        with pytest.raises(ValidationError):
            arguments_of(schema).model_validate({})


@pytest.mark.parametrize(
    ("server", "tool", "name"),
    [("wiki", "search", "wiki_search"), ("wiki", "pages/read.all", "wiki_pages_read_all"), ("w", "搜索", "w___")],
)
def test_a_tool_is_called_by_its_servers_name_and_its_own(server: str, tool: str, name: str) -> None:
    assert offered_name(server, tool) == name


@given(st.from_regex(r"[a-zA-Z0-9_-]{1,24}", fullmatch=True), st.text(max_size=200))
def test_a_name_is_always_one_that_a_function_may_have(server: str, tool: str) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", offered_name(server, tool))


def test_long_names_that_differ_only_in_their_ends_stay_different() -> None:
    assert offered_name("wiki", "x" * 100 + "1") != offered_name("wiki", "x" * 100 + "2")
