"""Routes about the app itself, its commands, its servers and its direct messages."""

from __future__ import annotations

from playground.discord.calls import Answer, Backend, Call, route
from playground.discord.model import Guild
from playground.discord.payloads import (
    application_json,
    channel_json,
    guild_json,
    member_json,
    own_user_json,
    role_json,
    user_json,
)
from playground.discord.problems import Problems
from playground.discord.refusals import Refusal


def gateway(call: Call) -> Answer:
    """The gateway's address."""
    return Answer({"url": call.backend.gateway.url})


def gateway_bot(call: Call) -> Answer:
    """The gateway's address, with how one may connect."""
    backend: Backend = call.backend
    return Answer(
        {
            "url": backend.gateway.url,
            "shards": backend.shards,
            "session_start_limit": backend.gateway.start_limit,
        }
    )


def own_user(call: Call) -> Answer:
    """The bot."""
    return Answer(own_user_json(call.bot))


def user(call: Call) -> Answer:
    """Anybody."""
    if call.ids["user"] not in call.world.users:
        raise Refusal(10013)
    return Answer(user_json(call.world.users[call.ids["user"]]))


def application(call: Call) -> Answer:
    """The app."""
    return Answer(application_json(call.world))


def open_dm(call: Call) -> Answer:
    """The direct message with somebody; it opens also when they take none."""
    problems = Problems()
    problems.snowflake("recipient_id", call.body.get("recipient_id"))
    problems.settle()
    recipient = call.world.users.get(str(call.body["recipient_id"]))
    if recipient is None:
        raise Refusal(10013)
    if recipient.bot:
        raise Refusal(50007)
    return Answer(channel_json(call.world, call.world.private_channel(recipient)))


def own_guilds(call: Call) -> Answer:
    """The servers that the bot is in."""
    mine = [g for g in call.world.guilds.values() if call.bot.id in g.members]
    return Answer([{"id": g.id, "name": g.name, "icon": None, "owner": False, "features": []} for g in mine])


def guild(call: Call) -> Answer:
    """A server that the bot is in."""
    return Answer(guild_json(_guild(call)))


def guild_channels(call: Call) -> Answer:
    """The channels of a server, without threads."""
    found = _guild(call)
    channels = [c for c in call.world.channels.values() if c.guild_id == found.id and not c.thread]
    return Answer([channel_json(call.world, c) for c in channels])


def guild_roles(call: Call) -> Answer:
    """The roles of a server."""
    return Answer([role_json(r) for r in _guild(call).roles.values()])


def guild_threads(call: Call) -> Answer:
    """The open threads of a server that the bot sees."""
    found = _guild(call)
    threads = [
        channel_json(call.world, c)
        for c in call.world.channels.values()
        if c.thread and c.guild_id == found.id and not c.thread.archived and call.world.rights(c, call.bot)
    ]
    return Answer({"threads": threads, "members": [t["member"] for t in threads if "member" in t], "has_more": False})


def guild_member(call: Call) -> Answer:
    """A member of a server."""
    member = _guild(call).members.get(call.ids["user"])
    if member is None:
        raise Refusal(10007)
    return Answer(member_json(member, with_user=True))


def put_commands(call: Call) -> Answer:
    """Replace all commands of a scope."""
    return Answer(call.backend.commands.replace(_scope(call), call.request.body))


def post_command(call: Call) -> Answer:
    """Add or replace one command of a scope."""
    book, scope = call.backend.commands, _scope(call)
    same = (call.body.get("type", 1), call.body.get("name"))
    others = [d for d in book.listed(scope) if (d["type"], d["name"]) != same]
    status = 200 if len(others) < len(book.listed(scope)) else 201
    return Answer(book.replace(scope, [*others, call.body])[-1], status)


def get_commands(call: Call) -> Answer:
    """The commands of a scope."""
    return Answer(call.backend.commands.listed(_scope(call)))


def delete_command(call: Call) -> Answer:
    """Remove one command of a scope."""
    book, scope = call.backend.commands, _scope(call)
    gone = book.by_id(scope, call.ids["command"])
    book.replace(scope, [d for d in book.listed(scope) if d is not gone])
    return Answer(status=204)


def _scope(call: Call) -> str:
    if call.ids["application"] != call.world.app.id:
        raise Refusal(50001)
    return _guild(call).id if "guild" in call.ids else ""


def _guild(call: Call) -> Guild:
    found = call.world.guilds.get(call.ids["guild"])
    if found is None:
        raise Refusal(10004)
    if call.bot.id not in found.members:
        raise Refusal(50001)
    return found


_COMMANDS = "/applications/{application}/commands"
_GUILD_COMMANDS = "/applications/{application}/guilds/{guild}/commands"
ROUTES = [
    route("GET", "/gateway", gateway),
    route("GET", "/gateway/bot", gateway_bot),
    route("GET", "/users/@me", own_user),
    route("GET", "/users/@me/guilds", own_guilds),
    route("POST", "/users/@me/channels", open_dm),
    route("GET", "/users/{user}", user),
    route("GET", "/oauth2/applications/@me", application),
    route("GET", "/applications/@me", application),
    route("GET", "/guilds/{guild}", guild),
    route("GET", "/guilds/{guild}/channels", guild_channels),
    route("GET", "/guilds/{guild}/roles", guild_roles),
    route("GET", "/guilds/{guild}/threads/active", guild_threads),
    route("GET", "/guilds/{guild}/members/{user}", guild_member),
    *(
        route(method, path, operation)
        for path in (_COMMANDS, _GUILD_COMMANDS)
        for method, operation in (("PUT", put_commands), ("GET", get_commands), ("POST", post_command))
    ),
    route("DELETE", _COMMANDS + "/{command}", delete_command),
    route("DELETE", _GUILD_COMMANDS + "/{command}", delete_command),
]
