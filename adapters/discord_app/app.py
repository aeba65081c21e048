"""The Discord adapter: connects, listens, and says where answers go."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord import app_commands
from discord.http import HTTPClient

from adapters.discord_app import commands, tool_commands
from adapters.discord_app.catchup import CatchUp
from adapters.discord_app.client import RestTrace, intents, log_in
from adapters.discord_app.courtesy import Courtesy
from adapters.discord_app.desk import Desk
from adapters.discord_app.events import Events
from adapters.discord_app.files import Files
from adapters.discord_app.inbound import PLATFORM, is_command
from adapters.discord_app.interaction import InteractionSurface
from adapters.discord_app.surface import ChannelSurface
from bot.errors import GlimmerError, OperatorError
from bot.messages import Ask, Attachment, Author, Control, Quote, Reply, Turn
from bot.pacing import Governor
from bot.ports import Inbox, Memory, Surface
from bot.tasks import Tasks
from bot.tool_commands import NO_TOOLS, Tools

log = structlog.get_logger(__name__)

# Seconds between two attempts to reach Discord at the start, between two stores of the cursor, and to wait for a login.
_RETRY: Final = 5.0
_CURSOR_EVERY: Final = 15.0
_LOGIN_PATIENCE: Final = 20.0
# Discord docs, topics/opcodes-and-status-codes: gateway close event code "authentication failed".
_AUTHENTICATION_FAILED: Final = 4004

_UNREACHABLE = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """What the operator decides about Discord."""

    token: str
    api_url: str
    threads: bool
    reply_channels: frozenset[str]


class DiscordAdapter:
    """Discord as an Adapter."""

    name = PLATFORM

    def __init__(
        self,
        settings: DiscordSettings,
        memory: Memory,
        governor: Governor,
        *,
        model_names: Sequence[str],
        tools: Tools = NO_TOOLS,
    ) -> None:
        self.governor = governor
        self._settings = settings
        self._memory = memory
        self._intents = intents()
        self._catchup = CatchUp(memory, governor)
        self._courtesy = Courtesy(self)
        self._files = Files(settings.api_url)
        self._events = Events(self, self._catchup, self._courtesy)
        self._desk = Desk(self, model_names)
        self._tools = tools
        self._client: discord.Client | None = None
        self._inbox: Inbox | None = None
        self._logged_in = asyncio.Event()
        self._closing = asyncio.Event()
        self._online = False
        self._tasks = Tasks()

    @property
    def ready(self) -> bool:
        """Whether events arrive."""
        return self._online and not self.client.is_closed()

    @property
    def client(self) -> discord.Client:
        """The client; only after the login."""
        assert self._client is not None
        return self._client

    @property
    def me(self) -> discord.ClientUser:
        """The bot's own user; only after the login."""
        assert self.client.user is not None
        return self.client.user

    @property
    def my_id(self) -> int:
        """The bot's own user id."""
        return self.me.id

    @property
    def inbox(self) -> Inbox:
        """Where events go; only while running."""
        assert self._inbox is not None
        return self._inbox

    async def http(self) -> HTTPClient:
        """The logged-in REST client; raises TimeoutError when there is none for a while."""
        async with asyncio.timeout(_LOGIN_PATIENCE):
            await self._logged_in.wait()
        return self.client.http

    async def acknowledged(self, interaction: str) -> str:
        """Wait until a command was acknowledged; the id of the message that its answer will be, "" if unknown."""
        return await self._desk.acknowledged(interaction)

    # The connection ------------------------------------------------------------------------------------------------

    async def run(self, inbox: Inbox) -> None:
        """Log in and take events until closed; raises OperatorError for a token that Discord refuses."""
        self._inbox = inbox
        await self._catchup.load()
        await self._log_in()
        if self._closing.is_set():
            # It was closed meanwhile: what the login has begun is still to be ended.
            await self.close()
            return
        self._tasks.start(self._keep_cursor())
        while not self._closing.is_set():
            await self._connect()

    async def close(self) -> None:
        """Take no more events, and end `run`."""
        self._closing.set()
        self._events.closed = True
        await self._tasks.cancel()
        with suppress(GlimmerError):
            # An older cursor only means that more is looked at after the start.
            await self._catchup.store()
        if self._client is not None:
            await self._client.close()

    async def _log_in(self) -> None:
        trace = RestTrace(self.governor)
        while not self._closing.is_set():
            try:
                self._client = await log_in(self._settings.token, self._settings.api_url, self._intents, trace)
            except discord.LoginFailure:
                raise OperatorError(
                    "DISCORD_TOKEN: Discord refused the token; copy it again from the Bot page of your application"
                ) from None
            except _UNREACHABLE as error:
                await self._wait("discord.unreachable", error)
            else:
                flags = self._client.application_flags
                # The client holds this same object: what is set here, before it connects, is what it identifies with.
                self._use_content(wanted=flags.gateway_message_content or flags.gateway_message_content_limited)
                self._listen(self._client)
                self._logged_in.set()
                return

    async def _connect(self) -> None:
        try:
            await self.client.connect()
        except discord.PrivilegedIntentsRequired:
            self._use_content(wanted=False)
        except discord.ConnectionClosed as error:
            if error.code == _AUTHENTICATION_FAILED:
                raise OperatorError("DISCORD_TOKEN: Discord's gateway refused the token") from None
            raise OperatorError(f"Discord's gateway refused the bot for good (close code {error.code})") from None
        except _UNREACHABLE as error:
            await self._wait("discord.disconnected", error)
        except Exception as error:  # an event that discord.py cannot read ends its connection, but must not end the bot
            log.exception("discord.connection_failed")
            await self.client.ws.close()
            await self._wait("discord.disconnected", error)

    async def _wait(self, event: str, error: Exception) -> None:
        log.warning(event, reason=type(error).__name__, retry_in=_RETRY)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), _RETRY)

    def _use_content(self, *, wanted: bool) -> None:
        self._intents.message_content = wanted
        if wanted:
            log.info("discord.intents", message_content=True)
        else:
            log.warning(
                "discord.intents",
                message_content=False,
                cost="in threads people must mention the bot each time, and what others say there is not seen; "
                "turn on Message Content Intent on the Bot page of your application to change that",
            )

    def _listen(self, client: discord.Client) -> None:
        events, desk = self._events, self._desk
        for handler in (
            events.on_message,
            events.on_raw_message_edit,
            events.on_raw_message_delete,
            events.on_raw_bulk_message_delete,
            events.on_raw_thread_delete,
            desk.on_interaction,
            self.on_ready,
            self.on_resumed,
            self.on_guild_available,
            self.on_guild_join,
            self.on_disconnect,
        ):
            client.event(handler)
        tree = app_commands.CommandTree[Any](client)
        commands.register(tree, desk, tool_commands.define(self._tools, desk))
        self._tasks.start(self._sync(tree))

    async def _sync(self, tree: app_commands.CommandTree[Any]) -> None:
        try:
            await commands.sync(tree, self._memory, self.client.application_id or 0)
        except _UNREACHABLE as error:
            log.warning("commands.not_synced", reason=str(error)[:200])

    async def on_ready(self) -> None:
        """A session began: what was said since the last one is read, in servers as soon as they are known."""
        self._online = True
        self._catchup.begin()
        log.info("discord.ready", user=str(self.me), guilds=len(self.client.guilds))
        self._tasks.start(self._catchup.read_direct(self.client, self._events.on_missed))
        for guild in self.client.guilds:
            if not guild.unavailable:
                self._tasks.start(self._catchup.read_guild(guild, self._events.on_missed))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A server is new to discord.py, which may be so for one that was known all along."""
        await self.on_guild_available(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server became known after the session began, or is back after an outage."""
        self._tasks.start(self._catchup.read_guild(guild, self._events.on_missed))

    async def on_resumed(self) -> None:
        """The session goes on; Discord has replayed what was missed."""
        self._online = True
        log.info("discord.resumed")

    async def on_disconnect(self) -> None:
        """The connection was lost; discord.py restores it."""
        self._online = False

    async def _keep_cursor(self) -> None:
        while True:
            await asyncio.sleep(_CURSOR_EVERY)
            with suppress(GlimmerError):
                # The store has said why; the next round tries again.
                await self._catchup.store()

    # Where answers go ----------------------------------------------------------------------------------------------

    def surface(self, turn: Turn) -> Surface:
        """The place in which this turn is answered."""
        if is_command(turn.ask) and turn.place.partition("/")[0] in {"", "command"}:
            return InteractionSurface(self, turn)
        threads = self._settings.threads and turn.ask.address.channel not in self._settings.reply_channels
        return ChannelSurface(self, turn, threads=threads)

    async def background(self, ask: Ask) -> Sequence[Quote]:
        """What was said in a thread before the bot joined it, with the message that it began with."""
        return await self._courtesy.background(ask) if ask.address.thread else ()

    async def asker(self, ask: Ask) -> Author:
        """Who asked: everything comes with its author's name."""
        return ask.author

    async def download(self, ask: Ask, attachment: Attachment, limit: int) -> bytes:
        """A file from Discord's CDN; a link is good for a day."""
        return await self._files.download(attachment, limit)

    async def show_waiting(self, ask: Ask) -> None:
        """Put a mark on a message that waits."""
        await self._courtesy.show_waiting(ask)

    async def show_taken(self, ask: Ask) -> None:
        """Nothing to do: a mark stays where it is."""

    async def tell(self, ask: Ask, text: str) -> None:
        """Say a sentence under the message, or else directly to its author."""
        await self._courtesy.tell(ask, text)

    async def reply(self, control: Control, reply: Reply) -> None:
        """Say it as the answer to the command, or else directly."""
        await self._courtesy.hand_over(control, reply)

    async def tell_operator(self, text: str) -> bool:
        """Say a sentence to the application's owner."""
        return await self._courtesy.tell_operator(text)
