"""Whom a message pings, from its text and its allowed mentions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playground.discord.model import Channel, Json, Message, MessageFlag
from playground.discord.permissions import Permission
from playground.discord.world import World

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")


@dataclass(frozen=True)
class Mentions:
    """What a text mentions with effect: ids of users and roles, and whether everybody."""

    users: list[str]
    roles: list[str]
    everyone: bool


def parse(text: str, allowed: Json | None) -> Mentions:
    """The mentions of a text that its sender allowed; without `allowed` all of them.

    Discord docs, resources/message#allowed-mentions-object.
    """
    users, roles = _unique(_USER, text), _unique(_ROLE, text)
    everyone = bool(_EVERYONE.search(text))
    if allowed is None:
        return Mentions(users, roles, everyone)
    kinds: list[str] = allowed.get("parse") or []
    named_users, named_roles = (_named(allowed, kind) for kind in ("users", "roles"))
    return Mentions(
        [u for u in users if "users" in kinds or u in named_users],
        [r for r in roles if "roles" in kinds or r in named_roles],
        everyone and "everyone" in kinds,
    )


def apply(world: World, channel: Channel, message: Message, allowed: Json | None) -> frozenset[str]:
    """Set the message's mentions from its text, and return the ids of those whom this pings for the first time."""
    found = parse(message.content, allowed)
    message.mentions, message.mention_roles = found.users, found.roles
    message.everyone = found.everyone and bool(world.rights(channel, message.author) & Permission.MENTION_EVERYONE)
    reached = set(found.users) | _members(world, channel, message)
    if message.pings_replied and (author := _replied_author(world, message)):
        reached.add(author)
        message.mentions = list(dict.fromkeys([*found.users, author]))
    if channel.is_private:
        reached |= {u.id for u in channel.recipients}
    if message.flags & MessageFlag.SUPPRESS_NOTIFICATIONS or message.ephemeral:
        return frozenset()
    fresh = frozenset(reached - message.notified - {message.author.id})
    message.notified |= fresh
    return fresh


def _members(world: World, channel: Channel, message: Message) -> set[str]:
    guild = world.guild_of(channel)
    if guild is None:
        return set()
    return {m.user.id for m in guild.members.values() if message.everyone or set(m.roles) & set(message.mention_roles)}


def _replied_author(world: World, message: Message) -> str:
    if message.reference is None or message.reference.forward:
        return ""
    channel = world.channels.get(message.reference.channel_id)
    target = channel.messages.get(message.reference.message_id) if channel else None
    return target.author.id if target else ""


def _named(allowed: Json, kind: str) -> list[str]:
    listed: list[Any] = allowed.get(kind) or []
    return [str(item) for item in listed]


def _unique(pattern: re.Pattern[str], text: str) -> list[str]:
    return list(dict.fromkeys(pattern.findall(text)))
