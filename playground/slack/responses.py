"""Response URLs: where an app answers a command or an action without a token."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from playground.slack.model import Channel, Message, Team, User
from playground.slack.world import World

LIFETIME = 1800.0  # s; Slack docs, interactivity/handling-user-interaction#message_responses: 30 minutes
USES = 5  # same page: up to 5 times


@dataclass(eq=False)
class ResponseUrl:
    """A URL for one interaction of a user; `message` is the one that was acted on, `later` what was posted to it."""

    url: str
    team: Team
    channel: Channel
    user: User
    made: float
    message: Message | None = None
    uses: int = 0
    later: list[Message] = field(default_factory=list[Message])


class Responses:
    """The response URLs that were given out, by the last part of their path."""

    def __init__(self, world: World) -> None:
        self.open: dict[str, ResponseUrl] = {}
        self._world = world

    def make(self, kind: str, user: User, channel: Channel, message: Message | None = None) -> ResponseUrl:
        """A new URL; `kind` is "commands", "actions" or "app"."""
        key = secrets.token_urlsafe(16)
        team = self._world.team_of(channel)
        url = f"{self._world.address}/hooks/{kind}/{team.id}/{key}"
        made = ResponseUrl(url, team, channel, user, self._world.clock.now(), message)
        self.open[key] = made
        return made
