"""How an operator names MCP servers: MCP_SERVERS says where they are, MCP_SECRETS what only they may know.

MCP_SERVERS=files[read_file,write_file!]=stdio:uvx mcp-server-files /data, wiki=https://mcp.example/mcp
MCP_SECRETS=files.API_KEY=…, wiki.Authorization=Bearer …
"""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.errors import OperatorError

# Leaves the tools' own names room: a prefixed one may have 64 characters.
_NAME: Final = r"(?P<name>[a-zA-Z0-9_-]{1,24})"
_SERVER: Final = re.compile(
    rf"{_NAME}\s*(?:\[(?P<tools>[^\]]*)\])?\s*=\s*(?:stdio:(?P<command>.+)|(?P<url>https?://[^\s/]\S*))", re.DOTALL
)
_SECRET: Final = re.compile(
    rf"{_NAME}\.(?P<key>[a-zA-Z0-9_-]+)\s*=\s*(?P<quote>[\"']?)(?P<value>.*)(?P=quote)", re.DOTALL
)
_ENTRY: Final = re.compile(r"""(?:[^,"'\[]|"[^"]*"|'[^']*'|\[[^\]]*\])+""")


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server: a `command` that starts it, or the address in `url`; its `name` goes before those of its tools.

    Only those in `tools` are offered, all where none are named. The `trusted` ones may change something without being
    allowed each time. `secrets` are environment variables of a command, headers for an address.
    """

    name: str
    command: tuple[str, ...] = ()
    url: str = field(default="", repr=False)
    tools: frozenset[str] = frozenset()
    trusted: frozenset[str] = frozenset()
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take, in seconds; to `connect`, a program may have to be downloaded first.

    A server's tools are looked at again after `refresh`. The `pauses` before a lost one is tried again double from the
    first to the second.
    """

    connect: float = 90.0
    call: float = 30.0
    refresh: float = 60.0
    pauses: tuple[float, float] = (1.0, 300.0)


def configured(servers: str, secrets: str = "") -> Sequence[McpServer]:
    """The servers of MCP_SERVERS and MCP_SECRETS; raises OperatorError with one line per problem."""
    problems: list[str] = []
    found: dict[str, McpServer] = {}
    kept = dict(_secrets(secrets, problems))
    for entry in _entries(servers, "MCP_SERVERS", problems):
        server = _server(entry, kept)
        if server is None:
            problems.append(f"MCP_SERVERS: {_shown(entry)}: write name=stdio:command or name=https://address")
        elif found.setdefault(server.name, server) is not server:
            problems.append(f"MCP_SERVERS: two servers are called {server.name!r}: rename one of them")
    problems += [f"MCP_SECRETS: there is no server {name!r} in MCP_SERVERS" for name in kept if name not in found]
    if found and importlib.util.find_spec("mcp") is None:
        problems.append("MCP_SERVERS: the package mcp is not installed; install glimmer[mcp]")
    if problems:
        raise OperatorError("\n".join(problems))
    return list(found.values())


def _server(entry: str, secrets: Mapping[str, Mapping[str, str]]) -> McpServer | None:
    read = _SERVER.fullmatch(entry)
    if read is None:
        return None
    try:
        command = tuple(shlex.split(read["command"] or ""))
    except ValueError:  # an escape with nothing behind it
        return None
    marked = [name.strip() for name in (read["tools"] or "").split(",") if name.strip()]
    name, url = read["name"], read["url"] or ""
    tools = frozenset(tool.removesuffix("!") for tool in marked)
    trusted = frozenset(tool.removesuffix("!") for tool in marked if tool.endswith("!"))
    return McpServer(name, command, url, tools, trusted, secrets.get(name, {})) if url or any(command[:1]) else None


def _secrets(text: str, problems: list[str]) -> Mapping[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for number, entry in enumerate(_entries(text, "MCP_SECRETS", problems), 1):
        read = _SECRET.fullmatch(entry)
        if read is None or not read["value"].isprintable() or not read["value"].isascii():
            problems.append(f"MCP_SECRETS: entry {number}: write server.KEY=value")
        else:
            found.setdefault(read["name"], {})[read["key"]] = read["value"]
    return found


def _entries(text: str, variable: str, problems: list[str]) -> Iterator[str]:
    """What stands between the commas that are in no quotes and no brackets."""
    if _ENTRY.sub("", text).strip(","):
        problems.append(f"{variable}: a quote or a bracket is not closed")
        return
    yield from (part.strip() for part in _ENTRY.findall(text) if part.strip())


def _shown(entry: str) -> str:
    """The beginning of an entry, which holds no secret yet."""
    return repr(entry.partition("=")[0][:40])
