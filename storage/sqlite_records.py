"""The part of the Store on SQLite that stands in `bot.records`: calls, the archive, and who changed what."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence

from bot.completion import ToolCall
from bot.messages import Ask, CallRecord, Turn, Verdict
from bot.records import Change, Claim, Entry, Forgotten
from storage import approval, archive, audit, calls, forgetting, lane
from storage.archive import Selection
from storage.connection import Database


class SqliteRecords:
    """The connections of a `storage.sqlite.SqliteStore`, and what needs nothing else of it."""

    def __init__(self, writer: Database, reader: Database) -> None:
        self._write = writer.transact
        self._read = reader.transact
        self._checkpoint = writer.checkpoint

    async def begin_calls(
        self,
        claim: Claim,
        round: int,  # noqa: A002  # the port's name
        text: str,
        calls: Sequence[ToolCall],
        *,
        asked: Collection[str] = (),
        until: float = 0.0,
    ) -> None:
        """Note calls that are about to be made, or that people are asked about."""
        await self._write(_begin_calls, claim, round, text, calls, asked, until)

    async def start_call(self, claim: Claim, call: str) -> None:
        """Note that a call that was allowed is about to be made."""
        await self._write(calls.start_call, claim, call)

    async def park(self, claim: Claim) -> None:
        """Release the turn until people have answered."""
        await self._write(approval.park, claim)

    async def decide(self, turn: int, round: int, verdict: Verdict) -> Sequence[CallRecord]:  # noqa: A002  # as above
        """Answer for the calls of a round."""
        return await self._write(approval.decide, turn, round, verdict)

    async def join(self, claim: Claim) -> Sequence[Ask]:
        """Take the mail that is next into the turn."""
        return await self._write(lane.join, claim)

    async def end_call(self, claim: Claim, call: str, result: str) -> None:
        """Note the result of a call."""
        await self._write(calls.end_call, claim, call, result)

    async def calls(self, turn: int) -> Sequence[CallRecord]:
        """The calls of a turn."""
        return await self._read(calls.calls, turn)

    async def export(self, platform: str, *, author: str = "", conversation: str = "") -> AsyncGenerator[Entry, None]:
        """All that is kept, a page in memory at a time."""
        chosen = Selection(platform, author, conversation)
        for source in archive.SOURCES:
            page, last = await self._read(archive.page, source, chosen, chosen.beginning)
            while page:
                for entry in page:
                    yield entry
                page, last = await self._read(archive.page, source, chosen, last)

    async def search(self, turn: Turn, words: Sequence[str], *, limit: int) -> Sequence[Entry]:
        """The newest rounds before this turn that hold all words; a page in memory at a time."""
        found: list[Entry] = []
        before = turn.id
        for _ in range(0, archive.LOOKED_AT, archive.PAGE):
            entries, before = await self._read(archive.earlier, turn.conversation, words, before)
            found += entries
            if not before or len(found) >= limit:
                break
        return found[:limit]

    async def forget(self, platform: str, author: str, conversation: str = "") -> Forgotten:
        """Remove what somebody asked and said, also from the log of the file."""
        chosen = Selection(platform, author, conversation)
        total = Forgotten()
        for step in forgetting.STEPS:
            while (removed := await self._write(step, chosen)) is not None:
                total += removed
        total += await self._write(forgetting.rest, chosen)
        await self._checkpoint()
        return total

    async def note_change(self, actor: str, scope: str, name: str, before: str | None, after: str | None) -> None:
        """Note that an actor has changed something."""
        await self._write(audit.note_change, actor, scope, name, before, after)

    async def changes(self, scope: str = "", *, limit: int = 50) -> Sequence[Change]:
        """The newest changes in scopes that begin with this."""
        return await self._read(audit.changes, scope, limit)


# The parameter of this name hides the module.
_begin_calls = calls.begin_calls
