"""The real process against Slack's stand-in: what the Slack scenarios start, watch, kill and start again."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from asyncio import create_subprocess_exec, subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from socket import socket
from typing import Any

from playground.glm import DEFAULT_KEY, Exchange, GlmStandIn
from playground.slack.model import Channel, Message
from playground.slack.server import SlackStandIn
from tests.scenarios.house import PATIENCE, ROOT, Bot


class SlackHouse:
    """Both stand-ins, a database, and at most one process of the bot at a time; `over` is "socket" or "http"."""

    def __init__(self, slack: SlackStandIn, glm: GlmStandIn, folder: Path, over: str) -> None:
        self.slack = slack
        self.glm = glm
        self.folder = folder
        self.bot: Bot | None = None
        self.over = over
        self.port = free_port()
        self.ann = slack.person("ann")
        self.general = slack.channel("general")

    def environment(self, **settings: str) -> dict[str, str]:
        way_in = (
            {"SLACK_APP_TOKEN": self.slack.app_token}
            if self.over == "socket"
            else {"SLACK_SIGNING_SECRET": self.slack.signing_secret}
        )
        return {
            "PATH": os.environ["PATH"],
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_API_URL": self.slack.url,
            "BIGMODEL_API_KEY": DEFAULT_KEY,
            "BIGMODEL_BASE_URL": self.glm.base_url("bigmodel"),
            "DATABASE_URL": f"sqlite:///{self.folder}/glimmer.db",
            "PORT": str(self.port),
            "LOG_FORMAT": "json",
        } | (way_in | settings)

    async def spawn(self, **settings: str) -> Bot:
        """Start a process and return at once."""
        environment = {name: value for name, value in self.environment(**settings).items() if value}
        command = (sys.executable, "-m", "bot", "run")
        process = await create_subprocess_exec(*command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, limit=2**24)
        self.bot = Bot(process)
        return self.bot

    async def start(self, **settings: str) -> Bot:
        """Start a process and wait until events reach it."""
        bot = await self.spawn(**settings)
        await bot.logged("slack.ready")
        if self.over == "socket":
            await self.slack.connected(PATIENCE)
        else:
            self.slack.deliver.url = f"http://127.0.0.1:{self.port}/slack/events"
        return bot

    async def end(self) -> None:
        """Kill the process if it still runs; what was seen is printed, for pytest to show when the test failed."""
        for line in (self.bot.raw if self.bot else []) + [str(change) for change in self.slack.journal]:
            print(line[:400])  # noqa: T201  # captured by pytest
        if self.bot is not None and self.bot.process.returncode is None:
            await self.bot.kill()

    @property
    def asked(self) -> list[Exchange]:
        """The questions that the model was asked, oldest first."""
        return [exchange for exchange in self.glm.requests if exchange.method == "POST"]

    # What is seen --------------------------------------------------------------------------------------------------

    async def until(self, predicate: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """Wait until what can be seen on Slack fulfils the predicate."""
        return await self.slack.wait_for(predicate, patience)

    async def quiet(self) -> None:
        """Wait until the bot has acknowledged all that was sent to it, or nothing will come of that any more."""
        await self.slack.idle()
        await self.until(lambda: all(delivered.settled for delivered in self.slack.deliver.log))

    def rows(self, query: str) -> list[Any]:
        """What is stored, in rows of columns."""
        with closing(sqlite3.connect(f"file:{self.folder}/glimmer.db?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()

    async def stored(self, query: str) -> None:
        """Wait until the query finds something in the database, which tells nobody of its changes."""
        async with asyncio.timeout(PATIENCE):
            while not self.rows(query):  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.01)

    def text(self, channel: Channel, thread: str) -> str:
        """All that the bot says in a thread."""
        return "\n".join(message.visible for message in self.slack.answers(channel, thread))

    async def answered(self, question: Message, *, contains: str = "") -> list[Message]:
        """Wait for the whole answer in the thread of a question, and give its messages."""
        channel = self.slack.world.channels[question.channel]
        root = question.thread or question.ts

        def final() -> list[Message] | None:
            messages = [m for m in self.slack.answers(channel, root) if m.ts != root]
            growing = any("stop" in actions(message) or self.slack.world.streaming(message) for message in messages)
            done = messages and not growing and {"regenerate", "continue"} & set(actions(messages[-1]))
            return messages if done and contains in self.text(channel, root) else None

        return await self.until(final)


def actions(message: Message) -> list[str]:
    """The kinds of the buttons under a message."""
    found = [part for block in message.blocks for part in block.get("elements", ()) if "action_id" in part]
    return [part["action_id"].split(":")[1] for part in found]


def free_port() -> int:
    """A port that nobody uses now."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def open_slack(folder: Path, *, over: str = "socket", **options: Any) -> AsyncGenerator[SlackHouse, None]:
    """The stand-ins, started; in the end no call may have broken a documented limit."""
    async with SlackStandIn(**options) as slack, GlmStandIn() as glm:
        house = SlackHouse(slack, glm, folder, over)
        try:
            yield house
        finally:
            await house.end()
        assert not slack.violations, slack.violations
        assert not slack.pings, slack.pings
