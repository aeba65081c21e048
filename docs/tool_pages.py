"""What docs/reference says about tools, from the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bot.tool_choices import WEB_SEARCH
from bot.tool_loop import CALLS, ROUNDS
from bot.tools.box import RESULT_LIMIT, TOOLS
from bot.tools.commands import as_commands
from bot.tools.registry import ToolFunction, discover
from docs.markup import code, table

SHIPPED: Final = discover()
COMMANDS: Final = as_commands(SHIPPED)

_BOUNDS: Final[Mapping[str, str]] = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
}


def reference() -> Iterator[str]:
    """The page about the tools that ship."""
    yield "# Tools"
    yield ""
    yield f"The model may call these where a question needs them, up to {CALLS} at a time and in up to {ROUNDS} rounds."
    yield f"It is told at most {RESULT_LIMIT:,} characters of each result; a request has at most {TOOLS} tools. What"
    yield "takes too long, fails or does not fit is told to the model as such. A tool that is a command gives its"
    yield "result to whoever calls it, without a model. How to add one is in [Adding a tool](../howto/tools.md)."
    yield ""
    yield from table(
        ("tool", "what it does", "command", "at most", "changes something", "gives text of strangers"),
        map(_row, SHIPPED),
    )
    yield ""
    yield f"{code(WEB_SEARCH.name)} is switched like these, but is what a provider does by itself:"
    yield "[searching the web](../howto/models.md#searching-the-web)."
    for tool in SHIPPED:
        yield ""
        yield f"## {tool.name}"
        yield ""
        properties: Mapping[str, Mapping[str, Any]] = tool.schema.get("properties", {})
        needed = tool.schema.get("required", ())
        rows = [_argument(name, schema, needed=name in needed) for name, schema in properties.items()]
        yield from table(("argument", "type", "meaning", "default"), rows)


def commands_on_slack(command: str) -> Iterator[Sequence[str]]:
    """The rows about tools in the table of Slack's commands."""
    for known in COMMANDS.values():
        yield code(f"{command} {known.syntax}"), known.description


def _row(tool: ToolFunction) -> Sequence[str]:
    allowed = "yes, when somebody has allowed it" if tool.approval else "yes"
    return (
        f"[{code(tool.name)}](#{tool.name})",
        tool.description,
        code(f"/{tool.name.lower()}") if tool.command else "",
        f"{tool.seconds:g} s",
        allowed if tool.effects else "no",
        "yes" if tool.foreign else "no",
    )


def _argument(name: str, schema: Mapping[str, Any], *, needed: bool) -> Sequence[str]:
    bounds = [said.format(schema[key]) for key, said in _BOUNDS.items() if key in schema]
    choices = ", ".join(code(choice) for choice in schema.get("enum", ()))
    meaning = "; ".join(filter(None, [schema.get("description", ""), *bounds, choices]))
    default = schema.get("default", "")
    return code(name), str(schema.get("type", "")), meaning, "needed" if needed else code(default) or "none"
