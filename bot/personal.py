"""What people may have of theirs, and have removed, while the bot runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import aclosing
from dataclasses import replace
from typing import Final

import structlog

from bot import exports
from bot.choices import say
from bot.commands import Jobs, Lane
from bot.errors import UserError
from bot.messages import Control, Reply
from bot.ports import Store
from bot.records import Forgotten
from bot.vocabulary import EVERYTHING, HERE, YES

log = structlog.get_logger(__name__)

# Bytes of a file that a command gives: Discord takes 10 MiB (Discord docs, reference#uploading-files), Slack more.
MOST_BYTES: Final = 10_000_000
# Seconds that the end of what runs is waited for, each answer.
PATIENCE: Final = 10.0
# How often it is looked at within that time what is left.
_LOOKS: Final = 50

_CONFIRM: Final = {HERE: "forget_here", EVERYTHING: "forget_everything"}
# What is said to have been removed, in this order.
_COUNTED: Final = {
    "rounds": "forgotten_rounds",
    "notes": "forgotten_notes",
    "waiting": "forgotten_waiting",
    "files": "forgotten_files",
    "calls": "forgotten_calls",
    "summaries": "forgotten_summaries",
    "ratings": "forgotten_ratings",
    "settings": "forgotten_settings",
    "jobs": "forgotten_jobs",
}


class PersonalData:
    """Gives people what is kept of theirs, and removes it; `discard` removes files by their digests."""

    def __init__(
        self, store: Store, lane: Lane, jobs: Jobs, discard: Callable[[Collection[str]], Awaitable[None]]
    ) -> None:
        self._store = store
        self._lane = lane
        self._jobs = jobs
        self._discard = discard

    async def export(self, control: Control) -> Reply:
        """A file with what the actor asked and said in the conversation, outside of one everywhere on the platform.

        Raises UserError where there is nothing, or more than a platform takes.
        """
        name = control.value or exports.MARKDOWN
        form = exports.FORMATS.get(name)
        if form is None:
            raise UserError(say(control, "export_unknown"))
        entries = self._store.export(
            control.address.platform, author=control.actor.id, conversation=control.conversation
        )
        pieces: list[str] = []
        left = MOST_BYTES
        async with aclosing(exports.written(entries, form)) as written:
            async for piece in written:
                left -= len(piece.encode())
                if left < 0:
                    raise UserError(say(control, "export_too_big"))
                pieces.append(piece)
        if not pieces:
            raise UserError(say(control, "export_nothing"))
        return Reply(say(control, "export_done"), (f"glimmer.{name}", "".join(pieces)))

    async def forget(self, control: Control) -> Reply:
        """Remove what the actor asked and said, here or everywhere on the platform, after they have confirmed it."""
        extent, _, word = control.value.partition(" ")
        if extent not in _CONFIRM:
            raise UserError(say(control, "forget_how"))
        conversation = await self._conversation(control) if extent == HERE else ""
        if word != YES:
            return Reply(say(control, _CONFIRM[extent]))
        forgotten = await self._erase(control, conversation)
        await self._discard(forgotten.files)
        log.info("person.forgotten", rounds=forgotten.rounds, left=forgotten.left)
        return Reply(_told(control, forgotten))

    async def _conversation(self, control: Control) -> str:
        """The one that the command is given in, outside of any the last one of the actor in this place."""
        found = control.conversation or await self._store.newest_conversation(control.address, control.actor.id)
        if not found:
            raise UserError(say(control, "no_conversation"))
        return found

    async def _erase(self, control: Control, conversation: str) -> Forgotten:
        whose = control.address.platform, control.actor.id, conversation
        cancelled = Forgotten(jobs=await self._cancel_jobs(*whose))
        # What waits is removed before what runs ends: it would be begun then.
        forgotten = cancelled + await self._store.forget(*whose)
        for ask in forgotten.waiting:
            if ask.alone:
                self._lane.tell(ask, "stopped")
        if forgotten.left:
            await self._stop(*whose)
            forgotten = await self._wait(forgotten, *whose)
        return forgotten

    async def _wait(self, forgotten: Forgotten, *whose: str) -> Forgotten:
        """Remove what is left of theirs as it ends; nobody may be working on it yet."""
        for _ in range(_LOOKS):
            forgotten = replace(forgotten, left=0) + await self._store.forget(*whose)
            if not forgotten.left:
                break
            await asyncio.sleep(PATIENCE / _LOOKS)
        return forgotten

    async def _cancel_jobs(self, platform: str, author: str, conversation: str) -> int:
        cancelled = 0
        for job in await self._store.jobs():
            ask = job.turn.ask
            theirs = (ask.address.platform, ask.author.id) == (platform, author)
            if theirs and conversation in ("", job.turn.conversation):
                cancelled += await self._jobs.cancel(job.turn.id)
        return cancelled

    async def _stop(self, platform: str, author: str, conversation: str) -> None:
        """Stop what runs of theirs, and wait until it has ended."""
        pending = await self._store.pending(platform, author=author)
        turns: set[int] = set()
        for key, where in pending.items():
            turn = await self._store.turn_of_question(key) if conversation in ("", where) else None
            if turn is not None:
                turns.add(turn.id)
        for number in turns:
            await self._store.request_stop(number)
            self._lane.stop(number)
        for number in turns:
            await self._lane.delivered(number, PATIENCE)


def _told(control: Control, forgotten: Forgotten) -> str:
    """What was removed, in words."""
    found = {text: getattr(forgotten, name) for name, text in _COUNTED.items()}
    counts = {text: value if isinstance(value, int) else len(value) for text, value in found.items()}
    parts = [say(control, text, count=str(count)) for text, count in counts.items() if count]
    lines = [say(control, "forgotten", parts=", ".join(parts)) if parts else say(control, "forgotten_nothing")]
    if forgotten.left:
        lines.append(say(control, "forgotten_left", count=str(forgotten.left)))
    return " ".join(lines)
