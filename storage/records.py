"""What the store in memory keeps: mail and turns that change in place."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Literal

from bot.messages import (
    Address,
    Ask,
    Author,
    CallRecord,
    Job,
    Outcome,
    OutcomeKind,
    Post,
    Quote,
    Spending,
    Turn,
    Verdict,
)
from storage.forgetting import NOTHING_LEFT
from storage.side_records import CallList, Expense, JobRecord

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
        self.state, self.ask = "dropped", replace(self.ask, text="", call=None, quotes=(), attachments=(), origin={})

    def blank(self) -> None:
        """Keep the key and where it was said."""
        address, author = replace(self.ask.address, title=""), Author(self.ask.author.id, "", self.ask.author.rights)
        self.ask = replace(
            self.ask, address=address, author=author, text="", call=None, quotes=(), attachments=(), origin={}
        )

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
    calls: CallList = field(default_factory=CallList)
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

    def expense(self, address: Address, fence: int | None, author: str, at: float, spent: Spending) -> Expense:
        """What was spent on it, and where it was asked."""
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

    def park(self, now: float) -> None:
        """Wait for those who are asked, with the attempts of this claim taken back; not when it was stopped."""
        if self.state == "running":
            self.attempt, self.since, self.due = self.attempt_before, now, now
            self.not_before = 0.0 if self.stop else self.calls.until

    def decide(self, number: int, verdict: Verdict, now: float) -> list[CallRecord]:
        """Answer for the calls of a round that people are still asked about, and say which these were."""
        decided = self.calls.decide(number, verdict, now) if self.state == "running" else []
        if decided:
            self.not_before = min(self.not_before, self.calls.until)
        return decided

    def pass_over(self, now: float) -> None:
        """Ask about no call any more."""
        if self.state == "running" and self.calls.pass_over(now):
            self.not_before = min(self.not_before, self.calls.until)

    def request_stop(self) -> None:
        """Mark it as stopped, and wait for nobody."""
        self.stop = True
        if self.state == "running" and self.calls.asking:
            self.not_before = 0.0

    def reword(self, change: Callable[[str], str]) -> None:
        """Change the question in its outcome, if it has one."""
        if self.outcome is not None:
            self.outcome = replace(self.outcome, question=change(self.outcome.question))

    def forget(self) -> bool:
        """Keep nothing of what was said; whether it had a job whose ask was still to be made."""
        self.forgotten = self.withdrawn = True
        self.outcome, self.summary, self.calls = NOTHING_LEFT, "", CallList()
        for mail in self.mail:
            mail.blank()
        for note in self.notes:
            note.drop()
        return self.job is not None and self.job.forget()

    def reopen(self, now: float, keep: Collection[str]) -> None:
        """Ask again as if it had just been asked, but for what tools to `keep` have done."""
        self.state, self.outcome = "running", None
        self.since = self.due = now
        self.not_before, self.attempt, self.attempt_before, self.stop = 0.0, 0, 0, False
        self.summary, self.calls = "", self.calls.begun_of(keep)
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
