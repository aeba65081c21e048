"""The Store in memory: the same meaning as on SQLite, for as long as the process lives."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from bot.completion import ToolCall, Usage
from bot.messages import Address, Ask, History, Job, Outcome, Post, Round, Turn
from bot.ports import Claim, Reception, Summary
from storage.inbox import KEPT_NOTES
from storage.memory_lanes import Lane
from storage.memory_records import MemoryRecords
from storage.records import JobRecord, Mail, TurnRecord
from storage.rounds import answered_round
from storage.spending import spent
from storage.steering import reworded
from storage.turns import STEPS_PER_ROUND


class MemoryStore(MemoryRecords):
    """Keeps everything in dictionaries; the methods are those of `bot.ports.Store`. `clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)

    async def accept(self, ask: Ask, *, wakes: bool, limit: int) -> Reception:
        """Store an ask once, by its key."""
        first = self._mail.get(ask.key)
        if first is not None:
            return Reception.COMPLETED if first.fill_attachments(ask) else Reception.DUPLICATE
        target = self._posted_as(ask.reply_to, ask.address.platform)
        if target is not None:
            ask = replace(ask, conversation=target.conversation)
        mail = Mail(ask, len(self._mail), self._clock(), target.id if target else None)
        return self._queue(mail, limit) if wakes else self._note(mail)

    def _queue(self, mail: Mail, limit: int) -> Reception:
        lane = self._lanes.setdefault(mail.ask.conversation, Lane(mail.ask.conversation))
        waiting = len(lane.waiting)
        self._mail[mail.ask.key] = mail
        lane.askers.add(mail.ask.author.id)
        if waiting >= limit:
            mail.state = "refused"
            return Reception.FULL
        lane.enqueue(mail)
        if lane.open_turn:
            lane.open_turn.pass_over(self._clock())
        return Reception.WAITING if waiting or lane.open_turn else Reception.TAKEN

    def _note(self, mail: Mail) -> Reception:
        lane = self._lanes.get(mail.ask.conversation)
        if lane is not None:
            mail.state = "note"
            self._mail[mail.ask.key] = mail
            lane.note(mail, KEPT_NOTES)
        return Reception.NOTED

    async def has_asked(self, conversation: str, author: str) -> bool:
        """Whether this author has asked here."""
        return conversation in self._lanes and author in self._lanes[conversation].askers

    async def knows(self, conversation: str) -> bool:
        """Whether anything was asked here."""
        return conversation in self._lanes

    async def pending(
        self, platform: str, *, author: str = "", workspace: str = "", channel: str = ""
    ) -> Mapping[str, str]:
        """The conversations of asks that wait or are being answered."""
        wanted = platform, author, workspace, channel
        open_mail = [mail for mail in self._mail.values() if mail.is_open and mail.came_from(*wanted)]
        return {mail.ask.key: mail.ask.conversation for mail in open_mail}

    async def claim(self, owner: str, lease: float) -> Claim | None:
        """Lease a conversation and begin its next turn."""
        now = self._clock()
        due = [
            (lane.due, lane.id, lane)
            for lane in self._lanes.values()
            if lane.due is not None and lane.owner != owner and max(lane.not_before, lane.leased_until) <= now
        ]
        if not due:
            return None
        lane = min(due)[2]
        lane.owner, lane.leased_until = owner, now + lease
        return self._begin(lane)

    async def proceed(self, claim: Claim) -> Claim | None:
        """Begin the next turn or release."""
        lane = self._checked(claim)
        if lane.due is None:
            lane.release()
            return None
        return self._begin(lane)

    def _begin(self, lane: Lane) -> Claim:
        lane.fence += 1
        record = lane.open_turn
        if record is None:
            record = lane.take_mail(len(self._turns) + 1)
            self._turns.append(record)
        record.count_claim()
        return Claim(lane.id, lane.fence, record.value())

    async def hand_back(self, claim: Claim, *, after: float = 0.0, count: bool = True) -> None:
        """Release with the turn unfinished."""
        lane = self._checked(claim)
        self._turns[claim.turn.id - 1].postpone(self._clock(), after, count)
        lane.release()

    async def renew(self, owner: str, lease: float) -> None:
        """Prolong this owner's leases."""
        for lane in self._lanes.values():
            if owner and lane.owner == owner:
                lane.leased_until = self._clock() + lease

    async def next_due(self, owner: str) -> float | None:
        """Seconds until this owner may claim something; work under another's lease counts from the end of the lease."""
        lanes = [lane for lane in self._lanes.values() if lane.due is not None and lane.owner != owner]
        times = [max(lane.not_before, lane.leased_until) for lane in lanes]
        return max(0.0, min(times) - self._clock()) if times else None

    async def place(self, claim: Claim, place: str) -> None:
        """Remember where the answer is."""
        self._held(claim).place = place

    async def history(self, turn: Turn, *, rounds: int) -> History:
        """What leads to this turn."""
        found: list[Round] = []
        parent = turn.parent
        for _ in range(1 + rounds * STEPS_PER_ROUND):
            if parent is None or parent <= self._lanes[turn.conversation].reset:
                break
            record = self._turns[parent - 1]
            if record.summary:
                return History(tuple(found), record.summary)
            if record.remembered and len(found) == rounds:
                break
            found[:0] = await self._rounds(record)
            parent = record.parent
        return History(tuple(found))

    async def _rounds(self, record: TurnRecord) -> Sequence[Round]:
        """The only round of a turn that is remembered."""
        files = [digest for mail in record.mail for digest in (await self.files(mail.ask.key)).values()]
        end = record.remembered
        return (
            [answered_round(record.id, record.asker, end.question, end.answer, files, record.calls.records)]
            if end
            else []
        )

    async def summarise(self, turn: int, text: str, usage: Usage, *, model: str = "") -> None:
        """Keep what stands for this turn and all before it; `model` wrote it."""
        if 0 < turn <= len(self._turns):
            record = self._turns[turn - 1]
            record.summary = text if record.remembered else record.summary
            address = record.mail[-1].ask.address
            self._expenses.append(record.expense(address, None, "", self._clock(), spent(model, usage)))

    async def intend(self, claim: Claim, page: int) -> Post:
        """Store the intent to post a page."""
        return self._held(claim).intend(page, self._clock())

    async def posted(self, claim: Claim, number: int, ref: str) -> None:
        """Note which message the post became."""
        self._held(claim).change_post(number, ref=ref)

    async def sealed(self, claim: Claim, number: int, seal: int) -> None:
        """Note where the post's page ended."""
        self._held(claim).change_post(number, seal=seal)

    async def unposted(self, claim: Claim, number: int) -> None:
        """Forget a post."""
        self._held(claim).posts.pop(number, None)

    async def repost(self, claim: Claim) -> None:
        """Begin a new attempt under the same lease."""
        record = self._held(claim)
        record.attempt += 1
        record.forget_seals()

    async def finish(self, claim: Claim, outcome: Outcome) -> None:
        """Store the end of the turn."""
        record = self._held(claim)
        record.finish(outcome, self._clock())
        await self.spend(claim, outcome.model, outcome.provider, outcome.usage)

    async def spend(self, claim: Claim, model: str, provider: str, usage: Usage) -> None:
        """Note what was spent, by a provider or another, before the end of the turn."""
        record = self._held(claim)
        if model:
            self._expenses = [each for each in self._expenses if (each.turn, each.fence) != (record.id, claim.fence)]
            cost, address = spent(model, usage), claim.turn.ask.address
            self._expenses.append(record.expense(address, claim.fence, record.asker, self._clock(), cost))

    async def delivered(self, claim: Claim) -> None:
        """Put the turn to rest."""
        self._held(claim).state = "delivered"

    async def turn(self, number: int) -> Summary | None:
        """A turn by its number."""
        if not 0 < number <= len(self._turns):
            return None
        return self._summary(self._turns[number - 1])

    def _summary(self, record: TurnRecord | None) -> Summary | None:
        if record is None:
            return None
        last = self._lanes[record.conversation].turns[-1] is record
        return Summary(
            record.id, record.conversation, record.asker, record.state, last, len(record.mail), record.outcome
        )

    async def last_turn(self, conversation: str) -> Summary | None:
        """The newest turn of a conversation."""
        lane = self._lanes.get(conversation)
        return self._summary(lane.turns[-1] if lane and lane.turns else None)

    async def turn_of_question(self, key: str) -> Summary | None:
        """The turn that answers this ask."""
        mail = self._mail.get(key)
        return self._summary(mail.turn if mail and mail.state == "asked" else None)

    async def turn_of_post(self, ref: str) -> Summary | None:
        """The turn of a message of ours."""
        return self._summary(self._posted_as(ref, None))

    def _posted_as(self, ref: str, platform: str | None) -> TurnRecord | None:
        for record in reversed(self._turns) if ref else ():
            if platform in (None, record.platform) and any(post.ref == ref for post in record.posts.values()):
                return record
        return None

    async def forget_post(self, ref: str) -> None:
        """Forget a message of ours whose turn is delivered."""
        for record in self._turns if ref else ():
            if record.state == "delivered":
                record.posts = {number: post for number, post in record.posts.items() if post.ref != ref}

    async def open_turn(self, conversation: str) -> Summary | None:
        """The turn that is not yet delivered."""
        lane = self._lanes.get(conversation)
        return self._summary(lane.open_turn if lane else None)

    async def newest_conversation(self, address: Address, author: str) -> str:
        """Where this author asked last in this channel."""
        asks = [mail.ask for mail in self._mail.values() if mail.state in ("waiting", "asked")]
        place = address.platform, address.channel, author
        mine = [ask for ask in asks if (ask.address.platform, ask.address.channel, ask.author.id) == place]
        return mine[-1].conversation if mine else ""

    async def drop_waiting(self, conversation: str, author: str) -> Sequence[Ask]:
        """Drop this author's waiting mail, and return it oldest first."""
        lane = self._lanes.get(conversation)
        return lane.drop_waiting(author) if lane else []

    async def rewrite_question(self, key: str, text: str, call: ToolCall | None = None) -> None:
        """Replace an ask's text and call unless it is being answered."""
        mail = self._mail.get(key)
        if mail is not None and mail.may_be_rewritten:
            mail.ask = reworded(mail.ask, text, call)

    async def withdraw_question(self, key: str) -> bool:
        """Drop an ask, also out of its turn; with its last ask a turn leaves the history instead."""
        mail = self._mail.get(key)
        if mail is None:
            return False
        if mail.turn is not None:
            self._lanes[mail.turn.conversation].forget_summaries(mail.turn)
        if mail.state == "asked":
            assert mail.turn is not None
            mail.turn.withdraw(mail)
            return False
        waiting = mail.state == "waiting"
        self._lanes[mail.ask.conversation].forget(mail)
        return waiting

    async def request_stop(self, turn: int) -> None:
        """Mark a turn as stopped."""
        if 0 < turn <= len(self._turns):
            self._turns[turn - 1].request_stop()

    async def stop_requested(self, turn: int) -> bool:
        """Whether a turn is marked as stopped."""
        return 0 < turn <= len(self._turns) and self._turns[turn - 1].stop

    async def reset(self, conversation: str) -> None:
        """Begin the history anew."""
        lane = self._lanes.get(conversation)
        if lane is not None:
            lane.restart()

    async def reopen(self, turn: int, keep: Collection[str] = ()) -> bool:
        """Put the last turn up to be asked again."""
        summary = await self.turn(turn)
        if summary is None or not summary.last or summary.state != "delivered" or self._turns[turn - 1].forgotten:
            return False
        self._turns[turn - 1].reopen(self._clock(), keep)
        return True

    async def jobs(self) -> Sequence[Job]:
        """The jobs whose ask is still to be made."""
        pending = [record.as_job() for record in self._turns if record.job and record.job.pending]
        return sorted((job for job in pending if job), key=lambda job: (job.since, job.turn.id))

    async def job(self, turn: int) -> Job | None:
        """A job by the number of its turn."""
        return self._turns[turn - 1].as_job() if 0 < turn <= len(self._turns) else None

    def _job(self, turn: int) -> JobRecord | None:
        return self._turns[turn - 1].job if 0 < turn <= len(self._turns) else None

    async def end_job(self, turn: int, outcome: Outcome) -> bool:
        """Note how a job ended."""
        job = self._job(turn)
        return job is not None and job.end(outcome)

    async def close_job(self, turn: int) -> None:
        """Note that a job's ask was made."""
        job = self._job(turn)
        if job is not None:
            job.leave("closed")

    async def cancel_job(self, turn: int) -> bool:
        """Cancel a job."""
        job = self._job(turn)
        return job is not None and job.leave("cancelled")

    async def active_channels(self, platform: str, since: float) -> Sequence[str]:
        """Direct-message channels with asks since then, the latest first."""
        latest: dict[str, float] = {}
        for ask in (mail.ask for mail in self._mail.values()):
            if ask.address.platform == platform and not ask.address.workspace and ask.at >= since:
                latest[ask.address.channel] = max(ask.at, latest.get(ask.address.channel, since))
        return sorted(latest, key=lambda channel: (-latest[channel], channel))
