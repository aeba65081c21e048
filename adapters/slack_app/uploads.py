"""The whole answer as a file in its thread, shared once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.slack_app.client import Api, Workspace
from adapters.slack_app.thread import Thread
from bot.errors import PlatformError, PlatformRefused
from bot.messages import Turn
from bot.pacing import Priority

# The answer does not wait for its file for ever: after so many failures it comes without.
TRIES: Final = 2


class AnswerFile:
    """The file of one turn. A share that may have been made, by us or before a crash, is looked for first."""

    def __init__(self, api: Api, workspace: Workspace, thread: Thread, turn: Turn) -> None:
        self._api = api
        self._workspace = workspace
        self._thread = thread
        self._since = turn.since
        self._doubtful = bool(turn.posts)
        self._failures = 0
        self._shared = False

    async def share(self, file: tuple[str, str]) -> None:
        """Share a file (name, text) in the thread; raises PlatformRefused when the answer has to do without."""
        if self._shared:
            return
        name, text = file
        try:
            if not (self._doubtful and await self._is_there(name)):
                self._doubtful = True
                await self._upload(name, text.encode())
        except PlatformRefused:
            raise
        except PlatformError as error:
            self._failures += 1
            if self._failures < TRIES:
                raise
            raise PlatformRefused(f"the file could not be shared: {error}") from error
        self._shared = True

    async def _is_there(self, name: str) -> bool:
        return any(name in message.files for message in await self._thread.ours(self._since))

    async def _upload(self, name: str, content: bytes) -> None:
        place = {"channel_id": self._thread.channel, "thread_ts": self._thread.ts}
        await upload(self._api, self._workspace.id, name, content, place)


async def upload(api: Api, team: str, name: str, content: bytes, place: Mapping[str, Any]) -> None:
    """Upload a file and share it in a place, by Slack's words for that; raises PlatformError and its kin."""
    ticket = await api.paced(team, "files.getUploadURLExternal", Priority.FINAL, filename=name, length=len(content))
    await api.upload(str(ticket["upload_url"]), content)
    files = [{"id": str(ticket["file_id"]), "title": name}]
    await api.paced(team, "files.completeUploadExternal", Priority.FINAL, files=files, **place)
