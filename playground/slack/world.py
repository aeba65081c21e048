"""The registry of everything that exists in the local Slack."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from playground.slack.clock import Clock
from playground.slack.model import Channel, ChannelKind, File, Json, Message, Session, Stream, Team, User
from playground.slack.refusals import Refusal

# What the app asks for in its manifest; Slack docs, reference/scopes.
SCOPES = frozenset(
    (
        *("app_mentions:read", "assistant:write", "chat:write", "commands", "files:read", "files:write"),
        *("channels:history", "groups:history", "im:history", "mpim:history", "channels:read", "im:read", "im:write"),
        *("reactions:write", "users:read"),
    )
)
STREAM_AGE = 300.0  # s; reported, slackapi/python-slack-sdk#1859 and vercel/chat#637
STREAM_BYTES = 10_600  # UTF-8 bytes of a streamed message; measured by others, openclaw/openclaw#143882
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Ids:
    """Makes ids such as U00000000AB: a letter for the kind, and ten more."""

    def __init__(self) -> None:
        self._count = 1000

    def new(self, letter: str) -> str:
        """A fresh id."""
        self._count += 1
        rest, digits = self._count, ""
        while rest:
            rest, digit = divmod(rest, 36)
            digits = _BASE36[digit] + digits
        return letter + digits.rjust(10, "0")


@dataclass(eq=False)
class World:
    """Teams, users, channels and files by id; `address` is "http://127.0.0.1:PORT" without a slash at the end.

    `homes` are published home views by user id, `prompts` the suggested prompts by channel id, `sessions` are by
    (channel id, thread ts), `triggers` maps a trigger id to when it was made (Unix seconds).
    """

    clock: Clock = field(default_factory=Clock)
    ids: Ids = field(default_factory=Ids)
    address: str = ""
    app_id: str = "A0GLIMMER01"
    app_name: str = "glimmer"
    app_token: str = field(default_factory=lambda: f"xapp-1-A0GLIMMER01-{secrets.token_hex(8)}")
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    stream_age: float = STREAM_AGE
    stream_bytes: int = STREAM_BYTES
    teams: dict[str, Team] = field(default_factory=dict[str, Team])
    users: dict[str, User] = field(default_factory=dict[str, User])
    channels: dict[str, Channel] = field(default_factory=dict[str, Channel])
    files: dict[str, File] = field(default_factory=dict[str, File])
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict[tuple[str, str], Session])
    homes: dict[str, Json] = field(default_factory=dict[str, Json])
    modals: dict[str, Json] = field(default_factory=dict[str, Json])
    prompts: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])
    ephemerals: list[Message] = field(default_factory=list[Message])
    triggers: dict[str, float] = field(default_factory=dict[str, float])

    # Making things ------------------------------------------------------------------------------------------------

    def add_team(self, name: str, *, enterprise: str = "", scopes: Iterable[str] = SCOPES, agent: bool = True) -> Team:
        """A new workspace with the app installed, and with the app's bot in it."""
        team_id, bot_id = self.ids.new("T"), self.ids.new("B")
        token = f"xoxb-{team_id}-{secrets.token_hex(8)}"
        bot = User(self.ids.new("U"), team_id, self.app_name, self.app_name.capitalize(), bot=True, app=True)
        team = Team(team_id, name, token, bot.id, bot_id, set(scopes), enterprise, agent=agent)
        self.users[bot.id] = bot
        self.teams[team_id] = team
        return team

    def add_organisation(self, name: str, *, scopes: Iterable[str] = SCOPES, agent: bool = True) -> Team:
        """A new organisation that has installed the app for all of its workspaces, of which there are none yet."""
        own_id, bot_id = self.ids.new("E"), self.ids.new("B")
        token = f"xoxb-{own_id}-{secrets.token_hex(8)}"
        bot = User(self.ids.new("U"), own_id, self.app_name, self.app_name.capitalize(), bot=True, app=True)
        organisation = Team(own_id, name, token, bot.id, bot_id, set(scopes), own_id, agent=agent, org_wide=True)
        self.users[bot.id] = bot
        self.teams[own_id] = organisation
        return organisation

    def add_workspace(self, organisation: Team, name: str) -> Team:
        """A new workspace of an organisation that has installed the app."""
        team = replace(organisation, id=self.ids.new("T"), name=name)
        self.teams[team.id] = team
        return team

    def add_user(self, team: Team, name: str, *, locale: str = "en-US", admin: bool = False, bot: bool = False) -> User:
        """A new account of a workspace."""
        user = User(self.ids.new("U"), team.id, name, name.capitalize(), locale, admin, bot=bot)
        self.users[user.id] = user
        return user

    def add_channel(self, team: Team, name: str, kind: ChannelKind, members: Iterable[str]) -> Channel:
        """A new conversation with these users in it; only the ids of direct messages begin with another letter."""
        letter = "D" if kind is ChannelKind.DM else "C"
        channel = Channel(self.ids.new(letter), team.id, name, kind, self.clock.now(), set(members))
        self.channels[channel.id] = channel
        return channel

    def dm(self, user: User, team: Team | None = None) -> Channel:
        """The direct message of a user with the bot of a workspace, their own unless named; made on first use.

        There is but one in an organisation that has installed the app.
        """
        where = self.teams[user.team] if team is None or team.org_wide else team
        pair = {user.id, where.bot_user_id}
        for channel in self.channels.values():
            if channel.kind is ChannelKind.DM and channel.members == pair:
                return channel
        return self.add_channel(where, "", ChannelKind.DM, pair)

    def add_trigger(self) -> str:
        """A fresh trigger id for a view."""
        trigger = f"{self.ids.new('')}.{secrets.token_hex(8)}"
        self.triggers[trigger] = self.clock.now()
        return trigger

    # Looking up ---------------------------------------------------------------------------------------------------

    def bot_of(self, team: Team) -> User:
        """The app's bot in a workspace."""
        return self.users[team.bot_user_id]

    def team_of(self, channel: Channel) -> Team:
        """The workspace to which a channel belongs."""
        return self.teams[channel.team]

    def installed_in(self, channel: Channel) -> list[Team]:
        """The workspaces whose bot takes part in a channel; an organisation's bot does so for the first of its own."""
        here = [t for t in self.teams.values() if t.bot_user_id in channel.members and not t.revoked]
        inside = [t for t in here if not t.org_wide or t.id in {channel.team, *channel.shared_with}]
        return list({t.bot_token: t for t in reversed(inside)}.values())

    def revoke(self, team: Team) -> None:
        """Make a token void, for all whose it is."""
        for sharing in self.teams.values():
            sharing.revoked = sharing.revoked or sharing.bot_token == team.bot_token

    def reaches(self, team: Team, other: str) -> bool:
        """Whether the token of a team is also that of a workspace, by its id."""
        return other == team.id or (other in self.teams and self.teams[other].bot_token == team.bot_token)

    def addressed(self, team: Team, args: Json) -> Team:
        """The workspace that a call with an organisation's token is about, the organisation itself where none is told.

        That of its channel, or the one that it names.
        """
        if not team.org_wide:
            return team
        channel = self.channels.get(str(args.get("channel") or args.get("channel_id") or ""))
        named = [channel.team, *sorted(channel.shared_with)] if channel else [str(args.get("team_id") or "")]
        return self.teams[next((name for name in named if self.reaches(team, name)), team.enterprise)]

    def is_external(self, channel: Channel) -> bool:
        """Whether strangers are in a channel, by Slack Connect."""
        own = self.teams[channel.team].enterprise
        return any(not own or self.teams[other].enterprise != own for other in channel.shared_with)

    def message(self, channel: Channel, ts: str) -> Message:
        """A message that is there, or the refusal of an unknown one."""
        found = channel.messages.get(ts)
        if found is None or found.deleted:
            raise Refusal("message_not_found")
        return found

    def live(self, channel: Channel) -> list[Message]:
        """The messages that everybody sees, oldest first, those in threads too."""
        return sorted((m for m in channel.messages.values() if not m.deleted), key=lambda m: m.ts)

    def top_level(self, channel: Channel) -> list[Message]:
        """Those outside of threads, and replies that were also sent to the channel."""
        return [m for m in self.live(channel) if m.thread in ("", m.ts) or m.broadcast]

    def thread(self, channel: Channel, root: str) -> list[Message]:
        """The root of a thread and its replies."""
        return [m for m in self.live(channel) if root in (m.ts, m.thread)]

    def streaming(self, message: Message) -> Stream | None:
        """The stream of a message while it is one; Slack lets it end by itself after `stream_age` seconds."""
        stream = message.stream
        if stream and stream.open and self.clock.now() - stream.started >= self.stream_age:
            stream.open = False
        return stream if stream and stream.open else None

    def session(self, channel: str, thread: str) -> Session:
        """The session of a thread, made when there is none."""
        return self.sessions.setdefault((channel, thread), Session(channel, thread))

    def status_line(self, channel: str, thread: str) -> str:
        """The status text that people see now below a thread, "" for none."""
        session = self.sessions.get((channel, thread))
        return session.line if session and session.line_ends > self.clock.now() else ""
