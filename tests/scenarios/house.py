"""The real process against the playground: what the scenarios start, watch, kill and start again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import warnings
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from playground.discord.model import Channel, Message
from playground.discord.people import Person
from playground.discord.server import DiscordStandIn
from playground.glm import DEFAULT_KEY, Answer, Exchange, GlmStandIn

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0


class Bot:
    """One process of the bot; its log is read as it is written."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.log: list[Mapping[str, Any]] = []
        self.raw: list[str] = []
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            text = line.decode(errors="replace").rstrip()
            async with self._news:
                self.raw.append(text)
                if text.startswith("{"):
                    self.log.append(json.loads(text))
                self._news.notify_all()

    def events(self, name: str) -> list[Mapping[str, Any]]:
        return [line for line in self.log if line.get("event") == name]

    async def logged(self, name: str, *, times: int = 1) -> Mapping[str, Any]:
        """Wait until the log has this event so often, and give the last of them."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: len(self.events(name)) >= times)
        return self.events(name)[times - 1]

    async def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        await self._ended()

    async def terminate(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return await self._ended()

    async def _ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            status = await self.process.wait()
            await self._reader
        return status

    async def exit(self) -> int:
        """Wait for the process to end by itself."""
        return await self._ended()


class House:
    """Both stand-ins, a database, and at most one process of the bot at a time."""

    def __init__(self, discord: DiscordStandIn, glm: GlmStandIn, folder: Path) -> None:
        self.discord = discord
        self.glm = glm
        self.folder = folder
        self.bot: Bot | None = None
        self.alice = discord.person("alice")
        self.general = discord.channel("general")

    def environment(self, **settings: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.url,
            "BIGMODEL_API_KEY": DEFAULT_KEY,
            "BIGMODEL_BASE_URL": self.glm.base_url("bigmodel"),
            "DATABASE_URL": f"sqlite:///{self.folder}/glimmer.db",
            "PORT": "0",
            "LOG_FORMAT": "json",
        } | settings

    async def spawn(self, **settings: str) -> Bot:
        """Start a process and return at once."""
        environment = {name: value for name, value in self.environment(**settings).items() if value}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", env=environment, cwd=ROOT, stderr=asyncio.subprocess.PIPE, limit=2**24
        )
        self.bot = Bot(process)
        return self.bot

    async def start(self, **settings: str) -> Bot:
        """Start a process and wait until events reach it and its commands are there."""
        bot = await self.spawn(**settings)
        await bot.logged("discord.ready")
        await self.until(lambda: any(call.method == "PUT" and call.status for call in self.discord.requests))
        return bot

    async def end(self) -> None:
        """Kill the process if it still runs; what was seen is printed, for pytest to show when the test failed."""
        for line in (self.bot.raw if self.bot else []) + [str(change) for change in self.discord.journal]:
            print(line[:400])  # noqa: T201  # captured by pytest
        if self.bot is not None and self.bot.process.returncode is None:
            await self.bot.kill()

    @property
    def asked(self) -> list[Exchange]:
        """The questions that the model was asked, oldest first."""
        return [exchange for exchange in self.glm.requests if exchange.method == "POST"]

    # What is seen --------------------------------------------------------------------------------------------------

    async def until(self, predicate: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """Wait until what can be seen on Discord fulfils the predicate."""
        return await self.discord.wait_for(predicate, patience)

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


__all__ = ["Bot", "House", "Person", "labels", "open_house", "script"]
