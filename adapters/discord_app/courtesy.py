"""Calls outside of any reply: reading a thread once, marks on waiting messages, and sentences to people."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final, Protocol

import discord
import structlog
from discord.http import HTTPClient, Route

from adapters.discord_app.failures import CALL_TIMEOUT, EXPIRED, code_of, translated
from adapters.discord_app.inbound import is_command, quote_of
from adapters.discord_app.sending import send
from bot import texts
from bot.errors import PlatformError
from bot.messages import Ask, Control, Quote, Reply
from bot.pacing import Governor, Priority

log = structlog.get_logger(__name__)

# How much of a thread is read when the bot joins late, and for how many seconds the answer waits for it.
BACKGROUND_MESSAGES: Final = 30
BACKGROUND_PATIENCE: Final = 5.0
WAITING_MARK: Final = "👀"
# Discord docs, resources/message: message flags.
EPHEMERAL: Final = 1 << 6
# Seconds that the upload of a file may take.
UPLOAD_WITHIN: Final = 60.0


class Connection(Protocol):
    """What courtesies need from the adapter."""

    governor: Governor

    @property
    def client(self) -> discord.Client:
        """The logged-in client."""
        ...

    @property
    def me(self) -> discord.ClientUser:
        """The bot's own user."""
        ...

    async def http(self) -> HTTPClient:
        """The logged-in REST client."""
        ...

    async def acknowledged(self, interaction: str) -> str:
        """Wait until a command was acknowledged."""
        ...


class Courtesy:
    """Best-effort calls: a failure is logged and changes nothing else."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def channel(self, channel_id: int) -> object:
        """A channel that discord.py does not have in its cache, None when it cannot be had."""
        try:
            async with translated(), self._connection.governor.permit(f"channel:{channel_id}", Priority.FIRST):
                return await self._connection.client.fetch_channel(channel_id)
        except PlatformError as error:
            log.info("discord.channel_unknown", channel=channel_id, reason=str(error))
            return None

    async def message(self, channel_id: int, message_id: int) -> discord.Message | None:
        """A message that an event refers to without carrying it, None when it cannot be had."""
        channel = self._connection.client.get_partial_messageable(channel_id)
        try:
            async with translated(), self._connection.governor.permit(f"read:{channel_id}", Priority.FIRST):
                return await channel.fetch_message(message_id)
        except PlatformError as error:
            log.info("discord.message_unknown", channel=channel_id, reason=str(error))
            return None

    async def background(self, ask: Ask) -> Sequence[Quote]:
        """The starter message of a thread and what was said in it before this ask, oldest first."""
        try:
            async with translated(within=BACKGROUND_PATIENCE):
                starter = await self._starter(ask)
                lane = f"read:{ask.address.thread}"
                async with self._connection.governor.permit(lane, Priority.FIRST):
                    thread = self._connection.client.get_partial_messageable(int(ask.address.thread))
                    before = discord.Object(int(ask.message)) if ask.message else None
                    said = [m async for m in thread.history(limit=BACKGROUND_MESSAGES, before=before)]
        except PlatformError as error:
            log.info("discord.thread_unread", thread=ask.address.thread, reason=str(error))
            return ()
        messages = [*([starter] if starter else []), *reversed(said)]
        own = self._connection.me.id
        return [q for m in messages if m.author.id != own and (q := quote_of(m, self._connection.me))]

    async def _starter(self, ask: Ask) -> discord.Message | None:
        """The message that a thread was made from; a forum post's is inside the post and comes with the rest."""
        parent = self._connection.client.get_partial_messageable(int(ask.address.channel))
        try:
            async with self._connection.governor.permit(f"read:{ask.address.channel}", Priority.FIRST):
                return await parent.fetch_message(int(ask.address.thread))
        except discord.HTTPException:
            return None

    async def show_waiting(self, ask: Ask) -> None:
        """Put a mark on a message that waits, if the limits leave room for it."""
        if not ask.message:
            return
        channel = ask.address.thread or ask.address.channel
        permit = self._connection.governor.try_permit(f"reaction:{channel}")
        if permit is None:
            return
        with permit:
            try:
                async with translated():
                    await (await self._connection.http()).add_reaction(int(channel), int(ask.message), WAITING_MARK)
            except PlatformError as error:
                log.debug("discord.mark_refused", reason=str(error))

    async def tell(self, ask: Ask, text: str) -> None:
        """Say a sentence as the command's response, under the message, or else directly to its author."""
        if is_command(ask):
            await self._fill_response(ask, text)
            return
        channel = ask.address.thread or ask.address.channel
        reference = {"message_id": ask.message, "fail_if_not_exists": False} if ask.message else None
        if await self._say(channel, text, reference) or not ask.address.workspace:
            return
        direct = await self._direct(int(ask.author.id))
        if direct is not None:
            await self._say(direct, text)

    async def _fill_response(self, ask: Ask, text: str) -> None:
        # One that is refused is told so before it was acknowledged.
        await self._connection.acknowledged(ask.origin["interaction"])
        route = Route(
            "PATCH",
            "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
            webhook_id=ask.origin["application"],
            webhook_token=ask.origin["token"],
        )
        body: dict[str, Any] = {"content": text, "components": [], "allowed_mentions": {"parse": []}}
        try:
            async with translated():
                await (await self._connection.http()).request(route, json=body)
        except PlatformError as error:
            log.info("discord.not_told", reason=str(error))

    async def hand_over(self, control: Control, reply: Reply) -> None:
        """Answer a command that was acknowledged before; directly where its token is good no more."""
        await self._connection.acknowledged(control.origin["interaction"])
        try:
            await self._follow_up(control, reply)
        except PlatformError as error:
            log.warning("interaction.not_answered", reason=str(error))
            if code_of(error) in EXPIRED:
                await self._say_directly(control, reply)
            elif reply.file is not None:
                await self.hand_over(control, Reply(texts.say("export_failed", control.address.locale)))

    async def _follow_up(self, control: Control, reply: Reply) -> None:
        path, origin = "/webhooks/{webhook_id}/{webhook_token}", control.origin
        route = Route("POST", path, webhook_id=origin["application"], webhook_token=origin["token"])
        body: dict[str, Any] = {"content": reply.text, "flags": EPHEMERAL, "allowed_mentions": {"parse": []}}
        async with translated(within=UPLOAD_WITHIN):
            await send(await self._connection.http(), route, body, reply.file)

    async def _say_directly(self, control: Control, reply: Reply) -> None:
        direct = await self._direct(int(control.actor.id))
        if direct is not None and not await self._say(direct, reply.text, file=reply.file) and reply.file is not None:
            await self._say(direct, texts.say("export_failed", control.address.locale))

    async def tell_operator(self, text: str) -> bool:
        """Say a sentence to the application's owner; whether it arrived."""
        application = self._connection.client.application
        if application is None:
            return False
        team = application.team
        owner = team.owner_id if team and team.owner_id else application.owner.id
        direct = await self._direct(owner)
        return direct is not None and await self._say(direct, text)

    async def _direct(self, user_id: int) -> str | None:
        try:
            async with translated(), self._connection.governor.permit(f"direct:{user_id}", Priority.ROLL_OVER):
                channel = await (await self._connection.http()).start_private_message(str(user_id))
        except PlatformError as error:
            log.info("discord.no_direct_message", reason=str(error))
            return None
        return str(channel["id"])

    async def _say(
        self,
        channel: str,
        text: str,
        reference: dict[str, Any] | None = None,
        file: tuple[str, str] | None = None,
    ) -> bool:
        body: dict[str, Any] = {"content": text, "allowed_mentions": {"parse": [], "replied_user": True}}
        body |= {"nonce": secrets.token_hex(12), "enforce_nonce": True}
        if reference:
            body["message_reference"] = reference
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=channel)
        try:
            within = UPLOAD_WITHIN if file else CALL_TIMEOUT
            async with (
                translated(within=within),
                self._connection.governor.permit(f"post:{channel}", Priority.ROLL_OVER),
            ):
                await send(await self._connection.http(), route, body, file)
        except PlatformError as error:
            log.info("discord.not_told", reason=str(error))
            return False
        return True
