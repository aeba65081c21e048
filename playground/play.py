"""`glimmer play`: the bot on this machine, with stand-ins, as a chat or as a scripted conversation."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import signal
import sys
from typing import Final

from playground.chronicle import Chronicle
from playground.demo import PATIENCE, PATIENCE_REAL, demo, respond
from playground.discord_scenes import DiscordStage, discord_scenes
from playground.discord_view import DiscordView
from playground.glm import persona
from playground.house import BotGone, House, open_house
from playground.slack_scenes import SlackStage, slack_scenes
from playground.slack_view import SlackView
from playground.terminal import chat

# What a shell reports for a program that SIGINT ended.
INTERRUPTED: Final = 130
# What writing to a pipe or a terminal says whose other end was closed.
_READER_GONE: Final = (errno.EPIPE, errno.EIO)


async def play(*, demo: bool) -> int:
    """Run the playground until its visitor leaves or the demo is over; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    if not demo and (reason := _no_chat()):
        _say(f"{reason}, so this is the demo instead of the chat.\n")
        demo = True
    visit = asyncio.create_task(_visit(scripted=demo))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, visit.cancel)
    try:
        return await visit
    except asyncio.CancelledError:
        return INTERRUPTED if demo else 0
    except OSError as error:
        if error.errno not in _READER_GONE:
            raise
        # Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _no_chat() -> str:
    if not sys.stdin.isatty():
        return "Standard input is not a terminal"
    return "This terminal cannot move its cursor (TERM=dumb)" if os.environ.get("TERM") == "dumb" else ""


async def _visit(*, scripted: bool) -> int:
    async with open_house(os.environ, respond if scripted else persona.respond, _say) as house:
        try:
            status = await _after_start(house, scripted=scripted)
            if status:
                _say(house.last_words())
        except BotGone as gone:
            _say(str(gone))
            status = 1
        return status


async def _after_start(house: House, *, scripted: bool) -> int:
    if not scripted:
        await house.ready()
        return await house.meanwhile(chat(house.discord, house.slack))
    discord, slack = DiscordView(house.discord), SlackView(house.slack)
    chronicle = Chronicle([discord, slack], _say)
    await house.ready()
    chronicle.note("the bot is connected")
    patience = PATIENCE_REAL if house.real else PATIENCE
    scenes = [
        *discord_scenes(DiscordStage(house.discord, discord, chronicle, patience)),
        *slack_scenes(SlackStage(house.slack, slack, chronicle, patience)),
    ]
    return await house.meanwhile(demo(chronicle, _say, scenes, patience))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
