"""One run: the stand-ins in this process, a contender in its own, questions by a schedule, and what came of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks import contenders
from benchmarks.answers import TOKENS, Model, question, tag, tokens
from benchmarks.contenders import Contender, Running
from benchmarks.watching import Seen, Shown, Watcher
from playground.discord.journal import Change
from playground.discord.model import Channel
from playground.discord.server import DiscordStandIn
from playground.glm import DEFAULT_KEY, GlmStandIn

# A REST call takes 80 to 120 ms, half of it before its effect.
LATENCY: Final = 0.08
JITTER: Final = 0.04
START: Final = 30.0
# At rest: so many seconds without a REST call, in which an older text would still show over a newer one.
REST: Final = 1.5
_LOOK: Final = 0.05
_VISIBLE: Final = ("post", "edit", "delete")


@dataclass(frozen=True, slots=True)
class Asking:
    """A question `at` so many seconds after the start, in a channel by its name, with an answer of so many tokens."""

    at: float
    channel: str
    tokens: int = TOKENS


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a schedule; `seconds` of processor time, memory in MiB, `standins` the part of a core they took."""

    answers: Sequence[Seen]
    refused: int
    calls: int
    seconds: float
    peak: float
    standins: float

    @property
    def whole(self) -> int:
        """How many answers are whole at rest."""
        return sum(1 for seen in self.answers if seen.whole_at is not None)

    @property
    def per_thousand(self) -> float:
        """Processor seconds per 1,000 streamed tokens."""
        streamed = sum(seen.request.tokens for seen in self.answers if seen.request)
        return self.seconds / max(1, streamed) * 1000


@dataclass(slots=True)
class Stage:
    """The stand-ins, and the contender that is connected to them."""

    discord: DiscordStandIn
    glm: GlmStandIn
    model: Model
    running: Running
    ready_after: float
    _channels: dict[str, Channel] = field(default_factory=dict[str, Channel])
    _number: int = 0

    def name(self, text_length: int) -> str:
        """A name for the next question, whose answer has so many tokens."""
        self._number += 1
        self.model.lengths[tag(self._number)] = text_length
        return tag(self._number)

    async def play(self, schedule: Sequence[Asking], patience: float) -> Result:
        """Ask by the schedule, and wait until all is whole and at rest, or for `patience` seconds without a change."""
        for asking in schedule:
            if asking.channel not in self._channels:
                self._channels[asking.channel] = self.discord.add_channel(asking.channel)
        await asyncio.sleep(1.0)
        watcher, calls, refusals = Watcher(), len(self.discord.requests), len(self.discord.refusals)
        changes = len(self.discord.journal)
        before, own, began = self.running.cost(), time.process_time(), time.monotonic()
        sampling = asyncio.create_task(self.running.sample())
        await asyncio.gather(*(self._ask(asking, began, watcher) for asking in schedule))
        await self._settle(watcher, changes, patience)
        after, passed = self.running.cost(), time.monotonic() - began
        sampling.cancel()
        with suppress(asyncio.CancelledError):
            await sampling
        return Result(
            list(watcher.answers.values()),
            sum(1 for refusal in self.discord.refusals[refusals:] if refusal.status == 429),
            len(self.discord.requests) - calls,
            after.seconds - before.seconds,
            after.peak,
            (time.process_time() - own) / passed,
        )

    async def _ask(self, asking: Asking, began: float, watcher: Watcher) -> None:
        name = self.name(asking.tokens)
        channel = self._channels[asking.channel]
        await asyncio.sleep(began + asking.at - time.monotonic())
        text = "".join(tokens(name, asking.tokens))
        watcher.answers[name] = Seen(name, text, time.monotonic(), channel.id)
        await self.discord.person("alice").mention(channel, question(name))

    async def _settle(self, watcher: Watcher, looked: int, patience: float) -> None:
        moved_at = time.monotonic()
        while True:
            changes = self.discord.journal[looked:]
            if changes:
                looked, moved_at = looked + len(changes), time.monotonic()
                watcher.look([_shown(change) for change in changes if change.kind in _VISIBLE], self.glm.requests)
            quiet = time.monotonic() - moved_at
            if quiet > (patience if watcher.unfinished else REST):
                return
            await asyncio.sleep(_LOOK)


def _shown(change: Change) -> Shown:
    return Shown(change.message_id, "" if change.kind == "delete" else change.content, change.at)


@asynccontextmanager
async def stage(
    contender: Contender,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    *,
    world: DiscordStandIn | None = None,
) -> AsyncGenerator[Stage]:
    """Start the stand-ins and the contender; entered when the contender is at the gateway. Raises TimeoutError."""
    model = Model()
    discord = world or DiscordStandIn(latency=LATENCY, jitter=JITTER)
    async with discord, GlmStandIn(default=model.respond) as glm:
        environment = {
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_URL": discord.url,
            "BIGMODEL_API_KEY": DEFAULT_KEY,
            "BIGMODEL_BASE_URL": glm.base_url("bigmodel"),
            **(variables or {}),
        }
        began = time.monotonic()
        async with contenders.started(contender, environment, folder) as running:
            await _connected(discord, running)
            yield Stage(discord, glm, model, running, time.monotonic() - began)


async def _connected(discord: DiscordStandIn, running: Running) -> None:
    try:
        await discord.connected(START)
    except TimeoutError:
        running.cost()
        raise
