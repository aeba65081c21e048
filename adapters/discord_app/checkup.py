"""Looks from outside at the Discord app of this token: what it lacks of what the bot needs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp
import discord

from adapters.discord_app.client import RestTrace, intents, log_in
from adapters.discord_app.invite import permissions
from bot.findings import Finding
from bot.pacing import Governor

# Seconds for all calls together.
_PATIENCE: Final = 15.0
# Servers that are looked at; the rest of a large bot's are alike.
_SERVERS: Final = 100
_INVITE: Final = "open the link that `glimmer invite discord` prints, as somebody who manages the server"
_FAILURES: Final = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)


async def check(token: str, api_url: str) -> Sequence[Finding]:
    """All findings; takes at most 15 seconds."""
    try:
        async with asyncio.timeout(_PATIENCE):
            client = await log_in(token, api_url, intents(), RestTrace(Governor(overall=None)))
            try:
                return await _look(client)
            finally:
                await client.close()
    except discord.LoginFailure:
        remedy = "copy it again from the Bot page of your application"
        return [Finding("DISCORD_TOKEN", "Discord refused the token", remedy)]
    except _FAILURES as error:
        problem = f"Discord cannot be reached ({type(error).__name__})"
        return [Finding("DISCORD_API_URL", problem, "check the address and the network")]


async def _look(client: discord.Client) -> Sequence[Finding]:
    application = client.application_id or 0
    servers: Sequence[Mapping[str, Any]] = await client.http.get_guilds(_SERVERS)
    commands = await client.http.get_global_commands(application)
    return [*_intents(client.application_flags), *_servers(servers), *_commands(len(commands))]


def _intents(flags: discord.ApplicationFlags) -> list[Finding]:
    if flags.gateway_message_content or flags.gateway_message_content_limited:
        return []
    problem = "the Message Content Intent is off: in threads people must mention the bot each time"
    return [Finding("app", problem, "turn it on on the Bot page of your application")]


def _servers(servers: Sequence[Mapping[str, Any]]) -> list[Finding]:
    if not servers:
        return [Finding("app", "the bot is in no server", _INVITE)]
    lacking = [(server, _lacking(server)) for server in servers]
    return [
        Finding(f"server {server.get('name')!r}", f"the bot lacks {', '.join(names)}", _INVITE)
        for server, names in lacking
        if names
    ]


def _lacking(server: Mapping[str, Any]) -> list[str]:
    """What the bot's roles in a server do not give it; channels may take away more."""
    given = server.get("permissions")
    if given is None:
        return []
    granted = discord.Permissions(int(given))
    if granted.administrator:
        return []
    return [name.replace("_", " ") for name, needed in permissions() if needed and not getattr(granted, name)]


def _commands(count: int) -> list[Finding]:
    if count:
        return []
    problem = "Discord knows none of the bot's commands yet"
    return [Finding("app", problem, "`glimmer run` sends them when it starts", missing=False)]
