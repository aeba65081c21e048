"""Reads settings: a question looks at half a dozen at once, and each read is a way to the database and back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

# Of settings by these names in these scopes those that there are, by name and scope.
Read = Callable[[Sequence[str], Sequence[str]], Awaitable[Mapping[tuple[str, str], str]]]


class SettingsReader:
    """Reads what is asked for in one moment together."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._names: set[str] = set()
        self._scopes: set[str] = set()
        self._reading: asyncio.Task[Mapping[tuple[str, str], str]] | None = None

    async def settings(self, name: str, scopes: Sequence[str]) -> Mapping[str, str]:
        """The values of a setting by scope, as they are after this was called."""
        self._names.add(name)
        self._scopes.update(scopes)
        self._reading = self._reading or asyncio.create_task(self._together())
        # Others wait for it as well: it is bounded by what any read of the database is.
        found = await asyncio.shield(self._reading)
        return {scope: found[name, scope] for scope in scopes if (name, scope) in found}

    async def _together(self) -> Mapping[tuple[str, str], str]:
        # Whoever asks in this round of the loop is still taken along.
        await asyncio.sleep(0)
        names, scopes = sorted(self._names), sorted(self._scopes)
        self._names.clear()
        self._scopes.clear()
        self._reading = None
        return await self._read(names, scopes)
