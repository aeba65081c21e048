"""What the store in memory keeps of turns beside what was said: jobs, calls and expenses."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from bot.completion import ToolCall
from bot.messages import CallRecord, Outcome, Spending, Verdict
from storage.calls import seen_at

_MAY_START: Final = (Verdict.ASKED, Verdict.ALLOWED)


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


@dataclass(slots=True, eq=False)
class CallList:
    """The calls of a turn, in the order in which they were begun."""

    records: list[CallRecord] = field(default_factory=list[CallRecord])

    @property
    def _asked(self) -> list[int]:
        """Where those stand that people are still asked about."""
        open_ones = enumerate(self.records)
        return [place for place, record in open_ones if record.verdict is Verdict.ASKED and record.result is None]

    @property
    def asking(self) -> bool:
        """Whether people are still asked about any."""
        return bool(self._asked)

    @property
    def until(self) -> float:
        """Until when people may answer, 0 when nobody is asked."""
        return max((self.records[place].until for place in self._asked), default=0.0)

    def begun_of(self, tools: Collection[str]) -> CallList:
        """Those that were begun of these tools."""
        return CallList([record for record in self.records if record.verdict is None and record.call.name in tools])

    def begin(self, number: int, text: str, calls: Sequence[ToolCall], asked: Collection[str], until: float) -> None:
        """Note calls of the round of this number, which are about to be made unless they are `asked` about."""
        self.records += [
            CallRecord(number, text, call, None, Verdict.ASKED, until)
            if call.id in asked
            else CallRecord(number, text, call)
            for call in calls
        ]

    def start(self, call: str) -> None:
        """Note that one that was allowed is about to be made."""
        open_ones = self._open(call)
        self._change([place for place in open_ones if self.records[place].verdict in _MAY_START][:1], verdict=None)

    def end(self, call: str, result: str) -> None:
        """Note a result where this call has none, in the newest round that has such a one."""
        for place in self._open(call)[:1]:
            self.records[place] = replace(self.records[place], result=result)

    def _open(self, call: str) -> list[int]:
        """Where calls of this id stand that have no result, the newest round first."""
        places = [n for n, record in enumerate(self.records) if record.call.id == call and record.result is None]
        return sorted(places, key=lambda place: -self.records[place].round)

    def decide(self, number: int, verdict: Verdict, now: float) -> list[CallRecord]:
        """Answer for those of a round whose time is not over, and say which these were."""
        asked = [place for place in self._asked if self.records[place].round == number]
        return self._change([place for place in asked if self.records[place].until > now], verdict=verdict)

    def pass_over(self, now: float) -> bool:
        """Ask about none any more; whether there were any whose time is not over."""
        asked = [place for place in self._asked if self.records[place].until > now]
        return bool(self._change(asked, verdict=Verdict.PASSED_OVER))

    def at(self, now: float) -> list[CallRecord]:
        """The calls as they are at this time."""
        return [seen_at(now, record) for record in self.records]

    def _change(self, places: Sequence[int], *, verdict: Verdict | None) -> list[CallRecord]:
        for place in places:
            self.records[place] = replace(self.records[place], verdict=verdict)
        return [self.records[place] for place in places]


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
