"""`glimmer export` and `glimmer forget`: what is kept of people, given or removed while the bot runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TextIO

from bot import exports
from bot.errors import OperatorError
from bot.records import Forgotten
from bot.service import blobs_of
from bot.settings import Settings
from storage.sqlite import SqliteStore


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose records on a platform are meant, and in which conversation; "" leaves a condition out."""

    platform: str
    author: str = ""
    conversation: str = ""


def whose(user: str, conversation: str) -> Whose:
    """What was given on the command line; `user` is "platform/id". Raises OperatorError."""
    platform, _, author = user.partition("/")
    home = conversation.partition("/")[0]
    if bool(user) != bool(author) or not (platform or home):
        raise OperatorError("name a user as platform/id (discord/123…, slack/T….U…), or a conversation by its id")
    if platform and home and platform != home:
        raise OperatorError(f"--conversation: {conversation} is not a conversation on {platform}")
    return Whose(platform or home, author, conversation)


async def export(settings: Settings, meant: Whose, form: str, target: Path) -> None:
    """Write what is kept into a new file that only its owner may read; raises OperatorError."""
    async with SqliteStore.open(settings.database_path, exclusive=False) as store:
        entries = store.export(meant.platform, author=meant.author, conversation=meant.conversation)
        pieces = exports.written(entries, exports.FORMATS[form])
        first = await anext(pieces, "")
        if not first:
            raise OperatorError("there is nothing to export: nothing is kept of that user or conversation")
        with _created(target) as file:
            await asyncio.to_thread(file.write, first)
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)


async def forget(settings: Settings, meant: Whose) -> Sequence[str]:
    """Remove what is kept, with the files that nobody else needs; lines that say how much it was."""
    async with SqliteStore.open(settings.database_path, exclusive=False) as store:
        forgotten = await store.forget(meant.platform, meant.author, meant.conversation)
        blobs = blobs_of(settings)
        for digest in forgotten.files - set(await store.wanted_files(list(forgotten.files))):
            await blobs.remove(digest)
    return [*_counted(forgotten), *_left(forgotten)]


def _created(target: Path) -> TextIO:
    try:
        return os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{target}: cannot be made: {error.strerror}") from error


def _counted(forgotten: Forgotten) -> Sequence[str]:
    found = {field.name: getattr(forgotten, field.name) for field in fields(forgotten) if field.name != "left"}
    counts = {name: value if isinstance(value, int) else len(value) for name, value in found.items()}
    return [f"{name}: {count}" for name, count in counts.items() if count] or ["nothing of theirs was found"]


def _left(forgotten: Forgotten) -> Sequence[str]:
    if not forgotten.left:
        return ()
    return [f"left: {forgotten.left}, being answered now; repeat the command when they are done"]
