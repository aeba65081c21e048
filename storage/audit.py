"""Who changed what."""

from __future__ import annotations

from bot.records import Change
from storage.connection import Transaction


def note_change(tx: Transaction, actor: str, scope: str, name: str, before: str | None, after: str | None) -> None:
    """Note that an actor has changed something."""
    tx.run("note_change", actor=actor, scope=scope, name=name, before=before, after=after)


def changes(tx: Transaction, scope: str, limit: int) -> list[Change]:
    """The newest changes in scopes that begin with this."""
    return [Change(**dict(row)) for row in tx.all("changes", scope=scope, limit=limit)]
