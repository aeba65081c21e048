"""The Discord adapter: connects, takes events in, and says where answers go."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord import app_commands
from discord.http import HTTPClient

from adapters.discord_app import commands, controls, inbound
from adapters.discord_app.catchup import CatchUp
from adapters.discord_app.client import RestTrace, intents, log_in
from adapters.discord_app.courtesy import Courtesy
from adapters.discord_app.surface import ChannelSurface, InteractionSurface
from bot import texts
from bot.errors import GlimmerError, OperatorError
from bot.messages import Ask, Control, ControlKind, Quote, Turn
from bot.pacing import Governor
from bot.ports import Inbox, Memory, Reception, Surface

log = structlog.get_logger(__name__)

# Seconds between two attempts to reach Discord at the start, between two stores of the cursor, and to wait for a login.
_RETRY: Final = 5.0
_CURSOR_EVERY: Final = 15.0
_LOGIN_PATIENCE: Final = 20.0
# Before a message is refused because it could not be stored, this many tries.
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """What the operator decides about Discord."""

    token: str
    api_url: str
    threads: bool
    reply_channels: frozenset[str]


class DiscordAdapter:
    """Discord as an Adapter."""

    name = inbound.PLATFORM

    def __init__(
        self,
        settings: DiscordSettings,
        memory: Memory,
        governor: Governor,
        *,
        model_names: Sequence[str],
    ) -> None:
        self.governor = governor
        self._settings = settings
        self._memory = memory
        self._model_names = model_names
        self._intents = intents()
        self._catchup = CatchUp(memory, governor)
        self._courtesy = Courtesy(self)
        self._client: discord.Client | None = None
        self._inbox: Inbox | None = None
        self._logged_in = asyncio.Event()
        self._online = False
        self._closing = asyncio.Event()
        self._acknowledged: dict[str, asyncio.Future[str]] = {}
        self._parents: dict[int, int | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # The connection ------------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether events arrive."""
        return self._online and self._client is not None and not self._client.is_closed()

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

    async def http(self) -> HTTPClient:
        """The logged-in REST client; raises TimeoutError when there is none for a while."""
        async with asyncio.timeout(_LOGIN_PATIENCE):
            await self._logged_in.wait()
        return self.client.http

    async def run(self, inbox: Inbox) -> None:
        """Log in and take events until closed; raises OperatorError for a token that Discord refuses."""
        self._inbox = inbox
        await self._catchup.load()
        await self._log_in()
        self._own(self._keep_cursor())
        try:
            await self._connect()
        finally:
            await self._end_tasks()

    async def close(self) -> None:
        """Take no more events, and end `run`."""
        self._closing.set()
        await self._end_tasks()
        with suppress(GlimmerError):
            # An older cursor only means that more is looked at after the start.
            await self._catchup.store()
        if self._client is not None:
            await self._client.close()

    async def _log_in(self) -> None:
        while not self._closing.is_set():
            try:
                client = await log_in(
                    self._settings.token, self._settings.api_url, self._intents, RestTrace(self.governor)
                )
            except discord.LoginFailure:
                raise OperatorError(
                    "DISCORD_TOKEN: Discord refused the token; copy it again from the Bot page of your application"
                ) from None
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("discord.unreachable", reason=type(error).__name__, retry_in=_RETRY)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), _RETRY)
            else:
                self._client = client
                self._choose_intents(client)
                await self._listen(client)
                self._logged_in.set()
                return

    def _choose_intents(self, client: discord.Client) -> None:
        flags = client.application_flags
        # The client holds this same object: what is set here before the connection is what it identifies with.
        self._intents.message_content = flags.gateway_message_content or flags.gateway_message_content_limited
        self._report_intents()

    def _report_intents(self) -> None:
        if self._intents.message_content:
            log.info("discord.intents", message_content=True)
        else:
            log.warning(
                "discord.intents",
                message_content=False,
                cost="in threads people must mention the bot each time, and what others say there is not seen; "
                "turn on Message Content Intent on the Bot page of your application to change that",
            )

    async def _listen(self, client: discord.Client) -> None:
        events = (
            self.on_message,
            self.on_raw_message_edit,
            self.on_raw_message_delete,
            self.on_raw_bulk_message_delete,
            self.on_interaction,
            self.on_ready,
            self.on_resumed,
            self.on_disconnect,
        )
        for handler in events:
            client.event(handler)
        tree = app_commands.CommandTree[Any](client)
        commands.register(tree, self)
        self._own(self._sync(tree))

    async def _sync(self, tree: app_commands.CommandTree[Any]) -> None:
        try:
            await commands.sync(tree, self._memory, self.client.application_id or 0)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("commands.not_synced", reason=str(error)[:200])

    async def _connect(self) -> None:
        while not self._closing.is_set():
            try:
                await self.client.connect()
            except discord.PrivilegedIntentsRequired:
                self._intents.message_content = False
                self._report_intents()
            except discord.ConnectionClosed as error:
                if error.code == 4004:
                    raise OperatorError("DISCORD_TOKEN: Discord's gateway refused the token") from None
                raise OperatorError(f"Discord's gateway refused the bot for good (close code {error.code})") from None
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.warning("discord.disconnected", reason=type(error).__name__, retry_in=_RETRY)
                await asyncio.sleep(_RETRY)

    # Events --------------------------------------------------------------------------------------------------------

    async def on_ready(self) -> None:
        """A session began: what was said since the last one is read."""
        self._online = True
        log.info("discord.ready", user=str(self.me), guilds=len(self.client.guilds))
        self._own(self._catch_up())

    async def on_resumed(self) -> None:
        """The session goes on; Discord has replayed what was missed."""
        self._online = True
        log.info("discord.resumed")

    async def on_disconnect(self) -> None:
        """The connection was lost; discord.py restores it."""
        self._online = False

    async def on_message(self, message: discord.Message) -> None:
        """Take in a message that is for the bot, or was said in one of its threads."""
        if self._closing.is_set():
            return
        if inbound.is_person(message):
            await self._take_message(message)
        else:
            self._catchup.saw(message.id)

    async def _take_message(self, message: discord.Message) -> None:
        parent = await self._parent(message.channel)
        ask = inbound.read_message(message, self.me, parent)
        concerns_us = ask.addressed or (parent is not None and bool(ask.text or ask.attachments))
        if concerns_us and not await self._store_ask(ask):
            self._catchup.missed(message.id)
            return
        self._catchup.saw(message.id)

    async def _store_ask(self, ask: Ask) -> bool:
        """Store an ask; after several failures tell the asker. Whether it was stored."""
        for trial in range(1, _TRIES + 1):
            try:
                await self.inbox.ask(ask)
            except GlimmerError as error:
                log.error("ask.not_stored", key=ask.key, trial=trial, reason=str(error))  # noqa: TRY400 - it has no news
                await asyncio.sleep(0.2 * trial)
            else:
                return True
        if ask.addressed:
            await self.tell(ask, texts.say("not_stored", ask.address.locale))
        return False

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """An edited question changes what is asked, if it is not yet being answered."""
        message = event.message
        if message.author.bot or not (message.guild is None or inbound.is_for_us(message, self.me)):
            return
        text = inbound.clean(message, self.me)
        await self._steer(ControlKind.QUESTION_EDITED, inbound.message_key(event.message_id), text)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A deleted question is withdrawn, a deleted answer is stopped."""
        await self._deleted(event.message_id)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Many messages were deleted at once."""
        for message_id in event.message_ids:
            await self._deleted(message_id)

    async def _deleted(self, message_id: int) -> None:
        await self._steer(ControlKind.QUESTION_DELETED, inbound.message_key(message_id))
        await self._steer(ControlKind.ANSWER_DELETED, str(message_id))

    async def _steer(self, kind: ControlKind, target: str, value: str = "") -> None:
        address = inbound.address_of(None, discord.Object(0), None)
        actor = inbound.author_of(self.me)
        await self.inbox.control(Control(f"{kind}/{target}", kind, "", address, actor, target, value))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Act on a button; commands go through the tree."""
        if interaction.type is discord.InteractionType.component:
            control = controls.read_click(interaction)
            if control is not None:
                await self.take_control(interaction, control)

    # What commands and buttons do ------------------------------------------------------------------------------------

    @property
    def inbox(self) -> Inbox:
        """Where events go; only while running."""
        assert self._inbox is not None
        return self._inbox

    def model_names(self, beginning: str) -> list[str]:
        """The models to choose from."""
        return [name for name in self._model_names if beginning.lower() in name]

    async def take_ask(self, interaction: discord.Interaction, ask: Ask) -> Reception:
        """Store an ask and acknowledge the command; its answer waits for the acknowledgement."""
        ticket: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._acknowledged[ask.origin["interaction"]] = ticket
        reception, refusal = Reception.FULL, "not_stored"
        message_id = ""
        try:
            with suppress(GlimmerError):
                # Told to the asker below, as a command can answer for itself.
                reception, refusal = await self.inbox.ask(ask), "queue_full"
            if reception is Reception.FULL:
                await self._answer(interaction, texts.say(refusal, ask.address.locale))
            else:
                response = await interaction.response.defer(thinking=True)
                message_id = str(response.message_id or "") if response else ""
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("interaction.not_acknowledged", reason=str(error)[:200])
        finally:
            ticket.set_result(message_id)
        return reception

    async def acknowledged(self, interaction: str) -> str:
        """Wait until a command was acknowledged; the id of the message that its answer will be, "" if unknown."""
        ticket = self._acknowledged.pop(interaction, None)
        return await ticket if ticket is not None else ""

    async def take_control(self, interaction: discord.Interaction, control: Control) -> None:
        """Store a control, act on it and answer."""
        try:
            sentence = await self.inbox.control(control)
        except GlimmerError as error:
            log.error("control.not_stored", key=control.key, reason=str(error))  # noqa: TRY400 - it has no news
            sentence = texts.say("not_stored", control.address.locale)
        try:
            await self._answer(interaction, sentence)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("interaction.not_acknowledged", reason=str(error)[:200])

    async def _answer(self, interaction: discord.Interaction, sentence: str) -> None:
        if sentence:
            await interaction.response.send_message(sentence, ephemeral=True)
        else:
            await interaction.response.defer()

    # The rest of the Adapter -----------------------------------------------------------------------------------------

    def surface(self, turn: Turn) -> Surface:
        """The place in which this turn is answered."""
        if "interaction" in turn.ask.origin and turn.place.partition("/")[0] in {"", "command"}:
            return InteractionSurface(self, turn)
        threads = self._settings.threads and turn.ask.address.channel not in self._settings.reply_channels
        return ChannelSurface(self, turn, threads=threads)

    async def background(self, ask: Ask) -> Sequence[Quote]:
        """What was said in a thread before the bot joined it, with the message that it began with."""
        return await self._courtesy.background(ask) if ask.address.thread else ()

    async def show_waiting(self, ask: Ask) -> None:
        """Put a mark on a message that waits."""
        await self._courtesy.show_waiting(ask)

    async def tell(self, ask: Ask, text: str) -> None:
        """Say a sentence under the message, or else directly to its author."""
        await self._courtesy.tell(ask, text)

    async def tell_operator(self, text: str) -> bool:
        """Say a sentence to the application's owner."""
        return await self._courtesy.tell_operator(text)

    # Helpers ---------------------------------------------------------------------------------------------------------

    async def _parent(self, channel: Any) -> int | None:
        """The channel of a thread, None for anything else; looked up once where discord.py has no cache."""
        if isinstance(channel, discord.Thread):
            return channel.parent_id
        if not isinstance(channel, discord.PartialMessageable) or channel.guild_id is None:
            return None
        if channel.id not in self._parents:
            found = await self._courtesy.channel(channel.id)
            self._parents[channel.id] = found.parent_id if isinstance(found, discord.Thread) else None
        return self._parents[channel.id]

    async def _catch_up(self) -> None:
        await self._catchup.read(self.client, self.on_message)

    async def _keep_cursor(self) -> None:
        while True:
            await asyncio.sleep(_CURSOR_EVERY)
            await self._catchup.store()

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("task.failed", exc_info=task.exception())

    async def _end_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
