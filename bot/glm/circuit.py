"""A circuit breaker: what fails is left alone for a while, then tried by one request at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from bot.glm.codes import Breaker
from bot.glm.errors import Fault

# A limit is also lifted by paying, so nothing is left alone for longer than a day.
_LONGEST = 86_400.0
# So many may be under way on the word of a probe whose answer has only begun.
TRIAL = 5
_BEIJING = timezone(timedelta(hours=8))


class Circuit:
    """Closed, open, or half-open: then one probe may pass, and when its answer begins a few more until one is whole.

    A request passes with a ticket, tells what becomes of it by `begun`, `answered` and `failed`, and ends with `left`.
    What was asked before the circuit opened says nothing about it afterwards, but that an answer closes one that a
    streak has opened. Times are seconds of one clock.
    """

    def __init__(self) -> None:
        self._fault: Fault | None = None
        self._until = 0.0
        self._failures = 0
        self._openings: int = 0
        self._streak = False
        self._room = 1
        self._passing = 0

    @property
    def closed(self) -> bool:
        """Whether nothing speaks against asking."""
        return self._fault is None

    def blocked(self, now: float) -> Fault | None:
        """The fault for which nothing may be asked now, None when a request may pass."""
        return self._fault if now < self._until or self._passing >= self._room else None

    def opens_in(self, now: float) -> float:
        """Seconds until a probe may pass, 0 when it may or is under way."""
        return max(0.0, self._until - now) if self._fault is not None else 0.0

    def enter(self) -> int:
        """Let a request pass that is not blocked; its ticket."""
        self._passing += 1
        return self._openings

    def begun(self, ticket: int) -> None:
        """An answer begins to come."""
        if ticket == self._openings:
            self._room = TRIAL

    def answered(self, ticket: int) -> bool:
        """An answer is whole; whether that closes the circuit."""
        if ticket != self._openings and not self._streak:
            return False
        closes = self._fault is not None
        self._fault, self._failures = None, 0
        return closes

    def failed(self, ticket: int, fault: Fault, breaker: Breaker, now: float, today: datetime) -> float:
        """A request failed; the seconds for which that opens the circuit, 0 when it does not.

        A streak is as long as the breaker says, and as many as are still under way: of a burst those that are answered
        later than others fail may be the more.
        """
        if ticket != self._openings:
            return 0.0
        self._failures += 1
        if self._fault is None and self._failures < self._enough(breaker):
            return 0.0
        seconds = open_for(fault, breaker, today)
        self._fault, self._until = fault, now + seconds
        self._openings += 1
        self._streak = breaker.streak > 1
        self._room, self._passing = 1, 0
        return seconds

    def left(self, ticket: int) -> None:
        """A request is over."""
        if ticket == self._openings:
            self._passing -= 1

    def _enough(self, breaker: Breaker) -> int:
        return max(breaker.streak, self._passing - 1) if breaker.streak > 1 else 1


def open_for(fault: Fault, breaker: Breaker, today: datetime) -> float:
    """Seconds for which a circuit stays open: the breaker's, or until the provider's own reset, at most a day.

    Resets are stated without a zone and read as Beijing's: of the likely zones the first in which it comes.
    """
    if breaker.daily:
        return _to_midnight(today)
    return min(_to_reset(fault.reset, today) or max(breaker.seconds, fault.retry_after or 0.0), _LONGEST)


def _to_midnight(today: datetime) -> float:
    here = today.astimezone(_BEIJING)
    midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - here).total_seconds()


def _to_reset(reset: str, today: datetime) -> float:
    """Seconds until a date as it was found in a message, 0 when there is none or it is over."""
    try:
        at = datetime.fromisoformat(reset).replace(tzinfo=_BEIJING)
    except ValueError:
        return 0.0
    return max(0.0, (at - today.astimezone(UTC)).total_seconds())
