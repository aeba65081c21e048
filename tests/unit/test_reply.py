from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.console.surface import ConsoleSurface, Screen
from bot import texts
from bot.errors import LeaseLost, PlatformError, PlatformGone, PlatformRefused, PlatformUnsure
from bot.messages import Address, Ask, Author, ControlKind, Outcome, OutcomeKind, Page, Post
from bot.pacing import Budget, Governor
from bot.ports import Claim, Limits
from bot.reply import TAIL_ROOM, TRIES, NotDelivered, Reply
from storage.memory import MemoryStore
from tests.fixtures.faults import Crash, CrashingStore, Fault, Faults, hold, lost, refused_for
from tests.fixtures.virtual_time import now, run_virtually

PAGE = 60
LIMITS = Limits(page=PAGE + TAIL_ROOM, pages=5, file_from=4)
STOPPABLE = (ControlKind.STOP,)
AGAIN = (ControlKind.REGENERATE,)
QUESTION = Ask("k", "talk", Address("console", "", "terminal"), Author("ann", "Ann"), "hello", 0.0, "1")


@dataclass
class Watched(Screen):
    """A screen that checks at every change that a page which has a next one stays as it is."""

    bodies: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    sealed: dict[str, str] = field(default_factory=dict[str, str])
    posted: list[Page] = field(default_factory=list[Page])

    def post(self, place: str, page: Page, intent: Post) -> str:
        ref = super().post(place, page, intent)
        self.posted.append(page)
        self._check(ref, self.messages[ref].page if ref in self.messages else page)
        return ref

    def edit(self, ref: str, page: Page) -> None:
        super().edit(ref, page)
        self._check(ref, page)

    def _check(self, ref: str, page: Page) -> None:
        assert page.body == self.sealed.get(ref, page.body), "a sealed page has changed"
        if page.body:
            earlier = list(self.messages)[: list(self.messages).index(ref)]
            self.sealed |= {other: self.messages[other].page.body for other in earlier}

    @property
    def pages(self) -> list[Page]:
        return [message.page for message in self.messages.values()]

    @property
    def texts(self) -> list[str]:
        return [page.text for page in self.pages]


@dataclass
class Desk:
    """One turn, and the processes that work on it one after the other."""

    store: MemoryStore
    screen: Watched
    claim: Claim
    reply: Reply
    painter: asyncio.Task[None]
    lost: list[str]

    async def ended(self, outcome: Outcome) -> None:
        self.reply.finish(outcome)
        await self.painter

    async def settled(self) -> None:
        """Wait until nothing more happens: all calls and pauses are over."""
        await asyncio.sleep(60)


def a_store(age: float = 0.0, crashes: Sequence[Fault | None] = ()) -> MemoryStore:
    """A store whose clock runs behind by `age`, so that what it stored a moment ago is old for everybody else."""
    start = time.time() - age
    return CrashingStore(crashes, lambda: start + now())


async def at_desk(store: MemoryStore, screen: Watched) -> Desk:
    """A process takes the turn."""
    claim = await store.claim("somebody", 0.0)
    assert claim is not None
    gone: list[str] = []
    governor = Governor(overall=None, guess=Budget(limit=1000, window=1.0), clock=now)
    reply = Reply(ConsoleSurface(screen, claim.turn), governor, store, claim, on_lost=lambda: gone.append("lost"))
    return Desk(store, screen, claim, reply, asyncio.create_task(reply.paint()), gone)


def a_screen(faults: Faults | None = None) -> Watched:
    return Watched(io.StringIO(), LIMITS, faults or Faults())


async def begun(faults: Faults | None = None, store: MemoryStore | None = None) -> Desk:
    """A desk with a new turn."""
    store = store or a_store()
    await store.accept(QUESTION, wakes=True, limit=5)
    return await at_desk(store, a_screen(faults))


def virtually(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test on virtual time: pauses cost nothing."""

    def run() -> None:
        run_virtually(test())

    run.__name__ = test.__name__
    return run


def answered(text: str, note: str = "") -> Outcome:
    return Outcome(OutcomeKind.ANSWERED, "q", text, note, AGAIN)


def squeezed(text: str) -> str:
    return "".join(text.split())


# Any text, any faults, any deaths ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """What a model says, piece by piece, and how it ends; a piece of None is a repair."""

    pieces: list[tuple[str | None, str, float]]
    ending: str
    note: str

    @property
    def text(self) -> str:
        said = [piece for piece, _, _ in self.pieces]
        since = max((index for index, piece in enumerate(said) if piece is None), default=-1) + 1
        return "".join(piece or "" for piece in said[since:])

    @property
    def outcome(self) -> Outcome:
        if self.ending == "retracted" or not self.text.strip():
            return Outcome(OutcomeKind.RETRACTED, note=self.note)
        return answered(self.text, self.note)


words = st.text("abc 界é\n", max_size=90)
pieces = st.tuples(st.one_of(words, words, words, st.none()), st.sampled_from(["", "", "thinking"]), st.floats(0, 3))
attempts = st.builds(
    Attempt,
    st.lists(pieces, max_size=7),
    st.sampled_from(["answered", "answered", "retracted", "drained", "killed"]),
    st.sampled_from(["", "_(a note)_"]),
)
platform_faults = st.one_of(
    st.none(),
    st.none(),
    st.builds(refused_for, st.floats(0.1, 3)),
    st.builds(lost, after=st.booleans()),
    st.builds(Fault, st.builds(PlatformError, st.just("no")), st.booleans()),
    st.builds(Fault, st.builds(Crash), st.booleans()),
)
store_crashes = st.one_of(*[st.none()] * 6, st.builds(Fault, st.builds(Crash), st.booleans()))


async def say(desk: Desk, attempt: Attempt) -> Outcome | None:
    """What the model says, and the stored end; None when it was drained."""
    desk.screen.sealed.clear()
    for piece, status, pause in attempt.pieces:
        if status:
            desk.reply.status(status)
        if piece is None:
            desk.screen.sealed.clear()
            desk.reply.restart()
        else:
            desk.reply.write(piece)
        await asyncio.sleep(pause)
    if attempt.ending == "drained":
        return None
    if attempt.ending == "killed":
        raise Crash
    await desk.store.finish(desk.claim, attempt.outcome)
    return attempt.outcome


async def work(desk: Desk, attempt: Attempt) -> None:
    """One process; raises Crash where it dies."""
    speaking = asyncio.create_task(say(desk, attempt))
    try:
        await asyncio.wait({speaking, desk.painter}, return_when=asyncio.FIRST_COMPLETED)
        if desk.painter.done() and isinstance(desk.painter.exception(), Crash):
            raise Crash
        outcome = desk.claim.turn.outcome or await speaking
        if outcome is None:
            desk.reply.suspend()
        else:
            desk.reply.finish(outcome)
        await desk.painter
        if outcome is None:
            await desk.store.hand_back(desk.claim, count=False)
        else:
            await desk.store.delivered(desk.claim)
    except NotDelivered:
        await desk.store.hand_back(desk.claim)
    finally:
        for task in (speaking, desk.painter):
            task.cancel()
        await asyncio.gather(speaking, desk.painter, return_exceptions=True)


async def life(store: MemoryStore, screen: Watched, planned: Sequence[Attempt]) -> Outcome:
    """All processes until the turn is at rest, and its outcome."""
    await store.accept(QUESTION, wakes=True, limit=5)
    for attempt in [*planned, *[Attempt([("last words", "", 0)], "answered", "")] * 80]:
        desk = await at_desk(store, screen)
        with suppress(Crash):
            await work(desk, attempt)
        summary = await store.turn(1)
        assert summary is not None
        if summary.state == "delivered":
            assert summary.outcome is not None
            return summary.outcome
    raise AssertionError("it never came to rest")


def check(screen: Watched, outcome: Outcome) -> None:
    shown = screen.pages
    if not outcome.answer:
        assert screen.texts == ([outcome.note] if outcome.note else [])
        return
    *sealed, last = shown
    assert all(page.tail == "" and page.controls == () for page in sealed)
    assert last.controls == outcome.controls
    assert (last.file is not None) == (len(shown) >= LIMITS.file_from)
    body = "".join(page.body for page in shown)
    if last.tail == outcome.note:
        assert squeezed(body) == squeezed(outcome.answer)
    else:
        assert last.tail == " ".join(filter(None, (outcome.note, texts.say("too_many_pages"))))
        assert squeezed(outcome.answer).startswith(squeezed(body.removesuffix("…")))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(attempts, min_size=1, max_size=4),
    st.lists(platform_faults, max_size=30),
    st.lists(store_crashes, max_size=30),
    st.sampled_from([0.0, 120.0]),
)
def test_at_rest_the_last_attempt_is_shown_whole_and_once(
    planned: list[Attempt], faults: list[Fault | None], crashes: list[Fault | None], age: float
) -> None:
    async def scenario() -> None:
        screen = a_screen(Faults(*faults))
        check(screen, await life(a_store(age, crashes), screen, planned))

    run_virtually(scenario())
