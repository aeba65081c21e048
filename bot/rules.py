"""Rules about who is answered where, and how much a day: how they are written and kept, and what follows from them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from pydantic import TypeAdapter

from bot.messages import Address, Author


class Kind(StrEnum):
    """What a rule can be about."""

    SERVER = "server"
    CATEGORY = "category"
    CHANNEL = "channel"
    ROLE = "role"
    USER = "user"


class Verdict(StrEnum):
    """What a rule says."""

    ALLOW = "allow"
    DENY = "deny"


class Unit(StrEnum):
    """What a quota counts: by day, but for PARALLEL, the answers that are being written at the same time."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    USD = "usd"
    CNY = "cny"
    PARALLEL = "parallel"


class Ruling(StrEnum):
    """What follows from rules: somebody is welcome, or why not."""

    WELCOME = "welcome"
    PERSON = "person"
    PLACE = "place"
    UNLISTED = "unlisted"


# From near to far: the nearest kind with a rule decides.
_PLACES: Final = (Kind.CHANNEL, Kind.CATEGORY, Kind.SERVER)
_PEOPLE: Final = (Kind.USER, Kind.ROLE)
# Whose use is counted together: a person's everywhere, and all that is asked in one channel or server.
_POOLS: Final = (Kind.USER, Kind.CHANNEL, Kind.SERVER)
# Quotas that say no id are for each one of these.
_EACH: Final = frozenset(_POOLS)
# Facts on the GLM API, section 3.2: what a function may be called.
_TOOL: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ID: Final = re.compile(r"[^\s:,]{1,100}")

# The ids by kind of somebody in a place.
Presence = Mapping[Kind, Collection[str]]
Amounts = Mapping[Unit, float]


def presence_of(address: Address, author: Author) -> Presence:
    """Everything that a rule may name of somebody who speaks there."""
    named = {Kind.SERVER: address.workspace, Kind.CATEGORY: address.category, Kind.CHANNEL: address.channel}
    places = {kind: (name,) if name else () for kind, name in named.items()}
    return {**places, Kind.ROLE: author.roles, Kind.USER: (author.id,)}


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Verdicts by subject ("channel:123"); the `default` is for whom no rule names."""

    rules: Mapping[str, Verdict] = field(default_factory=dict[str, Verdict])
    default: Verdict | None = None

    def judge(self, presence: Presence) -> Ruling:
        """Of the rules about the place the nearest counts, likewise about the person; one that denies wins."""
        person, place = self._nearest(_PEOPLE, presence), self._nearest(_PLACES, presence)
        if person is Verdict.DENY:
            return Ruling.PERSON
        if place is Verdict.DENY:
            return Ruling.PLACE
        named = Verdict.ALLOW in (person, place)
        return Ruling.WELCOME if named or self.default is not Verdict.DENY else Ruling.UNLISTED

    def names(self, user: str) -> bool:
        """Whether a rule lets in this very user."""
        return self.rules.get(f"{Kind.USER}:{user}") is Verdict.ALLOW

    def _nearest(self, kinds: Collection[Kind], presence: Presence) -> Verdict | None:
        for kind in kinds:
            found = {self.rules.get(f"{kind}:{name}") for name in presence[kind]}
            for verdict in (Verdict.DENY, Verdict.ALLOW):
                if verdict in found:
                    return verdict
        return None


@dataclass(frozen=True, slots=True)
class Limit:
    """What those who are counted together may use: the `pool` says whether that is a person, a channel or a server."""

    pool: Kind
    unit: Unit
    amount: float


@dataclass(frozen=True, slots=True)
class Book:
    """All rules of one who makes them; `tools` has those about single tools, `quotas` the amounts by subject."""

    access: Ruleset = Ruleset()
    tools: Mapping[str, Ruleset] = field(default_factory=dict[str, Ruleset])
    quotas: Mapping[str, Amounts] = field(default_factory=dict[str, Amounts])

    def limits(self, presence: Presence) -> Iterator[Limit]:
        """The quotas that hold for somebody in a place."""
        for pool in _POOLS:
            for unit in Unit:
                amount = self._amount(pool, unit, presence)
                if amount is not None:
                    yield Limit(pool, unit, amount)

    def _amount(self, pool: Kind, unit: Unit, presence: Presence) -> float | None:
        """The amount that names this very one, else the most generous of their roles, else that for each one."""
        kinds = _PEOPLE if pool is Kind.USER else (pool,)
        for kind in kinds:
            named = [self.quotas.get(f"{kind}:{name}", {}).get(unit) for name in presence[kind]]
            if known := [amount for amount in named if amount is not None]:
                return max(known)
        return self.quotas.get(pool, {}).get(unit) if presence[pool] else None

    def tool(self, name: str) -> Ruleset:
        """The rules about one tool."""
        return self.tools.get(name, Ruleset())

    def with_rules(self, tool: str, rules: Ruleset) -> Book:
        """The book with these rules, about a tool or with "" about everything."""
        if not tool:
            return replace(self, access=rules)
        kept = {name: known for name, known in self.tools.items() if name != tool}
        return replace(self, tools={**kept, tool: rules} if rules != Ruleset() else kept)

    def with_quota(self, subject: str, amounts: Amounts) -> Book:
        """The book with these quotas of a subject, none when they are empty."""
        kept = {name: known for name, known in self.quotas.items() if name != subject}
        return replace(self, quotas={**kept, subject: amounts} if amounts else kept)

    def lines(self) -> dict[str, str]:
        """All that it says, by what it is about, in words that commands use."""
        said = dict(_said(self.access, ""))
        for tool, rules in sorted(self.tools.items()):
            said |= dict(_said(rules, f" tool:{tool}"))
        for subject, amounts in sorted(self.quotas.items()):
            said |= {f"quota {subject} {unit}": f"{amount:.15g}" for unit, amount in amounts.items()}
        return said


def below(narrow: Book, wide: Book) -> Book:
    """One book of two: where both speak of the same, the first one counts."""
    access = Ruleset({**wide.access.rules, **narrow.access.rules}, narrow.access.default or wide.access.default)
    quotas = {
        subject: {**wide.quotas.get(subject, {}), **narrow.quotas.get(subject, {})}
        for subject in {**wide.quotas, **narrow.quotas}
    }
    return Book(access, {**wide.tools, **narrow.tools}, quotas)


def read_subject(text: str) -> str:
    """The subject that is written as "kind:id"; raises ValueError for anything else."""
    kind, _, name = text.partition(":")
    if kind.lower() not in set(Kind) or not _ID.fullmatch(name):
        raise ValueError(f"{text!r} is not one of {', '.join(f'{known}:id' for known in Kind)}")
    return f"{kind.lower()}:{name}"


def read_quota(text: str) -> tuple[str, Unit, float]:
    """A quota ("user 50 requests", "role:123 2.5 usd") as subject, unit and amount; raises ValueError."""
    words = text.split()
    if len(words) != 3 or words[2].lower() not in set(Unit):
        raise ValueError(f"{text!r} is not like 'user 50 requests'; units are {', '.join(Unit)}")
    subject, unit = read_counted(words[0]), Unit(words[2].lower())
    amount = float(words[1])
    if not 0 <= amount < math.inf:
        raise ValueError(f"{words[1]!r} is not an amount")
    if unit is Unit.PARALLEL and Kind(subject.partition(":")[0]) not in _PEOPLE:
        raise ValueError(f"{Unit.PARALLEL} is counted for user, user:id and role:id")
    return subject, unit, amount


def read_counted(text: str) -> str:
    """The subject of a quota; raises ValueError for what has none."""
    if text.lower() in _EACH:
        return text.lower()
    subject = read_subject(text)
    if subject.startswith(f"{Kind.CATEGORY}:"):
        raise ValueError("a category has no quota")
    return subject


def read_tool(text: str) -> str:
    """The name of the tool that is written as "tool:name"; raises ValueError for anything else."""
    mark, _, name = text.partition(":")
    if mark.lower() != "tool" or not _TOOL.fullmatch(name):
        raise ValueError(f"{text!r} is not tool:name")
    return name


def dump_book(book: Book) -> str:
    """A book as it is kept."""
    return _BOOK.dump_json(book).decode()


@lru_cache(maxsize=1024)
def load_book(text: str) -> Book:
    """A book that was kept; "" is an empty one."""
    return _BOOK.validate_json(text) if text else Book()


def _said(rules: Ruleset, about: str) -> Iterator[tuple[str, str]]:
    if rules.default is not None:
        yield f"default{about}", rules.default
    for subject, verdict in sorted(rules.rules.items()):
        yield f"{subject}{about}", verdict


_BOOK: Final = TypeAdapter(Book)
