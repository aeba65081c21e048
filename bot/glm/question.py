"""What to try next for one question: the policy of attempts, without any I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bot.completion import Delta, FinishReason, ModelRequest
from bot.errors import ModelError
from bot.glm.answer import Bounds
from bot.glm.catalogue import Offer
from bot.glm.chain import Lane
from bot.glm.codes import Remedy
from bot.glm.errors import Fault, to_model_error
from bot.glm.retry import Patience, RetryPolicy
from bot.glm.wire import Options, build_body, user_id


@dataclass(frozen=True, slots=True)
class Manner:
    """How all questions are asked; `salt` keys the hashes that stand for users."""

    options: Options
    policy: RetryPolicy
    bounds: Bounds
    salt: str


class Question:
    """A request on its way through its lanes, of which there is at least one; times are of the loop.

    Nothing is tried again once some of the answer was shown. `over` says that its answer is at its end, `sent`
    that it was sent to what is asked now.
    """

    def __init__(self, request: ModelRequest, lanes: Sequence[Lane], manner: Manner, now: float) -> None:
        self.attempt = 1
        self.over = False
        self.request = request
        self.ends_at = now + manner.bounds.whole
        self._lanes = list(lanes)
        self._first = lanes[0]
        self._manner = manner
        self._patience = Patience(manner.policy)
        self._user = user_id(request.user, manner.salt) if request.user else None
        self._remedies = Remedy.NONE
        self._silent_until = now + manner.bounds.silence
        self._leave_at = now + manner.bounds.first
        self.sent = False
        self._shown = False
        self._acted = False
        self._asked_twice = False
        self._faults: list[tuple[Offer, Fault]] = []
        self._skipped: list[tuple[Offer, Fault]] = []

    @property
    def lane(self) -> Lane:
        """What to ask now."""
        return self._lanes[0]

    @property
    def fell_back(self) -> bool:
        """Whether it is not the first that is asked now."""
        return self.lane is not self._first

    @property
    def alone(self) -> bool:
        """Whether nothing else is left that may be asked."""
        return all(lane.blocked for lane in self._lanes[1:])

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
        return min(self.due, self.ends_at - self._manner.bounds.whole / 2)

    def may_ask(self, now: float) -> bool:
        """Pass over what is left alone; whether there is something to ask, and time for it."""
        while self._lanes and (fault := self.lane.blocked) is not None:
            self._skipped.append((self.lane.offer, fault))
            self._move_on(now)
        return bool(self._lanes) and now < min(self.ends_at, self._silent_until)

    def body(self) -> dict[str, Any]:
        """The request to send now, under an id of its own."""
        if not self.sent:
            self.sent = True
            self.lane.account.budget.first(self.lane.clock())
        identity = {"request_id": uuid4().hex}
        if self._user:
            identity["user_id"] = self._user
        return build_body(self.request, self.lane.offer, self._manner.options, self._remedies, identity)

    def shows(self, delta: Delta) -> bool:
        """Note what comes; False for the end of an answer that is empty for the first time: it is to be asked again."""
        self._shown = self._shown or not (delta.text.isspace() or not delta.text)
        self._acted = self._acted or bool(delta.tool_calls)
        if delta.finish is not FinishReason.STOP or self._shown or self._acted or self._asked_twice:
            self.over = delta.finish is not None
            return True
        self._asked_twice = True
        self._remedies |= Remedy.THINK_LESS
        return False

    def excuse(self, seconds: float) -> None:
        """Count so much of the time that has passed not as silence."""
        self._silent_until += seconds
        self._leave_at += seconds

    def failed(self, fault: Fault, now: float) -> float | None:
        """Note a failed attempt; seconds to wait before the next one, None when there is none."""
        self._faults.append((self.lane.offer, fault))
        if self._shown or self._acted:
            return None
        if self._remedied(fault.rule.remedy):
            return 0.0
        wait = self._patience.wait(fault.rule, self.attempt, fault.retry_after)
        if wait is not None and now + wait < self.due and self._may_repeat(fault):
            self.attempt += not fault.crowded
            return wait
        if not fault.rule.moves_on:
            return None
        self._move_on(now)
        return 0.0 if self._lanes else None

    def error(self) -> ModelError:
        """What to tell the core after the last attempt."""
        return to_model_error(self._faults or self._skipped, shown=self._shown)

    def _may_repeat(self, fault: Fault) -> bool:
        # A refusal beside others lowers the limit below them: it teaches, and cannot repeat itself for long.
        return fault.crowded or self.lane.account.budget.retry(self.lane.clock())

    def _move_on(self, now: float) -> None:
        del self._lanes[0]
        self.attempt, self._remedies, self.sent = 1, Remedy.NONE, False
        self._leave_at = now + self._manner.bounds.first

    def _remedied(self, remedy: Remedy) -> bool:
        """Apply a remedy once, where it changes the request at all."""
        offer, options = self.lane.offer, self._manner.options
        before = build_body(self.request, offer, options, self._remedies)
        after = build_body(self.request, offer, options, self._remedies | remedy)
        self._remedies |= remedy
        return before != after
