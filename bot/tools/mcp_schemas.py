"""What MCP servers call their tools and say of the arguments, made into what a model may be told and calls must fit."""

from __future__ import annotations

import hashlib
import json
import re
from functools import partial
from itertools import islice
from typing import Annotated, Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from pydantic import AfterValidator, BaseModel, RootModel
from referencing import Registry

from bot.errors import ServiceError

# Facts on the GLM API, section 3.2: what a function may be called.
_FOREIGN: Final = re.compile(r"[^a-zA-Z0-9_-]")
_NAME_LIMIT: Final = 64
_DIGEST: Final = 6
# Characters: some 5,000 tokens, which every question would cost.
_SCHEMA_LIMIT: Final = 20_000
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
        # With a registry of its own a schema has nothing fetched from anywhere.
        validator = kind(schema, registry=Registry())
    except Exception as error:  # the schema is somebody else's: whatever is wrong with it means the same
        raise ServiceError("its schema is invalid") from error
    if invalid:
        raise ServiceError("its schema is invalid")
    return RootModel[Annotated[dict[str, Any], AfterValidator(partial(_fitting, validator))]]


def _fitting(validator: Validator, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        problems = [_told(error) for error in islice(validator.iter_errors(arguments), _PROBLEMS)]
    except Exception:  # noqa: BLE001  # a reference or a pattern that leads nowhere; the server looks at them itself
        return arguments
    if problems:
        raise ValueError("; ".join(problems))
    return arguments


def _told(error: ValidationError) -> str:
    """What an argument must fit, without what was given."""
    where = ".".join(map(str, error.absolute_path)) or "all"
    return f"{where[:_WORDS]}: must fit {error.validator} {json.dumps(error.validator_value)[:_WORDS]}"
