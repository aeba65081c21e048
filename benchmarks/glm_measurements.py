"""What is measured of GLM clients: our own beside the vendor's and OpenAI's, and our own where every provider fails."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from benchmarks import glm_schedules as schedules
from benchmarks.figures import complete, median, p95
from benchmarks.glm_clients import CLIENTS, KEY
from benchmarks.glm_schedules import Size, is_among
from benchmarks.glm_stage import Run, child, played
from playground.glm import BEFORE_HEADERS, DEFAULT_KEY, Answer, Cut, Exchange, GlmStandIn, Hold
from playground.glm.refusals import acedata_error, aimlapi_error, zhipu_error
from playground.glm.script import Response

Figures = Mapping[str, float]
OURS: Final = next(iter(CLIENTS))
PROVIDERS: Final = ("bigmodel", "zai", "aimlapi", "acedata")
FAILURES: Final = ("refused", "hanging", "cut", "429", "mixed")
# With "mixed", each provider fails in its own way.
_MIXED: Final[Mapping[str, str]] = dict(zip(PROVIDERS, ("429", "hanging", "cut", "refused"), strict=True))


async def clients(client: str, size: Size) -> Figures:
    """What decoding costs, what is added to the first token, and what waiting takes."""
    alone = await played(client, schedules.alone(size))
    crowd = await played(client, schedules.crowd(size))
    waiting = await played(client, schedules.waiting(size))
    streams = [told for told in crowd.told if not is_among(told.asking)]
    return {
        "decode": crowd.report.seconds / sum(told.exchange.tokens for told in crowd.told) * 1000,
        "behind": p95(complete([told.behind for told in streams])),
        **_added("alone", alone),
        **_added("among", crowd),
        "waiting": (waiting.report.highest - waiting.report.before) / size.streams * 1024,
        "lost": sum(1 for run in (alone, crowd, waiting) for told in run.told if not told.whole),
        "standin": crowd.standin,
    }


def _added(key: str, run: Run) -> Figures:
    added = complete([told.added for told in run.told if is_among(told.asking)])
    return {f"{key}": median(added), f"{key}_p95": p95(added)}


async def storm(size: Size) -> Figures:
    """Users of our client who ask while every provider fails, in each way of failing."""
    found: dict[str, float] = {}
    for failure in FAILURES:
        async with _failing(failure) as addresses:
            given = {"addresses": addresses, "users": size.users, "seconds": size.seconds}
            seen = await child("benchmarks.glm_storm", environment={KEY: DEFAULT_KEY}, given=given)
        found[f"{failure} requests"] = seen["busiest"]
        found[f"{failure} asked"] = len(seen["waits"])
        found[f"{failure} longest"] = max(complete([*seen["waits"], *([None] * seen["lost"])]))
    return found


@asynccontextmanager
async def _failing(failure: str) -> AsyncGenerator[Mapping[str, str]]:
    ways: Mapping[str, str] = _MIXED if failure == "mixed" else dict.fromkeys(PROVIDERS, failure)
    never = Hold(BEFORE_HEADERS)

    def respond(exchange: Exchange) -> Response:
        match ways[exchange.provider]:
            case "hanging":
                return Answer(hold=never)
            case "cut":
                return Answer(ending=Cut(), after=0)
            case _:
                return _too_many(exchange.provider)

    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
    async with GlmStandIn(default=respond) as glm:
        yield {name: nowhere if ways[name] == "refused" else glm.base_url(name) for name in PROVIDERS}


def _too_many(provider: str) -> Response:
    match provider:
        case "aimlapi":
            return aimlapi_error(429, "Too Many Requests")
        case "acedata":
            return acedata_error(429, "too_many_requests")
        case _:
            return zhipu_error(429, "1302")


# By the clients that it is made of.
ALL: Final[Mapping[str, Mapping[str, Callable[[Size], Awaitable[Figures]]]]] = {
    "glm": {client: partial(clients, client) for client in CLIENTS},
    "glm-storm": {OURS: storm},
}
