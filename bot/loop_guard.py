"""The loop guard: two bots that answer each other must not go on for ever."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

# So many exchanges with one bot within so many seconds stop it, until it has been quiet for as long.
EXCHANGES: Final = 20
WINDOW: Final = 60.0
# Bots that are remembered.
_REMEMBERED: Final = 1_000


@dataclass(slots=True)
class _Acquaintance:
    heard: deque[float] = field(default_factory=lambda: deque[float](maxlen=EXCHANGES))
    stopped: bool = False


class LoopGuard:
    """Counts what bots say to us, by bot."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Acquaintance] = OrderedDict()

    def stops(self, bot: str, now: float) -> bool:
        """Whether a bot has said too much with what it says `now`, in seconds."""
        known = self._known.pop(bot, None) or _Acquaintance()
        self._known[bot] = known
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        while known.heard and known.heard[0] <= now - WINDOW:
            known.heard.popleft()
        known.stopped = len(known.heard) == EXCHANGES or (known.stopped and bool(known.heard))
        known.heard.append(now)
        return known.stopped
