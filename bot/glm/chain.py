"""What may be asked now, and in which order: the offers of a request, each with what its answers have taught."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import structlog

from bot import metrics
from bot.completion import ModelRequest
from bot.errors import ModelError, OperatorError
from bot.glm.catalogue import Offer, catalogue
from bot.glm.circuit import Circuit
from bot.glm.errors import Fault, facts_of
from bot.glm.limiter import Limiter
from bot.glm.retry import RetryBudget, RetryPolicy

log = structlog.get_logger(__name__)

_ANSWERED = "answered"
_ABANDONED = "abandoned"


class Account:
    """A provider as one customer sees it: what is left alone of it, and how often it may be asked again."""

    def __init__(self, policy: RetryPolicy) -> None:
        self.circuit = Circuit()
        self.budget = RetryBudget(policy)


class Lane:
    """An offer and what is known of it; `answering` counts the answers that come now."""

    def __init__(self, offer: Offer, account: Account, clock: Callable[[], float]) -> None:
        self.offer = offer
        self.account = account
        self.circuit = Circuit()
        self.limiter = Limiter(offer.model.concurrency)
        self.answering = 0
        self.clock = clock

    @property
    def blocked(self) -> Fault | None:
        """The fault for which it is left alone now, None when it may be asked."""
        now = self.clock()
        return self.account.circuit.blocked(now) or self.circuit.blocked(now)

    def attempt(self) -> Attempt:
        """One request, from its sending to its end; only where nothing is `blocked`."""
        return Attempt(self)


class Attempt:
    """Tells all who keep count how a request ended; use with `with`, out of which its Fault is raised."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._result = ""
        self._answering = False
        self._tickets = (0, 0)

    def __enter__(self) -> Self:
        self._tickets = (self._lane.account.circuit.enter(), self._lane.circuit.enter())
        return self

    def begun(self) -> bool:
        """Something of the answer has come; whether it is the first."""
        if self._answering:
            return False
        self._answering = True
        self._lane.answering += 1
        account, model = self._tickets
        # Who begins to answer has taken the key, whatever becomes of the answer.
        self._closed(self._lane.account.circuit.answered(account), model="")
        self._lane.circuit.begun(model)
        return True

    def answered(self) -> None:
        """The provider has said all that it says to this request."""
        if self._result:
            return
        self._result = _ANSWERED
        self._lane.limiter.answered()
        account, model = self._tickets
        self._closed(self._lane.account.circuit.answered(account), model="")
        self._closed(self._lane.circuit.answered(model), model=self._lane.offer.name)

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._lane.answering -= self._answering
        if isinstance(error, Fault):
            self._failed(error)
        elif not self._result:
            self._result = _ABANDONED
            self._leave()
        offer = self._lane.offer
        metrics.glm_requests.labels(offer.provider, offer.name, self._result).inc()

    def _failed(self, fault: Fault) -> None:
        lane, breaker = self._lane, fault.rule.breaker
        fault.crowded = fault.rule.crowded and lane.limiter.under_way > 1
        if fault.rule.crowded and lane.limiter.refused():
            log.warning("glm.limit_lowered", provider=lane.offer.provider, model=lane.offer.name, to=lane.limiter.limit)
        if breaker is None:
            self.answered()
        elif fault.crowded:
            self._leave()
        else:
            circuit, ticket, model = self._concerned(account=breaker.account)
            if seconds := circuit.failed(ticket, fault, breaker, lane.clock(), datetime.now(UTC)):
                self._opened(fault, model, seconds)
            self._leave()
        self._result = fault.rule.text

    def _concerned(self, *, account: bool) -> tuple[Circuit, int, str]:
        whole, one = self._tickets
        if account:
            return self._lane.account.circuit, whole, ""
        return self._lane.circuit, one, self._lane.offer.name

    def _leave(self) -> None:
        account, model = self._tickets
        self._lane.account.circuit.left(account)
        self._lane.circuit.left(model)

    def _opened(self, fault: Fault, model: str, seconds: float) -> None:
        provider = self._lane.offer.provider
        metrics.glm_circuit_open.labels(provider, model).set(1)
        log.warning("glm.circuit_opened", provider=provider, model=model, code=fault.code, seconds=seconds)

    def _closed(self, closed: bool, *, model: str) -> None:
        if closed:
            provider = self._lane.offer.provider
            metrics.glm_circuit_open.labels(provider, model).set(0)
            log.info("glm.circuit_closed", provider=provider, model=model)


class Chain:
    """The offers of the configured providers in the order in which a request goes through them.

    That is its own model at each provider, then each of `fallbacks` at each. Raises OperatorError for a fallback that
    no provider has. `clock` is in seconds.
    """

    def __init__(
        self, providers: Collection[str], fallbacks: Sequence[str], policy: RetryPolicy, clock: Callable[[], float]
    ) -> None:
        names = [info.name for info in catalogue().infos(list(providers))]
        for name in fallbacks:
            if name not in names:
                raise OperatorError(
                    f"GLM_FALLBACKS: no configured provider offers {name!r}; choose from {', '.join(names)}"
                )
        self._accounts = {name: Account(policy) for name in providers}
        self._fallbacks = tuple(fallbacks)
        self._clock = clock
        self._lanes: dict[tuple[str, str], Lane] = {}

    def lanes(self, request: ModelRequest) -> list[Lane]:
        """All that may serve the request, blocked or not, at least one; those that cannot take all that it has only
        where nothing can. Raises ModelError when nobody offers its model or a fallback."""
        models = dict.fromkeys((request.model, *self._fallbacks))
        lanes = [lane for model in models for provider in self._accounts if (lane := self._lane(model, provider))]
        if not lanes:
            raise ModelError("no configured provider has this model", text="model", facts=facts_of(request.model))
        return [lane for lane in lanes if _takes(lane.offer, request)] or lanes

    def _lane(self, model: str, provider: str) -> Lane | None:
        lane = self._lanes.get((model, provider))
        if lane is None and (offer := catalogue().offer(model, provider)) is not None:
            lane = self._lanes[model, provider] = Lane(offer, self._accounts[provider], self._clock)
        return lane


def _takes(offer: Offer, request: ModelRequest) -> bool:
    kinds = {media.kind for message in request.messages for media in message.media}
    return all(map(offer.model.sees, kinds)) and (offer.model.tools or not request.tools)
