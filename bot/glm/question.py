"""What to try next for one question: the policy of attempts, without any I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from bot.errors import ModelError
from bot.glm.catalogue import Offer
from bot.glm.codes import Remedy
from bot.glm.errors import Fault, to_model_error
from bot.glm.retry import Patience, RetryPolicy
from bot.glm.wire import Options, build_body, user_id
from bot.messages import Delta, FinishReason, ModelRequest


class Question:
    """A request on its way through the offers of its model, of which there is at least one.

    Nothing is tried again once some of the answer was shown.
    """

    def __init__(
        self, request: ModelRequest, offers: Sequence[Offer], options: Options, policy: RetryPolicy, salt: str
    ) -> None:
        self.attempt = 1
        self._request = request
        self._offers = list(offers)
        self._options = options
        self._patience = Patience(policy)
        self._user = user_id(request.user, salt) if request.user else None
        self._remedies = Remedy.NONE
        self._shown = False
        self._acted = False
        self._asked_twice = False
        self._faults: list[tuple[Offer, Fault]] = []

    @property
    def offer(self) -> Offer:
        """The model and provider to ask now."""
        return self._offers[0]

    def body(self) -> dict[str, Any]:
        """The request to send now, under an id of its own."""
        identity = {"request_id": uuid4().hex}
        if self._user:
            identity["user_id"] = self._user
        return build_body(self._request, self.offer, self._options, self._remedies, identity)

    def shows(self, delta: Delta) -> bool:
        """Note what comes; False for the end of an answer that is empty for the first time: it is to be asked again."""
        self._shown = self._shown or not (delta.text.isspace() or not delta.text)
        self._acted = self._acted or bool(delta.tool_calls)
        if delta.finish is not FinishReason.STOP or self._shown or self._acted or self._asked_twice:
            return True
        self._asked_twice = True
        self._remedies |= Remedy.THINK_LESS
        return False

    def failed(self, fault: Fault) -> float | None:
        """Note a failed attempt; seconds to wait before the next one, None when there is none."""
        self._faults.append((self.offer, fault))
        if self._shown or self._acted:
            return None
        if self._remedied(fault.rule.remedy):
            return 0.0
        wait = self._patience.wait(fault.rule, self.attempt, fault.retry_after)
        if wait is not None:
            self.attempt += 1
        elif fault.rule.moves_on and len(self._offers) > 1:
            del self._offers[0]
            self.attempt, self._remedies, wait = 1, Remedy.NONE, 0.0
        return wait

    def error(self) -> ModelError:
        """What to tell the core after the last attempt."""
        return to_model_error(self._faults, shown=self._shown)

    def _remedied(self, remedy: Remedy) -> bool:
        """Apply a remedy once, where it changes the request at all."""
        before = build_body(self._request, self.offer, self._options, self._remedies)
        after = build_body(self._request, self.offer, self._options, self._remedies | remedy)
        self._remedies |= remedy
        return before != after
