"""One mention comes twice, as `message` and as `app_mention`, in either order; only the first has its files."""

from __future__ import annotations

import asyncio
from typing import Final

from adapters.slack_app.recent import Recent

# Seconds that a mention waits for its other copy; both are sent at once, and the line differs by less than this.
PATIENCE: Final = 0.08
# One without words makes no sense without what the other copy may bring.
WORDLESS_PATIENCE: Final = 1.0
_REMEMBERED: Final = 1_000


class Twins:
    """Lets a mention without files wait for the copy that has them.

    Where that copy does not come (the app is no member, or does not subscribe to messages), the wait is not repeated.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._accepted = Recent(_REMEMBERED)
        self._in_vain = Recent(_REMEMBERED)
        self._waiting: dict[str, asyncio.Event] = {}

    def accepted(self, key: str, channel: str) -> None:
        """The copy that has the files has been taken in."""
        self._accepted.add(key)
        self._in_vain.discard(channel)
        if key in self._waiting:
            self._waiting[key].set()

    async def wait(self, key: str, channel: str, *, words: bool = True) -> None:
        """Wait until the other copy has been taken in, or is unlikely to come; longer for one without words."""
        if key in self._accepted or channel in self._in_vain:
            return
        came = self._waiting.setdefault(key, asyncio.Event())
        try:
            async with asyncio.timeout(self._patience if words else WORDLESS_PATIENCE):
                await came.wait()
        except TimeoutError:
            if key not in self._accepted:
                self._in_vain.add(channel)
        finally:
            self._waiting.pop(key, None)
