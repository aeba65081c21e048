"""What is measured: each contender is a process of its own, set up by the environment."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from bot.settings import Settings

ROOT: Final = Path(__file__).parent.parent
# No limit over all.
UNLIMITED: Final = "0"
_LIFT: Final = "DISCORD_REQUESTS_PER_SECOND"
_EXIT: Final = 15.0
_SAMPLE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that answers; `arguments` follow the interpreter, `variables` are its own settings."""

    name: str
    arguments: Sequence[str]
    variables: Mapping[str, str]
    can_be_lifted: bool = True


GLIMMER: Final = Contender(
    "Glimmer",
    ("-m", "bot", "run"),
    {"DISCORD_THREADS": "false", "PORT": "0"},
    # Without this setting the program cannot be told that its account has a higher limit.
    can_be_lifted=_LIFT.lower() in Settings.model_fields,
)
BARE_LOOP: Final = Contender("bare loop", ("-m", "benchmarks.bare_loop"), {})


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds so far, and memory now and at most, in MiB."""

    seconds: float
    memory: float
    peak: float


class Running:
    """A contender's process, watched from outside."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._watched = psutil.Process(process.pid)
        self._peak = 0.0
        self.log = log

    def cost(self) -> Cost:
        """What the process has used; raises RuntimeError with the end of its log when it is gone."""
        if self._process.returncode is not None:
            raise RuntimeError(f"the process ended with {self._process.returncode}: {self.log.read_text()[-2000:]}")
        spent = self._watched.cpu_times()
        memory = self._watched.memory_info().rss / 2**20
        self._peak = max(self._peak, memory)
        return Cost(spent.user + spent.system, memory, self._peak)

    async def sample(self) -> None:
        """Look at the memory for as long as the task lives."""
        while True:
            self.cost()
            await asyncio.sleep(_SAMPLE)


@asynccontextmanager
async def started(contender: Contender, environment: Mapping[str, str], folder: Path) -> AsyncGenerator[Running]:
    """Run a contender; its log and database are in the folder."""
    log = folder / "log"
    database = {"DATABASE_URL": f"sqlite:///{folder / 'glimmer.db'}"}
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *contender.arguments,
            env={"PATH": os.environ["PATH"], **database, **environment, **contender.variables},
            cwd=ROOT,
            stdout=output,
            stderr=output,
        )
    try:
        yield Running(process, log)
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _EXIT)
    except TimeoutError:
        process.kill()
        await process.wait()


def lifted() -> Mapping[str, str]:
    """The variable with which a contender is told that there is no limit over all."""
    return {_LIFT: UNLIMITED}


def folder() -> tempfile.TemporaryDirectory[str]:
    """A place for one run."""
    return tempfile.TemporaryDirectory(prefix="glimmer-benchmark-", ignore_cleanup_errors=True)
