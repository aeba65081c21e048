"""Reads fields of foreign JSON without trusting their types."""

from __future__ import annotations

import json
import math
import re
from typing import Any, cast

# Control characters inside strings are refused by default; a model may well write one.
_DECODER = json.JSONDecoder(strict=False)
_IDENTIFIER = re.compile(r"[A-Za-z0-9][\w.:-]{0,79}", re.ASCII)


def parse(text: str) -> object:
    """The JSON value, None when the text is none (or is nested too deeply to be meant)."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def dump(value: object) -> str:
    """The value as JSON, "" for one that is nested too deeply to be meant."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""


def as_object(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def as_text(value: object) -> str:
    """The value if it is a string, the texts of a list of content parts, else ""."""
    if isinstance(value, str):
        return value
    return "".join(as_text(as_object(part).get("text")) for part in as_list(value))


def as_count(value: object) -> int:
    """A number of tokens; providers also send floats. Anything else is 0."""
    if isinstance(value, int | float) and math.isfinite(value):
        return max(0, int(value))
    return 0


def as_cost(value: object) -> float | None:
    """A number of money that was spent, None for anything else."""
    return float(value) if isinstance(value, int | float) and 0 <= value < math.inf else None


def identifier(*values: object) -> str:
    """The first value that is a plain identifier or a number; sentences are not."""
    for value in values:
        if isinstance(value, str | int) and _IDENTIFIER.fullmatch(str(value)):
            return str(value)
    return ""


def mend_surrogates(text: str) -> tuple[str, str]:
    """Join characters that came as two escaped halves; a first half at the end is returned apart, to come again."""
    if text.isascii() or _is_encodable(text):
        return text, ""
    held = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
    whole = text[: len(text) - len(held)]
    return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), held


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
