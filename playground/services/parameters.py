"""Reads the parameters of a request as strictly as they are documented."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from playground.services.refusals import Refusal

Query = Mapping[str, str]


def only(query: Query, known: Collection[str]) -> None:
    """Refuses a parameter that is not documented."""
    for name in query:
        if name not in known:
            raise Refusal(f"Unknown parameter '{name}'")


def text(query: Query, name: str) -> str:
    """A parameter that must be there."""
    if name not in query:
        raise Refusal(f"Parameter '{name}' must be given")
    return query[name]


def number(query: Query, name: str, low: float, high: float, default: float | None = None) -> float:
    """A number within its documented range, both ends included."""
    given = query.get(name, "" if default is None else str(default))
    try:
        value = float(given)
    except ValueError:
        raise Refusal(f"Parameter '{name}' must be a number") from None
    if not low <= value <= high:
        raise Refusal(f"Parameter '{name}' must be in range of {low:g} to {high:g}. Given: {given}.")
    return value


def choice(query: Query, name: str, known: Collection[str], default: str) -> str:
    """One of the documented words."""
    given = query.get(name, default)
    if given not in known:
        raise Refusal(f"Cannot initialize '{name}' from invalid String value {given}")
    return given


def variables(query: Query, name: str, known: Collection[str]) -> list[str]:
    """The names of documented variables, separated by commas."""
    given = [item for item in query.get(name, "").split(",") if item]
    for item in given:
        if item not in known:
            raise Refusal(f"Cannot initialize variable from invalid String value {item} for key {name}")
    return given
