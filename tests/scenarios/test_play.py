"""`glimmer play` as a newcomer starts it: the demo through a pipe, and the chat at a terminal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import struct
import sys
import termios
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from playground import discord_scenes, slack_scenes
from playground.glm import Answer, GlmStandIn

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
PLAY = (sys.executable, "-m", "bot", "play")
# The pseudo-terminal must control the process, or Ctrl-C would be a character like any other.
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def bare(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C", **more}


@asynccontextmanager
async def playing(*arguments: str, env: Mapping[str, str]) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *PLAY,
        *arguments,
        cwd=ROOT,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def output(process: asyncio.subprocess.Process, until: str = "") -> str:
    """What it writes until a line has this in it, else until its end."""
    assert process.stdout is not None
    text = ""
    async for line in process.stdout:
        text += line.decode()
        if until and until in text:
            break
    return text


def logs(folder: Path) -> list[Path]:
    return list(folder.rglob("bot.log"))


async def test_the_demo_plays_every_scene_with_every_change_and_its_time(tmp_path: Path) -> None:
    async with playing("--demo", env=bare(TMPDIR=str(tmp_path))) as process:
        text = await output(process)
        assert await process.wait() == 0
    for name in ("Discord", "Slack", "GLM"):
        assert re.search(rf"^  {name} +STAND-IN", text, re.MULTILINE)
    assert "the bot   real" in text
    titles = [title for title, _ in (*discord_scenes.SCENES, *slack_scenes.SCENES)]
    assert {title.partition(":")[0] for title in titles} == {"Discord", "Slack"}
    for number, title in enumerate(titles, 1):
        assert re.search(rf"^ +\d+\.\d{{3}} s  done  scene {number}, {title}: ", text, re.MULTILINE)
    (pages,) = re.findall(r"done  scene 1, .*: (\d) messages", text)
    assert int(pages) >= 3
    changes = re.findall(r"^ +(\d+\.\d{3}) s  (\w+) +(?:glimmer|alice|bob) +(.+?)  +(\w+)", text, re.MULTILINE)
    assert [float(at) for at, *_ in changes] == sorted(float(at) for at, *_ in changes)
    kinds = {(platform, kind) for _, platform, _, kind in changes}
    assert {("Discord", kind) for kind in ("post", "edit", "thread", "interaction")} <= kinds
    assert {("Slack", kind) for kind in ("post", "edit", "append", "stop", "interaction", "session")} <= kinds
    places = {(platform, place.split(" ›")[0]) for _, platform, place, _ in changes}
    assert places == {(platform, place) for platform in ("Discord", "Slack") for place in ("#general", "DM")}
    assert text.count("_(stopped)_ [Regenerate]") == 2
    assert text.count(", 0 rate limits (429)") == 2
    assert f"log       {tmp_path}" in text
    assert logs(tmp_path) == []


async def test_without_a_terminal_the_demo_is_played_unasked_and_sigterm_ends_it_with_the_bot() -> None:
    async with playing(env=bare()) as process:
        await output(process, until="Scene 1,")
        (bot,) = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGTERM)
        await output(process)
        assert await process.wait() == 130
        assert not bot.is_running()


async def test_with_a_key_the_real_provider_is_asked() -> None:
    async with GlmStandIn(keys="the-key", default=lambda _: Answer("An answer.")) as provider:
        env = bare(ZAI_API_KEY="the-key", ZAI_BASE_URL=provider.base_url("zai"), GLM_MODEL="glm-4.6")
        async with playing("--demo", env=env) as process:
            text = await output(process, until="done  scene 1")
            process.send_signal(signal.SIGINT)
            await output(process)
            assert await process.wait() == 130
        assert "GLM       real: zai" in text
        assert "Discord   STAND-IN" in text
        assert "Slack     STAND-IN" in text
        asked = [exchange for exchange in provider.requests if exchange.method == "POST"]
        assert [(exchange.refused, exchange.model) for exchange in asked[:1]] == [("", "glm-4.6")]


async def test_a_bot_that_cannot_start_is_told_with_the_reason_and_its_log_is_kept(tmp_path: Path) -> None:
    async with playing("--demo", env=bare(GLM_MODEL="glm-0", TMPDIR=str(tmp_path))) as process:
        text = await output(process)
        assert await process.wait() == 1
    assert "The bot has ended by itself, with status 2." in text
    assert "GLM_MODEL: no configured provider offers 'glm-0'" in text
    assert [f"The end of its log, {log}:" in text for log in logs(tmp_path)] == [True]


class Terminal:
    """A pseudo-terminal of 100 by 40 with the chat in it."""

    def __init__(self, descriptor: int, theirs: int, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.theirs = theirs
        self._descriptor = descriptor
        self._raw = b""
        self._read_to = 0
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def _read(self) -> None:
        self._raw += os.read(self._descriptor, 65_536)
        self._news.set()

    @property
    def text(self) -> str:
        return ESCAPES.sub("", self._raw.decode(errors="replace")).replace("\r", "")

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    async def sees(self, pattern: str) -> str:
        """Wait for a pattern after the last one, and return what matched."""
        async with asyncio.timeout(PATIENCE):
            while not (match := re.compile(pattern).search(self.text, self._read_to)):
                self._news.clear()
                await self._news.wait()
        self._read_to = match.end()
        return match[0]

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        os.close(self._descriptor)
        os.close(self.theirs)


async def open_terminal(command: Sequence[str], env: Mapping[str, str]) -> Terminal:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", TAKE_TERMINAL, *command),
        cwd=ROOT,
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    return Terminal(ours, theirs, process)


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    opened = await open_terminal(PLAY, bare(TERM="xterm", TMPDIR=str(tmp_path)))
    await opened.sees(r"Discord #general > ")
    yield opened
    await opened.close()


async def test_a_newcomer_talks_sees_the_answer_grow_stops_one_and_leaves(terminal: Terminal) -> None:
    terminal.type("Hello, who aer\x7f\x7fre you?\r")
    await terminal.sees(r"@glimmer Hello, who are you\?")
    await terminal.sees(r"\[Stop: /click stop\]")
    await terminal.sees(r"\[Regenerate: /click regenerate\]")
    await terminal.sees(r"Discord #general › Hello, who are you\? > ")
    terminal.type("Tell me a long story\r")
    await terminal.sees(r"several messages(.|\n)*\[Stop: /click stop\]")
    terminal.type("/stop\r")
    # The command's answer and the message's last edit are two calls: either may arrive first.
    await terminal.sees(r"Stopped\.(.|\n)*\(stopped\)\s+\[Regenerate|\(stopped\)\s+\[Regenerate(.|\n)*Stopped\.")
    terminal.type("/quit\r")
    assert await terminal.ended() == 0
    assert termios.tcgetattr(terminal.theirs)[3] & termios.ECHO


async def test_what_is_typed_while_an_answer_streams_stays_on_the_input_line(terminal: Terminal) -> None:
    terminal.type("Tell me a long story\r")
    await terminal.sees(r"\[Stop: /click stop\]")
    terminal.type("half a line")
    await terminal.sees(r"> half a line")
    await terminal.sees(r"\[Stop: /click stop\]\n.* > half a line")  # drawn again below the grown message
    terminal.type("\x15/dm 你好\r")
    await terminal.sees(r"newcomer  Discord DM\s+你好")
    terminal.type("/model glm-4.6\r")
    await terminal.sees(r"glm-4\.6 from the next question on")
    terminal.type("\x04")
    assert await terminal.ended() == 0


async def test_a_newcomer_changes_to_slack_and_back(terminal: Terminal) -> None:
    terminal.type("/slack Hello, who are you?\r")
    await terminal.sees(r"newcomer  Slack #general\s+@glimmer Hello, who are you\?")
    await terminal.sees(r"\[Stop: /click stop\]")
    await terminal.sees(r"\[Regenerate: /click regenerate\]")
    await terminal.sees(r"Slack #general › Hello, who are you\? > ")
    terminal.type("/model glm-4.6\r")
    await terminal.sees(r"!model glm-4\.6(.|\n)*glm-4\.6 from the next question on")
    terminal.type("/dm Tell me a long story\r")
    await terminal.sees(r"several messages(.|\n)*\[Stop: /click stop\]")
    terminal.type("/click stop\r")
    await terminal.sees(r"\(stopped\)\s+\[Regenerate")
    terminal.type("/discord\r")
    await terminal.sees(r"Discord #general > ")
    terminal.type("/quit\r")
    assert await terminal.ended() == 0


async def test_control_c_ends_cleanly_in_the_middle_of_an_answer(terminal: Terminal) -> None:
    terminal.type("Tell me a story\r")
    await terminal.sees(r"\[Stop: /click stop\]")
    (bot,) = psutil.Process(terminal.process.pid).children()
    terminal.type("\x03")
    assert await terminal.ended() == 0
    assert not bot.is_running()
    assert "Traceback" not in terminal.text
    assert termios.tcgetattr(terminal.theirs)[3] & termios.ECHO


async def test_a_bot_that_dies_is_told_with_the_end_of_its_log(terminal: Terminal) -> None:
    (bot,) = psutil.Process(terminal.process.pid).children()
    bot.kill()
    await terminal.sees(r"The bot has ended by itself, with status -9\.")
    await terminal.sees(r"discord\.ready")
    assert await terminal.ended() == 1
