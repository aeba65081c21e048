"""The application commands that the bot registered, and what a person may type for them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, cast

from playground.discord.clock import Snowflakes
from playground.discord.model import Json, Upload
from playground.discord.problems import Problems
from playground.discord.refusals import Impossible, Refusal

CHAT, USER, MESSAGE = 1, 2, 3
SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, NUMBER, ATTACHMENT = 3, 4, 5, 10, 11
MOST = {CHAT: 100, USER: 15, MESSAGE: 15}  # Discord docs, interactions/application-commands
MAX_OPTIONS = 25
_NAME = re.compile(r"^[-_'\w]{1,32}$")
_PYTHON: dict[int, tuple[type, ...]] = {
    **dict.fromkeys((STRING, 6, 7, 8, 9), (str,)),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    NUMBER: (int, float),
    ATTACHMENT: (Upload,),
}


class CommandBook:
    """Commands by scope ("" for global, else a server's id)."""

    def __init__(self, ids: Snowflakes, application_id: str) -> None:
        self._ids = ids
        self._application_id = application_id
        self._scopes: dict[str, list[Json]] = {}

    def replace(self, scope: str, definitions: Any) -> list[Json]:
        """Make these the commands of a scope; those that stay keep their ids."""
        problems = Problems()
        listed = problems.objects("commands", definitions, sum(MOST.values()))
        for number, definition in enumerate(listed):
            _check(problems, str(number), definition)
        for kind, count in Counter(d.get("type", CHAT) for d in listed).items():
            if count > MOST.get(kind, 0):
                problems.add("commands", "APPLICATION_COMMANDS_TOO_MANY", f"At most {MOST.get(kind, 0)} of a type.")
        if len({(d.get("type", CHAT), d.get("name")) for d in listed}) < len(listed):
            problems.add("commands", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Names must be unique.")
        problems.settle()
        old = {(d["type"], d["name"]): d["id"] for d in self._scopes.get(scope, [])}
        self._scopes[scope] = [self._complete(d, scope, old) for d in listed]
        return self._scopes[scope]

    def listed(self, scope: str) -> list[Json]:
        """The commands of a scope."""
        return self._scopes.get(scope, [])

    def find(self, name: str, kind: int, guild_id: str) -> Json:
        """A command by its name, a server's own before a global one."""
        for scope in dict.fromkeys((guild_id, "")):
            for definition in self.listed(scope):
                if definition["name"] == name and definition["type"] == kind:
                    return definition
        raise Impossible(f"no such command: {name}")

    def by_id(self, scope: str, command_id: str) -> Json:
        """A command by its id, or the refusal of an unknown one."""
        for definition in self.listed(scope):
            if definition["id"] == command_id:
                return definition
        raise Refusal(10063)

    def _complete(self, definition: Json, scope: str, old: dict[tuple[int, str], str]) -> Json:
        kind: int = definition.get("type", CHAT)
        known: Json = {
            "id": old.get((kind, definition["name"])) or self._ids.new(),
            "application_id": self._application_id,
            "version": self._ids.new(),
            "default_member_permissions": None,
            "description": "",
            "nsfw": False,
            "integration_types": [0],
            "contexts": None,
        }
        where = {"guild_id": scope} if scope else {}
        given = {k: v for k, v in definition.items() if v is not None}
        return known | given | where | {"type": kind}


def fill(definition: Json, path: list[str], values: dict[str, Any], *, focused: str = "") -> list[Json]:
    """The options of an interaction as a person filled them in; `path` leads through subcommands.

    Raises Impossible for what the client would not let pass. While one option is `focused` others may be missing.
    """
    known: list[Json] = definition.get("options") or []
    if path:
        inner = next((o for o in known if o["name"] == path[0] and o["type"] in (SUBCOMMAND, GROUP)), None)
        if inner is None:
            raise Impossible(f"no such subcommand: {path[0]}")
        inside = fill(inner, path[1:], values, focused=focused)
        return [{"name": inner["name"], "type": inner["type"], "options": inside}]
    names = {o["name"]: o for o in known}
    missing = [n for n, o in names.items() if o.get("required") and n not in values]
    if unknown := values.keys() - names.keys():
        raise Impossible(f"no such options: {sorted(unknown)}")
    if missing and not focused:
        raise Impossible(f"options missing: {missing}")
    return [_filled(names[n], v, is_focused=n == focused) for n, v in values.items()]


def _filled(option: Json, value: Any, *, is_focused: bool) -> Json:
    shown: Json = {"name": option["name"], "type": option["type"], "value": value}
    if is_focused:
        if not option.get("autocomplete"):
            raise Impossible(f"{option['name']} does not complete")
        return {**shown, "focused": True}
    kinds = _PYTHON.get(option["type"], ())
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise Impossible(f"{option['name']} takes {kinds}, not {value!r}")
    choices = cast("list[Json]", option.get("choices") or [])
    if choices and value not in [c["value"] for c in choices]:
        raise Impossible(f"{value!r} is no choice of {option['name']}")
    if isinstance(value, str) and not option.get("min_length", 0) <= len(value) <= option.get("max_length", 6000):
        raise Impossible(f"{option['name']} has the wrong length")
    if isinstance(value, int | float) and not option.get("min_value", value) <= value <= option.get("max_value", value):
        raise Impossible(f"{option['name']} is out of bounds")
    return shown


def _check(problems: Problems, path: str, definition: Json) -> None:
    kind = definition.get("type", CHAT)
    problems.one_of(f"{path}.type", kind, tuple(MOST))
    name = problems.text(f"{path}.name", definition.get("name"), 32, least=1)
    if kind != CHAT:
        return
    if name and (not _NAME.match(name) or name != name.lower()):
        problems.add(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    problems.text(f"{path}.description", definition.get("description"), 100, least=1)
    _check_options(problems, path, definition)


def _check_options(problems: Problems, path: str, definition: Json) -> None:
    optional = False
    for number, option in enumerate(problems.objects(f"{path}.options", definition.get("options"), MAX_OPTIONS)):
        place = f"{path}.options.{number}"
        problems.text(f"{place}.name", option.get("name"), 32, least=1)
        problems.text(f"{place}.description", option.get("description"), 100, least=1)
        if option.get("required") and optional:
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            problems.add(place, code, "Required options must be placed before non-required options")
        optional = optional or not option.get("required")
        for index, choice in enumerate(problems.objects(f"{place}.choices", option.get("choices"), MAX_OPTIONS)):
            problems.text(f"{place}.choices.{index}.name", choice.get("name"), 100, least=1)
        if option.get("type") in (SUBCOMMAND, GROUP):
            _check_options(problems, place, option)
            optional = False
