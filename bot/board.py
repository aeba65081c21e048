"""The board: the messages of one turn on the platform, and their record in the store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from bot import metrics, texts
from bot.errors import PlatformError, PlatformGone, PlatformRefused, PlatformUnsure
from bot.messages import ControlKind, Page, Post
from bot.pacing import Governor, Priority
from bot.ports import Call, Claim, Store, Surface

log = structlog.get_logger(__name__)

T = TypeVar("T")

# A nonce is remembered by Discord for minutes only: within this many seconds a lost post is simply posted again.
NONCE_TRUST = 60.0

# How often in a row the platform may fail a call before the delivery is handed back, and the longest pause, in seconds.
TRIES = 10
LONGEST_PAUSE = 5.0


class NotDelivered(PlatformError):
    """The platform has failed every call for a while; the reply has to be delivered later."""


@dataclass(slots=True)
class Shown:
    """A message of ours: `page` is what it was last made to show, None when that is not known."""

    post: Post
    page: Page | None = None
    seal: int | None = None
    gone: bool = False


class Board:
    """Posts, edits and removes the messages of a turn, each post once.

    An intent is stored before its post. One whose answer was lost is `doubtful`: until it is known what became of it,
    nothing else is posted.
    """

    def __init__(self, surface: Surface, governor: Governor, store: Store, claim: Claim) -> None:
        self.shown = [Shown(post, seal=post.seal) for post in claim.turn.posts]
        self.doubtful: Post | None = None
        self._surface = surface
        self._governor = governor
        self._store = store
        self._claim = claim
        self._failures = 0

    async def open(self) -> None:
        """Make the place ready, and find out what became of posts whose answers never came."""
        if not self._claim.turn.place:
            await self._store.place(self._claim, await self._insist(self._surface.open))
        for shown in [shown for shown in self.shown if not shown.post.ref]:
            await self._recover(shown)

    async def _recover(self, shown: Shown) -> None:
        post = shown.post
        if time.time() - post.at < NONCE_TRUST:
            ref = await self._insist(lambda: self._post_again(post))
        else:
            ref = await self._insist(lambda: self._find(post))
        if ref:
            shown.post = replace(post, ref=ref)
            await self._store.posted(self._claim, post.number, ref)
        else:
            self.shown.remove(shown)
            await self._store.unposted(self._claim, post.number)

    def resuming(self, post: Post) -> Page:
        """What a post shows of which it only matters that it is there."""
        line = texts.say("resuming", self._claim.turn.ask.address.locale)
        return Page("", line, turn=post.turn, notify=post.page == 0)

    async def _post_again(self, post: Post) -> str:
        page = self.resuming(post)
        lane = self._surface.lane(Call.POST, page=page)
        async with self._governor.permit(lane.name, Priority.FIRST, exempt=lane.exempt):
            return await self._surface.post(page, post)

    async def _find(self, post: Post) -> str:
        """The message that a post became, "" when there is none or the platform does not let us look."""
        try:
            found = await self._surface.find(post)
        except PlatformRefused as error:
            log.warning("reply.unfindable", turn=post.turn, reason=str(error))
            return ""
        for ref in found:
            if await self._store.turn_of_post(ref) is None:
                return ref
        return ""

    async def post(self, index: int, page: Page) -> None:
        """Post a page; the first one notifies the asker. Raises PlatformError and its kin."""
        if self.doubtful is not None and time.time() - self.doubtful.at > NONCE_TRUST:
            await self._resolve(self.doubtful)
            return
        intent = self.doubtful or await self._store.intend(self._claim, index)
        page = replace(page, notify=index == 0)
        try:
            ref = await self._surface.post(page, intent)
        except PlatformUnsure:
            self.doubtful = intent
            raise
        except PlatformError:
            if self.doubtful is None:
                await self._store.unposted(self._claim, intent.number)
            raise
        # What notifies may look different, so a page that will not grow is edited once more; a growing one is anyway.
        known = replace(page, notify=ControlKind.STOP not in page.controls and page.notify)
        self.shown.append(Shown(replace(intent, ref=ref), None if self.doubtful else known))
        self.doubtful = None
        await self._store.posted(self._claim, intent.number, ref)

    async def _resolve(self, intent: Post) -> None:
        """Too late for the same nonce: adopt what the post became, or forget it."""
        ref = await self._find(intent)
        self.doubtful = None
        if ref:
            self.shown.append(Shown(replace(intent, ref=ref)))
            await self._store.posted(self._claim, intent.number, ref)
        else:
            await self._store.unposted(self._claim, intent.number)

    async def edit(self, index: int, page: Page) -> None:
        """Make a message show another page, or put another message in its place. Raises PlatformError and its kin."""
        shown = self.shown[index]
        old = shown.post.ref
        ref = await self._surface.edit(old, page)
        shown.page = page
        if ref == old:
            return
        # Before the old one goes: nobody may take its deletion for that of the page.
        shown.post = replace(shown.post, ref=ref)
        await self._store.posted(self._claim, shown.post.number, ref)
        lane = self._surface.lane(Call.DELETE, old)
        async with self._governor.permit(lane.name, Priority.FINAL, exempt=lane.exempt):
            with suppress(PlatformError):  # the page is shown all the same, below what was shown first
                await self._surface.delete(old)

    async def remove(self, index: int) -> None:
        """Remove a message. Raises PlatformError and its kin."""
        # Our own deletion comes back as an event, but by then the turn has ended and nobody acts on it.
        shown = self.shown[index]
        await self._surface.delete(shown.post.ref)
        self.shown.remove(shown)
        await self._store.unposted(self._claim, shown.post.number)

    def lose(self, index: int) -> None:
        """A message is gone for good; one past the last stands for the place itself."""
        if index == len(self.shown):
            self.shown.append(Shown(Post(self._claim.turn.id, 0, index, 0.0)))
            self.doubtful = None
        self.shown[index].gone = True

    def lose_all(self) -> None:
        """Nothing can be shown any more."""
        self.shown.clear()
        self.lose(0)

    @property
    def seals(self) -> Sequence[int]:
        """Where the sealed pages end."""
        return [shown.seal for shown in self.shown if shown.seal is not None]

    def forget_seals(self) -> None:
        """A new attempt begins at page 1."""
        for shown in self.shown:
            shown.seal = None

    async def store_seals(self, seals: Sequence[int]) -> None:
        """Store where pages have ended, beside the messages that show them."""
        for shown, seal in zip(self.shown, seals, strict=False):
            if shown.seal != seal:
                await self._store.sealed(self._claim, shown.post.number, seal)
                shown.seal = seal

    # When the platform fails ---------------------------------------------------------------------------------------

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call until it succeeds; raises NotDelivered, PlatformGone and PlatformRefused."""
        while True:
            try:
                return await call()
            except (PlatformGone, PlatformRefused):
                raise
            except PlatformError as error:
                await self.pause(error)

    async def pause(self, error: PlatformError) -> None:
        """Wait before the next try, longer each time; raises NotDelivered after too many in a row."""
        self._failures += 1
        metrics.platform_failures.inc()
        if self._failures > TRIES:
            raise NotDelivered("the platform has failed every call", retry_after=LONGEST_PAUSE) from error
        pause = min(error.retry_after or 0.25 * 2**self._failures, LONGEST_PAUSE)
        log.info("reply.call_failed", turn=self._claim.turn.id, reason=str(error), pause=round(pause, 2))
        await asyncio.sleep(pause)

    def succeeded(self) -> None:
        """A call has been made: earlier failures count no more."""
        self._failures = 0
