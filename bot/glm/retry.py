"""How often and how long one question is asked again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.glm.codes import Rule


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Full jitter: each wait is drawn between 0 and base × 2ⁿ seconds, at most `cap`.

    `attempts` is per model and provider and counts the first. A Retry-After above `longest_hint` seconds is not waited
    for, nor more than `patience` seconds in all for one question. `draw` and `sleep` are chance and time.
    """

    attempts: int = 3
    cap: float = 8.0
    longest_hint: float = 30.0
    patience: float = 20.0
    draw: Callable[[float, float], float] = random.uniform
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


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
