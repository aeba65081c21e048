"""The real process against Discord's stand-in: what its scenarios do and see."""

from __future__ import annotations

import os
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from playground.discord.model import Channel, Message
from playground.discord.people import Person
from playground.discord.server import DiscordStandIn
from playground.glm import Answer, GlmStandIn
from tests.scenarios.process import PATIENCE, ROOT, AnyHouse, Bot


class House(AnyHouse):
    """The bot on Discord."""

    def __init__(self, discord: DiscordStandIn, glm: GlmStandIn, folder: Path) -> None:
        super().__init__(discord, glm, folder)
        self.discord = discord
        self.alice = discord.person("alice")
        self.general = discord.channel("general")

    def access(self) -> dict[str, str]:
        return {"DISCORD_TOKEN": self.discord.token, "DISCORD_API_URL": self.discord.url}

    async def start(self, **settings: str) -> Bot:
        """Start a process and wait until events reach it and its commands are there."""
        bot = await self.spawn(**settings)
        await bot.logged("discord.ready")
        await self.until(lambda: any(call.method == "PUT" and call.status for call in self.discord.requests))
        return bot

    # What is seen --------------------------------------------------------------------------------------------------

    def answers(self, place: Channel | str) -> list[Message]:
        """The bot's messages in a place, oldest first."""
        return [message for message in self.discord.messages(place) if message.author is self.discord.bot_user]

    def text(self, place: Channel | str) -> str:
        """All that the bot says in a place."""
        return "\n".join(message.content for message in self.answers(place))

    async def at_rest(self, place: Channel | str, *, contains: str = "") -> list[Message]:
        """Wait until the bot's last message in a place has its final form, and give all of them."""

        def final() -> list[Message] | None:
            messages = self.answers(place)
            done = messages and not any("Stop" in labels(message) for message in messages)
            settled = done and ("Regenerate" in labels(messages[-1]) or "Continue" in labels(messages[-1]))
            return messages if settled and contains in self.text(place) else None

        return await self.until(final)

    async def answered(self, question: Message, *, contains: str = "") -> list[Message]:
        """Wait for the whole answer in the thread of a question."""
        return await self.at_rest(question.id, contains=contains)


def labels(message: Message) -> list[str]:
    """The buttons under a message."""
    return [part["label"] for row in message.components for part in row.get("components", ())]


@cache
def contract(path: str) -> Any:
    """A checker among the published contracts, None where they are not at hand."""
    folder = Path(os.environ.get("GLIMMER_CONTRACTS", ROOT.parent / "shared" / "contracts"))
    if not (folder / path).is_file():
        return None
    spec = spec_from_file_location("contract", folder / path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    with warnings.catch_warnings():
        # The checker leaves its data file open.
        warnings.simplefilter("ignore", ResourceWarning)
        spec.loader.exec_module(module)
    return module


def script(*pieces: str, **options: Any) -> Answer:
    """An answer in these tokens, which come as fast as they can."""
    return Answer(text=pieces, **options)


@asynccontextmanager
async def open_house(folder: Path, **options: Any) -> AsyncGenerator[House, None]:
    """The stand-ins, started; the bot's process is killed at the end if it still runs."""
    async with DiscordStandIn(**options) as discord, GlmStandIn() as glm:
        house = House(discord, glm, folder)
        try:
            yield house
        finally:
            await house.end()
        check = contract("discord/check_requests.py")
        if check is not None:
            calls = [(call, check.errors(call.method, f"/api/v10{call.path}", call.body)) for call in discord.requests]
            broken = [(call.method, call.path, call.body, problems) for call, problems in calls if problems]
            assert not broken, broken


__all__ = ["PATIENCE", "Bot", "House", "Person", "labels", "open_house", "script"]
