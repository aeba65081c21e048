"""Where a turn is answered on Discord: a thread, a reply, a direct message, or the answer to a command."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol, cast

import discord
from discord.http import HTTPClient, Route

from adapters.discord_app import failures
from adapters.discord_app.controls import components
from adapters.discord_app.failures import translated
from adapters.discord_app.sending import send
from bot.errors import PlatformError, PlatformGone, PlatformRefused
from bot.messages import ControlKind, Page, Post, Turn
from bot.pacing import Governor, Priority
from bot.ports import Call, Lane, Limits

# Discord docs, resources/message: content.
PAGE_SIZE: Final = 2_000
# Discord docs, resources/channel: a thread's name.
THREAD_NAME: Final = 100
THREAD_ARCHIVE_MINUTES: Final = 1440
# Creating threads has a limit of minutes: after this many seconds the answer becomes a reply.
THREAD_PATIENCE: Final = 2.0
# Our clock and Discord's may differ by so many seconds when a lost post is looked for.
CLOCK_SKEW: Final = 5.0
# Discord docs, resources/message: message flags.
SUPPRESS_EMBEDS: Final = 1 << 2


class Rest(Protocol):
    """What surfaces need from the adapter."""

    governor: Governor

    async def http(self) -> HTTPClient:
        """The logged-in REST client; waits for the login."""
        ...

    @property
    def my_id(self) -> int:
        """The bot's own user id."""
        ...

    async def acknowledged(self, interaction: str) -> str:
        """Wait until a command was acknowledged; the id of the message that its answer will be, "" if unknown."""
        ...


def nonce_of(intent: Post) -> str:
    """The nonce of a post: 24 characters (Discord allows 25) that only this intent has."""
    digest = hashlib.sha256(f"{intent.turn}/{intent.number}/{intent.at!r}".encode()).digest()
    return base64.b32encode(digest).decode()[:24]


class ChannelSurface:
    """Answers in a channel, a thread or a direct message. The place is "mode/channel id": thread, reply or here."""

    def __init__(self, rest: Rest, turn: Turn, *, threads: bool) -> None:
        self._rest = rest
        self._turn = turn
        self._ask = turn.ask
        self._threads = threads
        self._mode, _, self._channel = turn.place.partition("/")
        self._buttons: dict[str, Sequence[ControlKind]] = {}
        self._first = next((post.ref for post in turn.posts if post.page == 0), "")

    @property
    def limits(self) -> Limits:
        """What fits into a message of Discord."""
        return Limits(page=PAGE_SIZE)

    def lane(self, call: Call, ref: str = "", page: Page | None = None) -> Lane:
        """Discord counts posts, edits and deletions of a channel separately."""
        return Lane(f"{call}:{self._channel}")

    async def open(self) -> str:
        """Make a thread of the question where that is wanted and possible; else answer where it was asked."""
        address = self._ask.address
        here = address.thread or address.channel
        self._mode, self._channel = ("reply" if address.workspace and self._ask.message else "here"), here
        wanted = self._threads and address.workspace and not address.thread and self._ask.message
        if wanted and await self._create_thread():
            self._mode, self._channel = "thread", self._ask.message
        return f"{self._mode}/{self._channel}"

    async def post(self, page: Page, intent: Post) -> str:
        """Post under a nonce, so that the same intent never makes a second message."""
        first = intent.page == 0
        body: dict[str, Any] = {
            "content": self._content(page, mention=page.notify and not self._replies(first)),
            "nonce": nonce_of(intent),
            "enforce_nonce": True,
            "flags": SUPPRESS_EMBEDS,
            "allowed_mentions": self._allowed(page),
            "components": components(self._not_yet_final(page), self._ask.address.locale),
        }
        if self._replies(first):
            body["message_reference"] = {"message_id": self._ask.message, "fail_if_not_exists": False}
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=self._channel)
        try:
            answer = await self._send(route, body, page)
        except PlatformRefused as error:
            if failures.code_of(error) != failures.NO_HISTORY_TO_REPLY:
                raise
            # Replying takes the right to read the history; without it the answer stands by itself.
            del body["message_reference"]
            answer = await self._send(route, body, page)
        ref = str(answer["id"])
        if first:
            self._first = ref
        return ref

    async def find(self, intent: Post) -> Sequence[str]:
        """Messages of ours in this channel since the intent, but for replies to other questions."""
        after = discord.utils.time_snowflake(datetime.fromtimestamp(intent.at - CLOCK_SKEW, UTC))
        async with translated():
            found = await (await self._rest.http()).logs_from(int(self._channel), 50, after=after)
        ours = [message for message in found if self._could_be_ours(cast("Mapping[str, Any]", message))]
        return [str(number) for number in sorted(int(message["id"]) for message in ours)]

    def _could_be_ours(self, message: Mapping[str, Any]) -> bool:
        reference: Mapping[str, Any] = message.get("message_reference") or {}
        answered = str(reference.get("message_id", self._ask.message))
        return int(message["author"]["id"]) == self._rest.my_id and answered == self._ask.message

    async def edit(self, ref: str, page: Page) -> str:
        """Replace what a message shows; the buttons are sent only when they change."""
        try:
            await self._edit(ref, page)
        except PlatformRefused as error:
            if failures.code_of(error) != failures.THREAD_ARCHIVED:
                raise
            await self._unarchive()
            await self._edit(ref, page)
        return ref

    async def _edit(self, ref: str, page: Page) -> Any:
        mention = self._keeps_mention and ref == self._first
        content = self._content(page, mention=mention)
        body: dict[str, Any] = {"content": content, "allowed_mentions": self._allowed(page)}
        if self._buttons.get(ref) != page.controls:
            body["components"] = components(page, self._ask.address.locale)
        if ControlKind.STOP not in page.controls and page.file is None:
            # A page in its final form has no file unless it says so: an earlier attempt may have left one.
            body["attachments"] = []
        answer = await self._send(self._edit_route(ref), body, page)
        self._buttons[ref] = page.controls
        return answer

    async def _send(self, route: Route, body: dict[str, Any], page: Page) -> Any:
        async with translated():
            return await self._request(route, body, page)

    def _edit_route(self, ref: str) -> Route:
        return Route("PATCH", "/channels/{channel_id}/messages/{message_id}", channel_id=self._channel, message_id=ref)

    async def _unarchive(self) -> None:
        async with translated():
            await (await self._rest.http()).edit_channel(int(self._channel), archived=False)

    async def delete(self, ref: str) -> None:
        """Remove a message; one that is already gone is fine."""
        try:
            async with translated():
                await (await self._rest.http()).delete_message(int(self._channel), int(ref))
        except PlatformGone:
            return

    async def typing(self, line: str = "") -> None:
        """Show the typing indicator where the question was asked, if the limits leave room for it."""
        channel = self._channel or self._ask.address.thread or self._ask.address.channel
        permit = self._rest.governor.try_permit(f"typing:{channel}")
        if permit is None:
            return
        with permit:
            try:
                async with translated():
                    await (await self._rest.http()).send_typing(int(channel))
            except PlatformError:
                # The indicator is a courtesy: without it the answer still comes.
                return

    async def close(self) -> None:
        """Nothing to do: the typing indicator ends by itself."""

    def _not_yet_final(self, page: Page) -> Page:
        """A page with a mention is edited once more to lose it: until then it must not look as if it were at rest."""
        mentions = page.notify and self._mode != "reply" and self._names and ControlKind.STOP not in page.controls
        return replace(page, controls=(ControlKind.STOP,)) if mentions and not self._keeps_mention else page

    def _replies(self, first: bool) -> bool:
        return first and self._mode == "reply" and bool(self._ask.message)

    @property
    def _names(self) -> bool:
        """Whether the asker is named: who gave a command looks at its answer, unless it comes much later."""
        return self._mode != "here" or bool(self._ask.job)

    @property
    def _keeps_mention(self) -> bool:
        """Whether nothing else tells whose answer it is: it comes much later, and is no reply to the question."""
        return bool(self._ask.job and self._ask.address.workspace) and not self._replies(first=True)

    def _content(self, page: Page, *, mention: bool = False) -> str:
        text = page.text
        return f"{text}\n-# <@{self._ask.author.id}>" if mention and self._names else text

    def _allowed(self, page: Page) -> Mapping[str, Any]:
        # Nobody is ever pinged by what the model writes: only the asker, and only by the post that says so.
        users = [self._ask.author.id] if page.notify else []
        return {"parse": [], "users": users, "replied_user": page.notify}

    async def _request(self, route: Route, body: dict[str, Any], page: Page) -> Any:
        return await send(await self._rest.http(), route, body, page.file)

    async def _create_thread(self) -> bool:
        """Whether a thread of the question exists now; gives up early, since the answer must not wait for it."""
        if self._ask.origin.get("channel_type") not in {"text", "news"}:
            return False
        lane = f"thread:{self._ask.address.channel}"
        if self._rest.governor.closed_for(lane) > THREAD_PATIENCE:
            return False
        try:
            async with translated(within=THREAD_PATIENCE), self._rest.governor.permit(lane, Priority.FIRST):
                await (await self._rest.http()).start_thread_with_message(
                    int(self._ask.address.channel),
                    int(self._ask.message),
                    name=thread_name(self._ask.text),
                    auto_archive_duration=THREAD_ARCHIVE_MINUTES,
                )
        except PlatformError as error:
            return failures.code_of(error) == failures.THREAD_EXISTS
        return True


def thread_name(text: str) -> str:
    """The first line of a question, cut to what a thread's name may have."""
    line = " ".join(text.split("\n", 1)[0].split()) or "…"
    return line if len(line) <= THREAD_NAME else f"{line[: THREAD_NAME - 1]}…"
