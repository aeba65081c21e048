"""What the store in memory keeps: mail, turns and lanes that change in place."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Literal

from bot.completion import ToolCall
from bot.messages import Ask, Author, CallRecord, Job, Outcome, OutcomeKind, Post, Quote, Spending, Turn
from storage.forgetting import NOTHING_LEFT
from storage.lane import LONGEST_RUN
from storage.side_records import Expense, JobRecord

REMEMBERED = (OutcomeKind.ANSWERED, OutcomeKind.STOPPED)


@dataclass(slots=True, eq=False)
class Mail:
    """An ask or a note, and what became of it."""

    ask: Ask
    number: int
    accepted: float
    parent: int | None
    state: Literal["waiting", "asked", "note", "context", "refused", "dropped"] = "waiting"
    turn: TurnRecord | None = None

    @property
    def order(self) -> tuple[float, int]:
        """Mail is answered in the order in which it was said."""
        return self.ask.at, self.number

    @property
    def company(self) -> tuple[str, int | None, int | None]:
        """What consecutive mail must have in common to be answered together."""
        return self.ask.author.id, self.parent, self.number if self.ask.alone else None

    @property
    def useful(self) -> bool:
        """Whether it is to be answered, or its answer may be asked for again."""
        return self.state in ("waiting", "asked") and not (self.turn and self.turn.withdrawn)

    @property
    def is_open(self) -> bool:
        """Whether it waits or is being answered."""
        answering = self.state == "asked" and self.turn is not None and self.turn.state == "running"
        return self.state == "waiting" or answering

    def came_from(self, platform: str, author: str, workspace: str, channel: str) -> bool:
        """Whether it meets these conditions; "" leaves one out."""
        address = self.ask.address
        wanted = (author, self.ask.author.id), (workspace, address.workspace), (channel, address.channel)
        return platform == address.platform and all(value in ("", own) for value, own in wanted)

    @property
    def may_be_rewritten(self) -> bool:
        """Whether its text may still be changed."""
        return self.state != "dropped" and not (self.turn and (self.turn.forgotten or self.turn.state == "running"))

    def drop(self) -> None:
        """Keep the key, and forget what was said."""
        self.state, self.ask = "dropped", replace(self.ask, text="", quotes=(), attachments=(), origin={})

    def blank(self) -> None:
        """Keep the key and where it was said."""
        address, author = replace(self.ask.address, title=""), Author(self.ask.author.id, "", self.ask.author.rights)
        self.ask = replace(self.ask, address=address, author=author, text="", quotes=(), attachments=(), origin={})

    def fill_attachments(self, copy: Ask) -> bool:
        """Take over the files of a second copy while they can still matter; whether there were any to take."""
        unanswered = self.useful and (self.turn is None or self.turn.state == "running")
        if not unanswered or self.ask.attachments or not copy.attachments:
            return False
        self.ask = replace(self.ask, attachments=copy.attachments)
        return True


@dataclass(slots=True, eq=False)
class TurnRecord:
    """A turn as stored."""

    id: int
    conversation: str
    parent: int | None
    mail: list[Mail]
    notes: list[Mail]
    since: float
    due: float
    first: bool
    not_before: float = 0.0
    attempt: int = 0
    attempt_before: int = 0
    place: str = ""
    posts: dict[int, Post] = field(default_factory=dict[int, Post])
    posts_ever: int = 0
    stop: bool = False
    withdrawn: bool = False
    state: Literal["running", "finished", "delivered"] = "running"
    outcome: Outcome | None = None
    summary: str = ""
    job: JobRecord | None = None
    calls: list[CallRecord] = field(default_factory=list[CallRecord])
    forgotten: bool = False

    @property
    def asker(self) -> str:
        """Who asked."""
        return self.mail[0].ask.author.id

    @property
    def platform(self) -> str:
        """Where it was asked."""
        return self.mail[-1].ask.address.platform

    @property
    def remembered(self) -> Outcome | None:
        """The outcome, if it belongs into a history."""
        if self.outcome is None or self.withdrawn or self.outcome.kind not in REMEMBERED:
            return None
        return self.outcome if self.outcome.answer else None

    def value(self) -> Turn:
        """The turn as it travels."""
        return Turn(
            id=self.id,
            conversation=self.conversation,
            asks=tuple(mail.ask for mail in self.mail),
            since=self.since,
            notes=tuple(Quote(note.ask.author.name, note.ask.text) for note in self.notes if note.state == "context"),
            parent=self.parent,
            attempt=self.attempt,
            place=self.place,
            posts=tuple(self.posts.values()),
            first=self.first,
            outcome=self.outcome,
        )

    def count_claim(self) -> None:
        """Count an attempt, which ends its pages anew, unless the model has ended."""
        self.attempt_before = self.attempt
        if self.state == "running":
            self.attempt += 1
            self.forget_seals()

    def postpone(self, now: float, after: float, count: bool) -> None:
        """Put it off, and without `count` take the attempts of this claim back."""
        self.due = now + after
        self.not_before = self.due if after > 0 else 0.0
        if self.state == "running" and not count:
            self.attempt = self.attempt_before

    def finish(self, outcome: Outcome, now: float) -> None:
        """Take in the end; a new one cancels the job of the last, a DEFERRED one makes one."""
        self.outcome, self.state = outcome, "finished"
        self.cancel_job()
        if outcome.kind is OutcomeKind.DEFERRED:
            self.job = JobRecord(outcome.handle, now)

    def cancel_job(self) -> bool:
        """Cancel its job; whether there was one whose ask is still to be made."""
        return self.job is not None and self.job.leave("cancelled")

    def as_job(self) -> Job | None:
        """Its job as it travels."""
        if self.job is None:
            return None
        return Job(replace(self.value(), posts=()), self.job.handle, self.job.since, self.job.outcome)

    def expense(self, fence: int | None, author: str, at: float, spent: Spending) -> Expense:
        """What was spent on it."""
        address = self.mail[-1].ask.address
        place = address.platform, address.workspace, address.channel, self.conversation
        return Expense(self.id, fence, at, *place, author, spent)

    def withdraw(self, mail: Mail) -> None:
        """Take an ask out of the turn; the last one stays, and the turn leaves the history and has no job."""
        if len(self.mail) == 1:
            self.withdrawn = True
            self.cancel_job()
        else:
            self.mail.remove(mail)
            mail.drop()

    def end_call(self, call: str, result: str) -> None:
        """Note a result where this call has none, in the newest round that has such a one."""
        open_ones = [
            (-record.round, number)
            for number, record in enumerate(self.calls)
            if record.call.id == call and record.result is None
        ]
        if open_ones:
            number = min(open_ones)[1]
            self.calls[number] = replace(self.calls[number], result=result)

    def begin_calls(self, number: int, text: str, calls: Sequence[ToolCall]) -> None:
        """Note calls that are about to be made in the round of this number."""
        self.calls += [CallRecord(number, text, call) for call in calls]

    def reword(self, change: Callable[[str], str]) -> None:
        """Change the question in its outcome, if it has one."""
        if self.outcome is not None:
            self.outcome = replace(self.outcome, question=change(self.outcome.question))

    def forget(self) -> bool:
        """Keep nothing of what was said; whether it had a job whose ask was still to be made."""
        self.forgotten = self.withdrawn = True
        self.outcome, self.summary, self.calls = NOTHING_LEFT, "", []
        for mail in self.mail:
            mail.blank()
        for note in self.notes:
            note.drop()
        return self.job is not None and self.job.forget()

    def reopen(self, now: float) -> None:
        """Ask again as if it had just been asked."""
        self.state, self.outcome = "running", None
        self.since = self.due = now
        self.not_before, self.attempt, self.attempt_before, self.stop = 0.0, 0, 0, False
        self.summary, self.calls = "", []
        self.forget_seals()
        self.cancel_job()

    def intend(self, page: int, now: float) -> Post:
        """Add a post under a number that was never used."""
        self.posts_ever += 1
        self.posts[self.posts_ever] = Post(self.id, self.posts_ever, page, now)
        return self.posts[self.posts_ever]

    def change_post(self, number: int, *, ref: str | None = None, seal: int | None = None) -> None:
        """Note what became of a post."""
        post = self.posts.get(number)
        if post is not None:
            self.posts[number] = replace(
                post, ref=post.ref if ref is None else ref, seal=post.seal if seal is None else seal
            )

    def forget_seals(self) -> None:
        """A new attempt ends its pages elsewhere."""
        self.posts = {number: replace(post, seal=None) for number, post in self.posts.items()}


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
