"""The Slack adapter: logs in, takes events by one of two ways, and says where answers go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, cast

import structlog
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from adapters.slack_app import failures
from adapters.slack_app.client import Api, Workspace
from adapters.slack_app.courtesy import Courtesy
from adapters.slack_app.events import Events
from adapters.slack_app.files import Files
from adapters.slack_app.home import Home
from adapters.slack_app.inbound import PLATFORM
from adapters.slack_app.people import People
from adapters.slack_app.stream import surface_for
from adapters.slack_app.transport import HttpTransport, SocketTransport, Transport
from bot import texts
from bot.errors import OperatorError, PlatformError
from bot.messages import Address, Ask, Attachment, Author, Control, Quote, Reply, Turn
from bot.pacing import Governor
from bot.ports import Inbox, Surface
from bot.tasks import Tasks
from bot.tool_commands import NO_TOOLS, Tools

log = structlog.get_logger(__name__)

# Seconds between two attempts to reach Slack at the start, and for accepts under way to end when we close.
RETRY: Final = 2.0
LAST_ACCEPTS: Final = 2.0


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """What the operator decides about Slack; with an app token events come over a socket, else over HTTP."""

    bot_token: str
    app_token: str
    signing_secret: str
    api_url: str
    stream: Literal["auto", "native", "edit"] = "auto"
    strangers: bool = False
    operator: str = ""


class SlackAdapter:
    """Slack as an Adapter."""

    name = PLATFORM

    def __init__(
        self, settings: SlackSettings, governor: Governor, *, model_names: Sequence[str], tools: Tools = NO_TOOLS
    ) -> None:
        self._settings = settings
        self.tools = tools
        self.api = Api(governor, url=settings.api_url)
        self.people = People(self.api)
        self.courtesy = Courtesy(self.api, self.people, operator=settings.operator)
        self.home = Home(self.api, self.people, self)
        self._files = Files(self.api, url=settings.api_url)
        self._model_names = model_names
        self._events = Events(self)
        self._inbox: Inbox | None = None
        self._transport: Transport | None = None
        self._workspace: Workspace | None = None
        self._closing = asyncio.Event()
        self._accepting = 0
        self._idle = asyncio.Event()
        self._tasks = Tasks()

    @property
    def ready(self) -> bool:
        """Whether events arrive."""
        return self._transport is not None and self._transport.ready

    @property
    def inbox(self) -> Inbox:
        """Where events go; only while running."""
        assert self._inbox is not None
        return self._inbox

    @property
    def answers_strangers(self) -> bool:
        """Whether people of other organisations are answered in shared channels."""
        return self._settings.strangers

    # The connection ------------------------------------------------------------------------------------------------

    async def run(self, inbox: Inbox) -> None:
        """Log in and take events until closed; raises OperatorError for a token that Slack refuses."""
        self._inbox = inbox
        try:
            await self._log_in()
            if not self._closing.is_set():
                self._transport = self._open_transport()
                await self._transport.run()
        finally:
            await self.api.close()

    async def close(self) -> None:
        """Take no more events, and end `run`; what was not acknowledged is sent again by Slack."""
        self._closing.set()
        if self._transport is not None:
            await self._finish_accepts()
            await self._transport.close()
        await self._tasks.cancel()
        await self.people.close()
        await self.api.close()

    async def _finish_accepts(self) -> None:
        self._idle.clear()
        if self._accepting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), LAST_ACCEPTS)

    async def _log_in(self) -> None:
        while not self._closing.is_set():
            try:
                answer = await self.api.authenticate(self._settings.bot_token)
            except PlatformError as error:
                if failures.code_of(error) in failures.OPERATOR:
                    raise OperatorError(
                        f"SLACK_BOT_TOKEN: Slack refused the token ({failures.code_of(error)}); copy it again from the "
                        "page OAuth & Permissions of your app"
                    ) from None
                log.warning("slack.unreachable", reason=str(error), retry_in=RETRY)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), error.retry_after or RETRY)
            else:
                self._workspace = workspace_of(answer, self._settings.bot_token)
                self.api.add(self._workspace)
                log.info("slack.ready", workspace=self._workspace.id, name=self._workspace.name)
                return

    def _open_transport(self) -> Transport:
        settings = self._settings
        client = self.api.client(settings.bot_token)

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
            # Bolt would hand a method's own "self" over as well.
            return self._authorize(enterprise_id, team_id)

        app = AsyncApp(
            # Its level is what Bolt gives all loggers of its own.
            logger=logging.getLogger("slack_bolt"),
            client=client,
            authorize=cast("Any", authorize),
            # Over HTTP the transport has looked at the signature before Bolt reads anything; sockets have none. Without
            # any value Bolt would read one from the environment.
            signing_secret="unused",  # noqa: S106  # says that there is none
            request_verification_enabled=False,
            user_facing_authorize_error_message=texts.say("not_installed"),
            # With our own messages it would hide from us that somebody has deleted one; Events knows whose they are.
            ignoring_self_events_enabled=False,
        )
        app.middleware(self._take)  # pyright: ignore[reportUnknownMemberType]  # Bolt leaves its arguments untyped
        app.error(self._not_taken)
        if settings.app_token and settings.signing_secret:
            log.info("slack.transport", chosen="socket", ignored="http")
        if settings.app_token:
            return SocketTransport(app, settings.app_token, client)
        return HttpTransport(app, settings.signing_secret)

    def _authorize(self, enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        """Who we are where an event comes from, None for a workspace that is not ours: Bolt drops its events."""
        known = self.api.installation(enterprise_id or "", team_id or "")
        if known is None:
            log.warning("slack.unknown_workspace", enterprise=enterprise_id, team=team_id)
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_token=known.bot_token,
            bot_id=known.bot_id,
            bot_user_id=known.bot_user,
        )

    async def _take(self, req: AsyncBoltRequest) -> BoltResponse:
        """Bolt's only middleware of ours: it answers everything, so that what it returns is the acknowledgement."""
        if self._closing.is_set():
            return BoltResponse(status=503, body="")
        self._accepting += 1
        try:
            retries = int(next(iter(req.headers.get("x-slack-retry-num", ())), "0") or 0)
            answer = await self._events.take(req.body, retries)
        finally:
            self._accepting -= 1
            if not self._accepting:
                self._idle.set()
        return BoltResponse(status=answer.status, body=dict(answer.body) if answer.body else "")

    async def _not_taken(self, error: Exception) -> None:
        """What could not be stored is not acknowledged: Slack sends it again."""
        log.error("slack.event_not_taken", reason=str(error) or type(error).__name__)

    async def hook(self, request: web.Request) -> web.Response:
        """Slack's requests over HTTP, at /slack/events."""
        if isinstance(self._transport, HttpTransport):
            return await self._transport.handle(request)
        return web.Response(status=503)

    # What events, commands and clicks need -------------------------------------------------------------------------

    def installation(self, organisation: str, team: str) -> Workspace | None:
        """Who has installed the app in a workspace."""
        return self.api.installation(organisation, team)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a task of ours."""
        self._tasks.start(work)

    async def whisper(self, address: Address, user: str, thread: str, text: str, response_url: str = "") -> None:
        """Say a sentence to one person."""
        await self.courtesy.whisper(address, user, thread, text, response_url)

    async def hand_over(self, address: Address, user: str, thread: str, reply: Reply, response_url: str = "") -> None:
        """Say a reply to one person, and give them its file."""
        await self.courtesy.hand_over(address, user, thread, reply, response_url)

    async def post_question(self, address: Address, user: str, question: str) -> str:
        """Post what somebody asked by a command."""
        return await self.courtesy.post_question(address, user, question)

    async def suggest_prompts(self, workspace: str, channel: str, user: str) -> None:
        """Offer questions to somebody who opened their direct messages with the app."""
        await self.courtesy.suggest_prompts(workspace, channel, user)

    async def forget_workspace(self, workspace: str) -> None:
        """The app was removed from a workspace."""
        self.api.remove(workspace)

    def names(self) -> Sequence[str]:
        """The models to choose from."""
        return self._model_names

    async def chosen(self, workspace: str, author: str) -> Mapping[str, str]:
        """The models that somebody chose for themselves, and who may for the workspace."""
        return await self.inbox.chosen_models(Address(PLATFORM, workspace, "", direct=True), author)

    # Where answers go ----------------------------------------------------------------------------------------------

    def surface(self, turn: Turn) -> Surface:
        """The place in which this turn is answered, whose asks wait no longer."""
        for ask in filter(self.courtesy.is_marked, turn.asks):
            self.start(self.courtesy.hide_waiting(ask))
        name = turn.ask.address.workspace
        workspace = self.api.workspace(name) or Workspace(name, name, "", "", "", "", agent=True)
        return surface_for(self.api, workspace, turn, self._settings.stream)

    async def background(self, ask: Ask) -> Sequence[Quote]:
        """What was said in a thread before this ask."""
        return await self.courtesy.background(ask)

    async def asker(self, ask: Ask) -> Author:
        """Who asked; a name that is not known yet is waited for."""
        home, user = ask.address.workspace, ask.author.id.rpartition(".")[2]
        if not self.people.name(home, user):
            await self.people.meet(home, user)
        return replace(ask.author, name=self.people.name(home, user) or ask.author.name)

    async def download(self, ask: Ask, attachment: Attachment, limit: int) -> bytes:
        """A file beside a message, with the bot's token."""
        return await self._files.download(ask.address.workspace, attachment, limit)

    async def show_waiting(self, ask: Ask) -> None:
        """Put a mark on a message that waits."""
        await self.courtesy.show_waiting(ask)

    async def show_taken(self, ask: Ask) -> None:
        """Take the mark off a message that waits no longer."""
        if self.courtesy.is_marked(ask):
            await self.courtesy.hide_waiting(ask)

    async def tell(self, ask: Ask, text: str) -> None:
        """Say a sentence to the asker outside of any turn."""
        await self.courtesy.tell(ask, text)

    async def reply(self, control: Control, reply: Reply) -> None:
        """Say it to whoever gave the command, unseen by others."""
        user, origin = control.actor.id.rpartition(".")[2], control.origin
        url = origin.get("response_url", "")
        await self.courtesy.hand_over(control.address, user, origin.get("thread", ""), reply, url)

    async def tell_operator(self, text: str) -> bool:
        """Say a sentence to whoever runs the bot."""
        return self._workspace is not None and await self.courtesy.tell_operator(self._workspace.id, text)


def workspace_of(answer: Mapping[str, Any], token: str) -> Workspace:
    """The workspace or the organisation that auth.test says a token is of."""
    team, enterprise = str(answer.get("team_id") or ""), str(answer.get("enterprise_id") or "")
    organisation = enterprise if answer.get("is_enterprise_install") or team in {"", enterprise} else ""
    return Workspace(
        id=organisation or team,
        team="" if organisation else team,
        name=str(answer.get("team") or ""),
        bot_token=token,
        bot_user=str(answer.get("user_id") or ""),
        bot_id=str(answer.get("bot_id") or ""),
        agent=True,
        organisation=organisation,
    )
