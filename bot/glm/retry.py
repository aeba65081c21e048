"""How often and how long one question is asked again."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bot.glm.codes import Rule

_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Full jitter: each wait is drawn between 0 and base × 2ⁿ seconds, at most `cap`.

    It is not for refusals as too many, after which all wait together (`bot.glm.pause`). `attempts` is per model and
    provider and counts the first. A Retry-After above `longest_hint` seconds is not waited for, nor more than
    `patience` seconds in all for one question. `draw` and `sleep` are chance and time. All questions together are
    asked again at a provider at most `share` times as often as for the first time, plus `floor`, in a minute.
    """

    attempts: int = 3
    cap: float = 8.0
    longest_hint: float = 30.0
    patience: float = 20.0
    draw: Callable[[float, float], float] = random.uniform
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    share: float = 0.1
    floor: int = 10


class Patience:
    """What is left of the waiting for one question."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._left = policy.patience

    def wait(self, rule: Rule, attempt: int, retry_after: float | None) -> float | None:
        """Seconds to wait after a failed attempt (counted from 1), None when it should not be made again."""
        policy = self._policy
        if not rule.retries or attempt >= min(rule.attempts, policy.attempts):
            return None
        wait = policy.draw(0.0, min(policy.cap, rule.pace * 2 ** (attempt - 1)))
        if retry_after is not None:
            if retry_after > policy.longest_hint:
                return None
            wait = max(wait, retry_after)
        if wait > self._left:
            return None
        self._left -= wait
        return wait


class RetryBudget:
    """What all questions together may ask again at one provider; times are seconds of one clock.

    In the minute before each retry there are, with it, at most `policy.floor` retries more than `policy.share` of the
    first attempts.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._firsts: deque[float] = deque()
        self._retries: deque[float] = deque()

    def first(self, now: float) -> None:
        """Count a first attempt."""
        _forget(self._firsts, now)
        self._firsts.append(now)

    def retry(self, now: float) -> bool:
        """Count a retry; False, and nothing is counted, when there may be none."""
        _forget(self._firsts, now)
        _forget(self._retries, now)
        if len(self._retries) + 1 > self._policy.floor + self._policy.share * len(self._firsts):
            return False
        self._retries.append(now)
        return True


def _forget(times: deque[float], now: float) -> None:
    while times and times[0] <= now - _MINUTE:
        times.popleft()
