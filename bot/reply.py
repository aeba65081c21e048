"""The reply: makes the messages on the platform agree with the text, whatever happens in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import structlog

from bot import metrics, texts
from bot.board import Board
from bot.errors import PlatformError, PlatformGone, PlatformRefused, PlatformTooLong
from bot.messages import ControlKind, Outcome, OutcomeKind, Page
from bot.pacing import Governor, Priority
from bot.pages import Paginator
from bot.ports import Call, Claim, Lane, Store, Surface

log = structlog.get_logger(__name__)

# Kept free on every page for a status line or what notes there may be, and for the mention that notifies the asker.
TAIL_ROOM = 190
# Pages that the platform takes for too long are cut in half, but not below this, in the unit of the platform's limits.
_SMALLEST = 4 * TAIL_ROOM


@dataclass(frozen=True, slots=True)
class _Step:
    """One call that brings the shown pages nearer to the wanted ones; a deletion has no page."""

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
        self._turn = claim.turn.id
        self._locale = claim.turn.ask.address.locale
        self._on_lost = on_lost
        self._board = Board(surface, governor, store, claim)
        self._text = ""
        self._status = ""
        self._outcome: Outcome | None = None
        self._suspended = False
        self._ballot = 0
        self._attach = True
        self._limits = surface.limits
        self._paginator = self._new_paginator()
        self._pages: Sequence[Page] | None = None
        self._changed = asyncio.Event()
        self._patience: asyncio.Timeout | None = None
        self._seen_at = 0.0
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
        self._change()

    def status(self, line: str) -> None:
        """Show a line below the text until more text comes."""
        self._status = line
        self._change()

    def restart(self) -> None:
        """Begin a new attempt in the same messages."""
        self._text = ""
        self._board.forget_seals()
        self._paginator = self._new_paginator()
        self._change()

    def finish(self, outcome: Outcome) -> None:
        """Say how the turn ended; nothing is written after that."""
        if self.refusal is None:
            self._conclude(outcome)

    def pause(self, question: str, note: str, controls: Sequence[ControlKind], ballot: int) -> None:
        """Show below the text what people are asked, until the turn is taken up again."""
        self._ballot = ballot
        text = "\n\n".join(filter(None, (self._text.rstrip(), question)))
        self.finish(Outcome(OutcomeKind.DEFERRED, answer=text, note=note, controls=tuple(controls)))

    def _conclude(self, outcome: Outcome) -> None:
        self._outcome = outcome
        if outcome.answer != self._text:
            self._text = outcome.answer
            # A retraction leaves no text that could have ended a page.
            self._paginator = self._new_paginator(self._board.seals if self._text else ())
        self._hurry()

    def page_deleted(self, ref: str) -> None:
        """A person has deleted one of the pages."""
        for index, shown in enumerate(self._board.shown):
            if shown.post.ref == ref:
                self._page_gone(index)

    def suspend(self) -> None:
        """Say that the answer will be finished later: the process is about to end."""
        self._suspended = True
        self._status = texts.say("restarting", self._locale)
        self._hurry()

    def _new_paginator(self, seals: Sequence[int] = ()) -> Paginator:
        return Paginator(self._limits, room=TAIL_ROOM, seals=seals)

    def _change(self) -> None:
        self._pages = None
        self._changed.set()

    def _hurry(self) -> None:
        self._change()
        patience, self._patience = self._patience, None
        if patience is not None:
            # The painter may be waiting for a lesser call: let it ask again with the right of a final one.
            patience.reschedule(asyncio.get_running_loop().time())

    # What should be visible ----------------------------------------------------------------------------------------

    def _wanted(self) -> Sequence[Page]:
        if self._pages is None:
            self._pages = self._growing_pages() if self._outcome is None else self._final_pages(self._outcome)
        return self._pages

    def _growing_pages(self) -> Sequence[Page]:
        bodies = self._paginator.pages(self._text)
        controls = () if self._suspended else (ControlKind.STOP,)
        if not bodies:
            # Without text yet, pages of an earlier attempt stay as they are.
            return [Page("", self._status, controls, self._turn)] if self._status else []
        *sealed, last = bodies
        return [*(Page(body, turn=self._turn) for body in sealed), Page(last, self._status, controls, self._turn)]

    def _final_pages(self, outcome: Outcome) -> Sequence[Page]:
        bodies = self._paginator.pages(self._text, final=True)
        if not bodies:
            return [Page("", outcome.note, outcome.controls, self._turn)] if outcome.note else []
        attach = self._attach and len(bodies) >= self._surface.limits.file_from
        note = outcome.note
        if self._paginator.overflowed and attach:
            note = " ".join(filter(None, (note, texts.say("too_many_pages", self._locale))))
        file = _file(outcome, answer=attach) if self._attach else None
        *sealed, last = bodies
        return [
            *(Page(body, turn=self._turn) for body in sealed),
            Page(last, note, outcome.controls, self._turn, file=file, ballot=self._ballot),
        ]

    @property
    def _final(self) -> bool:
        return self._outcome is not None or self._suspended

    def _next_step(self) -> _Step | None:
        wanted, shown = self._wanted(), self._board.shown
        if any(message.gone for message in shown):
            wanted = wanted[: len(shown)]
        for index, page in enumerate(wanted):
            if index == len(shown):
                first = index == 0 or self._final
                return _Step(Call.POST, index, Priority.FIRST if first else Priority.ROLL_OVER, page)
            if not shown[index].gone and shown[index].page != page:
                growth = Priority.EDIT if index == len(wanted) - 1 else Priority.ROLL_OVER
                return _Step(Call.EDIT, index, Priority.FINAL if self._final else growth, page)
        if self._board.doubtful is not None:
            # Whether it is there must be known, even if it is no longer wanted.
            return _Step(Call.POST, len(shown), Priority.FIRST, self._board.resuming(self._board.doubtful))
        surplus = [index for index in range(len(wanted), len(shown)) if not shown[index].gone]
        return _Step(Call.DELETE, surplus[-1], Priority.FINAL) if surplus and self._outcome is not None else None

    # The painter ---------------------------------------------------------------------------------------------------

    async def paint(self) -> None:
        """Keep the platform in step until the final form is shown; raises NotDelivered and LeaseLost."""
        try:
            await self._board.open()
        except PlatformGone:
            self._page_gone(len(self._board.shown))
        except PlatformRefused as error:
            self._give_up(error)
        with self._governor.live(self._surface.lane(Call.EDIT).name):
            while True:
                step = self._next_step()
                if step is not None:
                    await self._take(step)
                elif self._final:
                    return
                else:
                    self._changed.clear()
                    await self._changed.wait()

    async def _take(self, step: _Step) -> None:
        """Wait for the right to make this call, then make the one that is needed by then."""
        async with AsyncExitStack() as stack:
            if not await self._permitted(step, stack):
                return
            fresh = self._next_step()
            if fresh is None or self._lane(fresh) != self._lane(step):
                return
            try:
                await self._make(fresh)
            except PlatformGone:
                self._page_gone(fresh.index)
                return
            except PlatformRefused as error:
                self._refused(fresh, error)
                return
            except PlatformError as error:
                failure = error
            else:
                self._board.succeeded()
                return
        await self._board.pause(failure)

    async def _permitted(self, step: _Step, stack: AsyncExitStack) -> bool:
        lane = self._lane(step)
        permit = self._governor.permit(lane.name, step.priority, unseen_since=self._seen_at, exempt=lane.exempt)
        try:
            async with asyncio.timeout(None) as self._patience:
                await stack.enter_async_context(permit)
        except TimeoutError:
            return False
        finally:
            self._patience = None
        return True

    def _lane(self, step: _Step) -> Lane:
        shown = self._board.shown
        ref = shown[step.index].post.ref if step.index < len(shown) else ""
        return self._surface.lane(step.call, ref, step.page)

    async def _make(self, step: _Step) -> None:
        if step.page is None:
            await self._board.remove(step.index)
            return
        if step.call is Call.POST:
            await self._board.post(step.index, step.page)
        else:
            await self._board.edit(step.index, step.page)
        self._seen_at = time.monotonic()
        if step.page.body and self.first_text_at is None:
            self.first_text_at = self._seen_at
        await self._board.store_seals(self._paginator.seals)

    # When the platform will not ------------------------------------------------------------------------------------

    def _page_gone(self, index: int) -> None:
        log.info("reply.page_gone", turn=self._turn, page=index)
        self._board.lose(index)
        self._on_lost()

    def _refused(self, step: _Step, error: PlatformRefused) -> None:
        """Do without the file, or with smaller pages; else say why in place of the answer, if even that may be said."""
        log.warning("reply.refused", turn=self._turn, page=step.index, reason=str(error))
        metrics.platform_refusals.labels(error.text).inc()
        if step.page is not None and step.page.file is not None:
            self._attach = False
            self._change()
        elif isinstance(error, PlatformTooLong) and self._limits.page > _SMALLEST:
            self._limits = replace(self._limits, page=self._limits.page // 2)
            self._paginator = self._new_paginator(self._paginator.seals[: step.index])
            self._change()
        elif self.refusal is not None:
            self._give_up(error)
        else:
            self.refusal = error
            self._on_lost()
            note = texts.say(error.text, self._locale)
            self._conclude(Outcome(OutcomeKind.FAILED, note=note, controls=(ControlKind.REGENERATE,)))

    def _give_up(self, error: PlatformRefused) -> None:
        self.refusal = error
        self.given_up = True
        self._board.lose_all()
        self._conclude(Outcome(OutcomeKind.FAILED))
        self._on_lost()


def _file(outcome: Outcome, *, answer: bool) -> tuple[str, str] | None:
    """What is attached below the last page, as (name, text): the whole answer, the reasoning, or both in one."""
    parts = [("answer.md", outcome.answer)] if answer else []
    if outcome.reasoning:
        parts.append(("thinking.md", f"# Thinking\n\n{outcome.reasoning.strip()}\n"))
    return (parts[0][0], "\n\n---\n\n".join(text for _, text in parts)) if parts else None
