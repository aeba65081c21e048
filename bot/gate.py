"""The gate: who is answered, who is not, and what they are told about it."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from weakref import WeakValueDictionary

import structlog

from bot import metrics, texts
from bot.loop_guard import LoopGuard
from bot.messages import Address, Ask, Author, Control, ControlKind
from bot.ports import Store
from bot.quotas import Meter, resets_in
from bot.rulebooks import Rulebook, Rulebooks, ruling
from bot.rules import Kind, Limit, Presence, Ruling, Unit, presence_of

log = structlog.get_logger(__name__)

Key = TypeVar("Key")
Value = TypeVar("Value")

# Seconds between two sentences to one person for the same reason; how many of these, and of refusals, are remembered.
TOLD_EVERY: Final = 3_600.0
_REMEMBERED: Final = 10_000

# What anybody may do: end what is theirs, have it, take it back, read the help; /access looks at rights itself.
_FREE: Final = frozenset(
    {
        ControlKind.STOP,
        ControlKind.DENY,
        ControlKind.JOBS,
        ControlKind.HELP,
        ControlKind.ACCESS,
        ControlKind.EXPORT,
        ControlKind.FORGET,
        ControlKind.QUESTION_EDITED,
        ControlKind.QUESTION_DELETED,
        ControlKind.ANSWER_DELETED,
    }
)
_UNWELCOME: Final[Mapping[Ruling, str]] = {
    Ruling.PERSON: "refused_person",
    Ruling.PLACE: "refused_place",
    Ruling.UNLISTED: "refused_unlisted",
}
_USED_UP: Final[Mapping[Kind, str]] = {
    Kind.USER: "quota_user",
    Kind.CHANNEL: "quota_channel",
    Kind.SERVER: "quota_server",
}
_COUNTED: Final[Mapping[Unit, str]] = {
    Unit.REQUESTS: "unit_requests",
    Unit.TOKENS: "unit_tokens",
    Unit.USD: "unit_usd",
    Unit.CNY: "unit_cny",
}
# What asks the model once more.
_ASKING: Final = frozenset({ControlKind.REGENERATE, ControlKind.RETRY, ControlKind.CONTINUE})


@dataclass(frozen=True, slots=True)
class Refusal:
    """That somebody is not answered: for what `reason`, and the sentence for them, "" when nothing is to be said."""

    reason: str
    sentence: str = ""


class Gate:
    """Decides by the rulebooks, the quotas and the loop guard; `clock` gives Unix seconds."""

    def __init__(self, store: Store, books: Rulebooks, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._books = books
        self._clock = clock
        self._guard = LoopGuard()
        self._told: OrderedDict[tuple[str, str, str], float] = OrderedDict()
        self._refused: OrderedDict[str, Refusal] = OrderedDict()
        self._entrances: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def entrance(self, ask: Ask) -> asyncio.Lock:
        """To be held from the look at an ask until it is stored: what one person asks at once is counted in turn."""
        return self._entrances.setdefault((ask.address.platform, ask.author.id), asyncio.Lock())

    async def refusal(self, ask: Ask, *, wakes: bool) -> Refusal | None:
        """Why an ask is not taken in, None when it is; without `wakes` it would only be read with others' questions."""
        if ask.job or self._books.is_admin(ask.address, ask.author):
            return None
        if ask.key in self._refused:
            # A copy: what was refused with a sentence must not be answered a moment later.
            return self._refused[ask.key]
        books = await self._books.holding(ask.address)
        presence = presence_of(ask.address, ask.author)
        refusal = _unwelcome(ask.address, ask.author, books, presence)
        if not wakes:
            return refusal and Refusal(refusal.reason)
        tool = ask.call.name if ask.call else ""
        refusal = refusal or await self._toolless(tool, ask.address, ask.author) or await self._loop(ask)
        if refusal is None:
            refusal = await self._exhausted(ask.address, ask.author, books, ask.conversation)
            # A copy of what was taken in before that brings nothing new, or the files that are lacking.
            if refusal is None or await self._is_known(ask):
                return None
        metrics.refusals.labels(refusal.reason).inc()
        log.info("ask.refused", key=ask.key, reason=refusal.reason)
        _remember(self._refused, ask.key, Refusal(refusal.reason))
        return refusal if self._is_to_be_told(ask, refusal.reason) else Refusal(refusal.reason)

    async def may_do(self, control: Control) -> str:
        """The sentence that keeps somebody from a command or a button, "" when nothing does."""
        if control.kind in _FREE:
            return ""
        asking = control.kind in _ASKING
        return await self.barred(control.address, control.actor, control.conversation, asking=asking)

    async def barred(
        self, address: Address, author: Author, conversation: str = "", *, asking: bool, tool: str = ""
    ) -> str:
        """The sentence that keeps somebody from what they are about to do, from `asking` also by their quotas."""
        if self._books.is_admin(address, author):
            return ""
        books = await self._books.holding(address)
        refusal = _unwelcome(address, author, books, presence_of(address, author))
        refusal = refusal or await self._toolless(tool, address, author)
        if refusal is None and asking:
            refusal = await self._exhausted(address, author, books, conversation)
        if refusal is None:
            return ""
        metrics.refusals.labels(refusal.reason).inc()
        return refusal.sentence

    async def _toolless(self, tool: str, address: Address, author: Author) -> Refusal | None:
        """Whether somebody is about to call a tool that is not for them."""
        if not tool or await self._books.allowed([tool], address, author):
            return None
        return Refusal("tool", texts.say("refused_tool", address.locale))

    async def _loop(self, ask: Ask) -> Refusal | None:
        # What was taken in before is no exchange when it is read again after an absence.
        if not ask.author.bot or await self._is_known(ask):
            return None
        if not self._guard.stops(ask.author.id, self._clock()):
            return None
        return Refusal("loop", texts.say("refused_loop", ask.address.locale))

    async def _exhausted(
        self, address: Address, author: Author, books: Sequence[Rulebook], conversation: str
    ) -> Refusal | None:
        now = self._clock()
        meter = Meter(self._store, address, author.id, now)
        for held in books:
            limit = await meter.exceeded(held, presence_of(address, author), conversation)
            if limit is not None:
                return Refusal(limit.unit, _used_up(limit, address.locale, now))
        return None

    async def _is_known(self, ask: Ask) -> bool:
        if await self._store.turn_of_question(ask.key) is not None:
            return True
        return ask.key in await self._store.pending(ask.address.platform, author=ask.author.id)

    def _is_to_be_told(self, ask: Ask, reason: str) -> bool:
        """A command is always answered; a mention where nobody is answered never, others once an hour."""
        if ask.alone:
            return True
        if reason in (Ruling.PLACE, Ruling.UNLISTED) and ask.address.workspace and not ask.address.direct:
            return False
        now, who = self._clock(), (ask.address.platform, ask.author.id, reason)
        if now - self._told.get(who, -TOLD_EVERY) < TOLD_EVERY:
            return False
        _remember(self._told, who, now)
        return True


def _remember(memory: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    """Keep something among the newest."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)


def _unwelcome(address: Address, author: Author, books: Sequence[Rulebook], presence: Presence) -> Refusal | None:
    if author.bot and not any(held.book.access.names(author.id) for held in books):
        return Refusal("bot")
    found = ruling(books, presence)
    return None if found is Ruling.WELCOME else Refusal(found, texts.say(_UNWELCOME[found], address.locale))


def _used_up(limit: Limit, locale: str, now: float) -> str:
    amount = f"{limit.amount:,.15g}"
    if limit.unit is Unit.PARALLEL:
        return texts.say("refused_parallel", locale, amount=amount)
    hours, minutes = divmod(int(resets_in(now)) // 60, 60)
    counted = f"{amount} {texts.say(_COUNTED[limit.unit], locale)}"
    return texts.say(_USED_UP[limit.pool], locale, counted=counted, hours=str(hours), minutes=str(minutes))
