"""How long the way from a question to the model's request is in a conversation that has a past."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from adapters.discord_app.inbound import PLATFORM, conversation_of
from benchmarks.answers import asked_in, question
from benchmarks.contenders import GLIMMER
from benchmarks.figures import median
from benchmarks.schedules import Size
from benchmarks.stage import JITTER, LATENCY, Stage, stage
from bot.messages import Address, Ask, Author, Outcome, OutcomeKind
from playground.discord.people import Person
from playground.discord.server import DiscordStandIn
from storage.sqlite import SqliteStore

SHORT: Final = 10
# Long enough for one answer of one token, its final edit included, to be at rest before the next question.
_PAUSE: Final = 0.5
_QUESTION: Final = "What about the harbour at low tide, and who keeps the lamps there?"
_ANSWER: Final = "The harbour is kept by the town; the lamps are lit from the pier in turn. " * 4


async def measure(size: Size, folder: Path) -> dict[str, float]:
    """Medians in seconds for a short and a long past, their ratio, and the reads from Discord before the requests."""
    discord = DiscordStandIn(latency=LATENCY, jitter=JITTER)
    discord.limits.lift()
    old = discord.person("old")
    young = [discord.person(f"young{number}") for number in range(size.samples)]
    async with SqliteStore.open(folder / "glimmer.db", synchronous="NORMAL") as store:
        await _fill(store, old, size.stored)
        for person in young:
            await _fill(store, person, SHORT)
    async with stage(GLIMMER, folder, world=discord) as running:
        await asyncio.sleep(2.0)
        await _time(running, discord.person("somebody"))
        return await _measured(running, old, young)


async def _measured(running: Stage, old: Person, young: Sequence[Person]) -> dict[str, float]:
    waits: dict[str, list[float]] = {"short": [], "long": []}
    reads = 0
    # In turn, so that whatever else the machine does falls on both.
    for person in young:
        for past, who in (("short", person), ("long", old)):
            seconds, before = await _time(running, who)
            waits[past].append(seconds)
            reads += before
    short, long = median(waits["short"]), median(waits["long"])
    return {"short": short, "long": long, "ratio": long / short, "reads": float(reads)}


async def _time(running: Stage, person: Person) -> tuple[float, int]:
    """Seconds from a direct message to its request, and the reads from Discord in between."""
    name = running.name(1)
    asked_at = time.monotonic()
    await person.dm(question(name))
    await running.glm.wait_for(lambda: any(asked_in(exchange) == name for exchange in running.glm.requests[-3:]))
    arrived_at = next(exchange.arrived_at for exchange in running.glm.requests if asked_in(exchange) == name)
    between = sum(1 for call in running.discord.requests if call.method == "GET" and asked_at <= call.at <= arrived_at)
    await asyncio.sleep(_PAUSE)
    return arrived_at - asked_at, between


async def _fill(store: SqliteStore, person: Person, messages: int) -> None:
    """Give somebody a past of so many messages: questions and their answers."""
    channel = person.dm_channel.id
    conversation = conversation_of(None, int(channel))
    outcome = Outcome(OutcomeKind.ANSWERED, _QUESTION, _ANSWER, model="glm-5.1", provider="bigmodel")
    for number in range(messages // 2):
        ask = Ask(
            f"{conversation}/{number}",
            conversation,
            Address(PLATFORM, "", channel),
            Author(person.id, person.name),
            _QUESTION,
            time.time() - 86_400 + number,
            f"{channel}{number}",
        )
        await store.accept(ask, wakes=True, limit=10)
        claim = await store.claim("benchmark", 60.0)
        assert claim is not None
        post = await store.intend(claim, 0)
        await store.posted(claim, post.number, f"{channel}{number}1")
        await store.finish(claim, outcome)
        await store.delivered(claim)
        await store.proceed(claim)
