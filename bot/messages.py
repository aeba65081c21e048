"""The values that travel between the rooms: immutable, and free of any platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from bot.completion import Message, ToolCall, Usage

# A question older than this, in seconds, is not answered without being asked for again.
AGE_BOUND: Final = 30 * 60.0

NOTHING_USED: Final = Usage()


@dataclass(frozen=True, slots=True)
class Address:
    """Where something was said: `workspace` is "" where there is none, `thread` is "" outside of one.

    `direct` says that nobody else is there but the bot. `title` is what people call the place: data written by a
    stranger. `category` is the group of channels that the channel is in, where the platform has such.
    """

    platform: str
    workspace: str
    channel: str
    thread: str = ""
    locale: str = ""
    title: str = ""
    direct: bool = False
    category: str = ""


class Right(StrEnum):
    """What the platform lets somebody do, as far as the bot asks."""

    MODERATE = "moderate"
    MANAGE_CHANNEL = "manage_channel"
    MANAGE_SERVER = "manage_server"


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody who speaks; `name` is data written by a stranger. `roles` are ids, as far as the platform tells them."""

    id: str
    name: str
    rights: frozenset[Right] = frozenset()
    roles: tuple[str, ...] = ()
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside a message, not yet fetched; `size` is in bytes as the platform states it.

    A text that was `pasted` was too long for a message: the platform's client made a file of it.
    """

    name: str
    media_type: str
    size: int
    url: str
    pasted: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody else said that the question refers to, or that was said around it."""

    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Something to be answered.

    `key` is made from the message and is unique for ever. `conversation` is the id that the message would begin or
    join; a `reply_to` that is one of our own posts moves it to that post's conversation. An ask that is not
    `addressed` to the bot may still be for it (the follow-up policy decides) and is else kept as context. `origin` is
    read by nobody but the adapter that wrote it. `at` is when it was said, in Unix seconds. One that is `alone` has a
    place of its own for the answer: it is never answered together with others. With `reads_place` what was said in its
    place is read for it, also when the conversation is known. One that is `deferred` is answered in the background; its
    answer comes as an ask whose `job` is the number of the turn that deferred it. One with a `call` is answered by that
    tool alone.
    """

    key: str
    conversation: str
    address: Address
    author: Author
    text: str
    at: float
    message: str
    addressed: bool = True
    alone: bool = False
    reads_place: bool = False
    deferred: bool = False
    job: int = 0
    call: ToolCall | None = None
    reply_to: str = ""
    quotes: tuple[Quote, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    origin: Mapping[str, str] = field(default_factory=dict[str, str])


class ControlKind(StrEnum):
    """What a control does."""

    STOP = "stop"
    RESET = "reset"
    REGENERATE = "regenerate"
    CONTINUE = "continue"
    RETRY = "retry"
    MODEL = "model"
    PERSONA = "persona"
    TOOLS = "tools"
    THINKING = "thinking"
    USAGE = "usage"
    JOBS = "jobs"
    ACCESS = "access"
    EXPORT = "export"
    FORGET = "forget"
    HELP = "help"
    ALLOW = "allow"
    DENY = "deny"
    UPVOTE = "upvote"
    DOWNVOTE = "downvote"
    QUESTION_EDITED = "question_edited"
    QUESTION_DELETED = "question_deleted"
    ANSWER_DELETED = "answer_deleted"


@dataclass(frozen=True, slots=True)
class Control:
    """Something that steers: it acts outside the lane, and acting on it twice changes nothing more.

    `target` is a message of the platform for edits and deletions, a turn's number for buttons, with a Page's
    ballot behind a dot where they are about calls, else "". `value` is the new text or setting, `scope` one of those in
    `commands.scope_keys`. A question that was edited may have become a `call`. `origin` is read by nobody but the
    adapter that wrote it.
    """

    key: str
    kind: ControlKind
    conversation: str
    address: Address
    actor: Author
    target: str = ""
    value: str = ""
    scope: str = ""
    call: ToolCall | None = None
    origin: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Reply:
    """What the giver of a control is told, "" when there is nothing to say; a `file` is (name, text), theirs alone."""

    text: str = ""
    file: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """A question with all that belongs to its answer; history is cut between rounds only.

    `files` are the digests of the files that came with the question, `asker` is who asked it.
    """

    turn: int
    messages: tuple[Message, ...]
    files: tuple[str, ...] = ()
    asker: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """What was said before a turn: the newest rounds, oldest first, and a `summary` of all that came before them."""

    rounds: tuple[Round, ...] = ()
    summary: str = ""


class OutcomeKind(StrEnum):
    """How a turn ended."""

    ANSWERED = "answered"
    STOPPED = "stopped"
    FAILED = "failed"
    RETRACTED = "retracted"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a turn: the model's `answer`, and our own line about it in `note`.

    Without an answer the note is the whole visible text. `question` is what the model was asked, as later turns shall
    see it in the history. `controls` are the buttons under the last page. `reasoning` is only kept where it was asked
    for, to be shown apart from the answer. `handle` names a DEFERRED question at the provider that answers it in the
    background, "" where none can and we ask for it ourselves. `first_text` is in seconds since the turn was taken up.
    """

    kind: OutcomeKind
    question: str = ""
    answer: str = ""
    note: str = ""
    controls: tuple[ControlKind, ...] = ()
    model: str = ""
    provider: str = ""
    usage: Usage = NOTHING_USED
    reasoning: str = field(default="", repr=False)
    handle: str = ""
    first_text: float | None = None


class Verdict(StrEnum):
    """What became of the question whether a call may be made."""

    ASKED = "asked"
    ALLOWED = "allowed"
    DENIED = "denied"
    PASSED_OVER = "passed_over"  # the conversation went on with something else
    UNANSWERED = "unanswered"  # the time is over


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call that a turn has made in one of its rounds, after the model had said `text`.

    Its `result` is None while it is not known what became of it. One with a `verdict` was not begun: people were asked,
    and had `until` (Unix seconds) to answer.
    """

    round: int
    text: str
    call: ToolCall
    result: str | None = None
    verdict: Verdict | None = None
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Job:
    """A question that is answered in the background, under the number of the `turn` that deferred it.

    `since` is in Unix seconds. With an `outcome` only its ask is left to be made.
    """

    turn: Turn
    handle: str
    since: float
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What answers of one model have cost together; `cost` counts those whose price is known, in a `currency`."""

    model: str
    answers: int
    prompt: int
    completion: int
    cached: int
    reasoning: int
    cost: float
    currency: str


@dataclass(frozen=True, slots=True)
class Post:
    """A message of ours on the platform, or the intent to make one (`ref` is "" until the platform answered).

    `number` counts the posts of a turn, `page` is which page it shows, `seal` is the offset in the answer at which the
    page ended (None while it is the last). `at` is when the intent was stored, in Unix seconds.
    """

    turn: int
    number: int
    page: int
    at: float
    ref: str = ""
    seal: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer, as far as it has come.

    `asks` are of one author, oldest first; `notes` is what others said since the turn before. `attempt` counts the
    times the model was asked, from 1. `since` is when it was asked or last reopened, in Unix seconds: the age bound
    counts from there. `place` is where the adapter put the answer, "" until known; `first` says that
    the conversation had none before. With an `outcome` the model has ended and only delivery is left.
    """

    id: int
    conversation: str
    asks: tuple[Ask, ...]
    since: float
    notes: tuple[Quote, ...] = ()
    parent: int | None = None
    attempt: int = 1
    place: str = ""
    posts: tuple[Post, ...] = ()
    first: bool = False
    outcome: Outcome | None = None

    @property
    def ask(self) -> Ask:
        """The newest of the asks: its author is the turn's only asker, its address is where the answer goes."""
        return self.asks[-1]


@dataclass(frozen=True, slots=True)
class Page:
    """What one message should show: a body that only grows, and a tail below it.

    `notify` asks the platform to tell the asker about the message; `file` is a whole answer as (name, text). `ballot`
    tells the calls apart that the buttons are about.
    """

    body: str
    tail: str = ""
    controls: tuple[ControlKind, ...] = ()
    turn: int = 0
    notify: bool = False
    file: tuple[str, str] | None = None
    ballot: int = 0

    @property
    def text(self) -> str:
        """Body and tail as one text."""
        return f"{self.body}\n{self.tail}" if self.body and self.tail else self.body or self.tail

    @property
    def target(self) -> str:
        """What the buttons are about, for the `target` of a Control."""
        return f"{self.turn}.{self.ballot}" if self.ballot else str(self.turn)
