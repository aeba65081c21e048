"""REST calls as the operations see them, and the table in which each route finds its operation."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from playground.discord.commands import CommandBook
from playground.discord.gateway import Gateway
from playground.discord.interactions import Interactions
from playground.discord.model import Channel, Json, Upload, User
from playground.discord.refusals import Refusal
from playground.discord.service import Service
from playground.discord.world import World


@dataclass(eq=False)
class Request:
    """A call as it came, and how it was answered; `path` is below /api/v10, `at` the loop's time in seconds."""

    at: float
    method: str
    path: str
    query: Mapping[str, str]
    authorization: str
    body: Any = None
    files: list[str] = field(default_factory=list[str])
    status: int = 0
    code: int = 0


@dataclass(frozen=True)
class Answer:
    """What a call is answered with."""

    body: Any = None
    status: int = 200


@dataclass(eq=False)
class Backend:
    """What the operations work on; `shards` is how many the gateway recommends."""

    service: Service
    commands: CommandBook
    interactions: Interactions
    gateway: Gateway
    shards: int = 1


@dataclass(eq=False)
class Call:
    """A call on its way to its operation; `ids` are the parts of its path."""

    backend: Backend
    request: Request
    ids: Mapping[str, str]
    uploads: list[Upload]

    @property
    def service(self) -> Service:
        """The operations' common ground."""
        return self.backend.service

    @property
    def world(self) -> World:
        """Everything that exists."""
        return self.backend.service.world

    @property
    def bot(self) -> User:
        """Who calls."""
        return self.world.app.bot

    @property
    def body(self) -> Json:
        """The body as an object."""
        given = self.request.body
        if given is not None and not isinstance(given, dict):
            raise Refusal(50035)
        return cast("Json", given or {})

    def channel(self) -> Channel:
        """The channel of the path, if the bot sees it."""
        return self.world.seen_by(self.world.channel(self.ids["channel"]), self.bot)


Operation = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """A route: its rate limit class, the part of its path that separates buckets, and who may call.

    `open` routes carry their own token in the path and are outside of the global limit.
    """

    method: str
    path: re.Pattern[str]
    operation: Operation
    limit: str = "other"
    major: str = ""
    open: bool = False


def route(method: str, template: str, operation: Operation, limit: str = "other") -> Route:
    """A route from a template such as /channels/{channel}/messages; the first id separates the buckets."""
    names = re.findall(r"{(\w+)}", template)
    pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", template)
    is_open = template.startswith(("/webhooks/", "/interactions/"))
    return Route(method, re.compile(f"^{pattern}$"), operation, limit, names[0] if names else "", is_open)
