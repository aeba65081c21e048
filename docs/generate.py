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

from adapters.discord_app import commands, tool_commands
from adapters.slack_app.manifest import COMMAND as SLACK_COMMAND
from adapters.slack_app.manifest import SHORTCUTS
from bot import texts
from bot.__main__ import parser
from bot.completion import MediaKind, Thinking
from bot.glm.catalogue import Catalogue, Model, ThinkingStyle, catalogue
from bot.settings import Settings
from bot.vocabulary import COMMANDS, syntax
from docs import tool_pages
from docs.causes import CAUSES, ORDINARY, provider_errors
from docs.markup import code as _code
from docs.markup import table as _table
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
        "tools.md": tool_pages.reference,
        "metrics.md": _metrics,
        "models.md": _models,
        "errors.md": _errors,
    }
    return {name: "\n".join([_NOTE, "", *make(), ""]) for name, make in made.items()}


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
    yield "everybody in the conversation. What is chosen for a channel or a server is for those who may manage it."
    yield "`/background` works where the bot is a member."
    yield ""
    yield "## In Slack"
    yield ""
    yield from _table(("command", "what it does"), _slack_rows())
    yield ""
    yield "A scope is `for me`, `for here` (the channel) or `for workspace` (for admins). In threads, where Slack takes"
    yield "no commands, the same words follow an exclamation mark (`!model glm-4.6`), or a mention with nothing else in"
    yield "it. `ask` and `background` show the question in the channel and answer it in its thread, and so does the"
    yield "command of a tool: what follows it is for the first of its options, and `name:value` gives another one."
    yield ""
    yield "## On both"
    yield ""
    yield "`thinking` knows `off`, `low`, `high` and `max`; `on` is `high`. A model that does not know a level takes"
    yield "the next below it. `show` and `hide` are about what the model thought: shown, it comes as a file below the"
    yield "answer. `usage` shows one's own, this conversation's and, to those who may manage it, the server's. `jobs`"
    yield "lists one's own in this channel and cancels one by its number; a moderator may cancel anybody's there."
    yield ""
    yield "`access` is for the operator's admins and for those who may manage the server:"
    yield "[who may use it](../howto/operate.md#who-may-use-it)."
    yield ""
    yield "`persona` knows `plain`, `concise`, `tutor`, `translator` (Chinese and English) and `reviewer` (of code)."
    yield "`retry` does what the button Regenerate does. `export` is about this conversation, outside of one about all"
    yield "of one's own. `forget here` is about this conversation, outside of one about the last that one had in this"
    yield "place; it is confirmed by the word `yes` behind it. What that does is in"
    yield "[Privacy](../privacy.md#what-people-can-do-themselves). A tool that `tools` has switched off for somebody, a"
    yield "conversation, a channel or a server is not offered to the model there, whatever the others say. `web_search`"
    yield "is the [provider's own](../howto/models.md#searching-the-web), and off until it is switched on."
    yield ""
    yield "The commands of [tools](tools.md) are answered by the tool itself. More are there where the operator has"
    yield "[added some](../howto/tools.md)."
    yield ""
    yield "## On the command line"
    yield ""
    yield "`glimmer` and `python -m bot` are the same program."
    yield ""
    yield from _table(("command", "what it does", "arguments"), _line_rows())


def _slack_rows() -> Iterator[Sequence[str]]:
    for command in COMMANDS:
        yield _code(f"{SLACK_COMMAND} {syntax(command)}"), texts.say(command.text)
    yield from tool_pages.commands_on_slack(SLACK_COMMAND)
    for name, description in SHORTCUTS.values():
        yield f"**{name}** (in a message's menu)", description


def discord_definitions() -> Sequence[Mapping[str, Any]]:
    """The commands as they are sent to Discord."""
    tree = app_commands.CommandTree[Any](discord.Client(intents=discord.Intents.none()))
    # Only the definitions are read: nobody calls a command of this tree.
    nobody = cast("commands.Desk", None)
    commands.register(tree, nobody, tool_commands.define(tool_pages.COMMANDS, nobody))
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
    yield "are in tokens, prices per million tokens (input / seen before / output), as the vendor published them. What"
    yield "of this a request asks for is in [Models and providers](../howto/models.md#what-is-sent)."
    yield ""
    yield "## Providers"
    yield ""
    head = ("name", "key", "address", "another address", "in the background", "search", "price, times the vendor's")
    yield from _table(head, _provider_rows(known))
    yield ""
    yield "## Models"
    yield ""
    yield "Thinking: the levels that a model can be told, at bigmodel and zai; one that thinks by itself can be told"
    yield "none. Sees: how many pictures or videos it takes in a request, as far as that is known; never both together."
    yield "At once: how many requests a key may make at a time; where nothing stands, that is learned."
    yield ""
    head = ("model", "context", "answer, at most", "thinking", "sees", "tools", "at once", "price", "at")
    yield from _table(head, [_model_row(name, model) for name, model in known.models.items()])


def _provider_rows(known: Catalogue) -> Iterator[Sequence[str]]:
    for name, provider in known.providers.items():
        key, address = f"{provider.variable}_API_KEY", f"{provider.variable}_BASE_URL"
        markup = "not known" if provider.markup is None else f"{provider.markup:g}"
        able = _yes(provider.background), _yes(bool(provider.search))
        yield _code(name), _code(key), provider.base_url, _code(address), *able, markup


def _model_row(name: str, model: Model) -> Sequence[str]:
    where = [other if known == name else f"{other} (as `{known}`)" for other, known in model.ids.items()]
    return (
        _code(name),
        f"{model.context:,}",
        f"{model.output:,}",
        _thinking(model),
        ", ".join(_sights(model)),
        _yes(model.tools),
        str(model.concurrency or ""),
        _price(model),
        ", ".join(where),
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _thinking(model: Model) -> str:
    by_itself = "no" if model.thinking is ThinkingStyle.NONE else "by itself"
    return ", ".join(level for level in Thinking if level in model.levels) or by_itself


def _sights(model: Model) -> Iterator[str]:
    for kind, most in ((MediaKind.IMAGE, model.images), (MediaKind.VIDEO, model.videos)):
        if model.sees(kind):
            yield f"{kind}s ({most})" if most else f"{kind}s"


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
    yield "message, and else the answer ends there. The next provider is the next in the order, and after the last one"
    yield "those of `GLM_FALLBACKS`. What is left alone is passed over meanwhile; besides what stands here, that is a"
    yield "model that has failed five times in a row at a provider, for 15 s. A reset that the provider states goes"
    yield "before these times. The owner is told only when no provider answers, and of the same problem once an hour;"
    yield "what is in braces is filled in."
    yield ""
    yield from _table(("provider", "code", "what is done", "users read", "the owner is told"), provider_errors())
    yield ""
    yield "## What is wrong with the database"
    yield ""
    yield "`DATABASE_URL:`, the path of the file, and one of:"
    yield ""
    yield from (f"- {line}" for line in FIXES.values())
    yield ""
    yield "What to do about lines at the start is in [Operating](../howto/operate.md)."


def _sentence_rows() -> Iterator[Sequence[str]]:
    for name in texts.names():
        if name not in ORDINARY:
            yield _code(name), _sentence(name), CAUSES[name]


def _sentence(name: str) -> str:
    """A sentence with the names of its facts in place of them."""
    facts: dict[str, str] = {}
    while True:
        try:
            return texts.say(name, **facts)
        except KeyError as error:
            facts[error.args[0]] = f"{{{error.args[0]}}}"


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for file_name, page in pages().items():
        (REFERENCE / file_name).write_text(page, "utf-8")
