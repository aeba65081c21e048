"""The scripted conversation: scene after scene, to its end or to the first that takes another course."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from playground.chronicle import Chronicle
from playground.discord import refusals as discord_refusals
from playground.glm import Answer, Exchange, persona
from playground.slack import refusals as slack_refusals

# Tokens a second of the model's stand-in: quick enough for a short demo, slow enough to see a message grow.
RATE: Final = 200.0
# Seconds that a scene may take; a real model thinks, and writes some 50 tokens a second.
PATIENCE: Final = 30.0
PATIENCE_REAL: Final = 240.0

Act = Callable[[], Awaitable[str]]
"""Plays a scene and says in a few words what came of it."""


class NotAsScripted(Exception):
    """A scene took another course; the message says which."""


# What shows that a scene has taken another course.
_DIVERGED: Final = (
    NotAsScripted,
    discord_refusals.Impossible,
    discord_refusals.Refusal,
    slack_refusals.Impossible,
    slack_refusals.Refusal,
)


def respond(exchange: Exchange) -> Answer:
    """The prepared answers, at the demo's pace."""
    return replace(persona.respond(exchange), rate=RATE)


async def demo(
    chronicle: Chronicle, say: Callable[[str], None], scenes: Sequence[tuple[str, Act]], patience: float
) -> int:
    """Play the scenes, each within so many seconds; returns the exit status, 1 when one did not come to its end."""
    following = asyncio.create_task(chronicle.follow())
    try:
        for number, (title, act) in enumerate(scenes, 1):
            say(f"\nScene {number}, {title}")
            try:
                async with asyncio.timeout(patience):
                    result = await act()
            except TimeoutError:
                chronicle.note(f"FAILED  scene {number}, {title}: no end within {patience:.0f} seconds")
                return 1
            except _DIVERGED as problem:
                chronicle.note(f"FAILED  scene {number}, {title}: {problem}")
                return 1
            chronicle.note(f"done  scene {number}, {title}: {result}")
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    say(f"\nAll {len(scenes)} scenes came to their end in {chronicle.elapsed:.1f} s.\n{chronicle.summary()}")
    return 0


def counted(sizes: Sequence[int]) -> str:
    """How many messages and characters an answer has; the sizes are those of its messages."""
    count = f"{len(sizes)} messages" if len(sizes) > 1 else "1 message"
    return f"{count}, {sum(sizes):,} characters"
