"""Many users of a client whose providers all fail: `python -m benchmarks.glm_storm`.

The providers' addresses come as JSON on standard input, what the users saw goes as JSON to standard output.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import structlog

from benchmarks.figures import busiest
from benchmarks.glm_clients import KEY, MODEL
from bot.completion import Message, ModelRequest, Role
from bot.errors import ModelError
from bot.glm.client import GlmModel, ProviderSettings

# A user who got a text asks again after so many seconds.
PAUSE: Final = 5.0
# So long nobody waits: such a question counts as one that got no text.
_GIVEN_UP: Final = 120.0
_MINUTE: Final = 60.0


class Counted(httpx.AsyncHTTPTransport):
    """The network, with the times of the requests that were tried, refused connections among them."""

    def __init__(self) -> None:
        super().__init__(limits=httpx.Limits(max_connections=None))
        self.times: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Note the time, and send it on."""
        if request.method == "POST":
            self.times.append(time.monotonic())
        return await super().handle_async_request(request)


@dataclass(slots=True)
class Users:
    """Asks again and again until a time; `waits` are the seconds until each question had a text."""

    model: GlmModel
    until: float
    waits: list[float] = field(default_factory=list[float])
    lost: int = 0

    async def use(self, name: str) -> None:
        """Be one of them."""
        while (began := time.monotonic()) < self.until:
            try:
                async with asyncio.timeout(_GIVEN_UP):
                    await self._ask(name)
            except TimeoutError:
                self.lost += 1
            else:
                self.waits.append(time.monotonic() - began)
            await asyncio.sleep(PAUSE)

    async def _ask(self, name: str) -> None:
        """Return at the first text: an answer's, or that of an error, of which each has one."""
        request = ModelRequest(MODEL, (Message(Role.USER, "Hello!"),), name, conversation=name)
        try:
            async with aclosing(self.model.stream(request)) as deltas:
                async for delta in deltas:
                    if delta.text:
                        return
        except ModelError:
            return
        self.lost += 1


async def storm(addresses: dict[str, str], users: int, seconds: float) -> dict[str, Any]:
    """Have so many users ask for so long."""
    network = Counted()
    providers = [ProviderSettings(name, os.environ[KEY], url) for name, url in addresses.items()]
    asking = Users(GlmModel(providers, transport=network), time.monotonic() + seconds)
    await asyncio.gather(*(asking.use(f"user-{number}") for number in range(users)))
    return {
        "waits": asking.waits,
        "lost": asking.lost,
        "requests": len(network.times),
        "busiest": busiest(network.times, _MINUTE),
    }


def main() -> None:
    """Read what to do, and do it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    json.dump(asyncio.run(storm(**json.load(sys.stdin))), sys.stdout)


if __name__ == "__main__":
    main()
