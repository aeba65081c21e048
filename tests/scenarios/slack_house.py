"""The real process against Slack's stand-in: what its scenarios do and see."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from socket import socket
from typing import Any, TypeVar

from playground.glm import GlmStandIn
from playground.slack.model import Channel, Message
from playground.slack.server import SlackStandIn
from tests.scenarios.process import PATIENCE, AnyHouse, Bot


class SlackHouse(AnyHouse):
    """The bot on Slack; `over` is "socket" or "http"."""

    def __init__(self, slack: SlackStandIn, glm: GlmStandIn, folder: Path, over: str) -> None:
        super().__init__(slack, glm, folder)
        self.slack = slack
        self.over = over
        self.port = free_port()
        self.ann = slack.person("ann")
        self.general = slack.channel("general")

    def access(self) -> dict[str, str]:
        way_in = (
            {"SLACK_APP_TOKEN": self.slack.app_token}
            if self.over == "socket"
            else {"SLACK_SIGNING_SECRET": self.slack.signing_secret}
        )
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_API_URL": self.slack.url,
            "PORT": str(self.port),
            **way_in,
        }

    async def start(self, **settings: str) -> Bot:
        """Start a process and wait until events reach it."""
        bot = await self.spawn(**settings)
        await bot.logged("slack.ready")
        if self.over == "socket":
            await self.slack.connected(PATIENCE)
        else:
            self.slack.deliver.url = f"http://127.0.0.1:{self.port}/slack/events"
        return bot

    # What is seen --------------------------------------------------------------------------------------------------

    async def quiet(self) -> None:
        """Wait until the bot has acknowledged all that was sent to it, or nothing will come of that any more."""
        await self.slack.idle()
        await self.until(lambda: all(delivered.settled for delivered in self.slack.deliver.log))

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


H = TypeVar("H", bound=SlackHouse)


def actions(message: Message) -> list[str]:
    """The kinds of the buttons under a message."""
    found = [part for block in message.blocks for part in block.get("elements", ()) if "action_id" in part]
    return [part["action_id"].split(":")[1] for part in found]


def free_port() -> int:
    """A port that nobody uses now."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def open_slack(folder: Path, *, over: str = "socket", **options: Any) -> AbstractAsyncContextManager[SlackHouse]:
    """The stand-ins, started; in the end no call may have broken a documented limit."""
    return open_kind(SlackHouse, folder, over=over, **options)


@asynccontextmanager
async def open_kind(kind: type[H], folder: Path, *, over: str = "socket", **options: Any) -> AsyncGenerator[H, None]:
    """The same with a house of another kind."""
    async with SlackStandIn(**options) as slack, GlmStandIn() as glm:
        house = kind(slack, glm, folder, over)
        try:
            yield house
        finally:
            await house.end()
        assert not slack.violations, slack.violations
        assert not slack.pings, slack.pings
