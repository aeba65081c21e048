"""Who may do what, computed as Discord documents it."""

from __future__ import annotations

from enum import IntFlag

from playground.discord.model import Channel, Guild, Member, Overwrite, User


class Permission(IntFlag):
    """Discord docs, topics/permissions#permissions-bitwise-permission-flags."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


NONE = Permission(0)
ALL = ~NONE
ORDINARY = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)


def in_channel(guild: Guild, channel: Channel, user: User) -> Permission:
    """The rights of a user in a channel of a server; for a thread pass its parent."""
    member = guild.members.get(user.id)
    if member is None:
        return NONE
    granted = in_guild(guild, member)
    if granted & Permission.ADMINISTRATOR or guild.owner_id == user.id:
        return ALL
    for layer in _layers(guild, channel, member):
        denied = allowed = 0
        for overwrite in layer:
            denied |= overwrite.deny
            allowed |= overwrite.allow
        granted = Permission(granted & ~denied | allowed)
    return granted if granted & Permission.VIEW_CHANNEL else NONE


def in_guild(guild: Guild, member: Member) -> Permission:
    """The rights that a member's roles give, the everyone role among them."""
    granted = guild.roles[guild.id].permissions
    for role in member.roles:
        granted |= guild.roles[role].permissions
    return Permission(granted)


def _layers(guild: Guild, channel: Channel, member: Member) -> list[list[Overwrite]]:
    """A channel's overwrites in the order in which they apply: everyone, roles, the member."""
    roles = [o for o in channel.overwrites if not o.member]
    return [
        [o for o in roles if o.id == guild.id],
        [o for o in roles if o.id in member.roles],
        [o for o in channel.overwrites if o.member and o.id == member.user.id],
    ]
