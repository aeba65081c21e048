"""What MCP servers call their tools and say of the arguments, made into what a model may be told and calls must fit."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import partial
from itertools import count, islice
from typing import Annotated, Any, Final, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for  # pyright: ignore[reportUnknownVariableType]  # says no types
from pydantic import AfterValidator, BaseModel, RootModel
from referencing import Registry

from bot.errors import ServiceError

# Facts on the GLM API, section 3.2: what a function may be called.
_FOREIGN: Final = re.compile(r"[^a-zA-Z0-9_-]")
_NAME_LIMIT: Final = 64
_DIGEST: Final = 6
# Characters: some 5,000 tokens, which every question would cost.
_SCHEMA_LIMIT: Final = 20_000
# How often references are followed for one call: each may lead to several more.
_REFERENCES: Final = 1_000
_FOLLOWED: Final = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
# Patterns, and what looks at the names that match none: of a hostile one Python's matching takes for ever.
_PATTERNS: Final = frozenset({"pattern", "patternProperties", "unevaluatedProperties"})
# How many problems with its arguments a model is told, and characters of each.
_PROBLEMS: Final = 5
_WORDS: Final = 200


def offered_name(server: str, tool: str) -> str:
    """The name under which a server's tool is offered; what is cut off from a long one still counts in its end."""
    name = _FOREIGN.sub("_", f"{server}_{tool}")
    if len(name) <= _NAME_LIMIT:
        return name
    digest = hashlib.sha256(tool.encode()).hexdigest()[:_DIGEST]
    return f"{name[: _NAME_LIMIT - _DIGEST - 1]}_{digest}"


def arguments_of(schema: dict[str, Any]) -> type[BaseModel]:
    """A model whose `root` are the arguments; raises ServiceError for a schema that says nothing usable of them."""
    if schema.get("type") != "object":
        raise ServiceError("its arguments are no object")
    if len(json.dumps(schema)) > _SCHEMA_LIMIT:
        raise ServiceError("its schema is too large")
    try:
        kind = validator_for(schema, default=Draft202012Validator)
        # Not by check_schema, which refuses patterns that Python cannot read: their notation is ECMAScript's.
        invalid = next(kind(kind.META_SCHEMA).iter_errors(schema), None)
    except Exception as error:  # the schema is somebody else's: whatever is wrong with it means the same
        raise ServiceError("its schema is invalid") from error
    if invalid:
        raise ServiceError("its schema is invalid")
    return RootModel[Annotated[dict[str, Any], AfterValidator(partial(_fitting, kind, schema))]]


def _fitting(kind: type[Validator], schema: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    # With a registry of its own a schema has nothing fetched from anywhere.
    validator = _bounded(kind)(schema, registry=Registry())
    try:
        problems = [_told(error) for error in islice(validator.iter_errors(arguments), _PROBLEMS)]
    except Exception:  # noqa: BLE001  # references that lead nowhere, or too far; the server looks at them itself
        return arguments
    if problems:
        raise ValueError("; ".join(problems))
    return arguments


def _bounded(kind: type[Validator]) -> type[Validator]:
    """A kind of validator that comes to an end: a schema could keep it busy for ever with patterns and references."""
    known: Mapping[str, Any] = kind.VALIDATORS
    followed = count(1)

    def following(keyword: Any) -> Any:
        def follow(*given: Any) -> Any:
            if next(followed) > _REFERENCES:
                raise RecursionError("too many references")
            return keyword(*given)

        return follow

    def additional(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        matched = "patternProperties" in schema
        return None if matched else known["additionalProperties"](validator, value, instance, schema)

    keywords: dict[str, Any] = {name: following(known[name]) for name in _FOLLOWED & known.keys()}
    keywords |= dict.fromkeys(_PATTERNS & known.keys(), _passes)
    return cast("type[Validator]", extend(kind, keywords | {"additionalProperties": additional}))


def _passes(*_given: Any) -> None:
    """What the server looks at itself."""


def _told(error: ValidationError) -> str:
    """What an argument must fit, without what was given."""
    where = ".".join(map(str, error.absolute_path)) or "all"
    return f"{where[:_WORDS]}: must fit {error.validator} {json.dumps(error.validator_value)[:_WORDS]}"
