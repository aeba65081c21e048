"""The registry of everything that exists in the local Discord."""

from __future__ import annotations

from dataclasses import dataclass, field

from playground.discord import permissions
from playground.discord.clock import Clock, Snowflakes
from playground.discord.model import Channel, ChannelKind, Guild, Member, Message, Role, ThreadState, User
from playground.discord.permissions import NONE, ORDINARY, Permission
from playground.discord.refusals import Impossible, Refusal

# Discord docs, resources/application#application-object-application-flags: presence, members, message content, each
# in its form for small apps.
INTENT_FLAGS = {1 << 8: 1 << 13, 1 << 1: 1 << 15, 1 << 15: 1 << 19}
DM_RIGHTS = ORDINARY | Permission.MANAGE_MESSAGES
MAX_IN_CATEGORY = 50  # Discord docs, resources/channel#channel-object-channel-types


@dataclass(eq=False)
class Application:
    """The app whose bot is under test; `intents` are the privileged ones that its owner switched on."""

    id: str
    bot: User
    owner: User
    token: str
    intents: int = 0

    @property
    def flags(self) -> int:
        """What the app's object shows of its intents."""
        return sum(flag for intent, flag in INTENT_FLAGS.items() if self.intents & intent)


@dataclass(eq=False)
class World:
    """Users, servers and channels by id; `address` is the root of attachment links."""

    clock: Clock
    ids: Snowflakes
    app: Application
    address: str = ""
    link_lifetime: float = 86_400.0  # s; Discord docs, reference#signed-attachment-cdn-urls: links expire
    upload_limit: int = 10 * 1024 * 1024  # bytes; Discord docs, reference#uploading-files
    users: dict[str, User] = field(default_factory=dict[str, User])
    guilds: dict[str, Guild] = field(default_factory=dict[str, Guild])
    channels: dict[str, Channel] = field(default_factory=dict[str, Channel])

    # Making things ------------------------------------------------------------------------------------------------

    def add_user(self, name: str, *, bot: bool = False, locale: str = "en-US") -> User:
        """A new account."""
        user = User(self.ids.new(), name, name.capitalize(), bot, locale)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, owner: User, *, with_bot: bool) -> Guild:
        """A new server; its everyone role has the ordinary rights."""
        guild = Guild(self.ids.new(), name, owner.id, self.clock.now())
        guild.roles[guild.id] = Role(guild.id, "@everyone", ORDINARY, position=0)
        self.guilds[guild.id] = guild
        for user in (owner, self.app.bot) if with_bot else (owner,):
            self.join(guild, user)
        return guild

    def join(self, guild: Guild, user: User) -> Member:
        """Make a user a member."""
        return guild.members.setdefault(user.id, Member(user, self.clock.now()))

    def add_role(self, guild: Guild, name: str, rights: int, *, managed: bool = False) -> Role:
        """A new role above the others."""
        role = Role(self.ids.new(), name, rights, len(guild.roles), managed)
        guild.roles[role.id] = role
        return role

    def add_channel(
        self, guild: Guild, name: str, kind: ChannelKind = ChannelKind.TEXT, category: Channel | None = None
    ) -> Channel:
        """A new channel of a server, in a category or in none."""
        position = sum(1 for c in self.channels.values() if c.guild_id == guild.id)
        channel = Channel(self.ids.new(), kind, name, guild.id, position=position)
        self.put(channel, category)
        self.channels[channel.id] = channel
        return channel

    def put(self, channel: Channel, category: Channel | None) -> None:
        """Put a channel into a category, or with None into none. Raises Impossible for what Discord would not do."""
        if category is not None:
            if category.kind != ChannelKind.CATEGORY or category.guild_id != channel.guild_id:
                raise Impossible(f"{category.name} is no category there")
            if channel.kind == ChannelKind.CATEGORY or channel.thread:
                raise Impossible(f"{channel.name} cannot be in a category")
            if len(self.inside(category)) >= MAX_IN_CATEGORY:
                raise Impossible(f"{category.name} is full")
        channel.parent_id = category.id if category else ""

    def add_thread(self, parent: Channel, name: str, owner: User, *, thread_id: str = "") -> Channel:
        """A new public thread; one made from a message has that message's id."""
        now = self.clock.now()
        state = ThreadState(owner.id, now, archived_at=now, members={owner.id: now})
        thread = Channel(
            thread_id or self.ids.new(), ChannelKind.PUBLIC_THREAD, name, parent.guild_id, parent.id, thread=state
        )
        self.channels[thread.id] = thread
        return thread

    def private_channel(self, *people: User) -> Channel:
        """The direct message of these people, the bot not counted; made when there is none."""
        for channel in self.channels.values():
            if channel.is_private and {u.id for u in channel.recipients} == {u.id for u in people}:
                return channel
        kind = ChannelKind.DM if len(people) == 1 else ChannelKind.GROUP_DM
        channel = Channel(self.ids.new(), kind, recipients=list(people))
        self.channels[channel.id] = channel
        return channel

    # Looking up ---------------------------------------------------------------------------------------------------

    def channel(self, channel_id: str) -> Channel:
        """A channel, or the refusal of an unknown one."""
        if channel_id not in self.channels:
            raise Refusal(10003)
        return self.channels[channel_id]

    def guild_of(self, channel: Channel) -> Guild | None:
        """The server of a channel, None for a direct message."""
        return self.guilds.get(channel.guild_id)

    def parent(self, channel: Channel) -> Channel:
        """The channel that decides about rights: a thread's parent, else itself."""
        return self.channels[channel.parent_id] if channel.thread else channel

    def threads(self, channel: Channel) -> list[Channel]:
        """The threads below a channel."""
        return [c for c in self.channels.values() if c.thread and c.parent_id == channel.id]

    def inside(self, category: Channel) -> list[Channel]:
        """The channels in a category."""
        return [c for c in self.channels.values() if not c.thread and c.parent_id == category.id]

    def rights(self, channel: Channel, user: User) -> Permission:
        """What a user may do in a channel."""
        guild = self.guild_of(channel)
        if guild is not None:
            return permissions.in_channel(guild, self.parent(channel), user)
        takes_part = user in channel.recipients or (user is self.app.bot and channel.kind == ChannelKind.DM)
        return DM_RIGHTS if takes_part else NONE

    def seen_by(self, channel: Channel, user: User) -> Channel:
        """The channel itself, or the refusal for somebody who does not see it."""
        if not self.rights(channel, user) & Permission.VIEW_CHANNEL:
            raise Refusal(50001)
        return channel

    def message(self, channel: Channel, message_id: str) -> Message:
        """A message that is there for everybody, or the refusal of an unknown one."""
        message = channel.messages.get(message_id)
        if message is None or message.deleted or message.ephemeral:
            raise Refusal(10008)
        return message

    def live(self, channel: Channel) -> list[Message]:
        """The messages that everybody sees, oldest first."""
        shown = [m for m in channel.messages.values() if not m.deleted and not m.ephemeral]
        return sorted(shown, key=lambda m: int(m.id))
