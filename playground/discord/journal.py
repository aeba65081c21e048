"""What became visible on Discord, in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from playground import journal
from playground.discord.model import Json


@dataclass(frozen=True)
class Change:
    """One visible change; `at` is the loop's time in seconds, `actor` a user id, `notified` those newly pinged.

    `kind` is "post", "edit", "delete", "thread", "thread_update", "reaction", "unreaction", "typing" or "response".
    """

    at: float
    kind: str
    channel_id: str
    message_id: str
    actor: str
    content: str = ""
    components: list[Json] = field(default_factory=list[Json])
    attachments: list[str] = field(default_factory=list[str])
    notified: frozenset[str] = frozenset()


Journal = journal.Journal[Change]
