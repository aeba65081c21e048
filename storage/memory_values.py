"""What the store in memory keeps beside conversations: controls, ratings, settings, and what adapters remember."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from bot.messages import Control
from bot.records import Change


class MemoryValues:
    """The part of `storage.memory.MemoryStore` that needs nothing of the others."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changes: list[Change] = []
        self._controls: dict[str, Control | None] = {}
        self._settings: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._memory: dict[str, str] = {}
        self._ratings: defaultdict[int, dict[str, int]] = defaultdict(dict)

    async def accept_control(self, control: Control) -> bool:
        """Store a control once, by its key."""
        return self._controls.setdefault(control.key, control) is not None

    async def settle(self, key: str) -> None:
        """Note that a control has been acted on."""
        if key in self._controls:
            self._controls[key] = None

    async def unsettled(self) -> Sequence[Control]:
        """Controls to act on."""
        return [control for control in self._controls.values() if control is not None]

    async def rate(self, turn: int, author: str, score: int) -> None:
        """Keep what somebody thinks of an answer."""
        self._ratings[turn][author] = score

    async def ratings(self, turn: int) -> Mapping[str, int]:
        """What people think of an answer."""
        return dict(self._ratings[turn])

    async def settings(self, name: str, scopes: Sequence[str]) -> Mapping[str, str]:
        """The values of a setting by scope."""
        return {scope: value for scope, value in self._settings[name].items() if scope in scopes}

    async def set_setting(self, scope: str, name: str, value: str | None, *, by: str = "") -> None:
        """Set or remove a value, and note what that changes for an actor."""
        before = self._settings[name].get(scope)
        if by and before != value:
            await self.note_change(by, scope, name, before, value)
        if value is None:
            self._settings[name].pop(scope, None)
        else:
            self._settings[name][scope] = value

    async def note_change(self, actor: str, scope: str, name: str, before: str | None, after: str | None) -> None:
        """Note that an actor has changed something."""
        self._changes.append(Change(self._clock(), actor, scope, name, before, after))

    async def changes(self, scope: str = "", *, limit: int = 50) -> Sequence[Change]:
        """The newest changes in scopes that begin with this."""
        return [change for change in reversed(self._changes) if change.scope.startswith(scope)][:limit]

    def _forget_settings(self, scope: str, actor: str) -> int:
        """Forget what an actor was the last to set in a scope, and that it did; how many settings there were."""
        last = {change.name: change.actor for change in self._changes if change.scope == scope}
        set_by_them = [
            values for name, values in self._settings.items() if scope in values and last.get(name, actor) == actor
        ]
        for values in set_by_them:
            del values[scope]
        self._changes = [change for change in self._changes if (change.scope, change.actor) != (scope, actor)]
        return len(set_by_them)

    async def recall(self, name: str) -> str | None:
        """A value kept for an adapter."""
        return self._memory.get(name)

    async def remember(self, name: str, value: str) -> None:
        """Keep a value for an adapter."""
        self._memory[name] = value
