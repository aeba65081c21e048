"""How tool calls look on the wire."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from playground.glm.script import Call, Calling

Json = dict[str, Any]
_PIECE = 6  # characters of the arguments in a delta


@dataclass(frozen=True, slots=True)
class _Manner:
    """What sets one way of writing calls apart: the index of each, whether in pieces, whether these take turns."""

    index: Callable[[int], Json]
    pieces: bool = True
    turns: bool = False


def _numbered(place: int) -> Json:
    return {"index": place}


_MANNERS: Mapping[Calling, _Manner] = {
    Calling.WHOLE: _Manner(_numbered, pieces=False),
    Calling.OBJECTS: _Manner(_numbered, pieces=False),
    Calling.FRAGMENTS: _Manner(_numbered, turns=True),
    Calling.NO_INDEX: _Manner(lambda _: {}),
    Calling.SAME_INDEX: _Manner(lambda _: {"index": 0}),
}


def deltas(calls: Sequence[Call], calling: Calling) -> Sequence[Json]:
    """The calls as the entries of `tool_calls` in a stream, one entry for each delta."""
    if calling not in _MANNERS:
        return ()
    manner = _MANNERS[calling]
    rows = [
        [{**manner.index(place), **entry} for entry in (_pieces(call) if manner.pieces else [_entry(call, calling)])]
        for place, call in enumerate(calls)
    ]
    in_turn: Iterable[Json | None] = chain.from_iterable(zip_longest(*rows) if manner.turns else rows)
    return [entry for entry in in_turn if entry is not None]


def whole(calls: Sequence[Call], calling: Calling) -> Sequence[Json]:
    """The calls as the `tool_calls` of a complete message."""
    if calling not in _MANNERS:
        return ()
    manner = _MANNERS[calling]
    return [{**manner.index(place), **_entry(call, calling)} for place, call in enumerate(calls)]


def markup(calls: Sequence[Call]) -> str:
    """The calls as GLM models write them for themselves, which should never reach a client."""
    return "".join(f"<tool_call>{call.name}{_leaked(call.arguments)}</tool_call>" for call in calls)


def _entry(call: Call, calling: Calling) -> Json:
    arguments = call.arguments
    if calling is not Calling.OBJECTS and isinstance(arguments, Mapping):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {**_identity(call), "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _pieces(call: Call) -> list[Json]:
    first = _entry(call, Calling.FRAGMENTS)
    written = first["function"]["arguments"] or ""
    first["function"]["arguments"] = ""
    rest = (written[at : at + _PIECE] for at in range(0, len(written), _PIECE))
    return [first, *({"function": {"arguments": piece}} for piece in rest)]


def _identity(call: Call) -> Json:
    if call.id is None:
        return {}
    return {"id": call.id or f"call_{secrets.randbits(63)}"}


def _leaked(arguments: Mapping[str, Any] | str | None) -> str:
    if not isinstance(arguments, Mapping):
        return arguments or ""
    pairs = ((key, value if isinstance(value, str) else json.dumps(value)) for key, value in arguments.items())
    return "".join(f"<arg_key>{key}</arg_key><arg_value>{value}</arg_value>" for key, value in pairs)
