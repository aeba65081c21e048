"""What happens on the platforms, told in the same words for all of them, and in the order of time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

FOR_EVER: Final = 1e9  # s; how long somebody may sit there without a word
Key = tuple[str, str, str]
"""A message: its platform, its channel's id, and its own id or timestamp."""


@dataclass(frozen=True)
class Card:
    """A message as a reader sees it now; `files` are names and sizes in bytes, `private` is one that only you see."""

    platform: str
    author: str
    ours: bool
    place: str
    text: str
    buttons: Sequence[str] = ()
    files: Sequence[tuple[str, int]] = ()
    growing: bool = False
    private: bool = False


@dataclass(frozen=True)
class Seen:
    """A visible change with names in place of ids; `at` is the loop's time in seconds.

    `kind` is the platform's own, `ours` says that the bot did it. `size` counts the characters of a message after the
    change as its writer sent them, None for what is no message.
    """

    at: float
    kind: str
    key: Key
    actor: str
    ours: bool
    place: str
    text: str
    size: int | None = None
    buttons: Sequence[str] = ()
    files: Sequence[str] = ()

    @property
    def platform(self) -> str:
        """Where it happened."""
        return self.key[0]


class View(Protocol):
    """What people see of one platform."""

    @property
    def platform(self) -> str:
        """Its name."""
        ...

    @property
    def limited(self) -> int:
        """How many calls of the bot were refused for a rate limit."""
        ...

    def since(self, number: int) -> Sequence[Seen]:
        """The changes after the first so many."""
        ...

    async def more_than(self, number: int) -> None:
        """Wait until there are more changes than so many."""
        ...

    def card(self, key: Key) -> Card | None:
        """A message as it is now, None when it is gone."""
        ...


class Feed:
    """The changes of several platforms, each handed out once."""

    def __init__(self, views: Sequence[View]) -> None:
        self._views = views
        self._read = dict.fromkeys((view.platform for view in views), 0)

    def news(self) -> Sequence[Seen]:
        """What has happened since the last call, oldest first."""
        new = [seen for view in self._views for seen in view.since(self._read[view.platform])]
        for seen in new:
            self._read[seen.platform] += 1
        return sorted(new, key=lambda seen: seen.at)

    async def follow(self, take: Callable[[], None]) -> None:
        """Call `take`, which is to ask for the news, for ever: whenever there is some."""
        async with asyncio.TaskGroup() as group:
            for view in self._views:
                group.create_task(self._follow(view, take))

    async def _follow(self, view: View, take: Callable[[], None]) -> None:
        while True:
            await view.more_than(self._read[view.platform])
            take()
