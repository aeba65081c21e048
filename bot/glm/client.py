"""The Model that asks GLM providers over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

import httpx

from bot.completion import Delta, ModelInfo, ModelRequest
from bot.errors import OperatorError
from bot.glm.answer import Bounds
from bot.glm.background import Background
from bot.glm.catalogue import catalogue
from bot.glm.chain import Chain
from bot.glm.endpoint import Endpoint, ProviderSettings
from bot.glm.errors import Fault
from bot.glm.inquiry import Inquiry, loop_time
from bot.glm.question import Manner, Question
from bot.glm.retry import RetryPolicy
from bot.glm.wire import Options

__all__ = ["GlmModel", "ProviderSettings"]

_OPTIONS = Options()
_BOUNDS = Bounds()
_RETRY = RetryPolicy()


class GlmModel:
    """Answers prompts with GLM models; implements `bot.ports.Model`.

    A model is asked at the configured providers that offer it, in their order, then each of `fallbacks` in the same
    way. `user_salt` keys the hashes that stand for users at the providers; without one the first provider's key does.
    `transport` replaces the network in tests, `clock` the time by which what fails is left alone. Raises OperatorError
    for settings that cannot be used.

    While no provider answers, a question is sent at most once to each of its offers, and again only after a refusal for
    a cause that can be mended (once for each), or out of the provider's budget: in a minute a tenth of the first
    attempts and 10. An offer that refuses us as too many is asked by one request in a pause of `bot.glm.pause`, 30 in a
    minute, however many wait. One that has failed five times in a row, and as often as is still under way, is asked by
    at most five requests in 15 seconds. Each question fails within `bounds.silence` seconds of silence; an offer that
    has begun to answer is waited for beyond that, and all that hang then for `bounds.idle` together.
    """

    def __init__(
        self,
        providers: Sequence[ProviderSettings],
        *,
        fallbacks: Sequence[str] = (),
        user_salt: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
        options: Options = _OPTIONS,
        bounds: Bounds = _BOUNDS,
        retry: RetryPolicy = _RETRY,
        clock: Callable[[], float] = loop_time,
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
        salt = user_salt or next((settings.key for settings in providers), "")
        self._manner = Manner(options, retry, bounds, salt)
        self._chain = Chain(self._endpoints, fallbacks, retry, clock)
        self._background = Background(self._endpoints, options, bounds, salt)
        self._models = tuple(catalogue().infos(list(self._endpoints)))

    def models(self) -> Sequence[ModelInfo]:
        """The models that a configured provider offers, best first."""
        return self._models

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        """Ask and yield the answer as it comes; the last delta has `finish`.

        Before the first visible character a failed attempt is made again, here or at the next offer. Closing the
        iterator ends the request. Raises ModelError.
        """
        question = Question(request, self._chain.lanes(request), self._manner, loop_time())
        wait: float | None = 0.0
        while wait is not None and question.may_ask(loop_time()):
            inquiry = Inquiry(question, self._endpoints[question.lane.offer.provider])
            try:
                async with aclosing(inquiry.run()) as deltas:
                    async for delta in deltas:
                        yield delta
            except Fault as fault:
                wait = inquiry.failed(fault)
                await self._manner.policy.sleep(wait or 0.0)
            if question.over:
                return
        raise question.error()

    async def submit(self, request: ModelRequest) -> str:
        """Have it answered in the background; a handle for `collect`, "" where it is to be streamed instead."""
        return await self._background.submit(request, self._chain.lanes(request))

    async def collect(self, handle: str) -> Delta | None:
        """The whole answer as one delta, None while it is not ready. Raises ModelError."""
        return await self._background.collect(handle)

    async def warm(self) -> None:
        """Have a connection to the first provider ready; best effort."""
        for endpoint in list(self._endpoints.values())[:1]:
            await endpoint.warm()

    async def aclose(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(endpoint.aclose() for endpoint in self._endpoints.values()))
