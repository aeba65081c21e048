"""One run on Slack: stand-ins in this process, Glimmer in its own, questions by a schedule, and what came of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Final, Literal

from benchmarks import contenders
from benchmarks.answers import RATE, TOKENS, Model, question, tag, tokens
from benchmarks.contenders import GLIMMER, Contender, Running
from benchmarks.stage import REST, START
from benchmarks.watching import Seen, Shown, Watcher
from playground.glm import DEFAULT_KEY, GlmStandIn
from playground.slack.calls import Call
from playground.slack.journal import Change
from playground.slack.model import Channel, Team
from playground.slack.server import SlackStandIn

Over = Literal["socket", "http"]
Tiers = Literal["hard", "bursting"]

# Seconds a Web API call, half of it before its effect.
LATENCY: Final = 0.12
_LOOK: Final = 0.05
_VISIBLE: Final = ("post", "edit", "append", "stop", "delete")
_SLACK: Final = Contender(GLIMMER.name, GLIMMER.arguments, {})


@dataclass(frozen=True, slots=True)
class Asking:
    """A question `at` so many seconds after the start, in a "#channel" or directly by "@somebody".

    "#2/channel" is in the workspace of that number. Its answer has so many tokens, at `rate` a second.
    """

    at: float
    place: str
    tokens: int = TOKENS
    rate: float = RATE


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a schedule: the answers, and the calls of each method, those refused with 429 and the violations."""

    answers: Sequence[Seen]
    calls: Mapping[str, int]
    refused: int
    violations: int

    def at(self, kind: str) -> Sequence[Seen]:
        """The answers in places of one kind, "#" or "@"."""
        return [seen for seen in self.answers if seen.channel.startswith(kind)]


@dataclass(slots=True)
class SlackStage:
    """The stand-ins, and Glimmer connected to them."""

    slack: SlackStandIn
    glm: GlmStandIn
    model: Model
    running: Running
    _number: int = 0

    async def play(self, schedule: Sequence[Asking], patience: float) -> Result:
        """Ask by the schedule, and wait until all is whole and at rest, or for `patience` seconds without a change."""
        watcher, looked, since = Watcher(), len(self.slack.journal), time.monotonic()
        violations = len(self.slack.violations)
        await asyncio.gather(*(self.ask(asking, since, watcher) for asking in schedule))
        await self._settle(watcher, looked, patience)
        self.running.cost()
        made = self.calls_since(since)
        return Result(
            list(watcher.answers.values()),
            Counter(call.method for call in made),
            sum(1 for call in made if call.status == 429),
            len(self.slack.violations) - violations,
        )

    def calls_since(self, since: float) -> Sequence[Call]:
        """The Web API calls that came after a time."""
        return [call for call in self.slack.calls if call.at >= since]

    def channel(self, name: str) -> Channel:
        """The channel of a question's place, without its "#"."""
        number, _, channel = name.rpartition("/")
        return self.slack.channel(channel, team=self.workspaces[int(number or 0)])

    @property
    def workspaces(self) -> Sequence[Team]:
        """The workspaces in which the app is."""
        return [team for team in self.slack.world.teams.values() if team is not self.slack.organisation]

    async def ask(self, asking: Asking, began: float, watcher: Watcher) -> None:
        """Ask one question at its time."""
        self._number += 1
        name = tag(self._number)
        self.model.lengths[name], self.model.rates[name] = asking.tokens, asking.rate
        direct, who = asking.place.startswith("@"), asking.place[1:]
        channel = self.slack.person(who).dm if direct else self.channel(who)
        person = self.slack.person(who if direct else "alice", team=self.slack.world.team_of(channel))
        await asyncio.sleep(began + asking.at - time.monotonic())
        text = "".join(tokens(name, asking.tokens))
        watcher.answers[name] = Seen(name, text, time.monotonic(), asking.place)
        await (person.dm_bot(question(name)) if direct else person.mention(channel, question(name)))

    async def _settle(self, watcher: Watcher, looked: int, patience: float) -> None:
        moved_at = time.monotonic()
        while True:
            changes = self.slack.journal[looked:]
            looked += len(changes)
            seen = [_shown(change) for change in changes if change.kind in _VISIBLE]
            if seen:
                moved_at = time.monotonic()
                watcher.look(seen, self.glm.requests)
            quiet = time.monotonic() - moved_at
            if quiet > (patience if watcher.unfinished else REST):
                return
            await asyncio.sleep(_LOOK)


def _shown(change: Change) -> Shown:
    return Shown(change.ts, "" if change.kind == "delete" else change.content, change.at)


@asynccontextmanager
async def stage(
    folder: Path, tiers: Tiers, over: Over = "socket", *, workspaces: int = 1
) -> AsyncGenerator[SlackStage]:
    """Start the stand-ins and Glimmer; entered when events reach it. Raises TimeoutError.

    Several workspaces are those of an organisation, which has installed the app.
    """
    model, slack = Model(), SlackStandIn(latency=LATENCY, organisation="several" if workspaces > 1 else "")
    for number in range(1, workspaces):
        slack.add_workspace(f"workspace-{number}")
    if tiers == "hard":
        slack.tiers.harden()
    port = _free_port()
    async with slack, GlmStandIn(default=model.respond) as glm:
        environment = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_API_URL": slack.url,
            "BIGMODEL_API_KEY": DEFAULT_KEY,
            "BIGMODEL_BASE_URL": glm.base_url("bigmodel"),
            "PORT": str(port),
            **_way_in(slack, over),
        }
        async with contenders.started(_SLACK, environment, folder) as running:
            if over == "http":
                slack.deliver.url = f"http://127.0.0.1:{port}/slack/events"
            await _connected(slack, running, over)
            yield SlackStage(slack, glm, model, running)


def _way_in(slack: SlackStandIn, over: Over) -> Mapping[str, str]:
    return {"SLACK_APP_TOKEN": slack.app_token} if over == "socket" else {"SLACK_SIGNING_SECRET": slack.signing_secret}


async def _connected(slack: SlackStandIn, running: Running, over: Over) -> None:
    async with asyncio.timeout(START):
        while not (slack.deliver.connected() if over == "socket" else await slack.deliver.verify()):
            running.cost()
            await asyncio.sleep(_LOOK)


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
