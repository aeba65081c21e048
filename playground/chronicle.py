"""What the demo writes: every visible change of every platform as a line with its time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from playground.feed import Feed, Seen, View

_TAIL: Final = 48  # characters
# What the summary calls the bot's changes.
_DEEDS: Final[Mapping[str, str]] = {
    "post": "posts",
    "edit": "edits",
    "append": "streamed pieces",
    "thread": "new threads",
}


class Chronicle:
    """Writes each change of the stand-ins; times are in seconds since it was made."""

    def __init__(self, views: Sequence[View], say: Callable[[str], None]) -> None:
        self._views = views
        self._feed = Feed(views)
        self._say = say
        self._began = time.monotonic()
        self._deeds: Counter[tuple[str, str]] = Counter()

    @property
    def elapsed(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._began

    async def follow(self) -> None:
        """Write for ever."""
        await self._feed.follow(self.catch_up)

    def catch_up(self) -> None:
        """Write what has happened."""
        for seen in self._feed.news():
            self._deeds[seen.platform, seen.kind] += seen.ours
            self._line(seen.at - self._began, seen.platform, seen.actor, seen.place, seen.kind, _detail(seen))

    def act(self, platform: str, actor: str, place: str, text: str) -> None:
        """Write what a person does that is no message."""
        self.catch_up()
        self._line(self.elapsed, platform, actor, place, "interaction", text)

    def note(self, text: str) -> None:
        """Write a line about the script itself."""
        self.catch_up()
        self._say(f"{self.elapsed:8.3f} s  {text}")

    def summary(self) -> str:
        """What the bot did, a line for each platform."""
        return "\n".join(self._sum(view) for view in self._views)

    def _sum(self, view: View) -> str:
        done = [f"{n} {deed}" for kind, deed in _DEEDS.items() if (n := self._deeds[view.platform, kind])]
        return f"The bot on {view.platform}: {', '.join([*done, f'{view.limited} rate limits (429)'])}."

    def _line(self, at: float, platform: str, actor: str, place: str, kind: str, detail: str) -> None:
        self._say(f"{at:8.3f} s  {platform:<7}  {actor:<8} {place:<40} {kind:<11} {detail}".rstrip())


def _detail(seen: Seen) -> str:
    text = " ".join(seen.text.split())
    if seen.size is None:
        return text[:_TAIL]
    shown = text if len(text) <= _TAIL else f"… {text[-_TAIL:]}"
    extras = [*(f"[{label}]" for label in seen.buttons), *(f"(file {name})" for name in seen.files)]
    return " ".join([f"{seen.size:5,} characters  {shown}", *extras])
