"""The local Slack as one object: start it, fill it, watch it, break it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from playground.slack.calls import Call
from playground.slack.clock import Clock
from playground.slack.delivery import Delivery
from playground.slack.faults import Fault, Hold
from playground.slack.hooks import Hooks
from playground.slack.journal import Change, Journal
from playground.slack.model import Channel, ChannelKind, Json, Message, Session, Team, User
from playground.slack.people import Person
from playground.slack.rest import Rest
from playground.slack.service import Service
from playground.slack.tiers import Tiers
from playground.slack.world import SCOPES, World

T = TypeVar("T")
CONNECTIONS = 1024  # that may wait at once; a bot with many answers opens one for each
MAX_BODY = 64 * 1024 * 1024  # bytes; a bound of our own, for uploads
PATIENCE = 10.0  # s; how long a test waits for a change by default


class SlackStandIn:
    """A Slack of its own with one workspace, one channel named "general", and the app whose bot is tried.

    `latency` and `jitter` are seconds a Web API call. `agent` is whether the app uses the agent messaging experience,
    `scopes` what it was given (all it asks for unless named). With an `organisation` the workspace is of that one, and
    the app is installed for all of its workspaces. Use it as an async context manager.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        latency: float = 0.0,
        jitter: float = 0.0,
        agent: bool = True,
        scopes: Collection[str] | None = None,
        organisation: str = "",
    ) -> None:
        self.world = World()
        self._journal = Journal()
        self._agent = agent
        self._scopes = SCOPES if scopes is None else frozenset(scopes)
        secrets = {"signing_secret": self.world.signing_secret, "app_token": self.world.app_token}
        self.deliver = Delivery(self.world, self._journal, **secrets)
        self.service = Service(self.world, self._journal, self.deliver)
        self.rest = Rest(self.service, self._journal)
        self.rest.latency, self.rest.jitter = latency, jitter
        self._hooks = Hooks(self.service, self.rest.violations)
        self._port = port
        self._runner: web.AppRunner | None = None
        self._people: dict[str, Person] = {}
        granted: Json = {"scopes": self._scopes, "agent": agent}
        self.organisation = self.world.add_organisation(organisation, **granted) if organisation else None
        self.team = self.add_workspace("playground") if self.organisation else self.add_team("playground")
        operator = self.world.add_user(self.team, "operator", admin=True)
        operator.owner, operator.org_admin = True, bool(organisation)
        self.owner = self._person(operator)
        self.channel("general")

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_get("/socket", self.deliver.socket)
        app.router.add_route("*", "/api/{method}", self.rest.handle)
        app.router.add_post("/hooks/{kind}/{team}/{key}", self._hooks.handle)
        app.router.add_post("/upload/v1/{ticket}", self.service.links.receive)
        app.router.add_get("/files-pri/{key}/{path:.*}", self.service.links.download)
        app.router.add_get("/login", self.service.links.login)
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
        await self.deliver.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # Where it is and who is there -----------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The root of the Web API, for SLACK_API_URL."""
        return f"{self.world.address}/api/"

    @property
    def bot_token(self) -> str:
        """The bot's token in the first workspace."""
        return self.team.bot_token

    @property
    def app_token(self) -> str:
        """The app's token, for Socket Mode."""
        return self.world.app_token

    @property
    def signing_secret(self) -> str:
        """With what events over HTTP are signed."""
        return self.world.signing_secret

    @property
    def bot_user(self) -> User:
        """The account of the bot under test in the first workspace."""
        return self.world.bot_of(self.team)

    @property
    def clock(self) -> Clock:
        """Lets time pass at once, for streams, status lines and response urls."""
        return self.world.clock

    @property
    def latency(self) -> float:
        """Seconds a Web API call; half of them pass before it takes effect."""
        return self.rest.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self.rest.latency = seconds

    @property
    def jitter(self) -> float:
        """At most so many seconds more a call."""
        return self.rest.jitter

    @jitter.setter
    def jitter(self, seconds: float) -> None:
        self.rest.jitter = seconds

    @property
    def tiers(self) -> Tiers:
        """The rate limits."""
        return self.rest.tiers

    def add_team(self, name: str, *, enterprise: str = "") -> Team:
        """Another workspace in which the app is installed."""
        return self.world.add_team(name, enterprise=enterprise, scopes=self._scopes, agent=self._agent)

    def add_workspace(self, name: str) -> Team:
        """Another workspace of the organisation."""
        assert self.organisation is not None
        return self.world.add_workspace(self.organisation, name)

    def person(
        self, name: str, *, team: Team | None = None, admin: bool = False, locale: str = "en-US", bot: bool = False
    ) -> Person:
        """Somebody by their name, who is made and joins "general" on first use."""
        where = team or self.team
        for known in self._people.values():
            if known.name == name and known.team is where:
                return known
        user = self.world.add_user(where, name, locale=locale, admin=admin, bot=bot)
        self.channel("general", team=where).members.add(user.id)
        return self._person(user)

    def channel(
        self, name: str, *, kind: ChannelKind = ChannelKind.PUBLIC, team: Team | None = None, member: bool = True
    ) -> Channel:
        """A channel by its name, made on first use with everybody in it, the bot if `member`."""
        where = team or self.team
        for known in self.world.channels.values():
            if known.name == name and known.team == where.id:
                return known
        people = {u.id for u in self.world.users.values() if u.team == where.id and not u.app}
        return self.world.add_channel(where, name, kind, people | ({where.bot_user_id} if member else set()))

    # What can be seen -----------------------------------------------------------------------------------------------

    @property
    def journal(self) -> list[Change]:
        """Every visible change so far."""
        return self._journal.changes

    @property
    def calls(self) -> list[Call]:
        """Every Web API call so far."""
        return self.rest.calls

    @property
    def violations(self) -> list[str]:
        """A sentence for every call that broke a documented limit or rule."""
        return self.rest.violations

    @property
    def pings(self) -> list[tuple[str, str]]:
        """The mentions in the app's messages, as (ts, what)."""
        return self.service.pings.found

    @property
    def ephemerals(self) -> list[Message]:
        """The messages that only one person saw."""
        return self.world.ephemerals

    def messages(self, channel: Channel, thread: str = "") -> list[Message]:
        """The messages of a channel outside of threads, or the root and the replies of a thread; oldest first."""
        return self.world.thread(channel, thread) if thread else self.world.top_level(channel)

    def answers(self, channel: Channel, thread: str = "") -> list[Message]:
        """Those of them that the bot wrote."""
        bot = self.world.team_of(channel).bot_user_id
        return [m for m in self.messages(channel, thread) if m.user == bot]

    def sessions(self) -> dict[tuple[str, str], Session]:
        """The sessions by (channel id, thread ts)."""
        return self.world.sessions

    def status_line(self, channel: Channel, thread: str) -> str:
        """The status text that people see now below a thread, "" for none."""
        return self.world.status_line(channel.id, thread)

    def open_streams(self) -> list[Message]:
        """The messages that are being streamed now."""
        everything = [m for c in self.world.channels.values() for m in c.messages.values() if not m.deleted]
        return [m for m in everything if self.world.streaming(m)]

    async def wait_for(self, predicate: Callable[[], T], timeout: float = PATIENCE) -> T:  # noqa: ASYNC109  # as below
        """Wait until the predicate is true; it is asked again at each change. Raises TimeoutError."""
        return await self._journal.wait_for(predicate, timeout)

    async def connected(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109  # callers have no scope of their own
        """Wait until a Socket Mode connection is up."""
        await self.wait_for(self.deliver.connected, timeout)

    async def idle(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109  # callers have no scope of their own
        """Wait until no Web API call is in flight."""
        await self.wait_for(lambda: self.rest.in_flight == 0, timeout)

    # What can go wrong ----------------------------------------------------------------------------------------------

    def fail(
        self,
        method: str,
        error: str = "internal_error",
        *,
        status: int = 200,
        retry_after: float | None = None,
        times: int = 1,
    ) -> Fault:
        """Answer the next calls of a method with an error and let them have no effect."""
        return self.rest.faults.arm(Fault(method, "answer", times, error=error, status=status, retry_after=retry_after))

    def lose(self, method: str, *, applied: bool = True, times: int = 1) -> Fault:
        """Break the connection of the next calls of a method, after (or without) their effect."""
        return self.rest.faults.arm(Fault(method, "lose", times, applied))

    def hold(self, method: str, *, applied: bool = False, times: int = 1, shows: str = "") -> Hold:
        """Keep the answer of the next calls (those with a text in their arguments) until released.

        `applied` is whether the effect comes before.
        """
        hold = Hold(method, applied=applied, times=times, shows=shows)
        self.rest.faults.arm(hold)
        return hold

    def expire_streams(self) -> None:
        """End every open stream, as Slack does by itself after some minutes."""
        for message in self.open_streams():
            assert message.stream is not None
            message.stream.open = False
        self._journal.stir()

    def redirect_files_to(self, url: str) -> None:
        """Answer downloads with a redirect to this root, "" to serve them again."""
        self.service.links.redirect = url.rstrip("/")

    def invite(self, channel: Channel, *people: Person) -> None:
        """Let people into a channel, of another workspace too: then it is shared with that.

        By Slack Connect, or within the organisation that both are of.
        """
        for person in people:
            channel.members.add(person.id)
            if channel.team not in person.user.workspaces:
                channel.shared_with.add(person.team.id)

    def take_bot_out(self, channel: Channel) -> None:
        """Remove the bot from a channel."""
        channel.members.discard(self.world.team_of(channel).bot_user_id)
        self._journal.stir()

    # ----------------------------------------------------------------------------------------------------------------

    def _person(self, user: User) -> Person:
        return self._people.setdefault(user.id, Person(user, self.service))
