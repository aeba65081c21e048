"""A process of the bot as the scenarios start, watch, kill and start it again, whatever platform it talks to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from abc import ABC, abstractmethod
from asyncio import create_subprocess_exec, subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from playground.glm import DEFAULT_KEY, Exchange, GlmStandIn

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


class Platform(Protocol):
    """A platform's stand-in, as far as every house looks at it."""

    @property
    def journal(self) -> Sequence[object]: ...

    async def wait_for(self, predicate: Callable[[], Any], timeout: float) -> Any: ...  # noqa: ASYNC109  # theirs


class AnyHouse(ABC):
    """A platform's stand-in and GLM's, a database, and at most one process of the bot at a time."""

    def __init__(self, platform: Platform, glm: GlmStandIn, folder: Path) -> None:
        self.glm = glm
        self.folder = folder
        self.bot: Bot | None = None
        self._platform = platform

    @abstractmethod
    def access(self) -> Mapping[str, str]:
        """The settings with which the bot finds the platform."""

    def environment(self, **settings: str) -> dict[str, str]:
        common = {
            "PATH": os.environ["PATH"],
            "BIGMODEL_API_KEY": DEFAULT_KEY,
            "BIGMODEL_BASE_URL": self.glm.base_url("bigmodel"),
            "DATABASE_URL": f"sqlite:///{self.folder}/glimmer.db",
            "PORT": "0",
            "LOG_FORMAT": "json",
        }
        return {**common, **self.access(), **settings}

    async def spawn(self, **settings: str) -> Bot:
        """Start a process and return at once."""
        environment = {name: value for name, value in self.environment(**settings).items() if value}
        command = (sys.executable, "-m", "bot", "run")
        process = await create_subprocess_exec(*command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, limit=2**24)
        self.bot = Bot(process)
        return self.bot

    async def end(self) -> None:
        """Kill the process if it still runs; what was seen is printed, for pytest to show when the test failed."""
        for line in (self.bot.raw if self.bot else []) + [str(change) for change in self._platform.journal]:
            print(line[:400])  # noqa: T201  # captured by pytest
        if self.bot is not None and self.bot.process.returncode is None:
            await self.bot.kill()

    @property
    def asked(self) -> list[Exchange]:
        """The questions that the model was asked, oldest first."""
        return [exchange for exchange in self.glm.requests if exchange.method == "POST"]

    def rows(self, query: str) -> list[Any]:
        """What is stored, in rows of columns."""
        with closing(sqlite3.connect(f"file:{self.folder}/glimmer.db?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()

    async def stored(self, query: str) -> None:
        """Wait until the query finds something in the database, which tells nobody of its changes."""
        async with asyncio.timeout(PATIENCE):
            while not self.rows(query):  # noqa: ASYNC110  # the database tells nobody
                await asyncio.sleep(0.01)

    async def until(self, predicate: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """Wait until what can be seen on the platform fulfils the predicate."""
        return await self._platform.wait_for(predicate, patience)
