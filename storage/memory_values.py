"""What the store in memory keeps beside conversations: controls, ratings, settings, and what adapters remember."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from bot.messages import Control


class MemoryValues:
    """The part of `storage.memory.MemoryStore` that needs nothing of the others."""

    def __init__(self) -> None:
        self._controls: dict[str, Control] = {}
        self._settled: set[str] = set()
        self._settings: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._memory: dict[str, str] = {}
        self._ratings: defaultdict[int, dict[str, int]] = defaultdict(dict)

    async def accept_control(self, control: Control) -> bool:
        """Store a control once, by its key."""
        self._controls.setdefault(control.key, control)
        return control.key not in self._settled

    async def settle(self, key: str) -> None:
        """Note that a control has been acted on."""
        if key in self._controls:
            self._settled.add(key)

    async def unsettled(self) -> Sequence[Control]:
        """Controls to act on."""
        return [control for key, control in self._controls.items() if key not in self._settled]

    async def rate(self, turn: int, author: str, score: int) -> None:
        """Keep what somebody thinks of an answer."""
        self._ratings[turn][author] = score

    async def ratings(self, turn: int) -> Mapping[str, int]:
        """What people think of an answer."""
        return dict(self._ratings[turn])

    async def settings(self, name: str, scopes: Sequence[str]) -> Mapping[str, str]:
        """The values of a setting by scope."""
        return {scope: value for scope, value in self._settings[name].items() if scope in scopes}

    async def set_setting(self, scope: str, name: str, value: str | None) -> None:
        """Set or remove a value."""
        if value is None:
            self._settings[name].pop(scope, None)
        else:
            self._settings[name][scope] = value

    async def recall(self, name: str) -> str | None:
        """A value kept for an adapter."""
        return self._memory.get(name)

    async def remember(self, name: str, value: str) -> None:
        """Keep a value for an adapter."""
        self._memory[name] = value
