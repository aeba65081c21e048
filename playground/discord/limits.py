"""Rate limits that count like Discord's and say so in their headers."""

from __future__ import annotations

import hashlib
import math
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Literal, TypedDict, Unpack

from playground.discord.model import Json

Kind = Literal["fixed", "sliding"]

GLOBAL_LIMIT = 50  # requests a second; Discord docs, topics/rate-limits#global-rate-limit
INVALID_LIMIT = (
    10_000  # 401, 403, 429 in 10 minutes; Discord docs, topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
)
_VIA = "1.1 google"  # client libraries take a 429 without it for a ban of the whole address


@dataclass(frozen=True)
class Rule:
    """So many calls in so many seconds; calls with the same `name` say that they share a bucket."""

    limit: int
    window: float
    kind: Kind
    name: str


class Change(TypedDict, total=False):
    """What of a rule is to be different."""

    limit: int
    window: float
    kind: Kind


# Route class: its rule. The numbers are not documented: messages 5 in 5 s are reported (discord/discord-api-docs#2761),
# and that posts and edits count apart under one name (discord/discord-api-docs#1442); the others are our guesses.
_RULES = {
    "post_message": Rule(5, 5.0, "sliding", "messages"),
    "edit_message": Rule(5, 5.0, "sliding", "messages"),
    "delete_message": Rule(5, 1.0, "fixed", "delete"),
    "read_messages": Rule(10, 5.0, "fixed", "read"),
    "typing": Rule(5, 5.0, "fixed", "typing"),
    "reaction": Rule(1, 0.25, "fixed", "reaction"),
    "create_thread": Rule(50, 300.0, "fixed", "threads"),
    "webhook": Rule(5, 2.0, "fixed", "webhook"),
    "other": Rule(50, 10.0, "fixed", "other"),
}


@dataclass(frozen=True)
class Verdict:
    """What a limit says to a call: the headers of the answer, and for a refused one its body."""

    headers: dict[str, str]
    refusal: Json | None = None


class _Bucket:
    """What was used of one rule in one channel; `level` falls with time in a sliding bucket."""

    def __init__(self, now: float) -> None:
        self.level = 0.0
        self.since = now

    def settle(self, rule: Rule, now: float) -> None:
        passed = now - self.since
        if rule.kind == "sliding":
            self.level = max(0.0, self.level - passed * rule.limit / rule.window)
            self.since = now
        elif passed >= rule.window:
            self.level, self.since = 0.0, now

    def full_after(self, rule: Rule, now: float) -> float:
        """Seconds until nothing is used any more."""
        if rule.kind == "sliding":
            return self.level * _refill(rule)
        return self.since + rule.window - now

    def retry_after(self, rule: Rule, now: float) -> float:
        """Seconds until one more call fits."""
        if rule.kind == "sliding":
            return (self.level + 1 - rule.limit) * _refill(rule)
        return self.full_after(rule, now)


class Limits:
    """All rate limits of the stand-in; every setting may change while it runs.

    `headers=False` hides the X-RateLimit headers of answers that are not 429. `global_limit=None` lifts that limit.
    """

    def __init__(self) -> None:
        self.headers = True
        self.global_limit: int | None = GLOBAL_LIMIT
        self._rules = dict(_RULES)
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._recent: deque[float] = deque()

    def set(self, route_class: str, **change: Unpack[Change]) -> None:
        """Change the rule of a route class; what was already used stays used."""
        self._rules[route_class] = replace(self._rules[route_class], **change)

    def lift(self) -> None:
        """Take away every limit but the headers."""
        self.global_limit = None
        for route_class in self._rules:
            self.set(route_class, limit=1_000_000)

    def check(self, route_class: str, major: str, *, exempt: bool) -> Verdict:
        """Count a call, or refuse it; `exempt` calls are outside of the global limit."""
        now = time.monotonic()
        wait = 0.0 if exempt else self._global_wait(now)
        if wait > 0:
            headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
            return _refused(headers, wait, is_global=True)
        rule = self._rules.get(route_class, self._rules["other"])
        bucket = self._buckets.setdefault((route_class, major), _Bucket(now))
        bucket.settle(rule, now)
        wait = bucket.retry_after(rule, now)
        if bucket.level + 1 > rule.limit + 1e-9:
            return _refused(self._shown(rule, bucket, now) | {"X-RateLimit-Scope": "user"}, wait, is_global=False)
        bucket.level += 1
        return Verdict(self._shown(rule, bucket, now) if self.headers else {})

    def _global_wait(self, now: float) -> float:
        """Seconds until the last second has room again; counts the call when it has."""
        if self.global_limit is None:
            return 0.0
        while self._recent and self._recent[0] <= now - 1.0:
            self._recent.popleft()
        if len(self._recent) >= self.global_limit:
            return self._recent[-self.global_limit] + 1.0 - now
        self._recent.append(now)
        return 0.0

    def _shown(self, rule: Rule, bucket: _Bucket, now: float) -> dict[str, str]:
        after = _up(max(0.0, bucket.full_after(rule, now)))
        return {
            "X-RateLimit-Limit": str(rule.limit),
            "X-RateLimit-Remaining": str(max(0, math.floor(rule.limit - bucket.level + 1e-9))),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(rule.name.encode()).hexdigest()[:32],
        }


def _refill(rule: Rule) -> float:
    """Seconds until a sliding bucket has one token more; a limit of 0 lets nothing through and never refills."""
    return rule.window / max(1, rule.limit)


def _refused(headers: dict[str, str], wait: float, *, is_global: bool) -> Verdict:
    body = {"message": "You are being rate limited.", "retry_after": _up(wait), "global": is_global}
    return Verdict({**headers, "Via": _VIA, "Retry-After": str(math.ceil(wait))}, body)


def _up(seconds: float) -> float:
    """Rounded up to milliseconds, so that to wait so long is always enough."""
    return math.ceil(seconds * 1000) / 1000
