"""The seam to the database: what the core and the adapters keep, and what they need to find again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.completion import ToolCall, Usage
from bot.messages import Address, Ask, Control, History, Job, Outcome, Post, Spending, Turn
from bot.records import Archive, Audit, Calls, Claim


class Reception(StrEnum):
    """What became of an ask."""

    TAKEN = "taken"  # its turn comes next
    WAITING = "waiting"  # others of the same conversation come first
    NOTED = "noted"  # kept as context, wakes nobody
    DUPLICATE = "duplicate"
    COMPLETED = "completed"  # a fuller copy of one that is known
    FULL = "full"  # the conversation's queue is full; it will not be answered
    REFUSED = "refused"  # not stored: it may not be asked there, or not by its author, or not now


@dataclass(frozen=True, slots=True)
class Summary:
    """What controls need to know of a turn; `state` is "running", "finished" or "delivered".

    `last` says that no later turn was begun in the conversation, `asks` counts the messages that it answers.
    """

    id: int
    conversation: str
    asker: str
    state: str
    last: bool
    asks: int = 1
    outcome: Outcome | None = None


class Memory(Protocol):
    """What an adapter may keep and look up."""

    async def recall(self, name: str) -> str | None:
        """A value kept for an adapter, such as a cursor or a hash."""
        ...

    async def remember(self, name: str, value: str) -> None:
        """Keep a value for an adapter."""
        ...

    async def active_channels(self, platform: str, since: float) -> Sequence[str]:
        """Channels outside any workspace (direct messages) in which something was asked since then."""
        ...


class Store(Memory, Calls, Archive, Audit, Protocol):
    """Keeps conversations, the inbox and what was shown. Every method is one transaction, but for those of Archive.

    Times are Unix seconds, durations seconds. Methods that take a Claim raise LeaseLost when its fence is old.
    """

    # The inbox -----------------------------------------------------------------------------------------------------

    async def accept(self, ask: Ask, *, wakes: bool, limit: int) -> Reception:
        """Store an ask once, by its key; `limit` is how many may wait in one conversation.

        A copy gives the kept ask the attachments that it lacks while that is not answered, and is COMPLETED then. A
        turn that is under way has them only when it is claimed again.
        """
        ...

    async def accept_control(self, control: Control) -> bool:
        """Store a control once, by its key; False for one that is already settled."""
        ...

    async def settle(self, key: str) -> None:
        """Note that a control has been acted on."""
        ...

    async def unsettled(self) -> Sequence[Control]:
        """Controls that were stored but not acted on, oldest first."""
        ...

    async def has_asked(self, conversation: str, author: str) -> bool:
        """Whether this author has asked in this conversation."""
        ...

    async def knows(self, conversation: str) -> bool:
        """Whether anything was ever asked in this conversation."""
        ...

    async def pending(
        self, platform: str, *, author: str = "", workspace: str = "", channel: str = ""
    ) -> Mapping[str, str]:
        """The conversations of the asks on this platform that wait or are being answered, by the asks' keys.

        "" leaves a condition out.
        """
        ...

    # The lane ------------------------------------------------------------------------------------------------------

    async def claim(self, owner: str, lease: float) -> Claim | None:
        """Take the conversation whose work has waited longest and has no live lease, and begin its next turn.

        In order: a finished turn that is not delivered, a turn to be asked again (its seals are forgotten), the oldest
        waiting mail together with the mail of the same author that directly follows it. A lease of this owner is
        never taken over, also when it has run out: whoever holds it here still works on it.
        """
        ...

    async def proceed(self, claim: Claim) -> Claim | None:
        """Begin the next turn under the same lease; with nothing pending release it and return None."""
        ...

    async def hand_back(self, claim: Claim, *, after: float = 0.0, count: bool = True) -> None:
        """Release with the turn unfinished: it is taken up again after that many seconds.

        `count=False` leaves its number of attempts as it was before the claim.
        """
        ...

    async def renew(self, owner: str, lease: float) -> None:
        """Prolong all leases of this owner."""
        ...

    async def next_due(self, owner: str) -> float | None:
        """Seconds until this owner may claim something, 0 when it may now, None when there is nothing to come."""
        ...

    # A turn --------------------------------------------------------------------------------------------------------

    async def place(self, claim: Claim, place: str) -> None:
        """Remember where the adapter put the answer."""
        ...

    async def history(self, turn: Turn, *, rounds: int) -> History:
        """The answered rounds that lead to this turn, at most so many; nothing from before a reset.

        A round has the calls that came to a result, and what was said before them in its place and not in the answer.
        A summary on the way ends it: the rounds that it stands for are left out.
        """
        ...

    async def summarise(self, turn: int, text: str, usage: Usage, *, model: str = "") -> None:
        """Keep a text of a `model` that stands for the round of this turn and all before it, and note what it cost.

        Taking a question out of one of these rounds forgets it.
        """
        ...

    async def intend(self, claim: Claim, page: int) -> Post:
        """Store the intent to post a page, before it is posted."""
        ...

    async def posted(self, claim: Claim, number: int, ref: str) -> None:
        """Note which message the post became."""
        ...

    async def sealed(self, claim: Claim, number: int, seal: int) -> None:
        """Note where in the answer the post's page ended."""
        ...

    async def unposted(self, claim: Claim, number: int) -> None:
        """Forget a post that is no longer on the platform, or never came to be."""
        ...

    async def repost(self, claim: Claim) -> None:
        """Begin a new attempt under the same lease: the posts stay, their seals are forgotten."""
        ...

    async def finish(self, claim: Claim, outcome: Outcome) -> None:
        """The model has ended: the asks are done, the answer enters the history; a DEFERRED one becomes a job."""
        ...

    async def delivered(self, claim: Claim) -> None:
        """The posts on the platform show the outcome."""
        ...

    # What controls do ----------------------------------------------------------------------------------------------

    async def turn(self, number: int) -> Summary | None:
        """A turn by its number."""
        ...

    async def last_turn(self, conversation: str) -> Summary | None:
        """The newest turn of a conversation, whatever became of it."""
        ...

    async def turn_of_question(self, key: str) -> Summary | None:
        """The turn that answers the ask with this key."""
        ...

    async def turn_of_post(self, ref: str) -> Summary | None:
        """The turn that a message of ours belongs to."""
        ...

    async def forget_post(self, ref: str) -> None:
        """Forget a message of ours that a person has deleted, unless its turn is still being worked on."""
        ...

    async def newest_conversation(self, address: Address, author: str) -> str:
        """The conversation in which this author asked last in this channel, "" when there is none."""
        ...

    async def open_turn(self, conversation: str) -> Summary | None:
        """The conversation's turn that is not yet delivered."""
        ...

    async def drop_waiting(self, conversation: str, author: str) -> Sequence[Ask]:
        """Drop the mail of this author that waits in this conversation, and say what it was."""
        ...

    async def rewrite_question(self, key: str, text: str, call: ToolCall | None = None) -> None:
        """Replace the text and the call of an ask that is not being answered right now; a Regenerate uses them."""
        ...

    async def withdraw_question(self, key: str) -> bool:
        """Drop a waiting ask, or take an answered one out of its turn; whether it was waiting.

        A turn whose last ask is taken out leaves the history.
        """
        ...

    async def request_stop(self, turn: int) -> None:
        """Mark a turn as stopped, for whoever works on it or takes it up."""
        ...

    async def stop_requested(self, turn: int) -> bool:
        """Whether a stop was requested since the turn was last begun or reopened."""
        ...

    async def reset(self, conversation: str) -> None:
        """History of this conversation begins anew; the record stays."""
        ...

    async def rate(self, turn: int, author: str, score: int) -> None:
        """Keep what somebody thinks of an answer, 1 or -1; the last word of each counts."""
        ...

    async def ratings(self, turn: int) -> Mapping[str, int]:
        """What people think of an answer, by author."""
        ...

    async def reopen(self, turn: int, keep: Collection[str] = ()) -> bool:
        """Put a delivered turn up to be asked again; False when it is not the conversation's last.

        Also one that is still open, or was forgotten, is not. Of its calls those stay that were begun of the tools of
        these names: what they have changed is not changed again.
        """
        ...

    # In the background ---------------------------------------------------------------------------------------------

    async def jobs(self) -> Sequence[Job]:
        """The jobs whose ask is still to be made, oldest first; not those that were cancelled."""
        ...

    async def job(self, turn: int) -> Job | None:
        """A job by the number of its turn, whatever became of it."""
        ...

    async def end_job(self, turn: int, outcome: Outcome) -> bool:
        """Note how a job ended; False when it was cancelled, or had ended before."""
        ...

    async def close_job(self, turn: int) -> None:
        """Note that the ask with a job's answer was made."""
        ...

    async def cancel_job(self, turn: int) -> bool:
        """Cancel a job; False when its ask was already made, or it was cancelled before."""
        ...

    # Spending ------------------------------------------------------------------------------------------------------

    async def spend(self, claim: Claim, model: str, provider: str, usage: Usage) -> None:
        """Note what was spent under this claim on a turn that has not ended; what `finish` notes takes its place."""
        ...

    async def spending(
        self,
        platform: str,
        since: float,
        *,
        author: str = "",
        conversation: str = "",
        workspace: str = "",
        channel: str = "",
    ) -> Sequence[Spending]:
        """What was spent since then on this platform by model, the most answers first; "" leaves a condition out.

        Each attempt counts. Summaries count for their conversation, channel and workspace, and for no author.
        """
        ...

    # Files ---------------------------------------------------------------------------------------------------------

    async def keep_file(self, ask: str, number: int, digest: str) -> bool:
        """Note which of the Blobs an ask's attachment became, by its place among them; False where it is not wanted.

        It is not for an ask that was dropped, withdrawn, or never there.
        """
        ...

    async def files(self, ask: str) -> Mapping[int, str]:
        """The digests of the files that an ask's attachments became, by their place among them."""
        ...

    async def forget_files(self, ask: str) -> Collection[str]:
        """Forget the files of an ask, and say which of their digests belong to no ask any more."""
        ...

    async def forget_old_files(self, age: float) -> None:
        """Forget the files that were kept before so many seconds, and those of asks that were dropped or withdrawn."""
        ...

    async def wanted_files(self, digests: Sequence[str]) -> Collection[str]:
        """Those of these digests that belong to an ask."""
        ...

    # Settings ------------------------------------------------------------------------------------------------------

    async def settings(self, name: str, scopes: Sequence[str]) -> Mapping[str, str]:
        """The values of one setting by scope, for those of the scopes that have one."""
        ...

    async def set_setting(self, scope: str, name: str, value: str | None, *, by: str = "") -> None:
        """Set a value, or with None remove it; what it changes for an actor is noted together with it."""
        ...
