"""The Store on SQLite: the file of one machine, durable when `accept` returns."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Literal

from bot.completion import ToolCall, Usage
from bot.errors import LeaseLost
from bot.messages import Address, Ask, Control, History, Job, Outcome, Post, Spending, Turn
from bot.ports import Claim, Reception, Summary
from storage import files, inbox, jobs, lane, spending, steering, turns
from storage.backup import copy_database, copy_files
from storage.connection import Clock, Database, Transaction, database_time
from storage.faults import fault
from storage.lock import locked
from storage.migrate import prepare
from storage.settings_reader import SettingsReader
from storage.sqlite_records import SqliteRecords


class SqliteStore(SqliteRecords):
    """Keeps everything in one SQLite file; the methods are those of `bot.ports.Store`.

    Any of them raises OperatorError when only the operator can help (a full disk, a damaged file); what it was to do is
    then undone, and the store goes on working once that is mended.
    """

    def __init__(self, path: Path, writer: Database, reader: Database) -> None:
        super().__init__(writer, reader)
        self._path = path
        self._settings = SettingsReader(partial(reader.transact, steering.settings))

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: str | os.PathLike[str],
        *,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        exclusive: bool = True,
        clock: Clock = database_time,
    ) -> AsyncGenerator[SqliteStore]:
        """Open the file, migrated to this version; use with `async with`, since an open one keeps the program alive.

        `exclusive` keeps other processes out and ends all leases, which are dead when we are alone; without it the file
        must exist. NORMAL may lose the last commits when the power fails. Raises OperatorError.
        """
        file = Path(path)
        if not (file.parent.is_dir() and os.access(file.parent, os.W_OK)):
            raise fault(file, "is in a directory that is missing or not writable; create it or name another file")
        async with AsyncExitStack() as stack:
            if exclusive:
                stack.enter_context(locked(file))
            await asyncio.to_thread(prepare, file, exclusive=exclusive)
            writer = Database(file, clock, access="write", synchronous=synchronous)
            reader = Database(file, clock, access="read")
            await stack.enter_async_context(writer)
            await stack.enter_async_context(reader)
            store = cls(file, writer, reader)
            if exclusive:
                await store._write(lane.release_all)
            yield store

    async def backup(self, target: str | os.PathLike[str]) -> None:
        """Write a consistent copy to a file, and the kept files beside it, while everything goes on.

        Raises OperatorError.
        """
        await asyncio.to_thread(copy_database, self._path, Path(target))
        # A file that comes after the database was copied is too many; one that came before is never missing.
        await asyncio.to_thread(copy_files, self._path, Path(target))

    async def accept(self, ask: Ask, *, wakes: bool, limit: int) -> Reception:
        """Store an ask once, by its key."""
        return await self._write(inbox.accept, ask, wakes, limit)

    async def accept_control(self, control: Control) -> bool:
        """Store a control once, by its key."""
        return await self._write(inbox.accept_control, control)

    async def settle(self, key: str) -> None:
        """Note that a control has been acted on."""
        await self._write(inbox.settle, key)

    async def unsettled(self) -> Sequence[Control]:
        """Controls to act on."""
        return await self._read(inbox.unsettled)

    async def has_asked(self, conversation: str, author: str) -> bool:
        """Whether this author has asked here."""
        return await self._read(inbox.has_asked, conversation, author)

    async def knows(self, conversation: str) -> bool:
        """Whether anything was asked here."""
        return await self._read(inbox.knows, conversation)

    async def pending(
        self, platform: str, *, author: str = "", workspace: str = "", channel: str = ""
    ) -> Mapping[str, str]:
        """The conversations of asks that wait or are being answered."""
        return await self._read(inbox.pending, platform, author, workspace, channel)

    async def claim(self, owner: str, lease: float) -> Claim | None:
        """Lease a conversation and begin its next turn."""
        return await self._take(lambda tx: lane.claim(tx, owner, lease))

    async def proceed(self, claim: Claim) -> Claim | None:
        """Begin the next turn or release."""
        return await self._take(lambda tx: lane.proceed(tx, claim))

    async def _take(self, work: Callable[[Transaction], Claim | None]) -> Claim | None:
        taken: list[Claim] = []

        def take(tx: Transaction) -> Claim | None:
            claim = work(tx)
            taken.extend([claim] if claim else [])
            return claim

        try:
            return await self._write(take)
        except asyncio.CancelledError:
            # nobody would learn of the claim, and the heartbeat would keep it leased for ever
            await self._write(_give_back, taken)
            raise

    async def hand_back(self, claim: Claim, *, after: float = 0.0, count: bool = True) -> None:
        """Release with the turn unfinished."""
        await self._write(lane.hand_back, claim, after, count)

    async def renew(self, owner: str, lease: float) -> None:
        """Prolong this owner's leases."""
        await self._write(lane.renew, owner, lease)

    async def next_due(self, owner: str) -> float | None:
        """Seconds until this owner may claim something; work under another's lease counts from the end of the lease."""
        return await self._read(lane.next_due, owner)

    async def place(self, claim: Claim, place: str) -> None:
        """Remember where the answer is."""
        await self._write(turns.place, claim, place)

    async def history(self, turn: Turn, *, rounds: int) -> History:
        """What leads to this turn."""
        return await self._read(turns.history, turn, rounds)

    async def summarise(self, turn: int, text: str, usage: Usage, *, model: str = "") -> None:
        """Keep what stands for this turn and all before it; `model` wrote it."""
        await self._write(turns.summarise, turn, text, usage, model)

    async def intend(self, claim: Claim, page: int) -> Post:
        """Store the intent to post a page."""
        return await self._write(turns.intend, claim, page)

    async def posted(self, claim: Claim, number: int, ref: str) -> None:
        """Note which message the post became."""
        await self._write(turns.posted, claim, number, ref)

    async def sealed(self, claim: Claim, number: int, seal: int) -> None:
        """Note where the post's page ended."""
        await self._write(turns.sealed, claim, number, seal)

    async def unposted(self, claim: Claim, number: int) -> None:
        """Forget a post."""
        await self._write(turns.unposted, claim, number)

    async def repost(self, claim: Claim) -> None:
        """Begin a new attempt under the same lease."""
        await self._write(turns.repost, claim)

    async def finish(self, claim: Claim, outcome: Outcome) -> None:
        """Store the end of the turn."""
        await self._write(turns.finish, claim, outcome)

    async def spend(self, claim: Claim, model: str, provider: str, usage: Usage) -> None:
        """Note what was spent before the end of the turn."""
        await self._write(turns.spend, claim, model, provider, usage)

    async def delivered(self, claim: Claim) -> None:
        """Put the turn to rest."""
        await self._write(turns.delivered, claim)

    async def turn(self, number: int) -> Summary | None:
        """A turn by its number."""
        return await self._read(steering.turn, number)

    async def last_turn(self, conversation: str) -> Summary | None:
        """The newest turn of a conversation."""
        return await self._read(steering.find_turn, "last_turn", conversation)

    async def turn_of_question(self, key: str) -> Summary | None:
        """The turn that answers this ask."""
        return await self._read(steering.find_turn, "turn_of_question", key)

    async def turn_of_post(self, ref: str) -> Summary | None:
        """The turn of a message of ours."""
        return await self._read(steering.find_turn, "turn_of_post", ref)

    async def forget_post(self, ref: str) -> None:
        """Forget a message of ours whose turn is delivered."""
        await self._write(steering.forget_post, ref)

    async def newest_conversation(self, address: Address, author: str) -> str:
        """Where this author asked last in this channel."""
        return await self._read(steering.newest_conversation, address, author)

    async def open_turn(self, conversation: str) -> Summary | None:
        """The turn that is not yet delivered."""
        return await self._read(steering.find_turn, "open_turn", conversation)

    async def drop_waiting(self, conversation: str, author: str) -> Sequence[Ask]:
        """Drop this author's waiting mail, and return it oldest first."""
        return await self._write(steering.drop_waiting, conversation, author)

    async def rewrite_question(self, key: str, text: str, call: ToolCall | None = None) -> None:
        """Replace an ask's text unless it is being answered."""
        await self._write(steering.rewrite_question, key, text, call)

    async def withdraw_question(self, key: str) -> bool:
        """Drop an ask, also out of its turn; with its last ask a turn leaves the history instead."""
        return await self._write(steering.withdraw_question, key)

    async def request_stop(self, turn: int) -> None:
        """Mark a turn as stopped."""
        await self._write(steering.request_stop, turn)

    async def stop_requested(self, turn: int) -> bool:
        """Whether a turn is marked as stopped."""
        return await self._read(steering.stop_requested, turn)

    async def reset(self, conversation: str) -> None:
        """Begin the history anew."""
        await self._write(steering.reset, conversation)

    async def rate(self, turn: int, author: str, score: int) -> None:
        """Keep what somebody thinks of an answer."""
        await self._write(steering.rate, turn, author, score)

    async def ratings(self, turn: int) -> Mapping[str, int]:
        """What people think of an answer."""
        return await self._read(steering.ratings, turn)

    async def reopen(self, turn: int, keep: Collection[str] = ()) -> bool:
        """Put the last turn up to be asked again."""
        return await self._write(steering.reopen, turn, keep)

    async def jobs(self) -> Sequence[Job]:
        """The jobs whose ask is still to be made."""
        return await self._read(jobs.jobs)

    async def job(self, turn: int) -> Job | None:
        """A job by the number of its turn."""
        return await self._read(jobs.job, turn)

    async def end_job(self, turn: int, outcome: Outcome) -> bool:
        """Note how a job ended."""
        return await self._write(jobs.end_job, turn, outcome)

    async def close_job(self, turn: int) -> None:
        """Note that a job's ask was made."""
        await self._write(jobs.close_job, turn)

    async def cancel_job(self, turn: int) -> bool:
        """Cancel a job."""
        return await self._write(jobs.cancel_job, turn)

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
        """What was spent since then, by model."""
        return await self._read(spending.spending, platform, since, author, conversation, workspace, channel)

    async def keep_file(self, ask: str, number: int, digest: str) -> bool:
        """Note which file an attachment became."""
        return await self._write(files.keep_file, ask, number, digest)

    async def files(self, ask: str) -> Mapping[int, str]:
        """The files that the attachments of an ask became."""
        return await self._read(files.files, ask)

    async def forget_files(self, ask: str) -> Collection[str]:
        """Forget the files of an ask."""
        return await self._write(files.forget_files, ask)

    async def forget_old_files(self, age: float) -> None:
        """Forget files that are too old or of no use any more."""
        await self._write(files.forget_old_files, age)

    async def wanted_files(self, digests: Sequence[str]) -> Collection[str]:
        """Those of the files that belong to an ask."""
        return await self._read(files.wanted_files, digests)

    async def settings(self, name: str, scopes: Sequence[str]) -> Mapping[str, str]:
        """The values of a setting by scope."""
        return await self._settings.settings(name, scopes)

    async def set_setting(self, scope: str, name: str, value: str | None, *, by: str = "") -> None:
        """Set or remove a value."""
        await self._write(steering.set_setting, scope, name, value, by)

    async def recall(self, name: str) -> str | None:
        """A value kept for an adapter."""
        return await self._read(steering.recall, name)

    async def remember(self, name: str, value: str) -> None:
        """Keep a value for an adapter."""
        await self._write(steering.remember, name, value)

    async def active_channels(self, platform: str, since: float) -> Sequence[str]:
        """Direct-message channels with asks since then, the latest first."""
        return await self._read(steering.active_channels, platform, since)


def _give_back(tx: Transaction, claims: Sequence[Claim]) -> None:
    for claim in claims:
        with suppress(LeaseLost):  # the claim's own commit failed, so that it was never taken
            lane.hand_back(tx, claim, after=0.0, count=False)
