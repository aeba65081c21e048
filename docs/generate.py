"""Writes docs/reference from the code: `.venv/bin/python -m docs.generate`. A test holds the pages against it."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast
from unittest.mock import patch

import discord
from discord import app_commands
from pydantic.fields import FieldInfo

from adapters.discord_app import commands
from adapters.slack_app.manifest import COMMAND as SLACK_COMMAND
from adapters.slack_app.manifest import SHORTCUTS
from bot import texts
from bot.__main__ import parser
from bot.glm import codes
from bot.glm.catalogue import Catalogue, Model, catalogue
from bot.settings import Settings
from bot.vocabulary import COMMANDS, syntax
from docs.causes import CAUSES, ORDINARY, REMEDIES
from storage.faults import FIXES

REFERENCE: Final = Path(__file__).parent / "reference"
ROOT: Final = Path(__file__).parents[1]
_NOTE: Final = (
    "<!-- Made by docs/generate.py from the code; change that and run `.venv/bin/python -m docs.generate`. -->"
)
# argparse breaks lines by the width of a terminal; nothing here is as wide as this.
_WIDE: Final = "400"
# Discord docs, interactions/application-commands: application command types.
_ON_A_MESSAGE: Final = 3


def pages() -> Mapping[str, str]:
    """All generated pages by file name."""
    made: Mapping[str, Callable[[], Iterable[str]]] = {
        "settings.md": _settings,
        "commands.md": _commands,
        "metrics.md": _metrics,
        "models.md": _models,
        "errors.md": _errors,
    }
    return {name: "\n".join([_NOTE, "", *make(), ""]) for name, make in made.items()}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", "<br>") for cell in row) + " |" for row in lines]


def _code(text: object) -> str:
    return f"`{text}`" if str(text) else ""


# Settings --------------------------------------------------------------------------------------------------------


def _settings() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "All settings are environment variables. An empty one counts as not set. A value that cannot be used ends the"
    yield "program with status 2 and one line that names the variable; variables that are not listed are ignored."
    yield ""
    rows = [(_code(name.upper()), _default(field), field.description or "") for name, field in _fields()]
    yield from _table(("variable", "default", "meaning"), rows)


def _fields() -> Iterator[tuple[str, FieldInfo]]:
    yield from Settings.model_fields.items()


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, tuple):
        return _code(",".join(cast("tuple[str, ...]", value)))
    return _code(str(value).lower() if isinstance(value, bool) else value)


# Commands --------------------------------------------------------------------------------------------------------


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "## In Discord"
    yield ""
    yield from _table(("command", "what it does", "options"), _discord_rows())
    yield ""
    yield "They work in servers, direct messages and group chats, and for people who have installed the app for"
    yield "themselves. `/stop` ends one's own answer; in a thread a moderator may end anybody's. `/reset` is for"
    yield "everybody in the conversation. Model and thinking of a channel or a server are for those who may manage it."
    yield "`/background` works where the bot is a member."
    yield ""
    yield "## In Slack"
    yield ""
    yield from _table(("command", "what it does"), _slack_rows())
    yield ""
    yield "A scope is `for me`, `for here` (the channel) or `for workspace` (for admins). In threads, where Slack takes"
    yield "no commands, the same words follow an exclamation mark (`!model glm-4.6`), or a mention with nothing else in"
    yield "it. `ask` and `background` show the question in the channel and answer it in its thread."
    yield ""
    yield "## On both"
    yield ""
    yield "`thinking` knows `off`, `low`, `high` and `max`; `on` is `high`. A model that does not know a level takes"
    yield "the next below it. `show` and `hide` are about what the model thought: shown, it comes as a file below the"
    yield "answer. `usage` shows one's own, this conversation's and, to those who may manage it, the server's. `jobs`"
    yield "lists one's own in this channel and cancels one by its number; a moderator may cancel anybody's there."
    yield ""
    yield "## On the command line"
    yield ""
    yield "`glimmer` and `python -m bot` are the same program."
    yield ""
    yield from _table(("command", "what it does", "arguments"), _line_rows())


def _slack_rows() -> Iterator[Sequence[str]]:
    for command in COMMANDS:
        yield _code(f"{SLACK_COMMAND} {syntax(command)}"), texts.say(command.text)
    for name, description in SHORTCUTS.values():
        yield f"**{name}** (in a message's menu)", description


def discord_definitions() -> Sequence[Mapping[str, Any]]:
    """The commands as they are sent to Discord."""
    tree = app_commands.CommandTree[Any](discord.Client(intents=discord.Intents.none()))
    # Only the definitions are read: nobody calls a command of this tree.
    commands.register(tree, cast("commands.Desk", None))
    return [command.to_dict(tree) for command in tree.get_commands()] + [
        command.to_dict(tree) for command in tree.get_commands(type=discord.AppCommandType.message)
    ]


def _discord_rows() -> Iterator[Sequence[str]]:
    definitions = {definition["name"]: definition for definition in discord_definitions()}
    for name, definition in definitions.items():
        if definition["type"] == _ON_A_MESSAGE:
            yield f"**{name}** (in a message's Apps menu)", "Ask about that message", ""
        else:
            options: Sequence[Mapping[str, Any]] = definition.get("options", [])
            yield _code(f"/{name}"), definition["description"], "\n".join(map(_option, options))


def _option(option: Mapping[str, Any]) -> str:
    choices = ", ".join(choice["name"] for choice in option.get("choices", []))
    needed = "" if option.get("required") else " (optional)"
    return f"`{option['name']}`{needed}: {option['description']}{f': {choices}' if choices else ''}"


def command_lines() -> Mapping[str, str]:
    """The commands of the program with what they do."""
    return {name: said for name, said in _arguments(_help()) if name.islower() and name.isalpha()}


def _line_rows() -> Iterator[Sequence[str]]:
    for name, said in command_lines().items():
        taken = [(word, about) for word, about in _arguments(_help(name)) if not word.startswith("-h")]
        yield _code(f"glimmer {name}"), said, "\n".join(_code(word) + (about and f": {about}") for word, about in taken)


def _help(*command: str) -> str:
    """What the program prints for --help."""
    shown = io.StringIO()
    with patch.dict(os.environ, COLUMNS=_WIDE), contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        parser().parse_args([*command, "--help"])
    # A long argument has its description on the next line, far to the right.
    return re.sub(r"\n {10,}", "  ", shown.getvalue())


def _arguments(said: str) -> list[tuple[str, str]]:
    return re.findall(r"^ {2,4}(\S+(?: \S+)*)(?: {2,}(.*))?$", said, re.MULTILINE)


# Metrics ---------------------------------------------------------------------------------------------------------


def _metrics() -> Iterator[str]:
    yield "# Metrics"
    yield ""
    yield "`/metrics` has them in the format of Prometheus, beside those of the process and of Python itself."
    yield ""
    yield from _table(("metric", "kind", "labels", "meaning"), _metric_rows())


def _metric_rows() -> Iterator[Sequence[str]]:
    tree = ast.parse((ROOT / "bot" / "metrics.py").read_text("utf-8"))
    for made in (node.value for node in tree.body if isinstance(node, ast.Assign)):
        if isinstance(made, ast.Call) and isinstance(made.func, ast.Name):
            name, meaning, *labels = map(ast.literal_eval, made.args)
            yield _code(name), made.func.id.lower(), ", ".join(map(_code, *labels)) if labels else "", meaning


# Models ----------------------------------------------------------------------------------------------------------


def _models() -> Iterator[str]:
    known = catalogue()
    yield "# Models and providers"
    yield ""
    yield "What `bot/glm/catalogue.toml` holds. The first model that a configured provider offers is the default. Sizes"
    yield "are in tokens, prices per million tokens (input / seen before / output), as the vendor published them. The"
    yield "bot asks for [less](../howto/models.md#what-is-sent): no pictures yet, no reasoning, 8,192 tokens of answer."
    yield ""
    yield "## Providers"
    yield ""
    yield from _table(("name", "key", "address", "another address"), _provider_rows(known))
    yield ""
    yield "## Models"
    yield ""
    head = ("model", "context", "answer, at most", "can reason", "price", "at")
    yield from _table(head, [_model_row(name, model) for name, model in known.models.items()])


def _provider_rows(known: Catalogue) -> Iterator[Sequence[str]]:
    for name, provider in known.providers.items():
        key, address = f"{provider.variable}_API_KEY", f"{provider.variable}_BASE_URL"
        yield _code(name), _code(key), provider.base_url, _code(address)


def _model_row(name: str, model: Model) -> Sequence[str]:
    where = [other if known == name else f"{other} (as `{known}`)" for other, known in model.ids.items()]
    thinking = "no" if model.thinking == "none" else "yes"
    return _code(name), f"{model.context:,}", f"{model.output:,}", thinking, _price(model), ", ".join(where)


def _price(model: Model) -> str:
    price = model.price
    if price is None:
        return ""
    if not price.input and not price.output:
        return "free"
    parts = [f"{part:.2f}" for part in (price.input, price.cached, price.output) if part is not None]
    return f"{' / '.join(parts)} {price.currency}"


# Errors ----------------------------------------------------------------------------------------------------------


def _errors() -> Iterator[str]:
    yield "# Errors"
    yield ""
    yield "## What users read"
    yield ""
    yield "In English here; people whose Discord is in Chinese read them in Chinese. The names on the left stand in"
    yield "metrics and in the tables below; what is in braces is filled in."
    yield ""
    yield from _table(("name", "sentence", "cause"), _sentence_rows())
    yield ""
    yield "## What providers answer"
    yield ""
    yield "This holds until the first visible word; a stream that breaks off later is asked for once more in the same"
    yield "message, and else the answer ends there. The owner is told only when no provider answers, and of the same"
    yield "problem once an hour; what is in braces is filled in."
    yield ""
    yield from _table(("provider", "code", "what is done", "users read", "the owner is told"), _code_rows())
    yield ""
    yield "## What is wrong with the database"
    yield ""
    yield "`DATABASE_URL:`, the path of the file, and one of:"
    yield ""
    yield from (f"- {line}" for line in FIXES.values())
    yield ""
    yield "What to do about lines at the start is in [Operating](../howto/operate.md)."


def _sentence_rows() -> Iterator[Sequence[str]]:
    facts = (
        *("told", "reset", "model", "trace", "seconds", "scope", "models", "problem", "name", "megabytes"),
        *("level", "levels", "seer", "provider", "position"),
    )
    for name in texts.names():
        if name not in ORDINARY:
            sentence = texts.say(name, **{fact: f"{{{fact}}}" for fact in facts})
            yield _code(name), sentence, CAUSES[name]


def _code_rows() -> Iterator[Sequence[str]]:
    tables = {
        "bigmodel, zai": codes.ZHIPU,
        **{name: table for name, table in codes.DIALECTS.items() if table is not codes.ZHIPU},
        "any (HTTP status)": codes.STATUS,
        "any (connection)": {name: [rule] for name, rule in codes.CONNECTION.items()},
    }
    for provider, table in tables.items():
        for rule, keys in _by_rule(table).items():
            known_by = " ".join(map(_code, keys)) + (f" saying {_code(rule.pattern)}" if rule.pattern else "")
            yield provider, known_by, _done(rule), _code(rule.text), rule.operator


def _done(rule: codes.Rule) -> str:
    """What the client does about an error, in its order."""
    remedies = [said for remedy, said in REMEDIES.items() if remedy in rule.remedy]
    again = [f"asked again, {rule.attempts} times in all"] if rule.retries else []
    elsewhere = ["asked at the next provider"] if rule.moves_on else []
    return "; ".join([*remedies, *again, *elsewhere]) or "nothing helps"


def _by_rule(table: Mapping[str, Sequence[codes.Rule]]) -> Mapping[codes.Rule, list[str]]:
    found: dict[codes.Rule, list[str]] = {}
    for key, rules in table.items():
        for rule in rules:
            found.setdefault(rule, []).append(key)
    return found


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for file_name, page in pages().items():
        (REFERENCE / file_name).write_text(page, "utf-8")
