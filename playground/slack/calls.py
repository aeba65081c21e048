"""Web API calls as the operations see them, and what a method's row in the table says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playground.slack.arguments import Argument, argument_table
from playground.slack.clock import moment
from playground.slack.model import Channel, ChannelKind, Json, Message, Team, User
from playground.slack.refusals import Refusal
from playground.slack.service import Service
from playground.slack.tiers import TIERS
from playground.slack.world import World

# The family of scopes that a kind of conversation needs, as in "channels:history"; Slack docs, reference/scopes.
FAMILIES = {
    ChannelKind.PUBLIC: "channels",
    ChannelKind.PRIVATE: "groups",
    ChannelKind.GROUP_DM: "mpim",
    ChannelKind.DM: "im",
}


@dataclass(eq=False)
class Call:
    """A call as it came, and how it was answered; `at` is the loop's time in seconds, `error` is "" when it went well.

    `args` are those of the query, the form or the JSON body, as parsed, without the token.
    """

    at: float
    method: str
    args: Json
    headers: Mapping[str, str]
    team: str = ""
    status: int = 0
    error: str = ""


@dataclass(eq=False)
class Context:
    """A call on its way through its operation: `args` are those of its table, brought into their types.

    `breaches` are documented rules that the call broke although Slack lets it pass.
    """

    service: Service
    team: Team
    args: Json
    warnings: list[str] = field(default_factory=list[str])
    breaches: list[str] = field(default_factory=list[str])

    @property
    def world(self) -> World:
        """Everything that exists."""
        return self.service.world

    @property
    def bot(self) -> User:
        """Who calls."""
        return self.world.bot_of(self.team)

    def text(self, name: str) -> str:
        """A text argument, "" when it is not there."""
        return self.args.get(name) or ""

    def breach(self, sentence: str) -> None:
        """Note a broken rule without refusing the call."""
        self.breaches.append(sentence)

    def need(self, scope: str) -> None:
        """Refuse the call when the app was not given this scope."""
        if scope not in self.team.scopes:
            provided = ",".join(sorted(self.team.scopes))
            raise Refusal("missing_scope", extra={"needed": scope, "provided": provided})

    def needs_team(self) -> None:
        """Refuse a call with an organisation's token that names none of its workspaces."""
        if self.team.id == self.team.enterprise:
            raise Refusal("missing_argument", broken="an organisation's token without team_id")

    def channel(self, argument: str = "channel", *, scope: str = "") -> Channel:
        """The conversation of an argument, if the app knows of it; `scope` is such as "history" of its family."""
        channel = self.world.channels.get(self.text(argument))
        if channel is None or self.team.id not in {channel.team, *channel.shared_with}:
            raise Refusal("channel_not_found")
        if channel.kind is not ChannelKind.PUBLIC and self.bot.id not in channel.members:
            raise Refusal("channel_not_found")
        if scope:
            self.need(f"{FAMILIES[channel.kind]}:{scope}")
        return channel

    def joined(self, argument: str = "channel", *, scope: str = "") -> Channel:
        """The same, if the bot is a member."""
        channel = self.channel(argument, scope=scope)
        if self.bot.id not in channel.members:
            raise Refusal("not_in_channel")
        return channel

    def writable(self, argument: str = "channel") -> Channel:
        """The same, if the bot may write there."""
        channel = self.joined(argument)
        if channel.archived:
            raise Refusal("is_archived")
        return channel

    def stamp(self, name: str, error: str = "invalid_arguments") -> str:
        """A timestamp argument, "" when it is not there, or the refusal of what is none."""
        given = self.text(name)
        try:
            if given:
                moment(given)
        except ValueError:
            raise Refusal(error, messages=[f"must be a timestamp [json-pointer:/{name}]"]) from None
        return given

    def message(self, channel: Channel, name: str = "ts") -> Message:
        """The message of a timestamp argument."""
        return self.world.message(channel, self.stamp(name, "message_not_found"))


Operation = Callable[[Context], Json]


@dataclass(frozen=True)
class Method:
    """A row of the Web API: its arguments, its limit in calls a minute, the scope it needs, and the kind of token."""

    name: str
    operation: Operation
    arguments: Mapping[str, Argument]
    limit: int
    scope: str = ""
    token: str = "xoxb"  # noqa: S105  # the prefix of the kind


def method(name: str, operation: Operation, tier: str | int, scope: str, arguments: str, token: str = "xoxb") -> Method:  # noqa: S107  # as above
    """A row; `tier` is a tier's name or a special limit, `arguments` in the notation of `argument_table`."""
    limit = tier if isinstance(tier, int) else TIERS[tier]
    return Method(name, operation, argument_table(arguments), limit, scope, token)


def whole(value: Any, fallback: int, most: int) -> int:
    """A number argument between 1 and `most`."""
    return max(1, min(int(value), most)) if value is not None else fallback
