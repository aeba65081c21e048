"""The local Discord as one object: start it, fill it, watch it, break it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from playground.discord import links, permissions
from playground.discord.calls import Backend, Request
from playground.discord.clock import Clock, Snowflakes
from playground.discord.commands import CommandBook
from playground.discord.events import Intent
from playground.discord.faults import Fault, Hold
from playground.discord.gateway import Disaster, Gateway
from playground.discord.interactions import Interactions
from playground.discord.journal import Change, Journal
from playground.discord.model import Channel, ChannelKind, Guild, Json, Message, MessageFlag, Overwrite, Role, User
from playground.discord.payloads import channel_json
from playground.discord.people import Person
from playground.discord.permissions import Permission
from playground.discord.rest import Refused, Rest
from playground.discord.service import Event, Service
from playground.discord.world import Application, World

T = TypeVar("T")
# Whether the bot saw a channel and sees it now: the events that tell it.
_SIGHT = {
    (True, True): ("CHANNEL_UPDATE",),
    (True, False): ("CHANNEL_DELETE",),
    (False, True): ("CHANNEL_CREATE", "THREAD_LIST_SYNC"),
    (False, False): (),
}
CONNECTIONS = 1024  # that may wait at once; a bot with many answers opens one for each
PATIENCE = 10.0  # s; how long a test waits for a change by default


class DiscordStandIn:
    """A Discord of its own with one server, one channel named "general", and the app whose bot is tried.

    `latency` and `jitter` are seconds a REST call. `privileged_intent` is whether the app's owner switched the message
    content intent on. Use it as an async context manager.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        token: str = "stand-in-token",  # noqa: S107  # it opens nothing but this
        latency: float = 0.0,
        jitter: float = 0.0,
        privileged_intent: bool = True,
        shards: int = 1,
    ) -> None:
        self.clock = Clock()
        ids = Snowflakes(self.clock)
        bot, owner = User(ids.new(), "glimmer", bot=True), User(ids.new(), "operator", "Operator")
        intents = int(Intent.MESSAGE_CONTENT) if privileged_intent else 0
        self.world = World(self.clock, ids, Application(bot.id, bot, owner, token, intents))
        self.world.users |= {bot.id: bot, owner.id: owner}
        self._journal = Journal()
        self.gateway = Gateway(self.world, self._journal)
        self.service = Service(self.world, self._journal, self.gateway)
        self.commands = CommandBook(ids, bot.id)
        self.interactions = Interactions(self.service, ids)
        backend = Backend(self.service, self.commands, self.interactions, self.gateway, shards)
        self.rest = Rest(backend, self._journal)
        self.rest.latency, self.rest.jitter = latency, jitter
        self.limits = self.rest.limits
        self._port = port
        self._runner: web.AppRunner | None = None
        self._people: dict[str, Person] = {}
        self.guild = self.add_guild("playground")
        self.add_channel("general")

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/attachments/{channel}/{attachment}/{name}", self._attachment)
        app.router.add_route("*", "/{path:.*}", self.rest.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=CONNECTIONS)
        await site.start()
        self.world.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rest.faults.clear()
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # Where it is and who is there -----------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The REST root, for DISCORD_API_URL."""
        return f"{self.world.address}/api/v10"

    @property
    def token(self) -> str:
        """The bot's token; setting another makes the old one invalid."""
        return self.world.app.token

    @token.setter
    def token(self, value: str) -> None:
        self.world.app.token = value

    @property
    def bot_user(self) -> User:
        """The account of the bot under test."""
        return self.world.app.bot

    @property
    def owner(self) -> Person:
        """The app's owner."""
        return self._person(self.world.app.owner)

    @property
    def latency(self) -> float:
        """Seconds a REST call; half of them pass before it takes effect."""
        return self.rest.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self.rest.latency = seconds

    def person(
        self, name: str, *, locale: str = "en-US", roles: Sequence[Role] = (), rights: int = 0, bot: bool = False
    ) -> Person:
        """Somebody by their name, who is made and joins the server on first use; `rights` are given by a role."""
        for known in self._people.values():
            if known.name == name:
                return known
        user = self.world.add_user(name, bot=bot, locale=locale)
        given = [*roles, self.add_role(name, rights)] if rights else roles
        self.world.join(self.guild, user).roles += [r.id for r in given]
        return self._person(user)

    def join(self, guild: Guild, person: Person) -> None:
        """Let somebody into another server."""
        self.world.join(guild, person.user)

    # Places and rights ----------------------------------------------------------------------------------------------

    def add_guild(self, name: str, *, with_bot: bool = True) -> Guild:
        """A new server, with or without the bot."""
        guild = self.world.add_guild(name, self.world.app.owner, with_bot=with_bot)
        if with_bot:
            role = self.world.add_role(guild, self.bot_user.name, permissions.ORDINARY, managed=True)
            guild.members[self.bot_user.id].roles.append(role.id)
        return guild

    def add_channel(self, name: str, *, guild: Guild | None = None, category: Channel | None = None) -> Channel:
        """A new text channel, in a category or in none."""
        return self._announced(self.world.add_channel(guild or self.guild, name, category=category))

    def add_forum(self, name: str, *, guild: Guild | None = None, category: Channel | None = None) -> Channel:
        """A new forum."""
        return self._announced(self.world.add_channel(guild or self.guild, name, ChannelKind.FORUM, category))

    def add_category(self, name: str, *, guild: Guild | None = None) -> Channel:
        """A new category."""
        return self._announced(self.world.add_channel(guild or self.guild, name, ChannelKind.CATEGORY))

    def move(self, channel: Channel, category: Channel | None) -> None:
        """Put a channel into another category, or with None into none."""
        self.world.put(channel, category)
        sees = bool(self.world.rights(channel, self.bot_user))
        for name in _SIGHT[sees, sees]:
            self._tell(name, channel)

    def add_group(self, *people: Person) -> Channel:
        """A group direct message without the bot."""
        return self.world.private_channel(*(p.user for p in people))

    def add_role(self, name: str, rights: int = 0, *, guild: Guild | None = None) -> Role:
        """A new role."""
        return self.world.add_role(guild or self.guild, name, rights)

    def channel(self, name: str) -> Channel:
        """A channel of the server, or a thread, by its name."""
        for channel in self.world.channels.values():
            if channel.name == name and channel.guild_id == self.guild.id:
                return channel
        raise KeyError(name)

    def thread(self, message: Message) -> Channel | None:
        """The thread below a message, if there is one."""
        return self.world.channels.get(message.id)

    def overwrite(self, channel: Channel, who: Role | Person | User, *, allow: int = 0, deny: int = 0) -> None:
        """Say what a role, a person or the bot may do in a channel, in place of what was said before."""
        seen = bool(self.world.rights(channel, self.bot_user))
        channel.overwrites = [o for o in channel.overwrites if o.id != who.id]
        channel.overwrites.append(Overwrite(who.id, not isinstance(who, Role), int(allow), int(deny)))
        sees = bool(self.world.rights(channel, self.bot_user))
        for name in _SIGHT[seen, sees]:
            self._tell(name, channel)

    def take_from_bot(self, channel: Channel, rights: Permission) -> None:
        """Deny the bot these rights in a channel."""
        self.overwrite(channel, self.bot_user, deny=rights)

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel with all that is in it; the channels of a category stay, outside of any."""
        for freed in self.world.inside(channel):
            self.move(freed, None)
        self._tell("CHANNEL_DELETE", channel)
        for gone in (channel, *self.world.threads(channel)):
            del self.world.channels[gone.id]
        self._journal.stir()

    # What can be seen -----------------------------------------------------------------------------------------------

    @property
    def journal(self) -> list[Change]:
        """Every visible change so far."""
        return self._journal.changes

    @property
    def requests(self) -> list[Request]:
        """Every REST call so far."""
        return self.rest.requests

    @property
    def refusals(self) -> list[Refused]:
        """Every REST call that was not answered with 2xx."""
        return self.rest.refusals

    def messages(self, channel: Channel | str) -> list[Message]:
        """The messages of a channel that everybody sees, oldest first; none for a channel that is not there."""
        found = channel if isinstance(channel, Channel) else self.world.channels.get(channel)
        return self.world.live(found) if found else []

    def answers(self, channel: Channel | str) -> list[Message]:
        """Those of them that the bot wrote, without the signs that an answer is coming."""
        mine = [m for m in self.messages(channel) if m.author is self.bot_user]
        return [m for m in mine if not m.flags & MessageFlag.LOADING]

    async def wait_for(self, predicate: Callable[[], T], timeout: float = PATIENCE) -> T:  # noqa: ASYNC109  # as below
        """Wait until the predicate is true; it is asked again at each change. Raises TimeoutError."""
        return await self._journal.wait_for(predicate, timeout)

    async def connected(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109  # callers have no scope of their own
        """Wait until the bot is at the gateway."""
        await self.wait_for(self.gateway.connected, timeout)

    async def idle(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109  # callers have no scope of their own
        """Wait until no REST call is in flight."""
        await self.wait_for(lambda: self.rest.in_flight == 0, timeout)

    # What can go wrong ----------------------------------------------------------------------------------------------

    def fail(self, method: str, path: str, status: int, *, code: int = 0, times: int = 1) -> None:
        """Answer the next calls that match with an error and let them have no effect."""
        body: Json = {"message": "stand-in fault", "code": code}
        self.rest.faults.arm(Fault(method, re.compile(path), "answer", times, status=status, body=body))

    def lose(self, method: str, path: str, *, times: int = 1, applied: bool = True) -> None:
        """Break the connection of the next calls that match, after (or without) their effect."""
        self.rest.faults.arm(Fault(method, re.compile(path), "lose", times, applied))

    def hold(self, method: str, path: str, *, applied: bool = True, times: int = 1) -> Hold:
        """Keep the answer of the next calls that match until released; `applied` is whether the effect comes before."""
        hold = Hold(method, path, applied=applied, times=times)
        self.rest.faults.arm(hold)
        return hold

    def disconnect(self, kind: Disaster = "abort") -> None:
        """Let something happen to the gateway connection."""
        self.gateway.disconnect(kind)

    def refuse_gateway(self, refuse: bool) -> None:
        """Break new gateway connections, or let them in again."""
        self.gateway.refusing = refuse

    def block_text(self, pattern: str | None) -> None:
        """Let the automatic moderation block messages in which this pattern is found."""
        self.service.automod = re.compile(pattern) if pattern is not None else None

    # ----------------------------------------------------------------------------------------------------------------

    def _person(self, user: User) -> Person:
        return self._people.setdefault(user.id, Person(self, user))

    def _announced(self, channel: Channel) -> Channel:
        self._tell("CHANNEL_CREATE", channel)
        return channel

    def _tell(self, name: str, channel: Channel) -> None:
        """Send an event about a channel of a server."""
        data = channel_json(self.world, channel)
        if name == "THREAD_LIST_SYNC":
            open_threads = [t for t in self.world.threads(channel) if t.thread and not t.thread.archived]
            listed = [channel_json(self.world, t) for t in open_threads]
            members = [t["member"] for t in listed if "member" in t]
            data = {"guild_id": channel.guild_id, "channel_ids": [channel.id], "threads": listed, "members": members}
        self.gateway.publish(Event(name, data, Intent.GUILDS, channel.guild_id))

    async def _attachment(self, request: web.Request) -> web.Response:
        info: Any = request.match_info
        found = links.opened(self.world, info["channel"], info["attachment"], request.query)
        if found is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=found.data, headers={"Content-Type": found.upload.media_type})
