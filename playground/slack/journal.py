"""What became visible on Slack, in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from playground import journal
from playground.slack.model import Json


@dataclass(frozen=True)
class Change:
    """One visible change; `at` is the loop's time in seconds, `actor` a user id, `content` the visible text after it.

    `kind` is "post", "edit", "append", "stop", "delete", "reaction", "unreaction", "status", "file", "ephemeral",
    "home", "modal", "prompts" or "title".
    """

    at: float
    kind: str
    channel: str
    ts: str
    actor: str
    content: str = ""
    blocks: list[Json] = field(default_factory=list[Json])


Journal = journal.Journal[Change]
