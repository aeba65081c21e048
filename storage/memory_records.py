"""What the store in memory does with its turns beside answering them: calls, the archive, and what was spent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence

from bot.completion import ToolCall
from bot.errors import LeaseLost
from bot.messages import Ask, CallRecord, Spending, Turn, Verdict
from bot.records import Claim, Entry, Forgotten
from storage import archive
from storage.archive import Selection, entry_of_ask, entry_of_turn
from storage.forgetting import reworded
from storage.memory_files import MemoryFiles
from storage.memory_lanes import Lane
from storage.memory_values import MemoryValues
from storage.records import Mail, TurnRecord
from storage.side_records import Expense
from storage.spending import totals


class MemoryRecords(MemoryFiles, MemoryValues):
    """The part of `storage.memory.MemoryStore` that `bot.records` describes, and what was spent."""

    def __init__(self, clock: Callable[[], float]) -> None:
        MemoryFiles.__init__(self, clock)
        MemoryValues.__init__(self, clock)
        self._lanes: dict[str, Lane] = {}
        self._turns: list[TurnRecord] = []
        self._expenses: list[Expense] = []

    def _checked(self, claim: Claim) -> Lane:
        lane = self._lanes.get(claim.conversation)
        if lane is None or lane.fence != claim.fence:
            raise LeaseLost(f"turn {claim.turn.id} is no longer ours")
        return lane

    def _held(self, claim: Claim) -> TurnRecord:
        self._checked(claim)
        return self._turns[claim.turn.id - 1]

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
        self._held(claim).calls.begin(round, text, calls, asked, until)

    async def start_call(self, claim: Claim, call: str) -> None:
        """Note that a call that was allowed is about to be made."""
        self._held(claim).calls.start(call)

    async def park(self, claim: Claim) -> None:
        """Release the turn until people have answered."""
        lane, record = self._checked(claim), self._held(claim)
        if lane.waiting:
            record.pass_over(self._clock())
        record.park(self._clock())
        lane.release()

    async def decide(self, turn: int, round: int, verdict: Verdict) -> Sequence[CallRecord]:  # noqa: A002  # as above
        """Answer for the calls of a round."""
        return self._turns[turn - 1].decide(round, verdict, self._clock()) if 0 < turn <= len(self._turns) else []

    async def join(self, claim: Claim) -> Sequence[Ask]:
        """Take the mail that is next into the turn."""
        return self._checked(claim).join(self._held(claim))

    async def end_call(self, claim: Claim, call: str, result: str) -> None:
        """Note the result of a call."""
        self._held(claim).calls.end(call, result)

    async def calls(self, turn: int) -> Sequence[CallRecord]:
        """The calls of a turn."""
        return self._turns[turn - 1].calls.at(self._clock()) if 0 < turn <= len(self._turns) else []

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
        wanted = platform, author, conversation, workspace, channel
        return totals(each.spent for each in self._expenses if each.at >= since and each.counts_for(*wanted))

    async def export(self, platform: str, *, author: str = "", conversation: str = "") -> AsyncGenerator[Entry, None]:
        """All that is kept."""
        chosen = Selection(platform, author, conversation)
        turns = [record for record in self._turns if not record.forgotten and _is_by(chosen, record.mail[-1])]
        for record in sorted(turns, key=lambda record: (record.conversation, record.id)):
            yield entry_of_turn(record.value(), record.calls.at(self._clock()), record.withdrawn)
        for mail in self._loose(chosen):
            yield entry_of_ask(mail.ask)

    def _loose(self, chosen: Selection) -> list[Mail]:
        """What is in no turn, or only around its question, by conversation."""
        states = ("waiting", "note", "context")
        loose = [mail for mail in self._mail.values() if mail.state in states and _is_by(chosen, mail)]
        return sorted(loose, key=lambda mail: (mail.ask.conversation, mail.number))

    async def search(self, turn: Turn, words: Sequence[str], *, limit: int) -> Sequence[Entry]:
        """The newest rounds before this turn that hold all words."""
        lane = self._lanes[turn.conversation]
        before = [record for record in reversed(lane.turns) if lane.reset < record.id < turn.id][: archive.LOOKED_AT]
        now = self._clock()
        entries = [entry_of_turn(record.value(), record.calls.at(now), False) for record in before if record.remembered]
        return [entry for entry in entries if archive.holds(entry, words)][:limit]

    async def forget(self, platform: str, author: str, conversation: str = "") -> Forgotten:
        """Remove what somebody asked and said."""
        chosen = Selection(platform, author, conversation)
        theirs = [record for record in self._turns if not record.forgotten and _is_by(chosen, record.mail[-1])]
        total = Forgotten(left=sum(record.state != "delivered" for record in theirs))
        for record in theirs:
            if record.state == "delivered":
                total += await self._forget_round(record)
        for mail in self._loose(chosen):
            total += await self._forget_message(mail)
        settings = 0 if conversation else self._forget_settings(chosen.scope, chosen.actor)
        return total + Forgotten(ratings=self._forget_ratings(chosen), settings=settings)

    async def _forget_round(self, record: TurnRecord) -> Forgotten:
        files = await self._forget_all_files(mail.ask.key for mail in self._mail.values() if mail.turn is record)
        calls, summaries = len(record.calls.records), self._lanes[record.conversation].forget_summaries(record)
        ratings = len(self._ratings.pop(record.id, {}))
        return Forgotten(1, 0, calls, summaries, ratings, jobs=int(record.forget()), files=files)

    async def _forget_all_files(self, asks: Iterable[str]) -> frozenset[str]:
        return frozenset[str]().union(*[await self.forget_files(ask) for ask in asks])

    async def _forget_message(self, mail: Mail) -> Forgotten:
        ask, waiting, turn = mail.ask, mail.state == "waiting", mail.turn
        self._lanes[ask.conversation].forget(mail)
        if waiting:
            return Forgotten(files=frozenset(await self.forget_files(ask.key)), waiting=(ask,))
        if turn is None:
            return Forgotten(notes=1)
        turn.reword(lambda question: reworded(question, ask.text))
        return Forgotten(notes=1, summaries=self._lanes[turn.conversation].forget_summaries(turn))

    def _forget_ratings(self, chosen: Selection) -> int:
        records = [record for record in self._turns if record.platform == chosen.platform]
        ids = [record.id for record in records if chosen.conversation in ("", record.conversation)]
        scores = [self._ratings[number].pop(chosen.author, None) for number in ids]
        return sum(score is not None for score in scores)


def _is_by(chosen: Selection, mail: Mail) -> bool:
    """Whether a message is one of those that are meant."""
    ask = mail.ask
    named = (chosen.author, ask.author.id), (chosen.conversation, ask.conversation)
    return chosen.platform == ask.address.platform and all(wanted in ("", own) for wanted, own in named)
