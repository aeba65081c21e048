"""How long an offer that refuses us as too many is left in peace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.glm.retry import RetryPolicy

# Seconds of the longest pause that nobody asked for.
LONGEST: Final = 4.0
# So many pauses in a row without an answer say that waiting here is of no use while another may answer.
_IN_VAIN: Final = 3
# Seconds after which that says nothing any more.
_FORGOTTEN: Final = 60.0


class Pause:
    """After a refusal nobody is admitted for a while: 1, 2 and then always 4 times the pace of the refusal's rule.

    It is at most LONGEST, and drawn between its half and the whole, so that several who share an account do not come
    back together; a Retry-After that is longer goes before it, up to the policy's `longest_hint`. An answer leads back
    to the beginning. Times are seconds of one clock.
    """

    def __init__(self, policy: RetryPolicy, clock: Callable[[], float]) -> None:
        self.number = 0
        self._policy = policy
        self._clock = clock
        self._in_vain = 0
        self._until = float("-inf")

    @property
    def left(self) -> float:
        """Seconds until somebody may be admitted again."""
        return max(0.0, self._until - self._clock())

    @property
    def fruitless(self) -> bool:
        """Whether there has been nothing but refusals for three pauses."""
        return self._in_vain >= _IN_VAIN and self._clock() < self._until + _FORGOTTEN

    def refused(self, number: int, pace: float, retry_after: float | None) -> None:
        """One was refused that was admitted in this `number`; those who were admitted with it prolong nothing."""
        if number != self.number:
            return
        whole = min(LONGEST, pace * 2**self._in_vain)
        hint = min(retry_after or 0.0, self._policy.longest_hint)
        self._until = self._clock() + max(self._policy.draw(whole / 2, whole), hint)
        self._in_vain = min(self._in_vain + 1, _IN_VAIN)
        self.number += 1

    def answered(self) -> None:
        """One was answered."""
        self._in_vain = 0
