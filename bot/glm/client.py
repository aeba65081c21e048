"""The Model that asks GLM providers over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import httpx
import structlog

from bot.errors import ModelError, OperatorError
from bot.glm.answer import Bounds
from bot.glm.catalogue import Offer, catalogue
from bot.glm.endpoint import Endpoint, ProviderSettings
from bot.glm.errors import Fault, facts_of, operator_line
from bot.glm.question import Question
from bot.glm.retry import RetryPolicy
from bot.glm.wire import Options, encode
from bot.messages import Delta, ModelInfo, ModelRequest

__all__ = ["GlmModel", "ProviderSettings"]

log = structlog.get_logger(__name__)

_OPTIONS = Options()
_BOUNDS = Bounds()
_RETRY = RetryPolicy()


class GlmModel:
    """Answers prompts with GLM models; implements `bot.ports.Model`.

    A model is asked at the configured providers that offer it, in their order. `user_salt` keys the hashes that stand
    for users at the providers; without one the first provider's key does. `transport` replaces the network in tests.
    Raises OperatorError for settings that cannot be used.
    """

    def __init__(
        self,
        providers: Sequence[ProviderSettings],
        *,
        user_salt: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
        options: Options = _OPTIONS,
        bounds: Bounds = _BOUNDS,
        retry: RetryPolicy = _RETRY,
    ) -> None:
        known = catalogue().providers
        for settings in providers:
            if settings.name not in known:
                raise OperatorError(f"GLM_PROVIDERS names {settings.name!r}; known are {', '.join(known)}")
        verify = httpx.create_ssl_context()  # reading the certificates takes 18 ms: once for all providers
        self._endpoints = {
            settings.name: Endpoint(settings, known[settings.name], bounds, verify=verify, transport=transport)
            for settings in providers
        }
        self._salt = user_salt or next((settings.key for settings in providers), "")
        self._options = options
        self._bounds = bounds
        self._retry = retry

    def models(self) -> Sequence[ModelInfo]:
        """The models that a configured provider offers, best first."""
        return catalogue().infos(list(self._endpoints))

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        """Ask and yield the answer as it comes; the last delta has `finish`.

        Before the first visible character a failed attempt is made again, here or at the next provider. Closing the
        iterator ends the request. Raises ModelError.
        """
        deadline = asyncio.get_running_loop().time() + self._bounds.whole
        question = Question(request, self._offers(request.model), self._options, self._retry, self._salt)
        wait: float | None = 0.0
        while wait is not None:
            await self._retry.sleep(wait)
            wait, body = 0.0, question.body()
            answer = self._endpoints[question.offer.provider].ask(question.offer, encode(body), deadline)
            try:
                async with aclosing(answer) as deltas:
                    async for delta in deltas:
                        if not question.shows(delta):
                            break
                        yield delta
                    else:
                        return
            except Fault as fault:
                fault.trace = fault.trace or body.get("request_id", "")
                wait = _wait(question, fault, deadline)
        raise question.error()

    async def warm(self) -> None:
        """Have a connection to the first provider ready; best effort."""
        for endpoint in list(self._endpoints.values())[:1]:
            await endpoint.warm()

    async def aclose(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(endpoint.aclose() for endpoint in self._endpoints.values()))

    def _offers(self, model: str) -> list[Offer]:
        offers = [offer for name in self._endpoints if (offer := catalogue().offer(model, name))]
        if not offers:
            raise ModelError("no configured provider has this model", text="model", facts=facts_of(model))
        return offers


def _wait(question: Question, fault: Fault, deadline: float) -> float | None:
    offer, attempt = question.offer, question.attempt
    wait = question.failed(fault)
    if wait is not None and asyncio.get_running_loop().time() + wait >= deadline:
        wait = None
    log.warning(
        "glm.attempt_failed",
        provider=offer.provider,
        model=offer.name,
        attempt=attempt,
        code=fault.code,
        trace=fault.trace,
        again_in=wait,
        advice=operator_line(offer, fault),
    )
    return wait
