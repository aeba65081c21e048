"""The JSON of an interaction as the gateway sends it."""

from __future__ import annotations

from playground.discord.interactions import Interaction, owners
from playground.discord.message_payloads import message_json
from playground.discord.model import Channel, ChannelKind, Json, User
from playground.discord.payloads import channel_json, member_json, user_json
from playground.discord.permissions import ALL, Permission
from playground.discord.world import DM_RIGHTS, World

# What an app may do where only its user installed it.
FOREIGN_RIGHTS = Permission.ATTACH_FILES | Permission.EMBED_LINKS | Permission.MENTION_EVERYONE
_KNOWN = (1 << 53) - 1  # what Discord sends for somebody with every right


def interaction_json(world: World, interaction: Interaction) -> Json:
    """An INTERACTION_CREATE."""
    channel = interaction.channel
    shown: Json = {
        "id": interaction.id,
        "application_id": world.app.id,
        "type": int(interaction.kind),
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": channel.id,
        "channel": {**channel_json(world, channel), "permissions": _bits(world.rights(channel, interaction.user))},
        "locale": interaction.user.locale,
        "app_permissions": _bits(_app_rights(world, interaction)),
        "authorizing_integration_owners": owners(interaction),
        "context": context(channel, interaction),
        "entitlements": [],
        "attachment_size_limit": world.upload_limit,
        **_who(world, interaction),
    }
    if interaction.source:
        shown["message"] = message_json(world, channel, interaction.source)
    return shown


def context(channel: Channel, interaction: Interaction) -> int:
    """Discord docs, interactions/receiving-and-responding#interaction-object-interaction-context-types."""
    if channel.guild_id:
        return 0
    return 2 if interaction.foreign or channel.kind == ChannelKind.GROUP_DM else 1


def resolved_users(users: list[User]) -> Json:
    """Users by id, as options refer to them."""
    return {u.id: user_json(u) for u in users}


def _who(world: World, interaction: Interaction) -> Json:
    guild = interaction.guild
    if guild is None:
        return {"user": user_json(interaction.user)}
    member = member_json(guild.members[interaction.user.id], with_user=True)
    member["permissions"] = _bits(world.rights(interaction.channel, interaction.user))
    about: Json = {"id": guild.id, "locale": guild.locale, "features": []}
    return {"member": member, "guild_id": guild.id, "guild_locale": guild.locale, "guild": about}


def _app_rights(world: World, interaction: Interaction) -> Permission:
    if interaction.foreign:
        return FOREIGN_RIGHTS
    return world.rights(interaction.channel, world.app.bot) if interaction.guild else DM_RIGHTS


def _bits(rights: Permission) -> str:
    return str(_KNOWN if rights == ALL else int(rights))
