"""Many ask while no provider answers: how much is sent, and how long each waits."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest

from tests.unit.glm.provider import HANG, Providers, Reply, chunk, event, refusal
from tests.unit.glm.virtual import Ending, ask, now, run, waiting

USERS = 200
PROVIDERS = ("bigmodel", "zai")
OFFERS = 2 * len(PROVIDERS)
# The bounds that GlmModel states: each question once at each offer, a tenth more and 10 for each provider (an offer
# that refuses us as too many takes less than that); and what it takes to learn, five failures in a row at each offer.
RETRIES = USERS * OFFERS // 10 + 10 * len(PROVIDERS)
FIRST_MINUTE = USERS * OFFERS + RETRIES + 5 * OFFERS
# Five in 15 seconds at each offer, whoever asks.
LATER_MINUTE = 20 * OFFERS
ROLE = event({"choices": [{"delta": {"role": "assistant", "content": ""}, "finish_reason": None}]})

STORMS = {
    "refuses the key": Reply([refusal("1002")], status=401),
    "has no quota": Reply([refusal("1113")], status=429),
    "fails": Reply([refusal("1234")], status=500),
    "is overloaded": Reply([event({"error": {"code": 1305, "message": "x"}})]),
    "cannot be reached": httpx.ConnectError("x"),
    "never answers": Reply([HANG]),
    "says who speaks and hangs": Reply([ROLE, HANG]),
    "hangs in the reasoning": Reply([chunk(reasoning_content="hm"), HANG]),
    "cuts before anything": Reply([1.0]),
    "cuts the reasoning": Reply([chunk(reasoning_content="hm"), 1.0, httpx.ReadError("x")]),
    "cuts the answer": Reply([chunk(content="Hel"), 1.0, httpx.ReadError("x")]),
    "limits without end": Reply([refusal("1302")], status=429),
    "limits slowly without end": Reply([refusal("1302")], status=429, headers={"retry-after": "2"}),
    "is down": Reply([b"<html>"], status=502),
}


# Seconds until the text; answers that have begun are waited for a minute longer, all that hang together.
TEXT = dict.fromkeys(STORMS, 25.0) | {"says who speaks and hangs": 18.0 + 60.0, "hangs in the reasoning": 18.0 + 60.0}


async def insist(transport: Providers, minutes: int) -> list[Ending]:
    """All users ask at once, and again five seconds after each failure."""
    model, endings = waiting(transport, *PROVIDERS, fallbacks=["glm-4.7"]), list[Ending]()

    async def user() -> None:
        while now() < minutes * 60:
            endings.append(await ask(model))
            await asyncio.sleep(5)

    await asyncio.gather(*(user() for _ in range(USERS)))
    return endings


@pytest.mark.parametrize("storm", STORMS)
def test_every_user_has_a_text_in_time_and_the_providers_are_spared(storm: str) -> None:
    reply = STORMS[storm]
    transport = Providers(bigmodel=reply, zai=reply)
    transport.latency = 0.4
    endings = run(lambda: insist(transport, 2))
    minutes = Counter(int(at // 60) for _, _, at in transport.asked)
    assert all(ending.error is not None and ending.seconds <= TEXT[storm] for ending in endings)
    assert minutes[0] <= FIRST_MINUTE
    assert minutes[1] <= LATER_MINUTE
