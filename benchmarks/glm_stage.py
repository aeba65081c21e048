"""One run of a GLM client: the stand-in in this process, the client in its own, and what both of them saw."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.answers import RATE, asked_in, tag, tokens
from benchmarks.contenders import ROOT
from benchmarks.glm_clients import KEY, PROVIDER, URL, Heard, Report
from playground.glm import DEFAULT_KEY, Answer, Exchange, GlmStandIn

_WARMING: Final = tag(999)


@dataclass(frozen=True, slots=True)
class Asking:
    """A question `at` so many seconds after the start, with so many tokens after a delay (seconds)."""

    at: float
    tokens: int
    delay: float


@dataclass(frozen=True, slots=True)
class Told:
    """What a question brought, by both sides; `length` is in characters."""

    asking: Asking
    length: int
    heard: Heard
    exchange: Exchange

    @property
    def whole(self) -> bool:
        """Whether all of the answer arrived."""
        return self.heard.characters == self.length

    @property
    def added(self) -> float | None:
        """The seconds until the first text that the model did not take, None when there was no text."""
        first, sent = self.heard.first_at, self.exchange.first_token_at
        if first is None or sent is None:
            return None
        return (first - self.heard.asked_at) - (sent - self.exchange.arrived_at)

    @property
    def behind(self) -> float | None:
        """The seconds from the model's last token to the last text."""
        last, sent = self.heard.last_at, self.exchange.last_token_at
        return None if last is None or sent is None or not self.whole else last - sent


@dataclass(frozen=True, slots=True)
class Run:
    """A schedule's result; `standin` is the part of a core that the stand-in took."""

    report: Report
    told: Sequence[Told]
    standin: float


async def played(client: str, schedule: Sequence[Asking]) -> Run:
    """Play a schedule with a client. Raises RuntimeError with the client's own words when it fails."""
    askings = {tag(number): asking for number, asking in enumerate(schedule)} | {_WARMING: Asking(0.0, 1, 0.0)}

    def respond(exchange: Exchange) -> Answer:
        name = asked_in(exchange)
        asking = askings[name]
        return Answer(text=tokens(name, asking.tokens), rate=RATE, delay=asking.delay)

    async with GlmStandIn(default=respond) as glm:
        names = [(_WARMING, 0.0), *((name, asking.at) for name, asking in askings.items() if name != _WARMING)]
        own, began = time.process_time(), time.monotonic()
        environment = {URL: glm.base_url(PROVIDER), KEY: DEFAULT_KEY}
        result = await child("benchmarks.glm_clients", client, environment=environment, given=names)
        standin = (time.process_time() - own) / (time.monotonic() - began)
        exchanges = {asked_in(exchange): exchange for exchange in glm.requests}
    heard = {name: Heard(**entry) for name, entry in result.pop("heard").items()}
    told = [_told(name, askings[name], heard[name], exchanges[name]) for name in heard]
    return Run(Report(**result), told, standin)


def _told(name: str, asking: Asking, heard: Heard, exchange: Exchange) -> Told:
    return Told(asking, len("".join(tokens(name, asking.tokens))), heard, exchange)


async def child(module: str, *arguments: str, environment: Mapping[str, str], given: object) -> Any:
    """Run a module that reads JSON and writes JSON, and return that. Raises RuntimeError with what it complained of."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, complaint = await process.communicate(json.dumps(given).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} ended with {process.returncode}: {complaint[-2000:]!r}")
    return json.loads(output)
