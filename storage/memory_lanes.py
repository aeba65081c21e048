"""The conversations of the store in memory, as lanes: their mail, their turns and their leases."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from itertools import takewhile

from bot.messages import Ask
from storage.lane import LONGEST_RUN, is_plain
from storage.records import Mail, TurnRecord


@dataclass(slots=True, eq=False)
class Lane:
    """A conversation: its mail, its turns and its lease."""

    id: str
    fence: int = 0
    owner: str = ""
    leased_until: float = 0.0
    reset: int = 0
    waiting: list[Mail] = field(default_factory=list[Mail])
    notes: list[Mail] = field(default_factory=list[Mail])
    turns: list[TurnRecord] = field(default_factory=list[TurnRecord])
    askers: set[str] = field(default_factory=set[str])

    @property
    def open_turn(self) -> TurnRecord | None:
        """The turn that is not yet delivered."""
        return self.turns[-1] if self.turns and self.turns[-1].state != "delivered" else None

    @property
    def due(self) -> float | None:
        """Since when its work waits; None without any."""
        if self.open_turn is not None:
            return self.open_turn.due
        return min((mail.accepted for mail in self.waiting), default=None)

    @property
    def not_before(self) -> float:
        """Until when its turn is put off."""
        return self.open_turn.not_before if self.open_turn else 0.0

    def enqueue(self, mail: Mail) -> None:
        """Add mail in its order."""
        insort(self.waiting, mail, key=lambda other: other.order)

    def note(self, mail: Mail, keep: int) -> None:
        """Add a note in its order, and forget the oldest above `keep`."""
        insort(self.notes, mail, key=lambda other: other.order)
        for surplus in self.notes[:-keep]:
            self.forget(surplus)

    def forget(self, mail: Mail) -> None:
        """Drop mail or a note."""
        for queue in (self.waiting, self.notes):
            if mail in queue:
                queue.remove(mail)
        mail.drop()

    def drop_waiting(self, author: str) -> list[Ask]:
        """Drop an author's mail, and return it oldest first."""
        dropped = [mail for mail in self.waiting if mail.ask.author.id == author]
        asks = [mail.ask for mail in dropped]
        for mail in dropped:
            self.forget(mail)
        return asks

    def forget_summaries(self, turn: TurnRecord) -> int:
        """Forget what stands for this turn, also where it stands for others only; how many there were."""
        outdated = [record for record in self.turns if record.id >= turn.id and record.summary]
        for record in outdated:
            record.summary = ""
        return len(outdated)

    def restart(self) -> None:
        """Let the turns so far and the unused notes leave the history."""
        self.reset = self.turns[-1].id if self.turns else 0
        for note in list(self.notes):
            self.forget(note)

    def join(self, record: TurnRecord) -> list[Ask]:
        """Take the mail that is next into a turn while it is plain words that could have been asked with it."""
        open_to = record.state == "running" and not (record.stop or record.withdrawn)
        company = {mail.company for mail in record.mail if open_to}
        next_ones = self.waiting[:LONGEST_RUN]
        joined = list(takewhile(lambda mail: mail.company in company and is_plain(mail.ask), next_ones))
        for mail in joined:
            self.waiting.remove(mail)
            mail.turn, mail.state = record, "asked"
            insort(record.mail, mail, key=lambda other: other.order)
        return [mail.ask for mail in joined]

    def release(self) -> None:
        """End the lease; the fence of its holder is old from now on."""
        self.owner, self.leased_until, self.fence = "", 0.0, self.fence + 1

    def take_mail(self, number: int) -> TurnRecord:
        """Make a turn of the oldest mail and of what its author said directly after it."""
        first = self.waiting[0]
        run = list(takewhile(lambda mail: mail.company == first.company, self.waiting[:LONGEST_RUN]))
        newest = self.turns[-1].id if self.turns else None
        record = TurnRecord(
            id=number,
            conversation=self.id,
            parent=newest if first.parent is None else first.parent,
            mail=run,
            notes=self.notes,
            since=first.ask.at,
            due=min(mail.accepted for mail in run),
            first=newest is None,
        )
        for mail in (*run, *self.notes):
            mail.turn, mail.state = record, "asked" if mail in run else "context"
        self.waiting, self.notes = self.waiting[len(run) :], []
        self.turns.append(record)
        return record
