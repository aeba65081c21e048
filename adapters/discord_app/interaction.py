"""Where the answer to a command goes: its own response while the token lives, then messages like any other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import discord
from discord.http import Route

from adapters.discord_app import failures
from adapters.discord_app.controls import components
from adapters.discord_app.failures import translated
from adapters.discord_app.surface import PAGE_SIZE, SUPPRESS_EMBEDS, ChannelSurface, Rest
from bot.errors import PlatformError, PlatformGone
from bot.messages import Page, Post, Turn
from bot.ports import Call, Lane, Limits

# Discord docs, interactions/receiving-and-responding: a token lives for 15 minutes; we leave one in reserve.
INTERACTION_LIFE: Final = 14 * 60.0
# Same page: an app that is not in the server may send five follow-ups.
USER_INSTALLED_PAGES: Final = 6


class InteractionSurface(ChannelSurface):
    """Answers a command through its interaction; the place is "command/message id".

    The first page is the command's own response. Further pages are normal messages where the bot is a member, else
    follow-ups. Near the end of the token's life everything goes on as normal messages.
    """

    def __init__(self, rest: Rest, turn: Turn, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(rest, turn, threads=False)
        origin = turn.ask.origin
        self._application = origin["application"]
        self._token = origin["token"]
        self._id = origin["interaction"]
        self._member = origin.get("member") == "1"
        self._clock = clock
        self._expired = False
        self._response = turn.place.partition("/")[2] if turn.place.startswith("command/") else ""
        if not turn.place or turn.place.startswith("command/"):
            self._mode, self._channel = "here", turn.ask.address.thread or turn.ask.address.channel

    @property
    def limits(self) -> Limits:
        """What fits; an app that is not in the server may send only a few messages."""
        return Limits(page=PAGE_SIZE, pages=8 if self._member else USER_INSTALLED_PAGES)

    @property
    def _alive(self) -> bool:
        return (
            not self._expired
            and self._clock() - discord.utils.snowflake_time(int(self._id)).timestamp() < INTERACTION_LIFE
        )

    def lane(self, call: Call, ref: str = "", page: Page | None = None) -> Lane:
        """An interaction has a limit of its own, outside the overall one."""
        if self._alive and (call is Call.EDIT or not self._member):
            return Lane(f"hook-{call}:{self._token}", exempt=True)
        return super().lane(call, ref, page)

    async def open(self) -> str:
        """Wait until the command was acknowledged."""
        if not self._alive:
            await self._withdraw_response()
            return await super().open()
        self._response = await self._rest.acknowledged(self._id)
        return f"command/{self._response}"

    async def _withdraw_response(self) -> None:
        """The answer comes elsewhere: do not leave the command "thinking" for as long as its token lives."""
        with suppress(PlatformError):
            # Past the end of the token's life there is nothing left to withdraw.
            async with translated():
                await (await self._rest.http()).request(self._hook("DELETE", "/messages/@original"))

    async def post(self, page: Page, intent: Post) -> str:
        """The first page fills the command's response; the next ones are messages of their own."""
        if intent.page == 0 and self._alive:
            try:
                answer = await self._edit(self._response or "@original", page)
            except PlatformError as error:
                if failures.code_of(error) not in failures.EXPIRED or not self._member:
                    raise
                # The command was never acknowledged in time: the answer comes as a message of its own.
                self._expired = True
            else:
                self._response = self._response or str(answer["id"] if answer else "")
                return self._response or "@original"
        if self._member or not self._alive:
            return await super().post(page, intent)
        body: dict[str, Any] = {
            "content": page.text,
            "allowed_mentions": self._allowed(page),
        }
        body["components"] = components(page, self._ask.address.locale)
        answer = await self._send(self._hook("POST", ""), body, page)
        return str(answer["id"])

    async def find(self, intent: Post) -> Sequence[str]:
        """The command's own response is known; for other pages the channel is read."""
        if intent.page == 0 and self._response:
            return [self._response]
        return await super().find(intent)

    async def edit(self, ref: str, page: Page) -> str:
        """Through the interaction while its token lives, then as a message of ours."""
        try:
            return await super().edit(ref, page)
        except PlatformError as error:
            if failures.code_of(error) not in failures.EXPIRED:
                raise
            self._expired = True
            if not ref.isdigit():
                raise PlatformGone("the command's response is out of reach") from error
            return await super().edit(ref, page)

    async def _send(self, route: Route, body: dict[str, Any], page: Page) -> Any:
        # A command's response begins as one without flags: links are kept from unfolding by its first edit.
        return await super()._send(route, {"flags": SUPPRESS_EMBEDS, **body}, page)

    def _edit_route(self, ref: str) -> Route:
        if not self._alive:
            return super()._edit_route(ref)
        if ref in {self._response, "@original"}:
            return self._hook("PATCH", "/messages/@original")
        return self._hook("PATCH", f"/messages/{int(ref)}") if not self._member else super()._edit_route(ref)

    def _hook(self, method: str, path: str) -> Route:
        return Route(
            method,
            "/webhooks/{webhook_id}/{webhook_token}" + path,
            webhook_id=self._application,
            webhook_token=self._token,
        )

    async def typing(self, line: str = "") -> None:
        """Nothing to do: a command that was acknowledged shows by itself that an answer is coming."""
