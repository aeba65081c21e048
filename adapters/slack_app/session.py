"""What a thread shows beside the answer: that somebody works on it, and on what."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import structlog

from adapters.slack_app import failures
from adapters.slack_app.client import Api, Workspace, lane_of
from bot import texts
from bot.errors import PlatformError, PlatformUnsure
from bot.pacing import Priority

log = structlog.get_logger(__name__)

SET_SESSION: Final = "agents.sessions.setStatus"
SET_STATUS: Final = "assistant.threads.setStatus"
# A status vanishes after two minutes (Slack docs, assistant.threads.setStatus); one is shown at most every so many
# seconds.
STATUS_EVERY: Final = 10.0
# Seconds that a finished turn may take to clear up behind itself.
CLOSE_PATIENCE: Final = 2.0
# With these the workspace will not have it today.
_MISSING: Final = failures.UNAVAILABLE | {"not_authorized", "missing_scope"}


class Session:
    """The agent session and the status line of one thread (channel, ts); best effort, no method raises.

    `clock` counts seconds. A session that is `processing` has Slack's own Stop button. `begun` says that an earlier
    process may have left it so.
    """

    def __init__(
        self,
        api: Api,
        workspace: Workspace,
        place: tuple[str, str],
        *,
        locale: str,
        clock: Callable[[], float],
        begun: bool = False,
    ) -> None:
        self._api = api
        self._workspace = workspace
        self._place: dict[str, Any] = dict(zip(("channel_id", "thread_ts"), place, strict=True))
        self._locale = locale
        self._clock = clock
        self._processing = begun and workspace.agent
        self._tried = False
        self._shown = False
        self._shown_at = -math.inf

    async def work(self, line: str) -> None:
        """Show that the answer is worked on, and with a line on what."""
        if not self._tried and self._workspace.agent:
            # Taken as set until the contrary is known: a call that is cancelled may have done it.
            self._tried = self._processing = True
            self._processing = await self._set(SET_SESSION, "processing")
        now = self._clock()
        if now - self._shown_at >= STATUS_EVERY:
            self._shown_at = now
            self._shown = True
            self._shown = await self._set(SET_STATUS, line or texts.say("at_work", self._locale))

    def streams(self, *, processing: bool) -> None:
        """A stream was started, or stopped: that sets the session's state as well."""
        self._processing = processing and self._workspace.agent

    def spoke(self) -> None:
        """A message was posted: that removes the status line."""
        self._shown = False

    async def close(self) -> None:
        """Leave neither status nor Stop button behind."""
        with suppress(TimeoutError):  # Slack clears them by itself, only later
            async with asyncio.timeout(CLOSE_PATIENCE):
                if self._processing:
                    self._processing = not await self._clear(SET_SESSION, "active")
                if self._shown:
                    self._shown = not await self._clear(SET_STATUS, "")

    async def _set(self, method: str, status: str) -> bool:
        """Whether it is set; only where the limits leave room."""
        name = self._workspace.id
        if self._api.latched(name, method):
            return False
        permit = self._api.governor.try_permit(lane_of(method, name))
        if permit is None:
            return False
        with permit:
            return await self._done(method, self._api.call(name, method, status=status, **self._place))

    async def _clear(self, method: str, status: str) -> bool:
        call = self._api.paced(self._workspace.id, method, Priority.BACKGROUND, status=status, **self._place)
        return await self._done(method, call)

    async def _done(self, method: str, call: Any) -> bool:
        try:
            await call
        except PlatformError as error:
            log.debug("slack.status_failed", method=method, reason=str(error))
            if failures.code_of(error) in _MISSING:
                self._api.latch(self._workspace.id, method)
            return isinstance(error, PlatformUnsure)
        return True
