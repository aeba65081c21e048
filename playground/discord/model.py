"""What the local Discord consists of: people, servers, channels, messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Any

Json = dict[str, Any]


class ChannelKind(IntEnum):
    """Discord docs, resources/channel#channel-object-channel-types."""

    TEXT = 0
    DM = 1
    GROUP_DM = 3
    CATEGORY = 4
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


class MessageKind(IntEnum):
    """Discord docs, resources/message#message-object-message-types."""

    DEFAULT = 0
    THREAD_CREATED = 18
    REPLY = 19
    COMMAND = 20
    THREAD_STARTER = 21
    CONTEXT_MENU = 23


class MessageFlag(IntFlag):
    """Discord docs, resources/message#message-object-message-flags."""

    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    VOICE = 1 << 13
    HAS_SNAPSHOT = 1 << 14
    COMPONENTS_V2 = 1 << 15


@dataclass(eq=False)
class User:
    """An account; `dms_open` is whether it takes direct messages from the bot."""

    id: str
    name: str
    display: str = ""
    bot: bool = False
    locale: str = "en-US"
    dms_open: bool = True


@dataclass(eq=False)
class Role:
    """A role of a server."""

    id: str
    name: str
    permissions: int
    position: int = 1
    managed: bool = False


@dataclass(eq=False)
class Overwrite:
    """What a channel allows or denies to one role or one member."""

    id: str
    member: bool
    allow: int = 0
    deny: int = 0


@dataclass(eq=False)
class Member:
    """A user in a server."""

    user: User
    joined: float
    roles: list[str] = field(default_factory=list[str])


@dataclass(eq=False)
class Guild:
    """A server; the bot is in it only when it is among the members."""

    id: str
    name: str
    owner_id: str
    created: float
    locale: str = "en-US"
    roles: dict[str, Role] = field(default_factory=dict[str, Role])
    members: dict[str, Member] = field(default_factory=dict[str, Member])


@dataclass(eq=False)
class ThreadState:
    """What only a thread has; `auto_archive` is in minutes."""

    owner_id: str
    created: float
    auto_archive: int = 1440
    archived: bool = False
    archived_at: float = 0.0
    locked: bool = False
    members: dict[str, float] = field(default_factory=dict[str, float])
    count: int = 0
    tags: list[str] = field(default_factory=list[str])


@dataclass(eq=False)
class Upload:
    """A file that somebody sends; `seconds` makes it a recording."""

    name: str
    data: bytes
    media_type: str = "application/octet-stream"
    description: str = ""
    seconds: float | None = None


@dataclass(eq=False)
class Attachment:
    """A file of a message."""

    id: str
    upload: Upload

    @property
    def name(self) -> str:
        """The file's name."""
        return self.upload.name

    @property
    def data(self) -> bytes:
        """The file's content."""
        return self.upload.data


@dataclass(frozen=True)
class Reference:
    """What a message refers to; `forward` tells a forward from a reply."""

    message_id: str
    channel_id: str
    guild_id: str = ""
    forward: bool = False


@dataclass(eq=False)
class Message:
    """A message as it is now; `notified` are the ids of those whom it has pinged so far."""

    id: str
    channel_id: str
    author: User
    content: str = ""
    kind: int = MessageKind.DEFAULT
    flags: int = 0
    edited: float | None = None
    embeds: list[Json] = field(default_factory=list[Json])
    components: list[Json] = field(default_factory=list[Json])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    stickers: list[Json] = field(default_factory=list[Json])
    reference: Reference | None = None
    snapshots: list[Message] = field(default_factory=list["Message"])
    mentions: list[str] = field(default_factory=list[str])
    mention_roles: list[str] = field(default_factory=list[str])
    everyone: bool = False
    notified: set[str] = field(default_factory=set[str])
    pings_replied: bool = False
    nonce: str = ""
    reactions: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    interaction: Json | None = None
    position: int | None = None
    deleted: bool = False

    @property
    def ephemeral(self) -> bool:
        """Whether only the one who interacted sees it."""
        return bool(self.flags & MessageFlag.EPHEMERAL)


@dataclass(eq=False)
class Channel:
    """A channel, a category, a thread or a direct message; `guild_id` is "" outside of servers.

    `parent_id` is the channel of a thread, and the category of a channel that is in one.
    """

    id: str
    kind: ChannelKind
    name: str = ""
    guild_id: str = ""
    parent_id: str = ""
    position: int = 0
    overwrites: list[Overwrite] = field(default_factory=list[Overwrite])
    recipients: list[User] = field(default_factory=list[User])
    thread: ThreadState | None = None
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    last_message_id: str | None = None
    tags: list[Json] = field(default_factory=list[Json])

    @property
    def is_private(self) -> bool:
        """Whether it is a direct message."""
        return self.kind in (ChannelKind.DM, ChannelKind.GROUP_DM)
