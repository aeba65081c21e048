"""Calls of Slack's Web API: one connection pool, a client for each workspace, and what the Governor must know."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, cast

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_app import failures
from adapters.slack_app.failures import CALL_TIMEOUT, translated
from bot import metrics
from bot.errors import PlatformError, PlatformRefused, PlatformUnsure
from bot.pacing import Budget, Governor, Priority

log = structlog.get_logger(__name__)

SLACK_URL: Final = "https://slack.com/api/"
# Slack docs, apis/web-api/rate-limits: the least that each tier allows of a method, in a workspace and minute.
TIER_2: Final = Budget(20, 60.0)
TIER_3: Final = Budget(50, 60.0)
TIER_4: Final = Budget(100, 60.0)
# Same page: posts have a limit of their own.
ONE_POST_A_SECOND: Final = Budget(1, 1.0)
# The kinds of lanes, and what is known of them; the tiers are those on the methods' pages (Slack docs,
# reference/methods). A status has a "special" limit without a number, so it is taken for tier 3.
GUESSES: Final[Mapping[str, Budget]] = MappingProxyType(
    {
        "post": ONE_POST_A_SECOND,
        **dict.fromkeys(("start", "stop", "unreaction", "other"), TIER_2),
        **dict.fromkeys(("update", "delete", "read", "reaction", "status", "session", "open"), TIER_3),
        **dict.fromkeys(("append", "ephemeral", "file", "users", "views", "prompts"), TIER_4),
    }
)
_KINDS: Final[Mapping[str, str]] = {
    "chat.postMessage": "post",
    "chat.update": "update",
    "chat.startStream": "start",
    "chat.appendStream": "append",
    "chat.stopStream": "stop",
    "chat.delete": "delete",
    "chat.postEphemeral": "ephemeral",
    "assistant.threads.setStatus": "status",
    "assistant.threads.setSuggestedPrompts": "prompts",
    "agents.sessions.setStatus": "session",
    "conversations.replies": "read",
    "conversations.history": "read",
    "conversations.info": "read",
    "conversations.open": "open",
    "reactions.add": "reaction",
    "reactions.remove": "unreaction",
    "files.getUploadURLExternal": "file",
    "files.completeUploadExternal": "file",
    "files.info": "file",
    "users.info": "users",
    "views.publish": "views",
    "views.open": "views",
}
# Calls that name no channel: nothing tells Slack which workspace of an organisation they are for.
_PLACELESS: Final = frozenset(
    {
        *("users.info", "views.publish", "views.open", "conversations.open"),
        *("files.getUploadURLExternal", "files.info"),
    }
)
# Slack docs, reference/methods: these take no JSON.
_FORMS: Final = frozenset(
    {
        *("conversations.replies", "conversations.info", "conversations.list", "conversations.members", "users.info"),
        *("users.list", "users.conversations", "bots.info", "files.getUploadURLExternal", "files.info"),
        *("reactions.get", "chat.getPermalink", "auth.revoke"),
    }
)
_CONNECT_TIMEOUT: Final = 5.0
_UPLOAD_TIMEOUT: Final = 30.0
_KEEP_ALIVE: Final = 75.0
# Seconds, where a refusal does not say for how long.
_REFUSED_FOR: Final = 1.0
# What a workspace does not have is tried again after so many seconds.
_LATCHED_FOR: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace in which the app works; `agent` says that the app is an agent there.

    `id` is what its channels are kept under, `team` the workspace's own. An `organisation` has installed the app for
    all of its workspaces, "" where the workspace did so itself; without a `team` this is the organisation itself.
    """

    id: str
    team: str
    name: str
    bot_token: str = field(repr=False)
    bot_user: str
    bot_id: str
    agent: bool
    organisation: str = ""

    @property
    def owner(self) -> str:
        """Who has installed the app; people are kept under it: all workspaces of an organisation know the same ones."""
        return self.organisation or self.id

    def within(self, team: str) -> Workspace:
        """A workspace of the organisation, itself for no team."""
        return replace(self, id=team or self.organisation, team=team)


def lane_of(method: str, workspace: str, channel: str = "") -> str:
    """The Governor's lane of a method: Slack counts it by workspace, posts by channel as well.

    The docs say "per API method per workspace/team per app" (apis/web-api/rate-limits) and nothing of a token that is
    for a whole organisation; we take them at their word, and a refusal teaches the lane of its workspace otherwise.
    """
    kind = _KINDS.get(method, "other")
    return f"{kind}:{workspace}.{channel}" if kind == "post" else f"{kind}:{workspace}"


class Api:
    """Calls Slack for all workspaces that are known to it.

    Failures are PlatformError and its kin, a refusal for too many calls is told to `governor`. What a workspace has
    turned out not to have is remembered for a day: `latch` and `latched`. `clock` counts seconds.
    """

    def __init__(
        self, governor: Governor, *, url: str = SLACK_URL, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.governor = governor
        self._url = url if url.endswith("/") else f"{url}/"
        self._clock = clock
        self._workspaces: dict[str, Workspace] = {}
        self._clients: dict[str, AsyncWebClient] = {}
        self._latches: dict[tuple[str, str], float] = {}
        self._alarms: set[tuple[str, str, str]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._logged_in = asyncio.Event()

    # Workspaces ----------------------------------------------------------------------------------------------------

    def add(self, workspace: Workspace) -> None:
        """Make a workspace known, or replace what is known of it."""
        self.remove(workspace.id)
        self._workspaces[workspace.id] = workspace
        self._logged_in.set()

    def remove(self, workspace: str) -> None:
        """Forget a workspace, such as one that has removed the app."""
        self._workspaces.pop(workspace, None)
        self._clients.pop(workspace, None)
        self._alarms = {alarm for alarm in self._alarms if alarm[0] != workspace}

    def workspace(self, name: str) -> Workspace | None:
        """What is known of a workspace; where an organisation has installed the app, any may be one of its own."""
        known = self._workspaces.get(name)
        if known is not None or not name:
            return known
        organisation = next((found for found in self._workspaces.values() if found.organisation), None)
        return organisation.within(name) if organisation else None

    def installation(self, organisation: str, team: str) -> Workspace | None:
        """Who has installed the app in a workspace: itself or its organisation, None when it is a stranger's."""
        return self._workspaces.get(team) or self._workspaces.get(organisation)

    def latch(self, workspace: str, feature: str) -> None:
        """Remember that a workspace does not have something."""
        log.info("slack.feature_missing", workspace=workspace, feature=feature)
        self._latches[workspace, feature] = self._clock() + _LATCHED_FOR

    def latched(self, workspace: str, feature: str) -> bool:
        """Whether a workspace is known not to have something."""
        return self._latches.get((workspace, feature), 0.0) > self._clock()

    # Calls ---------------------------------------------------------------------------------------------------------

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections that all calls share; made when first used, in the loop that uses it."""
        if self._session is None or self._session.closed:
            # With a session of our own the SDK's timeout does not count; each call is bounded by itself as well.
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_UPLOAD_TIMEOUT, sock_connect=_CONNECT_TIMEOUT),
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE),
            )
        return self._session

    def client(self, token: str) -> AsyncWebClient:
        """A client of the SDK on the shared connections; it never repeats a call, since that could post twice."""
        return AsyncWebClient(token=token, base_url=self._url, session=self.session, retry_handlers=[])

    async def call(
        self, workspace: str, method: str, *, channel: str = "", within: float = CALL_TIMEOUT, **arguments: Any
    ) -> Mapping[str, Any]:
        """Call a method with arguments of which those that are None are left out, and return Slack's answer.

        Takes no permit, and at most `within` seconds once the first workspace is known: until then it waits for as
        long again. Raises PlatformError and its kin.
        """
        given = {"channel": channel or None, **arguments}
        body = {name: value for name, value in given.items() if value is not None}
        encoded: dict[str, Any] = {"data": _form(body)} if method in _FORMS else {"json": body}
        await self._login(within)
        try:
            async with translated(within=within):
                answer = await _send(self._client_of(workspace), method, encoded)
        except PlatformError as error:
            self._learn(error, workspace, method, channel)
            raise
        metrics.platform_calls.labels("slack", "ok").inc()
        return answer

    async def paced(
        self,
        workspace: str,
        method: str,
        priority: Priority,
        *,
        channel: str = "",
        within: float = CALL_TIMEOUT,
        **arguments: Any,
    ) -> Mapping[str, Any]:
        """The same when the Governor lets it."""
        async with self.governor.permit(self._lane(method, workspace, channel), priority):
            return await self.call(workspace, method, channel=channel, within=within, **arguments)

    async def upload(self, url: str, content: bytes) -> None:
        """Send a file to where Slack wants it; the token does not go with it."""
        async with translated(within=_UPLOAD_TIMEOUT), self.session.post(url, data=content) as answer:
            if not answer.ok:
                raise PlatformUnsure(f"the upload was answered {answer.status}")

    async def authenticate(self, token: str) -> Mapping[str, Any]:
        """What auth.test says a token is; raises PlatformError and its kin."""
        async with translated():
            return await _send(self.client(token), "auth.test", {})

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _login(self, within: float) -> None:
        """Wait for the login: what was left unfinished is taken up again before that."""
        try:
            async with asyncio.timeout(within):
                await self._logged_in.wait()
        except TimeoutError:
            raise PlatformError("Slack has not been reached yet") from None

    def _lane(self, method: str, workspace: str, channel: str) -> str:
        known = self.workspace(workspace) if method in _PLACELESS else None
        return lane_of(method, known.owner if known else workspace, channel)

    def _client_of(self, workspace: str) -> AsyncWebClient:
        known = self.workspace(workspace)
        if known is None:
            raise PlatformRefused("the app is not installed in this workspace any more")
        client = self._clients.get(known.owner)
        if client is None or client.session is not self.session:
            client = self._clients[known.owner] = self.client(known.bot_token)
        return client

    def _learn(self, error: PlatformError, workspace: str, method: str, channel: str) -> None:
        code = failures.code_of(error)
        metrics.platform_calls.labels("slack", code or "no_answer").inc()
        if type(error) is PlatformError and (code in failures.RATE_LIMITED or error.retry_after is not None):
            wait = _REFUSED_FOR if error.retry_after is None else error.retry_after
            self.governor.refused(self._lane(method, workspace, channel), wait, everywhere=False)
        known = self.workspace(workspace)
        alarm = (known.owner if known else workspace, method, code)
        if code in failures.OPERATOR and alarm not in self._alarms:
            self._alarms.add(alarm)
            needed = str(failures.details_of(error).get("needed", ""))
            log.error("slack.operator_needed", workspace=workspace, method=method, code=code, needed=needed)


async def _send(client: Any, method: str, encoded: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        answer = await client.api_call(method, **encoded)
    except AttributeError as error:  # the SDK trips over a text with status 200, as some proxies send it
        raise PlatformUnsure("the answer is no JSON") from error
    return cast("Mapping[str, Any]", answer.data)


def _form(body: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
