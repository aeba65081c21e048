"""Methods about the app itself, its workspace and the people there, and about reactions."""

from __future__ import annotations

from playground.slack.calls import Context, method
from playground.slack.model import Json, Team, User
from playground.slack.payloads import domain
from playground.slack.refusals import Refusal
from playground.slack.tiers import AUTH_TESTS_A_MINUTE

MAX_REACTION = 100  # characters of an emoji's name; a bound of our own


def auth_test(context: Context) -> Json:
    """Who the token belongs to."""
    team = context.team
    enterprise: Json = {"enterprise_id": team.enterprise} if team.enterprise else {}
    return {
        "url": f"https://{domain(team)}.slack.com/",
        "team": team.name,
        "user": context.bot.name,
        "team_id": team.id,
        "user_id": context.bot.id,
        "bot_id": team.bot_id,
        "is_enterprise_install": team.org_wide,
        **enterprise,
    }


def teams(context: Context) -> Json:
    """The workspaces for which the token is good."""
    known = [t for t in context.world.teams.values() if t.bot_token == context.team.bot_token and t.id != t.enterprise]
    return {"teams": [{"id": t.id, "name": t.name} for t in known], "response_metadata": {"next_cursor": ""}}


def api_test(context: Context) -> Json:
    """Whatever was sent."""
    if context.text("error"):
        raise Refusal(context.text("error"))
    return {"args": {}}


def connect(context: Context) -> Json:
    """The address of a new Socket Mode connection."""
    sockets, world = context.service.deliver.sockets, context.world
    if sockets.refusing:
        raise Refusal("internal_error")
    root = world.address.replace("http://", "ws://")
    return {"url": f"{root}/socket?ticket={sockets.ticket()}&app_id={world.app_id}"}


def revoke(context: Context) -> Json:
    """Make the token void."""
    if not context.args.get("test"):
        context.world.revoke(context.team)
    return {"revoked": context.team.revoked}


def user_info(context: Context) -> Json:
    """One person."""
    user = context.world.users.get(context.text("user"))
    if user is None:
        raise Refusal("user_not_found")
    shown = user_json(user) | _grid_json(context, user)
    if context.args.get("include_locale"):
        shown["locale"] = user.locale
    return {"user": shown}


def bot_info(context: Context) -> Json:
    """The bot of an app."""
    context.needs_team()
    for team in context.world.teams.values():
        if team.bot_id == (context.text("bot") or context.team.bot_id):
            return {"bot": _bot_json(context, team)}
    raise Refusal("bot_not_found")


def team_info(context: Context) -> Json:
    """The workspace."""
    team = context.team
    if context.text("team") not in ("", team.id):
        raise Refusal("team_not_found")
    shown: Json = {"id": team.id, "name": team.name, "domain": domain(team), "email_domain": "", "icon": {}}
    if team.enterprise:
        shown |= {"enterprise_id": team.enterprise, "enterprise_name": f"{team.name} organisation"}
    return {"team": shown}


def react(context: Context) -> Json:
    """Put the bot's reaction on a message."""
    channel = context.joined()
    message, name = context.message(channel, "timestamp"), _emoji(context)
    if context.bot.id in message.reactions.get(name, ()):
        raise Refusal("already_reacted")
    context.service.react(context.bot, message, name)
    return {}


def unreact(context: Context) -> Json:
    """Take the bot's reaction away."""
    channel = context.joined()
    message, name = context.message(channel, "timestamp"), _emoji(context)
    if context.bot.id not in message.reactions.get(name, ()):
        raise Refusal("no_reaction")
    context.service.react(context.bot, message, name, add=False)
    return {}


def user_json(user: User) -> Json:
    """A person as users.info shows them; Slack docs, reference/objects/user-object."""
    return {
        "id": user.id,
        "team_id": user.team,
        "name": user.name,
        "deleted": False,
        "real_name": user.display,
        "tz": "America/Los_Angeles",
        "tz_label": "Pacific Standard Time",
        "tz_offset": -28800,
        "profile": {"real_name": user.display, "display_name": user.name, "team": user.team},
        "is_admin": user.admin or user.owner,
        "is_owner": user.owner,
        "is_primary_owner": user.owner,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": user.bot,
        "is_app_user": False,
        "updated": 1_700_000_000,
    }


def _grid_json(context: Context, user: User) -> Json:
    """What a user of an organisation has beside; Slack docs, reference/objects/user-object."""
    team = context.world.teams[user.team]
    if not team.enterprise:
        return {}
    own: Json = {"id": user.id, "enterprise_id": team.enterprise, "teams": sorted(user.workspaces)}
    return {"enterprise_user": {**own, "is_admin": user.org_admin, "is_owner": user.org_admin}}


def _bot_json(context: Context, team: Team) -> Json:
    world = context.world
    return {
        "id": team.bot_id,
        "deleted": False,
        "name": world.app_name,
        "updated": 1_700_000_000,
        "app_id": world.app_id,
        "user_id": team.bot_user_id,
        "icons": {},
    }


def _emoji(context: Context) -> str:
    """The name of an emoji; colons round it, and the emoji itself, are none."""
    name = context.text("name")
    if not name.isascii() or ":" in name.strip(":") or len(name) > MAX_REACTION:
        raise Refusal("invalid_name")
    return name.strip(":")


_ITEM = "channel! name! timestamp!"
METHODS = [
    method("auth.test", auth_test, AUTH_TESTS_A_MINUTE, "", ""),
    method("auth.revoke", revoke, "t3", "", "test:flag"),
    method("auth.teams.list", teams, "t2", "", "cursor limit:number include_icon:flag"),
    method("api.test", api_test, "t4", "", "error foo"),
    method("apps.connections.open", connect, "t3", "", "", token="xapp"),  # noqa: S106  # the kind of token
    method("users.info", user_info, "t4", "users:read", "user! include_locale:flag"),
    method("bots.info", bot_info, "t3", "users:read", "bot team_id"),
    method("team.info", team_info, "t3", "team:read", "team domain"),
    method("reactions.add", react, "t3", "reactions:write", _ITEM),
    method("reactions.remove", unreact, "t2", "reactions:write", f"{_ITEM} file file_comment"),
]
