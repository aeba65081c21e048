"""An event loop in which waiting takes no time: the clock jumps to the next timer when nothing else is left to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.completion import Delta, ModelRequest
from bot.errors import ModelError
from bot.glm.answer import Bounds
from bot.glm.client import GlmModel, ProviderSettings
from bot.glm.retry import RetryPolicy
from bot.glm.wire import Options
from tests.unit.glm.provider import KEY, Provider, Providers, question

T = TypeVar("T")
_BOUNDS = Bounds()
_OPTIONS = Options()


class _Selector(selectors.SelectSelector):
    """Never waits; what it would have waited for has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing will ever happen"
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that begins at 0 s."""

    def __init__(self) -> None:
        self._clockwork = _Selector()
        super().__init__(self._clockwork)

    def time(self) -> float:
        """Seconds that would have passed."""
        return self._clockwork.now


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run it to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


def now() -> float:
    """The time of the running loop."""
    return asyncio.get_running_loop().time()


def waiting(
    transport: Provider | Providers,
    *names: str,
    fallbacks: Sequence[str] = (),
    bounds: Bounds = _BOUNDS,
    options: Options = _OPTIONS,
) -> GlmModel:
    """A model at these providers that waits in the loop's time, and the longest that it may."""
    settings = [ProviderSettings(name, KEY) for name in names or ("bigmodel",)]
    policy = RetryPolicy(draw=lambda low, high: high)
    return GlmModel(settings, fallbacks=fallbacks, transport=transport, bounds=bounds, options=options, retry=policy)


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of a question and when, in the loop's time."""

    deltas: Sequence[Delta]
    error: ModelError | None
    began: float
    ended: float
    first: float | None

    @property
    def text(self) -> str:
        """The answer."""
        return "".join(delta.text for delta in self.deltas)

    @property
    def by(self) -> tuple[str, str]:
        """Who answered."""
        return self.deltas[-1].provider, self.deltas[-1].model

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


async def ask(model: GlmModel, request: ModelRequest | None = None) -> Ending:
    """Ask to the end."""
    deltas, began, first = list[Delta](), now(), None
    try:
        async with aclosing(model.stream(request or question())) as stream:
            async for delta in stream:
                deltas.append(delta)
                first = now() if first is None and delta.text else first
    except ModelError as error:
        return Ending(deltas, error, began, now(), first)
    return Ending(deltas, None, began, now(), first)
