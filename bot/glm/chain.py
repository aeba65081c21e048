"""What may be asked now, and in which order: the offers of a request, each with what its answers have taught."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import structlog

from bot import metrics
from bot.completion import ModelRequest
from bot.errors import ModelError, OperatorError
from bot.glm.catalogue import Offer, catalogue
from bot.glm.circuit import Circuit
from bot.glm.codes import Breaker
from bot.glm.errors import Fault, facts_of
from bot.glm.limiter import Limiter, Place
from bot.glm.pause import Pause
from bot.glm.retry import RetryBudget, RetryPolicy

log = structlog.get_logger(__name__)

_ANSWERED = "answered"
_ABANDONED = "abandoned"
# Seconds after an answer for which those who wait have reason to: what refuses them is full, not broken.
_HOPE: Final = 5.0


class Account:
    """A provider as one customer sees it: what is left alone of it, and how often it may be asked again."""

    def __init__(self, policy: RetryPolicy) -> None:
        self.circuit = Circuit()
        self.budget = RetryBudget(policy)
        self.lanes: list[Lane] = []

    def admit(self) -> None:
        """Let in who may come in now, at all of its lanes."""
        for lane in self.lanes:
            lane.limiter.admit()


class Lane:
    """An offer and what is known of it; `answering` counts the answers that come now."""

    def __init__(self, offer: Offer, account: Account, policy: RetryPolicy, clock: Callable[[], float]) -> None:
        self.offer = offer
        self.account = account
        self.circuit = Circuit()
        self.limiter = Limiter(offer.model.concurrency, Pause(policy, clock), clock, self._pass)
        self.answering = 0
        self.answered_at = -math.inf
        self.clock = clock
        account.lanes.append(self)

    @property
    def blocked(self) -> Fault | None:
        """The fault for which it is left alone now, None when it may be asked."""
        now = self.clock()
        return self.account.circuit.blocked(now) or self.circuit.blocked(now)

    @property
    def opens_in(self) -> float:
        """Seconds for which nobody may find out whether what it is left alone for is over."""
        now = self.clock()
        return max(self.account.circuit.opens_in(now), self.circuit.opens_in(now))

    @property
    def admits_in(self) -> float:
        """Seconds until time alone may let somebody in; infinite when only an end can."""
        return self.opens_in or self.limiter.admits_in

    @property
    def answers(self) -> bool:
        """Whether answers come, or one has come just now; one that only began while it is tried is not believed yet."""
        return (self.answering > 0 and self.circuit.closed) or self.clock() < self.answered_at + _HOPE

    @contextmanager
    def attempt(self, conversation: str = "", turn: int = 0) -> Generator[Attempt]:
        """A place in the queue and then one request, to the end of the `with`, out of which its Fault is raised.

        The `turn` is that of an earlier attempt which is made again: it goes before all who have not had theirs.
        """
        place = self.limiter.join(conversation, turn)
        attempt = Attempt(self, place)
        try:
            yield attempt
        except Fault as fault:
            attempt.failed(fault)
            raise
        finally:
            attempt.end()
            self.limiter.leave(place)
            self.account.admit()

    def _pass(self, place: Place) -> bool:
        if self.blocked is not None:
            return False
        place.tickets = self.account.circuit.enter(), self.circuit.enter()
        return True


class Attempt:
    """Tells all who keep count what becomes of a request; until its place is admitted there is nothing to tell."""

    def __init__(self, lane: Lane, place: Place) -> None:
        self.place = place
        self._lane = lane
        self._result = ""
        self._answering = False

    def begun(self) -> bool:
        """Something of the answer has come; whether it is the first."""
        if self._answering or self.place.tickets is None:
            return False
        self._answering = True
        self._lane.answering += 1
        account, model = self.place.tickets
        # Who begins to answer has taken the key, whatever becomes of the answer.
        self._closed(self._lane.account.circuit.answered(account), model="")
        self._lane.circuit.begun(model)
        self._lane.account.admit()
        return True

    def answered(self) -> None:
        """The provider has said all that it says to this request."""
        if self._result or self.place.tickets is None:
            return
        self._result = _ANSWERED
        lane = self._lane
        lane.answered_at = lane.clock()
        account, model = self.place.tickets
        self._closed(lane.account.circuit.answered(account), model="")
        self._closed(lane.circuit.answered(model), model=lane.offer.name)
        lane.limiter.answered()
        lane.account.admit()

    def failed(self, fault: Fault) -> None:
        """The request came to nothing; one that is refused as too many says nothing else of the provider."""
        lane, rule = self._lane, fault.rule
        if self.place.tickets is None:
            return
        if rule.crowded:
            if lane.limiter.refused(self.place, rule.pace, fault.retry_after):
                offer, limit = lane.offer, lane.limiter.limit
                log.warning("glm.limit_lowered", provider=offer.provider, model=offer.name, to=limit)
        elif rule.breaker is None:
            self.answered()
        else:
            self._break(fault, rule.breaker, *self.place.tickets)
        self._result = rule.text

    def end(self) -> None:
        """The request is over."""
        if self.place.tickets is None:
            return
        lane, (account, model) = self._lane, self.place.tickets
        lane.answering -= self._answering
        lane.account.circuit.left(account)
        lane.circuit.left(model)
        metrics.glm_requests.labels(lane.offer.provider, lane.offer.name, self._result or _ABANDONED).inc()

    def _break(self, fault: Fault, breaker: Breaker, account: int, model: int) -> None:
        lane = self._lane
        circuit, ticket = (lane.account.circuit, account) if breaker.account else (lane.circuit, model)
        if seconds := circuit.failed(ticket, fault, breaker, lane.clock(), datetime.now(UTC)):
            name = "" if breaker.account else lane.offer.name
            metrics.glm_circuit_open.labels(lane.offer.provider, name).set(1)
            log.warning(
                "glm.circuit_opened", provider=lane.offer.provider, model=name, code=fault.code, seconds=seconds
            )

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
        self._policy = policy
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
            lane = self._lanes[model, provider] = Lane(offer, self._accounts[provider], self._policy, self._clock)
        return lane


def _takes(offer: Offer, request: ModelRequest) -> bool:
    shown = [media for message in request.messages for media in message.media]
    return all(map(offer.model.takes, shown)) and (offer.model.tools or not request.tools)
