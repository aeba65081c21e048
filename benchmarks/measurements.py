"""What is measured of a contender: each measurement is a run or some, and gives figures by name."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks import contenders, schedules, slack_measurements, stored
from benchmarks.contenders import GLIMMER, Contender, folder
from benchmarks.figures import Kind, behind_perfect, complete, mean, median, p95
from benchmarks.schedules import Size
from benchmarks.stage import JITTER, LATENCY, Result, stage
from benchmarks.watching import Seen
from playground.discord.server import DiscordStandIn

Figures = Mapping[str, float]
Measurement = Callable[[Contender, Size], Awaitable[Figures]]

_IDLE: Final = 2.0
# An answer is given up when so many seconds nothing at all has changed.
_PATIENCE: Final = 12.0
_TRAVEL: Final = (LATENCY + JITTER / 2) / 2


async def start(contender: Contender, size: Size) -> Figures:
    """Starts, one after the other: until the bot is at the gateway, and the memory a moment later."""
    ready: list[float] = []
    local: list[float] = []
    memory: list[float] = []
    for _ in range(size.starts):
        with folder() as place:
            async with stage(contender, Path(place)) as running:
                ready.append(running.ready_after)
                await asyncio.sleep(_IDLE)
                memory.append(running.running.cost().memory)
        with folder() as place:
            async with stage(contender, Path(place), world=DiscordStandIn()) as running:
                local.append(running.ready_after)
    return {"ready": median(ready), "local": median(local), "idle": median(memory)}


async def alone(contender: Contender, size: Size) -> Figures:
    """One answer at a time."""
    with folder() as place:
        async with stage(contender, Path(place)) as running:
            result = await running.play(schedules.alone(size), _PATIENCE)
    return {"cpu": result.per_thousand, "calls": result.calls / len(result.answers)}


def companies(kind: Kind) -> Measurement:
    """One, three and eight streams in a channel, with buckets of this kind."""

    async def measure(contender: Contender, size: Size) -> Figures:
        with folder() as place:
            async with stage(contender, Path(place)) as running:
                for route in ("post_message", "edit_message"):
                    running.discord.limits.set(route, kind=kind)
                result = await running.play(schedules.companies(size), _PATIENCE)
        return _by_company(result, kind, size)

    return measure


def _by_company(result: Result, kind: Kind, size: Size) -> Figures:
    channels = _channels(result.answers, size)
    ends = {streams: [seen.end_after for group in groups for seen in group] for streams, groups in channels.items()}
    singles = [seen for group in channels[1] for seen in group]
    firsts = [seen.first_after for seen in singles if seen.first_after is not None]
    return {
        "request": median([seen.request_after for seen in result.answers if seen.request_after is not None]),
        "first": median(firsts),
        "first_p95": p95(firsts),
        "one": p95(complete(ends[1])),
        "three": p95(complete(ends[3])),
        "eight": mean(complete(ends[8])),
        "behind": max(_behind(group, kind) for group in channels[8]),
        "refused": result.refused,
        "lost": len(result.answers) - result.whole,
    }


def _channels(answers: Sequence[Seen], size: Size) -> dict[int, list[list[Seen]]]:
    """The answers of each channel by the number of its streams."""
    groups: dict[str, list[Seen]] = {}
    for seen in answers:
        groups.setdefault(seen.channel, []).append(seen)
    return {streams: [group for group in groups.values() if len(group) == streams] for streams in size.companies}


def _behind(group: Sequence[Seen], kind: Kind) -> float:
    ends = [seen.ended_at for seen in group if seen.ended_at is not None]
    shown = [math.inf if seen.whole_at is None else seen.whole_at for seen in group]
    return behind_perfect(ends, shown, kind, _TRAVEL)


async def past(contender: Contender, size: Size) -> Figures:
    """Questions in conversations with a short and a long past; only of who keeps one."""
    if contender is not GLIMMER:
        return {}
    with folder() as place:
        return await stored.measure(size, Path(place))


async def crowd(contender: Contender, size: Size) -> Figures:
    """Many answers, each in a channel of its own."""
    return await _crowd(contender, size.crowd, {})


async def threads(contender: Contender, size: Size) -> Figures:
    """The same, each in a thread of its own; only of who makes threads."""
    if contender is not GLIMMER:
        return {}
    variables = {**contender.variables, "DISCORD_THREADS": "true"}
    return await _crowd(Contender(contender.name, contender.arguments, variables), size.crowd, {})


async def big_crowd(contender: Contender, size: Size) -> Figures:
    """Very many answers."""
    return await _crowd(contender, size.big_crowd, {})


async def lifted(contender: Contender, size: Size) -> Figures:
    """Very many answers without Discord's limit over all, of which the contender is told where it can be."""
    if not contender.can_be_lifted:
        return {}
    discord = DiscordStandIn(latency=LATENCY, jitter=JITTER)
    discord.limits.global_limit = None
    return await _crowd(contender, size.big_crowd, contenders.lifted(), discord)


async def _crowd(
    contender: Contender, count: int, variables: Mapping[str, str], world: DiscordStandIn | None = None
) -> Figures:
    with folder() as place:
        async with stage(contender, Path(place), variables, world=world) as running:
            result = await running.play(schedules.crowd(count), _PATIENCE)
    return {
        "first_p95": p95([seen.first_after for seen in result.answers if seen.first_after is not None]),
        "lost": len(result.answers) - result.whole,
        "refused": result.refused,
        "end_p95": p95(complete([seen.end_after for seen in result.answers])),
        "cpu": result.per_thousand,
        "peak": result.peak,
        "calls": result.calls / len(result.answers),
        "standins": result.standins,
    }


ALL: Final[Mapping[str, Measurement]] = {
    "start": start,
    "alone": alone,
    "fixed": companies("fixed"),
    "sliding": companies("sliding"),
    "past": past,
    "crowd": crowd,
    "threads": threads,
    "big-crowd": big_crowd,
    "lifted": lifted,
    "slack-alone": slack_measurements.alone,
    "slack-eight": slack_measurements.eight,
    "slack-acks": slack_measurements.acks,
}
# What says the most in the least time.
QUICK: Final = ("start", "alone", "sliding", "past", "crowd", "slack-alone", "slack-eight", "slack-acks")
