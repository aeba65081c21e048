"""Parts of the seam to the database: what turns call, what people may have or have removed, who changed what."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.completion import ToolCall
from bot.messages import Address, Ask, Author, CallRecord, OutcomeKind, Turn, Verdict


@dataclass(frozen=True, slots=True)
class Claim:
    """A turn to work on, under a lease that `fence` guards: a write with an older fence raises LeaseLost."""

    conversation: str
    fence: int
    turn: Turn


@dataclass(frozen=True, slots=True)
class Entry:
    """A turn as it is kept, or with `turn` 0 a message that is in none: a note, or mail that waits.

    `question` is what the author wrote, without what was quoted around it; `files` are the names of what came with it.
    `at` is when the first of it was said, in Unix seconds. Without a `kind` there is no answer yet, with `withdrawn`
    the question was deleted by who had asked it.
    """

    turn: int
    conversation: str
    address: Address
    author: Author
    at: float
    question: str
    files: tuple[str, ...] = ()
    answer: str = ""
    kind: OutcomeKind | None = None
    model: str = ""
    calls: tuple[CallRecord, ...] = ()
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was removed for somebody.

    `files` are the digests of the Blobs that nobody else needs, `waiting` is the mail that will not be answered.
    `left` counts the rounds that were still under way, and are still there.
    """

    rounds: int = 0
    notes: int = 0
    calls: int = 0
    summaries: int = 0
    ratings: int = 0
    settings: int = 0
    jobs: int = 0
    left: int = 0
    files: frozenset[str] = frozenset()
    waiting: tuple[Ask, ...] = ()

    def __add__(self, other: Forgotten) -> Forgotten:
        return Forgotten(
            self.rounds + other.rounds,
            self.notes + other.notes,
            self.calls + other.calls,
            self.summaries + other.summaries,
            self.ratings + other.ratings,
            self.settings + other.settings,
            self.jobs + other.jobs,
            self.left + other.left,
            self.files | other.files,
            self.waiting + other.waiting,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that an `actor` changed at a time in Unix seconds; None is no value of its own."""

    at: float
    actor: str
    scope: str
    name: str
    before: str | None
    after: str | None


class Calls(Protocol):
    """Keeps what a turn has called, and what came of it."""

    # `round` is the word of CallRecord.
    async def begin_calls(
        self,
        claim: Claim,
        round: int,  # noqa: A002  # as said above
        text: str,
        calls: Sequence[ToolCall],
        *,
        asked: Collection[str] = (),
        until: float = 0.0,
    ) -> None:
        """Note that these calls are about to be made in a round, after the model has said this text.

        Those whose ids are `asked` are not begun: people are asked whether they may be made, `until` then.
        """
        ...

    async def start_call(self, claim: Claim, call: str) -> None:
        """Note that a call that was allowed is about to be made; named by its id, as in `end_call`."""
        ...

    async def park(self, claim: Claim) -> None:
        """Release the lease with the turn unfinished and its attempts as before, until it is known what people say.

        It is taken up again once no call is ASKED any more, or the time of all is over. While other mail waits in its
        conversation they are PASSED_OVER, now as later. A stop takes the turn up as well. Its age counts from now.
        """
        ...

    async def decide(self, turn: int, round: int, verdict: Verdict) -> Sequence[CallRecord]:  # noqa: A002  # as above
        """Answer for the calls of a round that are ASKED and whose time is not over, and say which these were."""
        ...

    async def join(self, claim: Claim) -> Sequence[Ask]:
        """Take the mail that is next in the conversation into the turn while it is plain words of the turn's asker."""
        ...

    async def end_call(self, claim: Claim, call: str, result: str) -> None:
        """Note the result of a call by its id; of several with this id the newest round's first that has none yet."""
        ...

    async def calls(self, turn: int) -> Sequence[CallRecord]:
        """The calls of a turn in the order in which they were begun; a crash does not forget them.

        One that is ASKED and whose time is over is UNANSWERED.
        """
        ...


class Archive(Protocol):
    """Gives people what is kept of theirs, and removes it."""

    def export(self, platform: str, *, author: str = "", conversation: str = "") -> AsyncGenerator[Entry, None]:
        """All turns by conversation, oldest first, then in the same order what is in none; "" leaves a condition out.

        A few are read at a time, each time as they are then. Neither reasoning nor what a provider said of an error
        is in it, and nothing that was forgotten.
        """
        ...

    async def search(self, turn: Turn, words: Sequence[str], *, limit: int) -> Sequence[Entry]:
        """The newest rounds before this turn in its conversation whose question or answer hold all of these words.

        Newest first, whatever the case of letters; nothing from before a reset, nothing withdrawn or forgotten.
        """
        ...

    async def forget(self, platform: str, author: str, conversation: str = "") -> Forgotten:
        """Remove what somebody has asked and said in a conversation, with "" in all, and what was made from it.

        Keys stay, so that nothing is answered twice, and so does what was spent. Turns under way are left: stop them
        first. Notes are also taken out of the questions of others, but not what others quoted from elsewhere. Without
        a conversation the settings go that they have made for themselves. Takes several transactions: what was
        interrupted is ended by another call.
        """
        ...


class Audit(Protocol):
    """Keeps who changed what."""

    async def note_change(self, actor: str, scope: str, name: str, before: str | None, after: str | None) -> None:
        """Note that an actor, as "platform/user id", has changed something; also what is no setting."""
        ...

    async def changes(self, scope: str = "", *, limit: int = 50) -> Sequence[Change]:
        """The newest changes in scopes that begin with this, newest first."""
        ...
