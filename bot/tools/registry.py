"""A tool is a function: its name, docstring and signature are what the model is told, and what its arguments must fit.

@tool(command=True)
async def weather(context: Context, place: Annotated[str, Field(description="A town")]) -> str:
    \"\"\"The weather at a place now.\"\"\"
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, Final, cast, get_type_hints, overload

import httpx
from pydantic import BaseModel, ConfigDict, create_model

from bot.completion import Tool
from bot.errors import OperatorError
from bot.messages import Address, Author
from bot.records import Entry

# The group of entry points under which installed packages offer modules with tools.
GROUP: Final = "glimmer.tools"
# Facts on the GLM API, section 3.2: what a function may be called.
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
SECONDS: Final = 10.0


# Finds the newest rounds of a conversation that hold all of some words, newest first.
Search = Callable[[Sequence[str]], Awaitable[Sequence[Entry]]]


@dataclass(frozen=True, slots=True)
class Context:
    """What a tool may use and know: an HTTP client, where and by whom it is called, and the time in Unix seconds.

    `services` are the root addresses of services that are found elsewhere than usual, by the tools' names for them.
    `words` are what people wrote in the conversation themselves, None where somebody calls the tool without a model.
    `search` looks through what was said before in the conversation, None where there is none.
    """

    http: httpx.AsyncClient
    address: Address
    author: Author
    conversation: str
    now: float
    services: Mapping[str, str] = field(default_factory=dict[str, str])
    words: str | None = field(default=None, repr=False)
    search: Search | None = None

    @property
    def locale(self) -> str:
        """The language of the asker, as the platform names it."""
        return self.address.locale


ToolBody = Callable[..., Awaitable[object]]


@dataclass(frozen=True, slots=True)
class ToolFunction:
    """A registered tool; with `command` people may call it themselves, with `effects` it changes something.

    The model is told the `schema` of the arguments, a call's must fit `arguments`. With `approval` somebody must allow
    each call. A call may take `seconds`. `context` is the parameter that gets it. What a `foreign` one gives is written
    by strangers, as far as anybody knows: after that nothing is changed any more (see `bot.tools.permits`).
    """

    name: str
    description: str
    schema: Mapping[str, Any] = field(repr=False)
    arguments: type[BaseModel]
    body: ToolBody = field(repr=False)
    context: str = ""
    command: bool = False
    effects: bool = False
    approval: bool = False
    seconds: float = SECONDS
    foreign: bool = True

    @property
    def spec(self) -> Tool:
        """What the model is told."""
        return Tool(self.name, self.description, self.schema)


@overload
def tool(function: ToolBody, /) -> ToolFunction: ...
@overload
def tool(
    *,
    command: bool = False,
    effects: bool = False,
    approval: bool = False,
    seconds: float = SECONDS,
    name: str = "",
    foreign: bool = True,
) -> Callable[[ToolBody], ToolFunction]: ...
def tool(
    function: ToolBody | None = None,
    /,
    *,
    command: bool = False,
    effects: bool = False,
    approval: bool = False,
    seconds: float = SECONDS,
    name: str = "",
    foreign: bool = True,
) -> ToolFunction | Callable[[ToolBody], ToolFunction]:
    """Make a tool of a typed and documented async function; a parameter of type Context is filled in by us.

    Raises OperatorError for a function that a model could not be told about.
    """

    def made(body: ToolBody) -> ToolFunction:
        hints = get_type_hints(body, include_extras=True)
        called = name or body.__name__
        described = inspect.cleandoc(body.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        _check(called, described, body)
        parameters = list(inspect.signature(body).parameters.values())
        context = [parameter.name for parameter in parameters if hints.get(parameter.name) is Context]
        arguments = _arguments(called, [item for item in parameters if item.name not in context], hints)
        return ToolFunction(
            called,
            described,
            _plain(arguments.model_json_schema()),
            arguments,
            body,
            next(iter(context), ""),
            command,
            effects or approval,
            approval,
            seconds,
            foreign,
        )

    return made if function is None else made(function)


def discover() -> Sequence[ToolFunction]:
    """The tools of this package and of installed ones, by name; raises OperatorError where two have one name."""
    found: dict[str, ToolFunction] = {}
    installed: list[ModuleType] = [entry.load() for entry in entry_points(group=GROUP)]
    for module in [*_own_modules(), *installed]:
        for value in cast("Mapping[str, object]", vars(module)).values():
            if not isinstance(value, ToolFunction):
                continue
            if found.setdefault(value.name, value) is not value:
                raise OperatorError(f"two tools are called {value.name!r}: rename the one in {module.__name__}")
    return [found[name] for name in sorted(found)]


def _own_modules() -> Sequence[ModuleType]:
    package = importlib.import_module("bot.tools")
    names = [found.name for found in pkgutil.iter_modules(package.__path__) if found.ispkg]
    return [importlib.import_module(f"bot.tools.{name}") for name in names]


def _check(name: str, description: str, body: ToolBody) -> None:
    where = f"the tool {name!r} ({body.__module__})"
    if not _NAME.fullmatch(name):
        raise OperatorError(f"{where}: its name may have letters, digits, _ and -, at most 64")
    if not description:
        raise OperatorError(f"{where} has no docstring: the model is told what it does by that")
    if not inspect.iscoroutinefunction(body):
        raise OperatorError(f"{where} is no async function: write `async def`")


def _arguments(name: str, parameters: Sequence[inspect.Parameter], hints: Mapping[str, Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.name not in hints or parameter.kind not in (
            parameter.POSITIONAL_OR_KEYWORD,
            parameter.KEYWORD_ONLY,
        ):
            raise OperatorError(f"the tool {name!r}: its parameter {parameter.name!r} needs a type of its own")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without the titles that pydantic makes of names."""
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            plain[key] = {name: _plain(part) for name, part in value.items()}
        elif key != "title":
            plain[key] = _plain(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
    return plain
