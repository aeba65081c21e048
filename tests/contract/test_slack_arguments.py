"""Arguments of the local Slack's methods mean the same in JSON, in a form and in a query."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.slack import arguments
from playground.slack.arguments import Argument
from playground.slack.refusals import Refusal

TABLE = arguments.argument_table("channel! text reply:flag limit:number users:list view:json!")


def test_the_notation_names_kind_and_need() -> None:
    assert TABLE["channel"] == Argument("text", required=True)
    assert TABLE["view"] == Argument("json", required=True)
    assert TABLE["limit"] == Argument("number")


@pytest.mark.parametrize(
    ("name", "given_value", "meant"),
    [
        ("reply", True, True),
        ("reply", "1", True),
        ("reply", "False", False),
        ("limit", 15, 15),
        ("limit", "15", 15),
        ("users", ["U1", "U2"], ["U1", "U2"]),
        ("users", "U1,U2", ["U1", "U2"]),
        ("users", '["U1", "U2"]', ["U1", "U2"]),
        ("text", "", ""),
    ],
)
def test_a_value_is_brought_into_its_type(name: str, given_value: Any, meant: Any) -> None:
    assert arguments.read({name: TABLE[name]}, {name: given_value}) == {name: meant}


WRONG: dict[str, list[Any]] = {
    "text": [1, True, [], {}],
    "reply": ["yes", 2, []],
    "limit": [True, "many", -1, 1.5],
    "users": [1, {}, "["],
    "view": [1, True],
}


@pytest.mark.parametrize(("name", "given_value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_value_of_another_type_is_refused_with_its_place(name: str, given_value: Any) -> None:
    with pytest.raises(Refusal) as caught:
        arguments.read({name: TABLE[name]}, {name: given_value})
    assert caught.value.error == "invalid_arguments"
    assert f"[json-pointer:/{name}]" in caught.value.body["response_metadata"]["messages"][0]


def test_all_that_is_missing_is_named_and_null_is_missing_too() -> None:
    with pytest.raises(Refusal) as caught:
        arguments.read(TABLE, {"channel": None, "text": "x"})
    assert caught.value.body["errors"] == ["missing required field: channel", "missing required field: view"]


@given(st.dictionaries(st.sampled_from(["channel", "text", "team_id", "colour", "view"]), st.just("x")))
def test_an_unknown_argument_is_passed_over_but_known_to_be_unknown(given_values: dict[str, Any]) -> None:
    full: dict[str, Any] = {"channel": "C1", "view": {}, **given_values}
    assert set(arguments.read(TABLE, full)) == set(full) - {"team_id", "colour"}
    assert arguments.unknown(TABLE, full) == [name for name in full if name == "colour"]
