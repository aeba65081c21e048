"""What is measured on Slack. A figure's name with `ALLOWED` behind it is what the tiers allow at best."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks import slack_schedules
from benchmarks.answers import asked_in
from benchmarks.contenders import GLIMMER, Contender, folder
from benchmarks.figures import complete, mean, p95, p99
from benchmarks.schedules import Size
from benchmarks.slack_schedules import COMPANY, MANY_SECONDS, MANY_SPREAD, MANY_WORKSPACES, SLOW_SECONDS
from benchmarks.slack_stage import LATENCY, Over, Result, SlackStage, Tiers, stage
from benchmarks.tier_arithmetic import calls_of_each, gap_of_each, last_post, latest_end
from benchmarks.watching import Seen, Watcher
from playground.slack.model import Channel
from playground.slack.server import SlackStandIn

Figures = Mapping[str, float]

ALLOWED: Final = ", tiers"
TIERS: Final[Sequence[Tiers]] = ("hard", "bursting")
WAYS: Final[Sequence[Over]] = ("socket", "http")
# Where eight answers are at once.
COMPANIES: Final[Mapping[str, str]] = {"channels": "#eight-{}", "threads": "#all", "direct": "@person{}"}
_GROWTH: Final = {"#": "chat.update", "@": "chat.appendStream"}
_NAMES: Final = {"#": "channel", "@": "direct"}
_PATIENCE: Final = 12.0
# Messages of somebody who is not answered, written while the many are.
_REMARKS: Final = 100
_TRAVEL: Final = LATENCY / 2


async def alone(contender: Contender, size: Size) -> Figures:
    """One answer at a time, in channels and directly."""
    if contender is not GLIMMER:
        return {}
    figures: dict[str, float] = {}
    for tiers in TIERS:
        with folder() as place:
            async with stage(Path(place), tiers) as running:
                result = await running.play(slack_schedules.alone(size.slack), _PATIENCE)
                figures |= _troubles(f"{tiers} ", [result])
                for kind, name in _NAMES.items():
                    figures |= _company(f"{tiers} {name} ", running.slack, result.at(kind), result, kind, 1)
    return figures


async def eight(contender: Contender, size: Size) -> Figures:
    """Eight answers at once in one workspace: in channels, in threads of one channel, directly; and eight slow ones."""
    if contender is not GLIMMER:
        return {}
    figures: dict[str, float] = {}
    for tiers in TIERS:
        results: list[Result] = []
        for name, place in COMPANIES.items():
            results += await _rounds(f"{tiers} {name} ", tiers, place, size.slack.rounds, figures)
        if size.slack.slow:
            results.append(await _slow(tiers, figures))
        if size.slack.slow and tiers == "hard":
            results.append(await _busy(figures))
        figures |= _troubles(f"{tiers} ", results)
    return figures


async def _rounds(name: str, tiers: Tiers, place: str, rounds: int, figures: dict[str, float]) -> Sequence[Result]:
    with folder() as home:
        async with stage(Path(home), tiers) as running:
            played = [await running.play(slack_schedules.company(place), _PATIENCE) for _ in range(rounds)]
    answers = [seen for result in played for seen in result.answers]
    figures |= _company(name, running.slack, answers, played[0], place[0], COMPANY)
    if place == COMPANIES["threads"]:
        burst = tiers == "bursting"
        figures[f"{name}first{ALLOWED}"] = last_post(COMPANY, burst=burst) + _TRAVEL
        worst = max(_latest_end(result.answers, burst=burst) for result in played)
        figures[f"{name}end{ALLOWED}"] = max(0.0, worst) + _TRAVEL
    return played


def _latest_end(answers: Sequence[Seen], *, burst: bool) -> float:
    begun = [seen.request.first_token_at for seen in answers if seen.request and seen.request.first_token_at]
    ended = [seen.ended_at for seen in answers if seen.ended_at is not None]
    return latest_end(begun, ended, burst=burst)


async def _busy(figures: dict[str, float]) -> Result:
    """Eight at once, after somebody else's answer has grown for more than a minute."""
    with folder() as home:
        async with stage(Path(home), "hard") as running:
            result = await running.play(slack_schedules.busy(), _PATIENCE)
    late = [seen for seen in result.answers if seen.channel != slack_schedules.BUSY]
    figures |= _company("busy ", running.slack, late, result, "#", COMPANY, SLOW_SECONDS)
    return result


async def _slow(tiers: Tiers, figures: dict[str, float]) -> Result:
    with folder() as home:
        async with stage(Path(home), tiers) as running:
            result = await running.play(slack_schedules.slow(), _PATIENCE)
    for kind, name in _NAMES.items():
        answers, rule = result.at(kind), running.slack.tiers.limit(_GROWTH[kind])
        figures |= _company(f"{tiers} slow {name} ", running.slack, answers, result, kind, COMPANY, SLOW_SECONDS)
        figures[f"{tiers} slow {name} gap"] = mean([seen.gap for seen in answers if seen.gap is not None])
        figures[f"{tiers} slow {name} gap{ALLOWED}"] = gap_of_each(COMPANY, rule)
    return result


def _company(
    name: str,
    slack: SlackStandIn,
    answers: Sequence[Seen],
    result: Result,
    kind: str,
    at_once: int,
    seconds: float = 0.0,
) -> Figures:
    """How answers that grow at once come: `seconds` is for how long they write."""
    calls = result.calls.get(_GROWTH[kind], 0)
    return {
        f"{name}first": max(complete([seen.first_after for seen in answers])),
        f"{name}first{ALLOWED}": _TRAVEL,
        f"{name}end": p95(complete([seen.end_after for seen in answers])),
        f"{name}end{ALLOWED}": _TRAVEL,
        f"{name}calls": calls / max(1, len(result.at(kind))),
        f"{name}calls{ALLOWED}": calls_of_each(at_once, slack.tiers.limit(_GROWTH[kind]), seconds),
    }


def _troubles(name: str, results: Sequence[Result]) -> Figures:
    return {
        f"{name}lost": sum(1 for result in results for seen in result.answers if seen.whole_at is None),
        f"{name}refused": sum(result.refused for result in results),
        f"{name}violations": sum(result.violations for result in results),
    }


async def acks(contender: Contender, size: Size) -> Figures:
    """How soon events are acknowledged while many answers are written, over each way in, in one and more workspaces."""
    if contender is not GLIMMER:
        return {}
    figures: dict[str, float] = {}
    for over, workspaces in itertools.product(WAYS, MANY_WORKSPACES):
        with folder() as place:
            async with stage(Path(place), "hard", over, workspaces=workspaces) as running:
                figures |= await _acks(f"{over} {workspaces}", running, size.slack.many)
    return figures


async def _acks(name: str, running: SlackStage, count: int) -> Figures:
    slack, since, watcher = running.slack, time.monotonic(), Watcher()
    own = time.process_time()
    asking = slack_schedules.many(count, len(running.workspaces))
    remarks = _remark(running, [running.channel(one.place[1:]) for one in asking], since)
    await asyncio.gather(*(running.ask(one, since, watcher) for one in asking), remarks)
    await asyncio.sleep(since + MANY_SPREAD + MANY_SECONDS - time.monotonic())
    running.running.cost()
    # What was sent a moment ago could still be acknowledged.
    sent = [one for one in slack.deliver.log if one.settled]
    waits = [math.inf if one.acked_at is None else one.acked_at - one.at for one in sent]
    calls = running.calls_since(since)
    return {
        f"{name} ack": p99(waits),
        f"{name} worst": max(waits),
        f"{name} events": len(waits),
        f"{name} unasked": len(watcher.answers.keys() - {asked_in(exchange) for exchange in running.glm.requests}),
        f"{name} refused": sum(1 for call in calls if call.status == 429),
        f"{name} violations": len(slack.violations),
        f"{name} standins": (time.process_time() - own) / (time.monotonic() - since),
    }


async def _remark(running: SlackStage, channels: Sequence[Channel], since: float) -> None:
    """Let somebody say something in the threads of the answers while all of them are written."""
    began, slack = since + MANY_SPREAD, running.slack
    for number in range(_REMARKS):
        await asyncio.sleep(began + number * (MANY_SECONDS - MANY_SPREAD - 1.0) / _REMARKS - time.monotonic())
        channel = channels[number % len(channels)]
        bystander = slack.person("bystander", team=slack.world.team_of(channel))
        await bystander.say(channel, "I heard that, too.", thread=slack.messages(channel)[0].ts)
