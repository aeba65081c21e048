"""Telling the bot what happened: which intent an event needs, and who may see it."""

from __future__ import annotations

from enum import IntFlag

from playground.discord.message_payloads import event_json, redacted
from playground.discord.model import Channel, Json, Message
from playground.discord.payloads import channel_json
from playground.discord.permissions import Permission
from playground.discord.service import Event, Service


class Intent(IntFlag):
    """Discord docs, events/gateway#list-of-intents."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_REACTIONS = 1 << 10
    DIRECT_MESSAGES = 1 << 12
    DIRECT_REACTIONS = 1 << 13
    MESSAGE_CONTENT = 1 << 15


def announce(service: Service, name: str, channel: Channel, message: Message, more: Json) -> None:
    """Send a message's event, whole and redacted."""
    if message.ephemeral:
        return
    data = event_json(service.world, channel, message) | more
    hidden = redacted(service.world, channel, message, data)
    intent = Intent.GUILD_MESSAGES if channel.guild_id else Intent.DIRECT_MESSAGES
    emit(service, channel, Event(name, data, intent, channel.guild_id, hidden))


def emit(service: Service, channel: Channel, event: Event) -> None:
    """Send an event about a channel that the bot sees."""
    if service.world.rights(channel, service.world.app.bot) & Permission.VIEW_CHANNEL:
        service.gateway.publish(event)


def announce_thread(service: Service, name: str, thread: Channel, more: Json) -> None:
    """Send a thread's event."""
    data = channel_json(service.world, thread) | more
    emit(service, thread, Event(name, data, Intent.GUILDS, thread.guild_id))
