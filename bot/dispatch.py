"""The dispatcher: takes in what adapters bring, and gives each conversation its turns, one at a time."""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog

from bot import metrics, texts
from bot.attachments import Attachments
from bot.commands import Commands
from bot.controls import Controls
from bot.dialogue import Dialogue, Ending
from bot.errors import LeaseLost, OperatorError, PlatformError
from bot.gate import Gate
from bot.means import Means
from bot.messages import Address, Ask, Author, Control, ControlKind, Reply
from bot.pacing import Governor
from bot.ports import Adapter, Claim, Reception, Store
from bot.settings import FollowUp
from bot.tasks import Tasks

log = structlog.get_logger(__name__)

# Seconds that a lease lives without a heartbeat, and between two heartbeats.
LEASE = 30.0
HEARTBEAT = 10.0
# Seconds before a turn is taken up again that failed in a way nobody foresaw, times how often it has.
BACKOFF = 5.0
# Seconds before the store is tried again after it has failed.
STORE_PAUSE = 2.0
# Of the seconds that a drain may take, this part is left to turns for ending by themselves.
FINISHING_SHARE = 0.5

# What brings something to answer, or files that were lacking: work is looked for, and the files are fetched at once.
_NEWS = frozenset({Reception.TAKEN, Reception.WAITING, Reception.COMPLETED})

# The tools that somebody may use in a place.
ToolNames = Callable[[Address, Author], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator decides about the inbox and the lane."""

    follow_up: FollowUp
    queue_limit: int
    max_turns: int


class Dispatcher:
    """The Inbox of all adapters, and the worker that claims conversations; `well` while the store lets it."""

    def __init__(
        self, store: Store, policy: Policy, gate: Gate, adapters: Mapping[str, tuple[Adapter, Governor]]
    ) -> None:
        self._store = store
        self._gate = gate
        self._policy = policy
        self._adapters = adapters
        self._owner = uuid.uuid4().hex
        self._means: Means | None = None
        self._commands: Commands | None = None
        self._tool_names: ToolNames | None = None
        self._controls: Controls | None = None
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(policy.max_turns)
        self._running: dict[int, tuple[Claim, Dialogue]] = {}
        self._tasks = Tasks()
        self._told_full: set[tuple[str, str]] = set()
        self._crashes: Counter[int] = Counter()
        self._draining = False
        self.well = True

    def equip(self, means: Means, commands: Commands, tool_names: ToolNames) -> None:
        """Give the means of a turn and the commands, which need the dispatcher itself, and who knows the tools."""
        self._means = means
        self._commands = commands
        self._tool_names = tool_names
        adapters = {name: adapter for name, (adapter, _) in self._adapters.items()}
        self._controls = Controls(self._store, commands, adapters, self._tasks)

    # The inbox -----------------------------------------------------------------------------------------------------

    async def ask(self, ask: Ask) -> Reception:
        """Store an ask and wake whoever is to answer it."""
        wakes = ask.addressed or await self._follows_up(ask)
        # What comes from the background was let in when it was asked.
        limit = sys.maxsize if ask.job else self._policy.queue_limit
        async with self._gate.entrance(ask):
            refusal = await self._gate.refusal(ask, wakes=wakes)
            if refusal is not None:
                return self._refuse(ask, refusal.sentence)
            reception = await self._store.accept(ask, wakes=wakes, limit=limit)
        metrics.asks.labels(reception).inc()
        log.debug("ask.accepted", key=ask.key, conversation=ask.conversation, reception=reception)
        adapter, _ = self._adapters[ask.address.platform]
        if reception in _NEWS:
            self._wake.set()
            self._attachments.begin(adapter, ask)
        if reception is Reception.WAITING:
            self._tasks.start(adapter.show_waiting(ask))
        if reception is Reception.COMPLETED:
            # Not before a turn that was claimed a moment ago, without the files, is known to be running.
            asyncio.get_running_loop().call_soon(self._begin_again, ask.key)
        self._tell_full(ask, reception)
        return reception

    def _refuse(self, ask: Ask, sentence: str) -> Reception:
        if sentence:
            adapter, _ = self._adapters[ask.address.platform]
            self._tasks.start(adapter.tell(ask, sentence))
        return Reception.REFUSED

    def _begin_again(self, key: str) -> None:
        """Let a turn that runs here without the files of this ask begin again with them."""
        for claim, dialogue in self._running.values():
            if any(ask.key == key and not ask.attachments for ask in claim.turn.asks):
                dialogue.begin_again()

    def _tell_full(self, ask: Ask, reception: Reception) -> None:
        """Say that the queue is full, to each author once until it has room again."""
        who = (ask.conversation, ask.author.id)
        if reception in (Reception.TAKEN, Reception.WAITING):
            self._told_full.discard(who)
        elif reception is Reception.FULL and not ask.alone and who not in self._told_full:
            self._told_full.add(who)
            self.tell(ask, "queue_full")

    async def _follows_up(self, ask: Ask) -> bool:
        if self._policy.follow_up is FollowUp.MENTIONED or not await self._store.knows(ask.conversation):
            return False
        return self._policy.follow_up is FollowUp.ALWAYS or await self._store.has_asked(ask.conversation, ask.author.id)

    async def control(self, control: Control) -> Reply:
        """Store a control, act on it, and return what is for its actor; of one that takes long nothing yet."""
        assert self._controls is not None
        reply = await self._controls.take(control)
        if control.kind is ControlKind.QUESTION_DELETED:
            self._attachments.forget(control.target)
        return reply

    @property
    def _attachments(self) -> Attachments:
        assert self._means is not None
        return self._means.attachments

    async def barred(self, address: Address, author: Author, tool: str = "") -> str:
        """Why somebody may not ask there now, or not call this tool, "" when they may."""
        return await self._gate.barred(address, author, asking=True, tool=tool)

    async def chosen_models(self, address: Address, author: str) -> Mapping[str, str]:
        """The models that are chosen for somebody in a place, by scope."""
        assert self._commands is not None
        return await self._commands.chosen_models("", address, author)

    async def tool_names(self, address: Address, author: Author) -> Sequence[str]:
        """The tools that somebody may switch on and off in a place."""
        assert self._tool_names is not None
        return await self._tool_names(address, author)

    # What commands need --------------------------------------------------------------------------------------------

    def stop(self, turn: int, *, retract: bool = False) -> None:
        """End a turn that runs here, and with `retract` remove its answer; one that is parked is taken up to end."""
        if turn in self._running:
            self._running[turn][1].stop(retract=retract)
        self._wake.set()

    def tell(self, ask: Ask, text: str) -> None:
        """Say one of our sentences to whoever asked this."""
        adapter, _ = self._adapters[ask.address.platform]
        self._tasks.start(adapter.tell(ask, texts.say(text, ask.address.locale)))

    def page_deleted(self, turn: int, ref: str) -> None:
        """End a turn that runs here, one of whose pages a person has deleted."""
        if turn in self._running:
            self._running[turn][1].page_deleted(ref)

    def running(self, address: Address, author: str) -> int | None:
        """The newest turn of this author that runs in this channel."""
        turns = [
            number
            for number, (claim, _) in self._running.items()
            if claim.turn.ask.author.id == author and claim.turn.ask.address.channel == address.channel
        ]
        return max(turns, default=None)

    async def delivered(self, turn: int, seconds: float) -> None:
        """Wait until a turn that runs here is over, at most so long."""
        if turn in self._running:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._running[turn][1].over.wait()

    @property
    def load(self) -> int:
        """How many turns run."""
        return len(self._running)

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    # The worker ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Claim and answer until drained; raises what the store raises."""
        assert self._controls is not None
        await self._controls.resume()
        heartbeat = asyncio.create_task(self._beat())
        try:
            while not self._draining:
                await self._slots.acquire()
                self._wake.clear()
                claim = None if self._draining else await self._claim()
                if claim is None:
                    self._slots.release()
                    await self._idle()
                else:
                    self._tasks.start(self._work(claim))
        finally:
            heartbeat.cancel()
            with suppress(asyncio.CancelledError):
                await heartbeat

    async def drain(self, seconds: float) -> None:
        """Begin nothing new, let running turns end or hand them back, within about so many seconds."""
        self._draining = True
        self._wake.set()
        await self._tasks.wait(seconds * FINISHING_SHARE)
        for _, dialogue in self._running.values():
            dialogue.drain()
        await self._tasks.wait(seconds * (1 - FINISHING_SHARE))
        await self._tasks.cancel()

    async def _claim(self) -> Claim | None:
        try:
            claim = await self._store.claim(self._owner, LEASE)
        except OperatorError as error:
            # A full disk, most likely: it must not end the process, which goes on when there is room again.
            self.well = False
            log.error("store.failed", reason=str(error), retry_in=STORE_PAUSE)  # noqa: TRY400  # the message says it all
            await asyncio.sleep(STORE_PAUSE)
            return None
        self.well = True
        return claim

    async def _idle(self) -> None:
        try:
            due = await self._store.next_due(self._owner)
        except OperatorError:
            # The next claim says what is wrong.
            due = STORE_PAUSE
        with suppress(TimeoutError):
            # Half a lease at most: that is how soon a conversation of a dead process must be noticed.
            async with asyncio.timeout(min(due if due is not None else LEASE, LEASE / 2)):
                await self._wake.wait()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            try:
                await self._store.renew(self._owner, LEASE)
            except Exception:  # a heart that stops would let others take over what is still being worked on
                log.exception("heartbeat.failed", retry_in=HEARTBEAT)

    async def _work(self, claim: Claim) -> None:
        """Answer turns of one conversation until none is left."""
        metrics.turns_running.inc()
        try:
            current: Claim | None = claim
            while current is not None:
                current = await self._answer(current)
        finally:
            metrics.turns_running.dec()
            self._slots.release()
            self._wake.set()

    async def _answer(self, claim: Claim) -> Claim | None:
        """Run one turn and return the next of its conversation."""
        started = time.monotonic()
        try:
            ending = await self._run_turn(claim)
            self._crashes.pop(claim.turn.id, None)
            if ending is Ending.PARKED:
                await self._release(partial(self._store.park, claim))
                log.info("turn.parked", turn=claim.turn.id)
            elif ending is Ending.DELIVERED and not self._draining:
                return await self._store.proceed(claim)
            else:
                await self._hand_back(claim, count=False)
        except LeaseLost:
            log.warning("turn.lease_lost", turn=claim.turn.id)
        except PlatformError as error:
            log.warning("turn.not_delivered", turn=claim.turn.id, reason=str(error))
            await self._hand_back(claim, after=error.retry_after or BACKOFF)
        except Exception:  # whatever it was, this turn is tried again and the process lives
            log.exception("turn.crashed", turn=claim.turn.id, seconds=round(time.monotonic() - started, 1))
            self._crashes[claim.turn.id] += 1
            await self._hand_back(claim, after=BACKOFF * self._crashes[claim.turn.id])
        return None

    async def _run_turn(self, claim: Claim) -> Ending:
        """How far the turn came."""
        assert self._means is not None
        adapter, governor = self._adapters[claim.turn.ask.address.platform]
        dialogue = Dialogue(self._means, claim, adapter, governor)
        self._running[claim.turn.id] = (claim, dialogue)
        try:
            return await dialogue.run()
        finally:
            self._running.pop(claim.turn.id, None)
            dialogue.over.set()

    async def _hand_back(self, claim: Claim, *, after: float = 0.0, count: bool = True) -> None:
        """Hand a turn back, to be taken up again after so many seconds."""
        await self._release(partial(self._store.hand_back, claim, after=after, count=count))

    async def _release(self, release: Callable[[], Awaitable[None]]) -> None:
        """End a lease; the heartbeat would keep it for ever if this were given up."""
        while True:
            try:
                await release()
            except OperatorError as error:
                log.error("store.failed", reason=str(error), retry_in=STORE_PAUSE)  # noqa: TRY400  # as above
                await asyncio.sleep(STORE_PAUSE)
            except LeaseLost:
                return
            else:
                return
