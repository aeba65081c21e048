"""What to try next for one question: the policy of attempts, without any I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from bot.completion import Delta, FinishReason, ModelRequest, Usage
from bot.errors import ModelError
from bot.glm.answer import Bounds
from bot.glm.catalogue import Offer
from bot.glm.chain import Lane
from bot.glm.codes import Remedy
from bot.glm.errors import Fault, broken, to_model_error
from bot.glm.retry import Patience, RetryPolicy
from bot.glm.usage import together
from bot.glm.wire import Options, build_body, user_id

# Of the time until the first words the part in which one offer must begin, if that is less than its bound: the rest is
# for the next.
_FIRST_SHARE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Manner:
    """How all questions are asked; `salt` keys the hashes that stand for users."""

    options: Options
    policy: RetryPolicy
    bounds: Bounds
    salt: str


class Question:
    """A request on its way through its lanes, of which there is at least one; times are of the loop.

    Nothing is tried again once some of the answer was shown, nor when the attempts before that have hung for
    `bounds.idle` seconds together, each since its last event. `lane` is what is asked now, `turn` its place in the
    order of those who ask there, 0 until it has been sent there. `over` says that its answer is at its end.
    """

    def __init__(self, request: ModelRequest, lanes: Sequence[Lane], manner: Manner, now: float) -> None:
        self.request = request
        self.ends_at = now + manner.bounds.whole
        self.over = False
        self._lanes = list(lanes)
        self._first = lanes[0]
        self._manner = manner
        self._bounds = manner.bounds
        self._patience = Patience(manner.policy)
        self._user = user_id(request.user, manner.salt) if request.user else None
        self._silent_until = now + manner.bounds.silence
        self._shown = False
        self._acted = False
        self._asked_twice = False
        self._used: Usage | None = None
        self._hung_for = 0.0
        self._event_at: float | None = None
        self._faults: list[tuple[Offer, Fault]] = []
        self._left_alone: list[tuple[Offer, Fault]] = []
        self._come_to(lanes[0], now)

    @property
    def fell_back(self) -> bool:
        """Whether it is not the first that is asked now."""
        return self.lane is not self._first

    @property
    def alone(self) -> bool:
        """Whether nothing else is left that may be asked."""
        return all(lane is self.lane or lane.blocked for lane in self._lanes)

    @property
    def due(self) -> float:
        """When the first piece of an answer must have come from what is asked now."""
        return min(self.ends_at, self._silent_until, self.ends_at if self.alone else self._leave_at)

    @property
    def whole(self) -> bool:
        """Whether the answer is to come in one piece."""
        return not self._manner.options.stream or Remedy.WHOLE in self._remedies

    @property
    def queue_until(self) -> float:
        """When it has waited for its turn long enough: half of its time is for the answer."""
        return min(self.due, self.ends_at - self._bounds.whole / 2)

    @property
    def hopeful(self) -> bool:
        """Whether the time in the queue is not silence: others are answered here, and there is nothing else to ask."""
        lane = self.lane
        return self.alone and (lane.answers or (self.whole and lane.limiter.under_way > 0))

    def may_ask(self, now: float) -> bool:
        """Choose what to ask; False when nothing is left, or no time for it.

        It is the first that is not left alone, else the one that is to be tried again first, if that is in time.
        """
        if not self._lanes or self._hangs_for <= 0 or now >= min(self.ends_at, self._silent_until):
            return False
        states = [(lane, lane.blocked) for lane in self._lanes]
        lane = next((lane for lane, fault in states if fault is None), None)
        if lane is None:
            self._left_alone = [(lane.offer, fault) for lane, fault in states if fault is not None]
            lane = min(self._lanes, key=lambda lane: lane.opens_in)
            if now + lane.opens_in >= self.queue_until:
                return False
        if lane is not self.lane:
            self._come_to(lane, now)
        return True

    def waits(self, now: float) -> bool:
        """Whether to wait for what is asked now."""
        lane, pause = self.lane, self.lane.limiter.pause
        if lane.blocked is not None:
            return self.alone and now + lane.opens_in < self.queue_until
        if now >= self.queue_until or (pause.fruitless and not self.alone):
            return False
        return self.hopeful or now + pause.left < self.queue_until

    def first_due(self, now: float) -> float:
        """When the first piece must have come of a request that is sent now."""
        if not self.whole:
            return self.due
        return self.ends_at if self.alone else min(self.ends_at, now + self._bounds.whole_first)

    def gap(self, now: float, *, heard: bool) -> float:
        """Seconds that the event after this one may take, when something of the answer was `heard` or not yet."""
        self._event_at = now
        if self._shown:
            return self._bounds.idle
        unseen = self._hangs_for if self.alone else min(self._bounds.unseen, self._hangs_for)
        return unseen if heard or self.alone else min(unseen, self._silent_until - now)

    def body(self, turn: int) -> dict[str, Any]:
        """The request to send now, under an id of its own."""
        if not self.turn:
            self.lane.account.budget.first(self.lane.clock())
        self.turn, self._event_at = turn, None
        identity = {"request_id": uuid4().hex}
        if self._user:
            identity["user_id"] = self._user
        return build_body(self.request, self.lane.offer, self._manner.options, self._remedies, identity)

    def take(self, delta: Delta) -> Delta | None:
        """What comes, as it is to be shown; None for an answer that is empty for the first time: it is asked again."""
        self._shown = self._shown or not (delta.text.isspace() or not delta.text)
        self._acted = self._acted or bool(delta.tool_calls)
        if delta.finish is not FinishReason.STOP or self._shown or self._acted or self._asked_twice:
            self.over = delta.finish is not None
            return replace(delta, usage=together(self._used, delta.usage)) if self.over else delta
        self._asked_twice = True
        self._remedies |= Remedy.THINK_LESS
        self._used = together(self._used, delta.usage)
        return None

    def excuse(self, seconds: float) -> None:
        """Count so much of the time that has passed not as silence."""
        self._silent_until += seconds
        self._leave_at += seconds

    def waited(self, seconds: float, *, alone: bool, hopeful: bool) -> None:
        """Count a wait in the queue as it was at its beginning: for nothing while it was hopeful, else as silence."""
        self._silent_until += seconds * hopeful
        # As long as there is nothing else to ask, it has not been kept from that.
        self._leave_at += seconds * alone

    def failed(self, fault: Fault, now: float) -> float | None:
        """Note a failed attempt; seconds to wait before the next one, None when there is none."""
        self._faults.append((self.lane.offer, fault))
        self._used = together(self._used, fault.usage)
        self._hung_for += 0.0 if self._event_at is None else now - self._event_at
        if self._shown or self._acted:
            return None
        if self._remedied(fault.rule.remedy):
            return 0.0
        if fault.rule.crowded:
            wait = 0.0 if self._tolerates(fault.retry_after) and self.waits(now) else None
        else:
            wait = self._pause(fault, now)
        if wait is not None:
            return wait
        if not fault.rule.moves_on:
            return None
        self._lanes.remove(self.lane)
        return 0.0 if self._lanes else None

    def error(self) -> ModelError:
        """What to tell the core after the last attempt."""
        faults = self._faults or self._left_alone or [(self.lane.offer, broken("waited"))]
        return to_model_error(faults, shown=self._shown)

    @property
    def _hangs_for(self) -> float:
        """Seconds that what has begun may still hang before anything of it can be seen."""
        return self._bounds.idle - self._hung_for

    def _tolerates(self, retry_after: float | None) -> bool:
        return (retry_after or 0.0) <= self._manner.policy.longest_hint

    def _pause(self, fault: Fault, now: float) -> float | None:
        """Seconds to wait before the same is sent once more, None where it is not to be."""
        wait = self._patience.wait(fault.rule, self.attempt, fault.retry_after)
        if wait is None or now + wait >= self.due or not self.lane.account.budget.retry(self.lane.clock()):
            return None
        self.attempt += 1
        return wait

    def _come_to(self, lane: Lane, now: float) -> None:
        self.lane, self.turn, self.attempt, self._remedies = lane, 0, 1, Remedy.NONE
        bounds = self._bounds
        self._leave_at = now + min(bounds.first, bounds.silence * _FIRST_SHARE)

    def _remedied(self, remedy: Remedy) -> bool:
        """Apply a remedy once, where it changes the request at all."""
        offer, options = self.lane.offer, self._manner.options
        before = build_body(self.request, offer, options, self._remedies)
        after = build_body(self.request, offer, options, self._remedies | remedy)
        self._remedies |= remedy
        return before != after
