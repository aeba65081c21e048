"""The JSON of people, servers and channels, in the shape of Discord's own."""

from __future__ import annotations

from playground.discord.clock import iso
from playground.discord.model import Channel, ChannelKind, Guild, Json, Member, Role, User
from playground.discord.world import World

_GUILD_EMPTY = (
    *("icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id"),
    *("afk_channel_id", "system_channel_id", "widget_channel_id", "max_presences", "vanity_url_code"),
    *("rules_channel_id", "safety_alerts_channel_id", "public_updates_channel_id", "incidents_data"),
)
_GUILD_LEVELS = (
    *("system_channel_flags", "verification_level", "default_message_notifications", "mfa_level"),
    *("explicit_content_filter", "premium_tier", "premium_subscription_count", "nsfw_level"),
)


def user_json(user: User) -> Json:
    """A user as anybody sees them."""
    shown: Json = {
        "id": user.id,
        "username": user.name,
        "avatar": None,
        "discriminator": "0001" if user.bot else "0",
        "public_flags": 0,
        "flags": 0,
        "global_name": None if user.bot else user.display or user.name,
        "primary_guild": None,
    }
    return {**shown, "bot": True} if user.bot else shown


def own_user_json(user: User) -> Json:
    """The bot as it sees itself."""
    return {**user_json(user), "mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}


def member_json(member: Member, *, with_user: bool) -> Json:
    """A member; messages carry it without the user."""
    shown: Json = {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "joined_at": iso(member.joined),
        "nick": None,
        "pending": False,
        "premium_since": None,
        "roles": list(member.roles),
        "mute": False,
        "deaf": False,
    }
    return {**shown, "user": user_json(member.user)} if with_user else shown


def role_json(role: Role) -> Json:
    """A role."""
    return {
        "id": role.id,
        "name": role.name,
        "permissions": str(int(role.permissions)),
        "position": role.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.managed,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel_json(world: World, channel: Channel) -> Json:
    """A channel of any kind."""
    if channel.thread:
        return _thread_json(world, channel)
    common: Json = {"id": channel.id, "type": int(channel.kind), "flags": 0}
    if channel.kind != ChannelKind.CATEGORY:
        common["last_message_id"] = channel.last_message_id
    if channel.is_private:
        shown = {**common, "recipients": [user_json(u) for u in channel.recipients]}
        group: Json = {"name": channel.name or None, "icon": None, "owner_id": channel.recipients[0].id}
        return {**shown, **group} if channel.kind == ChannelKind.GROUP_DM else shown
    common |= {
        "guild_id": channel.guild_id,
        "name": channel.name,
        "position": channel.position,
        "parent_id": channel.parent_id or None,
        "topic": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "permission_overwrites": [
            {"id": o.id, "type": int(o.member), "allow": str(int(o.allow)), "deny": str(int(o.deny))}
            for o in channel.overwrites
        ],
    }
    forum: Json = {"available_tags": channel.tags, "default_reaction_emoji": None, "default_sort_order": None}
    return {**common, **forum} if channel.kind == ChannelKind.FORUM else common


def _thread_json(world: World, thread: Channel) -> Json:
    assert thread.thread is not None
    state = thread.thread
    shown: Json = {
        "id": thread.id,
        "type": int(thread.kind),
        "flags": 0,
        "guild_id": thread.guild_id,
        "parent_id": thread.parent_id,
        "name": thread.name,
        "owner_id": state.owner_id,
        "last_message_id": thread.last_message_id,
        "rate_limit_per_user": 0,
        "message_count": state.count,
        "total_message_sent": state.count,
        "member_count": len(state.members),
        "applied_tags": list(state.tags),
        "thread_metadata": {
            "archived": state.archived,
            "archive_timestamp": iso(state.archived_at),
            "auto_archive_duration": state.auto_archive,
            "locked": state.locked,
            "create_timestamp": iso(state.created),
        },
    }
    bot = world.app.bot.id
    return {**shown, "member": thread_member_json(thread, bot)} if bot in state.members else shown


def thread_member_json(thread: Channel, user_id: str) -> Json:
    """Somebody's part in a thread."""
    assert thread.thread is not None
    joined = thread.thread.members[user_id]
    return {"id": thread.id, "user_id": user_id, "join_timestamp": iso(joined), "flags": 0}


def guild_json(guild: Guild) -> Json:
    """A server as REST shows it."""
    empty = dict.fromkeys(_GUILD_EMPTY)
    counts = {"max_members": 500_000, "max_stage_video_channel_users": 50, "max_video_channel_users": 25}
    levels = dict.fromkeys(_GUILD_LEVELS, 0)
    return {
        **empty,
        **counts,
        **levels,
        "id": guild.id,
        "name": guild.name,
        "features": [],
        "owner_id": guild.owner_id,
        "region": "local",
        "afk_timeout": 300,
        "widget_enabled": False,
        "preferred_locale": guild.locale,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "roles": [role_json(r) for r in guild.roles.values()],
        "emojis": [],
        "stickers": [],
    }


def guild_create_json(world: World, guild: Guild) -> Json:
    """A server as the gateway announces it to the bot: with channels, threads and the bot's own member."""
    bot = world.app.bot
    channels = [c for c in world.channels.values() if c.guild_id == guild.id]
    threads = [c for c in channels if c.thread and not c.thread.archived]
    visible = [c for c in threads if world.rights(c, bot)]
    return {
        **guild_json(guild),
        "joined_at": iso(guild.members[bot.id].joined),
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_json(guild.members[bot.id], with_user=True)],
        "channels": [channel_json(world, c) for c in channels if not c.thread],
        "threads": [channel_json(world, c) for c in visible],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def application_json(world: World) -> Json:
    """The app as its own token sees it."""
    app = world.app
    nothing = dict.fromkeys(["icon", "interactions_endpoint_url", "role_connections_verification_url", "team", "type"])
    counts = dict.fromkeys(
        ["approximate_user_install_count", "approximate_user_authorization_count", "explicit_content_filter"], 0
    )
    return {
        **nothing,
        **counts,
        "id": app.id,
        "name": app.bot.name,
        "description": "",
        "verify_key": "0" * 64,
        "flags": app.flags,
        "flags_new": str(app.flags),
        "redirect_uris": [],
        "owner": user_json(app.owner),
        "bot": user_json(app.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "approximate_guild_count": sum(1 for g in world.guilds.values() if app.bot.id in g.members),
        "eligible_oauth2_scopes": [],
    }
