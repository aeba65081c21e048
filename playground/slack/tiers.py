"""Rate tiers that count like Slack's and answer with Retry-After."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field, replace

MINUTE = 60.0
# Calls a minute by tier; Slack docs, apis/web-api/rate-limits#rate-limit-tiers. The tiers of the methods stand in the
# routes, from reference/methods/<method>.
TIERS = {"t1": 1, "t2": 20, "t3": 50, "t4": 100}
# Special ones. The docs speak of one message a second per channel, a workspace's cap of "several hundred" messages and
# "hundreds" of auth.test; the numbers, and how many posts may come at once, are our guesses.
POSTS_A_MINUTE = 300
STATUSES_A_MINUTE = 600
AUTH_TESTS_A_MINUTE = 300
POST_EVERY = 1.0  # s per channel
POST_BURST = 3


@dataclass(frozen=True)
class Rule:
    """At most `limit` calls in any `window` seconds, and `burst` more that come back one by one over a minute."""

    limit: int
    window: float = MINUTE
    burst: int = 0


@dataclass(eq=False)
class _Count:
    """The calls of one key within the window, and what is left of its burst at the time `seen`."""

    spare: float
    seen: float
    log: deque[float] = field(default_factory=deque[float])

    def wait(self, rule: Rule, now: float) -> float:
        """Seconds until a call fits, 0.0 if it fits now."""
        while self.log and self.log[0] <= now - rule.window:
            self.log.popleft()
        self.spare = min(float(rule.burst), self.spare + (now - self.seen) * rule.burst / MINUTE)
        self.seen = now
        if len(self.log) < rule.limit or self.spare >= 1.0:
            return 0.0
        freed = self.log[0] + rule.window - now if self.log else MINUTE
        returned = (1.0 - self.spare) * MINUTE / rule.burst if rule.burst else math.inf
        return min(freed, returned)

    def take(self, rule: Rule, now: float) -> None:
        """Count a call that fits."""
        if len(self.log) < rule.limit:
            self.log.append(now)
        else:
            self.spare -= 1.0


Key = tuple[str, str, str]
"""A method, a team, and for the limit of a channel that channel."""


@dataclass(frozen=True)
class Excess:
    """A call that did not fit: in whose limit, and after how many whole seconds it may come again."""

    key: Key
    retry_after: int


class Tiers:
    """What each method may be called in a minute in a workspace; `N+` of the docs is N and half as many at once."""

    def __init__(self, limits: dict[str, int]) -> None:
        self._rules = {name: Rule(limit, burst=limit // 2) for name, limit in limits.items()}
        self._per_channel: Rule | None = Rule(1, POST_EVERY, POST_BURST)
        self._counts: dict[Key, _Count] = {}

    def set(self, method: str, *, per_minute: int, burst: int = 0) -> None:
        """Give a method a limit of its own; what was already used stays used."""
        self._rules[method] = Rule(per_minute, burst=burst)

    def set_posts(self, *, every: float = POST_EVERY, burst: int = 0) -> None:
        """Allow one chat.postMessage in so many seconds in a channel."""
        self._per_channel = Rule(1, every, burst)

    def lift(self) -> None:
        """Take all limits away."""
        self._rules.clear()
        self._per_channel = None

    def harden(self) -> None:
        """Allow the documented number of calls and none more."""
        self._rules = {name: replace(rule, burst=0) for name, rule in self._rules.items()}
        self._per_channel = replace(self._per_channel, burst=0) if self._per_channel else None

    def limit(self, method: str) -> Rule | None:
        """The rule of a method, None when it has none."""
        return self._rules.get(method)

    def check(self, method: str, team: str, channel: str) -> Excess | None:
        """Count a call, or say that it does not fit; a refused call counts against nothing."""
        now = time.monotonic()
        keys: list[tuple[Key, Rule]] = []
        if method in self._rules:
            keys.append(((method, team, ""), self._rules[method]))
        if self._per_channel and method == "chat.postMessage" and channel:
            keys.append(((method, team, channel), self._per_channel))
        counts = [(key, rule, self._counts.setdefault(key, _Count(rule.burst, now))) for key, rule in keys]
        for key, rule, count in counts:
            wait = count.wait(rule, now)
            if wait > 0:
                return Excess(key, max(1, math.ceil(wait)))
        for _key, rule, count in counts:
            count.take(rule, now)
        return None
