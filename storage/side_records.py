"""What the store in memory keeps beside mail, turns and lanes: jobs and expenses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.messages import Outcome, Spending


@dataclass(slots=True, eq=False)
class JobRecord:
    """A job as stored."""

    handle: str
    since: float
    state: Literal["open", "ended", "closed", "cancelled"] = "open"
    outcome: Outcome | None = None

    @property
    def pending(self) -> bool:
        """Whether its ask is still to be made."""
        return self.state in ("open", "ended")

    def end(self, outcome: Outcome) -> bool:
        """Note how it ended; whether it was open."""
        was_open = self.state == "open"
        if was_open:
            self.state, self.outcome = "ended", outcome
        return was_open

    def forget(self) -> bool:
        """Keep nothing of what was said; whether its ask was still to be made."""
        was_pending = self.pending
        self.state, self.handle, self.outcome = "closed", "", None
        return was_pending

    def leave(self, state: Literal["closed", "cancelled"]) -> bool:
        """Close or cancel it; whether that was still possible."""
        was_pending = self.pending
        if was_pending:
            self.state = state
        return was_pending


@dataclass(frozen=True, slots=True)
class Expense:
    """What one claim of a turn cost, or without a fence a summary."""

    turn: int
    fence: int | None
    at: float
    platform: str
    workspace: str
    channel: str
    conversation: str
    author: str
    spent: Spending

    def counts_for(self, platform: str, author: str, conversation: str, workspace: str, channel: str) -> bool:
        """Whether it meets these conditions; "" leaves one out."""
        wanted = author, conversation, workspace, channel
        own = self.author, self.conversation, self.workspace, self.channel
        return platform == self.platform and all(each in ("", mine) for each, mine in zip(wanted, own, strict=True))
