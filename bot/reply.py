"""The reply: makes the messages on the platform agree with the text, whatever happens in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from bot import metrics, texts
from bot.errors import PlatformError, PlatformGone, PlatformRefused, PlatformUnsure
from bot.messages import ControlKind, Outcome, OutcomeKind, Page, Post
from bot.pacing import Governor, Priority
from bot.pages import Paginator
from bot.ports import Call, Claim, Store, Surface

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Kept free on every page for a status line or a note, and for the mention that notifies the asker.
TAIL_ROOM = 160

# A nonce is remembered by Discord for minutes only: within this many seconds a lost post is simply posted again.
NONCE_TRUST = 60.0

# How often in a row the platform may fail a call before the delivery is handed back, and the longest pause, in seconds.
TRIES = 8
LONGEST_PAUSE = 15.0


class NotDelivered(PlatformError):
    """The platform has failed every call for a while; the reply has to be delivered later."""


@dataclass(slots=True)
class _Shown:
    """A message of ours: `page` is what it was last made to show, None when that is not known."""

    post: Post
    page: Page | None = None
    seal: int | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class _Step:
    """One call that brings the shown pages nearer to the wanted ones."""

    call: Call
    index: int
    priority: Priority
    page: Page | None = None


class Reply:
    """One turn's answer on the platform.

    `write`, `status` and `restart` never wait: `paint` sends the newest state whenever the Governor lets it, and after
    `finish` brings everything to its final form and returns. `on_lost` is called when a page was deleted by a person
    or the platform refuses the answer: the model need not go on.
    """

    def __init__(
        self, surface: Surface, governor: Governor, store: Store, claim: Claim, *, on_lost: Callable[[], None]
    ) -> None:
        self._surface = surface
        self._governor = governor
        self._store = store
        self._claim = claim
        self._on_lost = on_lost
        self._locale = claim.turn.ask.address.locale
        self._shown = [_Shown(post, seal=post.seal) for post in claim.turn.posts]
        self._doubtful: Post | None = None
        self._placed = bool(claim.turn.place)
        self._text = ""
        self._status = ""
        self._outcome: Outcome | None = None
        self._suspended = False
        self._paginator = self._new_paginator()
        self._changed = asyncio.Event()
        self._patience: asyncio.Timeout | None = None
        self._seen_at = 0.0
        self._failures = 0
        self.refusal: PlatformRefused | None = None
        self.given_up = False
        self.first_text_at: float | None = None

    # What the turn says --------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """What the model has said so far in this attempt."""
        return self._text

    def write(self, text: str) -> None:
        """Add text of the model."""
        self._text += text
        self._status = ""
        self._changed.set()

    def status(self, line: str) -> None:
        """Show a line below the text until more text comes."""
        self._status = line
        self._changed.set()

    def restart(self) -> None:
        """Begin a new attempt in the same messages."""
        self._text = ""
        for shown in self._shown:
            shown.seal = None
        self._paginator = self._new_paginator()
        self._changed.set()

    def finish(self, outcome: Outcome) -> None:
        """Say how the turn ended; nothing is written after that."""
        if self.refusal is None:
            self._conclude(outcome)

    def _conclude(self, outcome: Outcome) -> None:
        self._outcome = outcome
        if outcome.answer != self._text:
            self._text = outcome.answer
            ends = [shown.seal for shown in self._shown if shown.seal is not None]
            # A retraction leaves no text that could have ended a page.
            self._paginator = self._new_paginator(ends if self._text else ())
        self._hurry()

    def page_deleted(self, ref: str) -> None:
        """A person has deleted one of the pages."""
        for index, shown in enumerate(self._shown):
            if shown.post.ref == ref:
                self._page_gone(index)

    def suspend(self) -> None:
        """Say that the answer will be finished later: the process is about to end."""
        self._suspended = True
        self._status = texts.say("restarting", self._locale)
        self._hurry()

    def _new_paginator(self, seals: Sequence[int] = ()) -> Paginator:
        return Paginator(self._surface.limits, room=TAIL_ROOM, seals=seals)

    def _hurry(self) -> None:
        self._changed.set()
        if self._patience is not None:
            # The painter may be waiting for a lesser call: let it ask again with the right of a final one.
            self._patience.reschedule(asyncio.get_running_loop().time())

    # What should be visible ----------------------------------------------------------------------------------------

    def _wanted(self) -> Sequence[Page]:
        if self._outcome is not None:
            return self._final_pages(self._outcome)
        bodies = self._paginator.pages(self._text)
        turn = self._claim.turn.id
        controls = () if self._suspended else (ControlKind.STOP,)
        if not bodies:
            # Without text yet, pages of an earlier attempt stay as they are.
            return [Page("", self._status, controls, turn)] if self._status else []
        *sealed, last = bodies
        return [*(Page(body, turn=turn) for body in sealed), Page(last, self._status, controls, turn)]

    def _final_pages(self, outcome: Outcome) -> Sequence[Page]:
        turn = self._claim.turn.id
        bodies = self._paginator.pages(self._text, final=True)
        if not bodies:
            return [Page(outcome.note, controls=outcome.controls, turn=turn)] if outcome.note else []
        note = outcome.note
        if self._paginator.overflowed:
            note = " ".join(filter(None, (note, texts.say("too_many_pages", self._locale))))
        file = ("answer.md", outcome.answer) if len(bodies) >= self._surface.limits.file_from else None
        *sealed, last = bodies
        return [*(Page(body, turn=turn) for body in sealed), Page(last, note, outcome.controls, turn, file=file)]

    def _next_step(self) -> _Step | None:
        wanted = self._wanted()
        final = self._outcome is not None or self._suspended
        if any(shown.gone for shown in self._shown):
            wanted = wanted[: len(self._shown)]
        for index, page in enumerate(wanted):
            if index == len(self._shown):
                return _Step(Call.POST, index, Priority.ROLL_OVER if index and not final else Priority.FIRST, page)
            shown = self._shown[index]
            if not shown.gone and shown.page != page:
                growth = Priority.EDIT if index == len(wanted) - 1 else Priority.ROLL_OVER
                return _Step(Call.EDIT, index, Priority.FINAL if final else growth, page)
        if self._doubtful is not None:
            # Whether it is there must be known, even if it is no longer wanted.
            return _Step(Call.POST, len(self._shown), Priority.FIRST, self._resuming(self._doubtful))
        surplus = [index for index in range(len(wanted), len(self._shown)) if not self._shown[index].gone]
        return _Step(Call.DELETE, surplus[-1], Priority.FINAL) if surplus and self._outcome is not None else None

    # The painter ---------------------------------------------------------------------------------------------------

    async def paint(self) -> None:
        """Keep the platform in step until the final form is shown; raises NotDelivered and LeaseLost."""
        try:
            await self._open()
        except PlatformGone:
            self._page_gone(len(self._shown))
        except PlatformRefused as error:
            self._give_up(error)
        with self._governor.live(self._surface.lane(Call.EDIT).name):
            while True:
                step = self._next_step()
                if step is not None:
                    await self._take(step)
                elif self._outcome is not None or self._suspended:
                    return
                else:
                    self._changed.clear()
                    await self._changed.wait()

    async def _open(self) -> None:
        if not self._placed:
            await self._store.place(self._claim, await self._insist(self._surface.open))
            self._placed = True
        for shown in [shown for shown in self._shown if not shown.post.ref]:
            await self._recover(shown)

    async def _recover(self, shown: _Shown) -> None:
        """Find out what became of a post whose answer never came."""
        post = shown.post
        if time.time() - post.at < NONCE_TRUST:
            ref = await self._insist(lambda: self._surface.post(self._resuming(post), post))
        else:
            found = await self._insist(lambda: self._surface.find(post))
            ref = next(iter([ref for ref in found if await self._store.turn_of_post(ref) is None]), "")
        if ref:
            shown.post = replace(post, ref=ref)
            await self._store.posted(self._claim, post.number, ref)
        else:
            self._shown.remove(shown)
            await self._store.unposted(self._claim, post.number)

    def _resuming(self, post: Post) -> Page:
        return Page("", texts.say("resuming", self._locale), turn=post.turn, notify=post.page == 0)

    async def _take(self, step: _Step) -> None:
        """Wait for the right to make this call, then make the one that is needed by then."""
        async with AsyncExitStack() as stack:
            if not await self._permitted(step, stack):
                return
            fresh = self._next_step()
            if fresh is None or fresh.call is not step.call:
                return
            try:
                await self._make(fresh)
            except PlatformGone:
                self._page_gone(fresh.index)
                return
            except PlatformRefused as error:
                self._refused(fresh.index, error)
                return
            except PlatformError as error:
                failure = error
            else:
                self._failures = 0
                return
        await self._pause(failure)

    async def _permitted(self, step: _Step, stack: AsyncExitStack) -> bool:
        lane = self._surface.lane(step.call)
        permit = self._governor.permit(lane.name, step.priority, unseen_since=self._seen_at, exempt=lane.exempt)
        try:
            async with asyncio.timeout(None) as self._patience:
                await stack.enter_async_context(permit)
        except TimeoutError:
            return False
        finally:
            self._patience = None
        return True

    async def _make(self, step: _Step) -> None:
        if step.page is None:
            await self._remove(self._shown[step.index])
            return
        if step.call is Call.POST:
            await self._post(step.index, step.page)
        else:
            shown = self._shown[step.index]
            await self._surface.edit(shown.post.ref, step.page)
            shown.page = step.page
        self._seen_at = time.monotonic()
        if step.page.body and self.first_text_at is None:
            self.first_text_at = self._seen_at
        await self._store_seals()

    async def _post(self, index: int, page: Page) -> None:
        intent = self._doubtful or await self._store.intend(self._claim, index)
        try:
            ref = await self._surface.post(replace(page, notify=index == 0), intent)
        except PlatformUnsure:
            # It may be there: until that is known nothing else is posted.
            self._doubtful = intent
            raise
        except PlatformError:
            if self._doubtful is None:
                await self._store.unposted(self._claim, intent.number)
            raise
        self._shown.append(_Shown(replace(intent, ref=ref), None if self._doubtful else page))
        self._doubtful = None
        await self._store.posted(self._claim, intent.number, ref)

    async def _remove(self, shown: _Shown) -> None:
        # Our own deletion comes back as an event, but by then the turn has ended and nobody acts on it.
        await self._surface.delete(shown.post.ref)
        self._shown.remove(shown)
        await self._store.unposted(self._claim, shown.post.number)

    async def _store_seals(self) -> None:
        for shown, seal in zip(self._shown, self._paginator.seals, strict=False):
            if shown.seal != seal:
                await self._store.sealed(self._claim, shown.post.number, seal)
                shown.seal = seal

    # When the platform will not ------------------------------------------------------------------------------------

    def _page_gone(self, index: int) -> None:
        log.info("reply.page_gone", turn=self._claim.turn.id, page=index)
        if index == len(self._shown):
            # The place itself is gone: nothing can be shown there any more.
            self._shown.append(_Shown(Post(self._claim.turn.id, 0, index, 0.0)))
            self._doubtful = None
        self._shown[index].gone = True
        self._on_lost()

    def _refused(self, index: int, error: PlatformRefused) -> None:
        """Say why in place of the answer; when even that is refused, show nothing more."""
        log.warning("reply.refused", turn=self._claim.turn.id, page=index, reason=str(error))
        metrics.platform_refusals.labels(error.text).inc()
        if self.refusal is not None:
            self._give_up(error)
            return
        self.refusal = error
        self._on_lost()
        note = texts.say(error.text, self._locale)
        self._conclude(Outcome(OutcomeKind.FAILED, note=note, controls=(ControlKind.REGENERATE,)))

    def _give_up(self, error: PlatformRefused) -> None:
        self.refusal = error
        self.given_up = True
        self._doubtful = None
        self._shown = [_Shown(Post(self._claim.turn.id, 0, 0, 0.0), gone=True)]
        self._conclude(Outcome(OutcomeKind.FAILED))
        self._on_lost()

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call until it succeeds; raises NotDelivered, PlatformGone and PlatformRefused."""
        while True:
            try:
                return await call()
            except (PlatformGone, PlatformRefused):
                raise
            except PlatformError as error:
                await self._pause(error)

    async def _pause(self, error: PlatformError) -> None:
        self._failures += 1
        metrics.platform_failures.inc()
        if self._failures > TRIES:
            raise NotDelivered("the platform has failed every call", retry_after=LONGEST_PAUSE) from error
        pause = min(error.retry_after or 0.25 * 2**self._failures, LONGEST_PAUSE)
        log.info("reply.call_failed", turn=self._claim.turn.id, reason=str(error), pause=round(pause, 2))
        await asyncio.sleep(pause)
