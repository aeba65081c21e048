"""From a Discord message to an Ask."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import discord

from bot.messages import Address, Ask, Attachment, Author, Quote, Right

PLATFORM = "discord"

_ANSWERABLE = (discord.MessageType.default, discord.MessageType.reply)
_THREADS = (discord.ChannelType.public_thread, discord.ChannelType.private_thread, discord.ChannelType.news_thread)
_MENTION = re.compile(r"<(@[!&]?|#)(\d+)>")
_QUOTE_LIMIT = 4_000
# What Discord's clients make of a text that is too long for a message, and with how many characters beside it that
# text is taken to be the question itself.
_PASTED = "message.txt"
_FEW = 200


def conversation_of(guild_id: int | None, root: int) -> str:
    """The id of the conversation that this message, thread or direct-message channel began."""
    return f"{PLATFORM}/{guild_id or '@me'}/{root}"


def message_key(message_id: int) -> str:
    """The key under which a message is taken in."""
    return f"{PLATFORM}/{message_id}"


def rights_of(permissions: discord.Permissions) -> frozenset[Right]:
    """What these permissions let somebody do, as far as the bot asks."""
    wide = permissions.administrator
    pairs = (
        (Right.MODERATE, permissions.manage_messages),
        (Right.MANAGE_CHANNEL, permissions.manage_channels),
        (Right.MANAGE_SERVER, permissions.manage_guild),
    )
    return frozenset(right for right, granted in pairs if granted or wide)


def address_of(
    guild: discord.Guild | None, channel: discord.abc.Snowflake, parent_id: int | None, locale: str = ""
) -> Address:
    """Where something was said; `parent_id` is the channel of a thread."""
    workspace = str(guild.id) if guild else ""
    title = _title(guild, channel, parent_id) if guild else ""
    if guild and not locale and guild.preferred_locale:
        locale = str(guild.preferred_locale)
    thread = "" if parent_id is None else str(channel.id)
    category = _category(guild, channel, parent_id) if guild else ""
    return Address(PLATFORM, workspace, str(parent_id or channel.id), thread, locale, title, category=category)


def _category(guild: discord.Guild, channel: discord.abc.Snowflake, parent_id: int | None) -> str:
    """The id of a channel's category, "" for one that has none or is not known."""
    known = guild.get_channel(parent_id or channel.id) or (channel if parent_id is None else None)
    return str(getattr(known, "category_id", None) or "")


def _title(guild: discord.Guild, channel: discord.abc.Snowflake, parent_id: int | None) -> str:
    """What people call a place; a thread of ours is called by its channel, as its own name repeats a question."""
    ours = guild.me and getattr(channel, "owner_id", None) == guild.me.id
    named = guild.get_channel(parent_id) if ours and parent_id is not None else channel
    return f"#{getattr(named, 'name', '') or channel.id}"


def channel_of(interaction: discord.Interaction) -> discord.abc.Snowflake:
    """The channel of an interaction, as far as it is known: Discord may tell its id only."""
    number = interaction.channel_id or 0
    cached = interaction.guild.get_channel_or_thread(number) if interaction.guild else None
    return interaction.channel or cached or discord.Object(number)


def place_of(interaction: discord.Interaction) -> Address:
    """Where a command was given or a button pressed."""
    channel = channel_of(interaction)
    parent = getattr(channel, "parent_id", None) if is_thread(channel) else None
    address = address_of(interaction.guild, channel, parent, str(interaction.locale))
    # A server that the app is not in has no more than an id.
    return replace(address, workspace=str(interaction.guild_id or ""))


def author_of(user: discord.abc.User, permissions: discord.Permissions | None = None) -> Author:
    """Somebody on Discord, with the rights that these permissions give, and their roles where these are told."""
    rights = rights_of(permissions) if permissions else frozenset[Right]()
    # A member's `roles` lack those that discord.py has not (yet) heard of, which must not open a door.
    roles = tuple(str(role) for role in getattr(user, "_roles", ()))
    return Author(str(user.id), user.display_name, rights, roles, user.bot)


def is_for_us(message: discord.Message, me: discord.ClientUser) -> bool:
    """Whether a message addresses the bot: directly, by its own role, or as a reply to it."""
    if guild_of(message) is None or any(user.id == me.id for user in message.mentions):
        return True
    own = message.guild.self_role if message.guild else None
    if own and any(role.id == own.id for role in message.role_mentions):
        return True
    answered = answered_by(message)
    return answered is not None and answered.author.id == me.id


def guild_of(message: discord.Message) -> int | None:
    """The server's id, also of one that discord.py does not know (yet); None in a direct message."""
    return message.guild.id if message.guild else getattr(message.channel, "guild_id", None)


def answered_by(message: discord.Message) -> discord.Message | None:
    """The message that this one is a reply to, None for no reply or when it is not told."""
    answered = message.reference.resolved if message.reference else None
    return answered if isinstance(answered, discord.Message) else None


def is_person(message: discord.Message) -> bool:
    """Whether a person said it, in a message that can be answered."""
    return not message.author.bot and message.webhook_id is None and message.type in _ANSWERABLE


def is_other_bot(message: discord.Message, me: discord.ClientUser) -> bool:
    """Whether another bot says something to ours; what is said by way of a webhook has nobody behind it."""
    answerable = message.webhook_id is None and message.type in _ANSWERABLE
    return message.author.bot and message.author.id != me.id and answerable and is_for_us(message, me)


def is_thread(channel: object) -> bool:
    """Whether a channel is a thread or a forum post."""
    return getattr(channel, "type", None) in _THREADS


def is_command(ask: Ask) -> bool:
    """Whether an ask is answered through the interaction that brought it; what a job brings comes too late for that."""
    return "interaction" in ask.origin and not ask.job


def read_message(message: discord.Message, me: discord.ClientUser, parent_id: int | None, at: float) -> Ask:
    """The ask that a message is; `parent_id` is the channel of the thread that it was said in, `at` its time."""
    in_thread = parent_id is not None
    guild_id = guild_of(message)
    direct = guild_id is None
    root = message.channel.id if in_thread or direct else message.id
    quotes, reply_to = _referred(message, me)
    text = clean(message, me)
    return Ask(
        key=message_key(message.id),
        conversation=conversation_of(guild_id, root),
        address=replace(address_of(message.guild, message.channel, parent_id), workspace=str(guild_id or "")),
        author=author_of(message.author),
        text=text,
        at=at,
        message=str(message.id),
        addressed=is_for_us(message, me),
        reply_to=reply_to,
        quotes=tuple(quotes),
        attachments=tuple(
            Attachment(item.filename, item.content_type or "", item.size, item.url, _is_pasted(item, text))
            for item in message.attachments
        ),
        origin=_origin(message),
    )


def _is_pasted(item: discord.Attachment, words: str) -> bool:
    kind = (item.content_type or "").partition(";")[0]
    return item.filename == _PASTED and kind == "text/plain" and len(words) <= _FEW


def clean(message: discord.Message, me: discord.ClientUser) -> str:
    """The words of a message: without the mention of the bot, other mentions by their names."""
    role = message.guild.self_role if message.guild else None
    own = (me.id, role.id) if role else (me.id,)
    names: dict[int, str] = {user.id: f"@{user.display_name}" for user in message.mentions}
    names |= {role.id: f"@{role.name}" for role in message.role_mentions}
    names |= {channel.id: f"#{channel.name}" for channel in message.channel_mentions}

    def replaced(match: re.Match[str]) -> str:
        number = int(match[2])
        return "" if number in own else names.get(number, match[0])

    return _MENTION.sub(replaced, message.content).strip()


def quote_of(message: discord.Message, me: discord.ClientUser) -> Quote | None:
    """A message as quoted material with its embeds and forwards, None when there is nothing to read in it."""
    text = "\n".join(filter(None, [clean(message, me), *_embedded(message.embeds), *_forwarded(message)]))
    return Quote(message.author.display_name, text[:_QUOTE_LIMIT]) if text else None


def _referred(message: discord.Message, me: discord.ClientUser) -> tuple[Sequence[Quote], str]:
    """What a message refers to: the material that it carries, and the answer of ours that it replies to."""
    quotes = [Quote("forwarded", text) for text in _forwarded(message)]
    quotes += [Quote("embed", text) for text in _embedded(message.embeds)]
    answered = answered_by(message)
    if answered is None:
        return quotes, str(message.reference.message_id or "") if message.reference and not quotes else ""
    if answered.author.id == me.id:
        return quotes, str(answered.id)
    quote = quote_of(answered, me)
    return ([quote, *quotes] if quote else quotes), str(answered.id)


def _forwarded(message: discord.Message) -> Sequence[str]:
    snapshots = message.message_snapshots
    return [
        "\n".join(filter(None, [item.content, *_embedded(item.embeds)]))[:_QUOTE_LIMIT]
        for item in snapshots
        if item.content or item.embeds
    ]


def _embedded(embeds: Sequence[discord.Embed]) -> Sequence[str]:
    texts = [
        "\n".join(filter(None, [embed.title, embed.description, *(f"{f.name}: {f.value}" for f in embed.fields)]))
        for embed in embeds
    ]
    return [text[:_QUOTE_LIMIT] for text in texts if text]


def _origin(message: discord.Message) -> Mapping[str, str]:
    origin = {"channel_type": str(getattr(message.channel, "type", ""))}
    if message.flags.voice:
        origin["kind"] = "only_voice"
    elif message.stickers:
        origin["kind"] = "only_sticker"
    return origin
