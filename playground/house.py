"""Everything that runs in the playground: the stand-ins, and beside them the real bot in a process of its own."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import playground
from bot.settings import PROVIDERS
from playground.discord.server import DiscordStandIn
from playground.glm import DEFAULT_KEY, GlmStandIn
from playground.glm.script import Respond
from playground.slack.server import SlackStandIn

# What a REST call takes from a machine near Discord, in seconds: the lower end of what the benchmarks count with.
LATENCY: Final = 0.08
# The same for the Web API of Slack, as in the benchmarks.
SLACK_LATENCY: Final = 0.12
STAND_IN_PROVIDER: Final = "bigmodel"
# Seconds: a slow machine needs a few to start Python; then something is wrong.
START_WITHIN: Final = 30.0
# Seconds for the end of the bot: its own limit is 8, and a database that is thrown away needs no care.
END_KEEPING: Final = 12.0
END_DROPPING: Final = 2.0
LAST_LINES: Final = 15

_PASSED: Final = (
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DATABASE_URL",
    "DATABASE_SYNC",
    "GLM_MODEL",
    "LOG_LEVEL",
)
# The way to a real provider; a proxy must not come between the bot and stand-ins on loopback.
_PASSED_TO_REAL: Final = (
    "GLM_PROVIDERS",
    *(f"{name.upper()}_{what}" for name in PROVIDERS for what in ("API_KEY", "BASE_URL")),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
    *(spelt for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for spelt in (name, name.lower())),
)
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")


class BotGone(Exception):
    """The bot's process ended, or never became ready; the message has the last lines of its log."""


def real_providers(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The providers for which there is a key."""
    return tuple(name for name in PROVIDERS if environ.get(f"{name.upper()}_API_KEY", "").strip())


def bot_environment(
    environ: Mapping[str, str], discord: DiscordStandIn, slack: SlackStandIn, glm: GlmStandIn | None
) -> dict[str, str]:
    """What the bot is given of this environment and of the stand-ins; without a `glm` it asks the real providers."""
    names = (*_PASSED, *(() if glm else _PASSED_TO_REAL))
    given = {name: environ[name] for name in names if environ.get(name)}
    models = {} if glm is None else _access_to(glm)
    return {
        **given,
        **models,
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_URL": discord.url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.url,
        "PORT": "0",
        "LOG_FORMAT": "console",
        "PYTHONPATH": str(Path(playground.__path__[0]).parent),
        "PYTHONUTF8": "1",
    }


def _access_to(glm: GlmStandIn) -> dict[str, str]:
    name = STAND_IN_PROVIDER.upper()
    return {f"{name}_API_KEY": DEFAULT_KEY, f"{name}_BASE_URL": glm.base_url(STAND_IN_PROVIDER)}


@dataclass(eq=False)
class House:
    """The running playground; `real` names the providers that are no stand-ins, `database` is "" when temporary.

    `folder` is removed at the end unless `keep` is set.
    """

    discord: DiscordStandIn
    slack: SlackStandIn
    glm: GlmStandIn | None
    real: tuple[str, ...]
    database: str
    folder: Path
    process: asyncio.subprocess.Process
    ended: asyncio.Task[int]
    keep: bool = False

    @property
    def log(self) -> Path:
        """Where the bot's log goes."""
        return self.folder / "bot.log"

    async def ready(self) -> None:
        """Wait until the bot is connected to both platforms and its commands are known; raises BotGone."""
        await self.meanwhile(self._start())

    async def meanwhile(self, activity: Coroutine[Any, Any, int]) -> int:
        """Run something for as long as the bot lives, and return its result; raises BotGone."""
        task = asyncio.create_task(activity)
        try:
            await asyncio.wait([task, self.ended], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        raise BotGone(f"The bot has ended by itself, with status {self.ended.result()}.\n{self.last_words()}")

    def last_words(self) -> str:
        """The end of the bot's log, with a line that says what it is; the log is kept from now on."""
        self.keep = True
        lines = _COLOURS.sub("", self.log.read_text(encoding="utf-8", errors="replace")).splitlines()[-LAST_LINES:]
        return "\n".join([f"The end of its log, {self.log}:", *(f"  {line}" for line in lines)])

    async def stop(self) -> None:
        """End the bot, by force when it takes too long."""
        if self.ended.done():
            return
        self.process.terminate()
        try:
            await asyncio.wait([self.ended], timeout=END_KEEPING if self.database else END_DROPPING)
        finally:
            if not self.ended.done():
                self.process.kill()
                await self.ended

    async def _start(self) -> int:
        try:
            await self.discord.connected(START_WITHIN)
            await self.discord.wait_for(lambda: self.discord.commands.listed(""), START_WITHIN)
            await self.slack.connected(START_WITHIN)
        except TimeoutError:
            raise BotGone(f"The bot is not ready after {START_WITHIN:.0f} seconds.\n{self.last_words()}") from None
        return 0


@asynccontextmanager
async def open_house(environ: Mapping[str, str], respond: Respond, say: Callable[[str], None]) -> AsyncGenerator[House]:
    """Start everything, and say with the first lines what of it is real; ends the bot before the stand-ins."""
    real = real_providers(environ)
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(DiscordStandIn(latency=LATENCY))
        slack = await stack.enter_async_context(SlackStandIn(latency=SLACK_LATENCY))
        glm = None if real else await stack.enter_async_context(GlmStandIn(default=respond))
        folder, log = stack.enter_context(_folder())
        database = environ.get("DATABASE_URL", "").strip()
        given = {**environ, "DATABASE_URL": database or f"sqlite:///{folder}/glimmer.db"}
        env = bot_environment(given, discord, slack, glm)
        platforms = {"Discord": discord.world.address, "Slack": slack.world.address}
        say(_banner(platforms, glm, real, database, folder))
        command = (sys.executable, "-m", "bot", "run")
        process = await asyncio.create_subprocess_exec(
            *command, env=env, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
        house = House(discord, slack, glm, real, database, folder, process, asyncio.create_task(process.wait()))
        stack.callback(lambda: house.keep or shutil.rmtree(folder, ignore_errors=True))
        stack.push_async_callback(house.stop)
        yield house


@contextmanager
def _folder() -> Generator[tuple[Path, IO[bytes]]]:
    """A folder of this visit with the bot's log in it, open for writing."""
    folder = Path(tempfile.mkdtemp(prefix="glimmer-"))
    with (folder / "bot.log").open("wb") as log:
        yield folder, log


def _banner(
    platforms: Mapping[str, str], glm: GlmStandIn | None, real: tuple[str, ...], database: str, folder: Path
) -> str:
    models = (
        "STAND-IN, on this machine; its answers are prepared texts, not a model's"
        if glm
        else f"real: {', '.join(real)}, with your key; what is asked here is sent there and may cost money"
    )
    return "\n".join(
        [
            "Glimmer's playground",
            *(
                f"  {name:<9} STAND-IN, on this machine ({url}); no account is involved"
                for name, url in platforms.items()
            ),
            f"  GLM       {models}",
            "  the bot   real: `glimmer run` as a process, with discord.py and slack-bolt, over HTTP and WebSocket",
            f"  database  real: {database or 'SQLite, in a temporary folder that is removed at the end'}",
            f"  log       {folder / 'bot.log'}",
            "",
        ]
    )
