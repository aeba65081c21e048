"""Any text, any faults, any deaths: at rest the last attempt is shown, whole and once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import texts
from bot.board import NotDelivered
from bot.errors import PlatformError
from bot.messages import Outcome, OutcomeKind
from storage.memory import MemoryStore
from tests.fixtures.faults import Crash, Fault, Faults, lost, refused_for
from tests.fixtures.reply_desk import LIMITS, QUESTION, Desk, Watched, a_screen, a_store, answered, at_desk
from tests.fixtures.virtual_time import run_virtually

pytestmark = pytest.mark.usefixtures("silence")


def squeezed(text: str) -> str:
    return "".join(text.split())


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
    st.builds(Fault, st.builds(PlatformError, st.just("no"))),
    st.builds(Fault, st.builds(Crash), st.booleans()),
)
store_crashes = st.one_of(*[st.none()] * 6, st.builds(Fault, st.builds(Crash), st.booleans()))


async def say(desk: Desk, attempt: Attempt) -> Outcome | None:
    """What the model says, and the stored end; None when it was drained. A finished turn is only delivered."""
    if desk.claim.turn.outcome is not None:
        return desk.claim.turn.outcome
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
    if not attempt.outcome.answer:
        desk.screen.sealed.clear()
    await desk.store.finish(desk.claim, attempt.outcome)
    return attempt.outcome


async def work(desk: Desk, attempt: Attempt) -> None:
    """One process; raises Crash where it dies."""
    speaking = asyncio.create_task(say(desk, attempt))
    try:
        await asyncio.wait({speaking, desk.painter}, return_when=asyncio.FIRST_COMPLETED)
        if desk.painter.done() and isinstance(desk.painter.exception(), Crash):
            raise Crash
        outcome = await speaking
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
