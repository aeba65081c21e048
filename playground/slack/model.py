"""What the local Slack consists of: workspaces, people, conversations, messages, files."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class ChannelKind(StrEnum):
    """Slack docs, reference/objects/conversation-object; the values are those of `channel_type` in events."""

    PUBLIC = "channel"
    PRIVATE = "group"
    GROUP_DM = "mpim"
    DM = "im"


@dataclass(eq=False)
class Team:
    """A workspace in which the app is installed with this bot token; `enterprise` is its Grid organisation or "".

    If `org_wide` the organisation has installed the app for all of its workspaces: they share token, bot and scopes.
    The organisation itself is one more such team, whose id is its own `enterprise`.
    """

    id: str
    name: str
    bot_token: str
    bot_user_id: str
    bot_id: str
    scopes: set[str] = field(default_factory=set[str])
    enterprise: str = ""
    revoked: bool = False
    agent: bool = True
    org_wide: bool = False


@dataclass(eq=False)
class User:
    """An account of a workspace; `app` marks the bot under test, `bot` any bot.

    In an organisation it may be in further workspaces (`also_in`), and `org_admin` of all of them.
    """

    id: str
    team: str
    name: str
    display: str = ""
    locale: str = "en-US"
    admin: bool = False
    owner: bool = False
    bot: bool = False
    app: bool = False
    org_admin: bool = False
    also_in: set[str] = field(default_factory=set[str])

    @property
    def workspaces(self) -> set[str]:
        """The ids of all workspaces that the account is in."""
        return {self.team, *self.also_in}


@dataclass(eq=False)
class File:
    """An uploaded file; `private_url` needs the bot's token and the scope files:read."""

    id: str
    team: str
    name: str
    mimetype: str
    data: bytes
    user: str
    created: float
    private_url: str = ""
    download_url: str = ""


@dataclass(eq=False)
class Channel:
    """A conversation; `members` are user ids, `shared_with` the ids of other teams in it.

    Those are of the same organisation, or strangers by Slack Connect.
    """

    id: str
    team: str
    name: str
    kind: ChannelKind
    created: float
    members: set[str] = field(default_factory=set[str])
    archived: bool = False
    shared_with: set[str] = field(default_factory=set[str])
    messages: dict[str, Message] = field(default_factory=dict[str, "Message"])


@dataclass(eq=False)
class Stream:
    """The state of a message that is being streamed; `recipient` is who sees it move outside of direct messages."""

    started: float
    touched: float
    recipient: str = ""
    recipient_team: str = ""
    open: bool = True
    stopped_by_user: bool = False
    finished: bool = False
    tasks: dict[str, Json] = field(default_factory=dict[str, Json])


@dataclass(eq=False)
class Message:
    """A message; `ts` is its id in its channel, `thread` the ts of its thread's root or "".

    `text` is what a person wrote or the fallback text of a bot, `markdown` what the bot gave as `markdown_text` (also
    streamed), `blocks` its Block Kit blocks. `visible` is what a reader sees of it, without buttons.
    """

    ts: str
    channel: str
    user: str
    team: str
    text: str = ""
    markdown: str = ""
    blocks: list[Json] = field(default_factory=list[Json])
    thread: str = ""
    subtype: str = ""
    bot_id: str = ""
    client_msg_id: str = ""
    metadata: Json | None = None
    files: list[File] = field(default_factory=list[File])
    reactions: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    edited: float = 0.0
    deleted: bool = False
    broadcast: bool = False
    ephemeral_to: str = ""
    unfurl: bool = True
    stream: Stream | None = None

    @property
    def visible(self) -> str:
        """What a reader sees: the words of its blocks if it has any, else its markdown, else its text."""
        from playground.slack.blocks import words_of

        return words_of(self.blocks, self.markdown) if self.blocks or self.markdown else self.text


@dataclass(eq=False)
class Session:
    """An agent session of a thread; `status` is active, processing, suspended or closed.

    `line` is the text that assistant.threads.setStatus shows below the thread until `line_ends` (Unix seconds).
    """

    channel: str
    thread: str
    status: str = ""
    title: str = ""
    line: str = ""
    line_ends: float = 0.0
    loading_messages: list[str] = field(default_factory=list[str])
