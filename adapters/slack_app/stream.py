"""Answers that Slack shows as they are written: its native streams, and what becomes of one that ends too early."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import structlog

from adapters.slack_app import failures
from adapters.slack_app.blocks import octets, trailer
from adapters.slack_app.client import Api, Workspace, lane_of
from adapters.slack_app.flow import Move, Stream, first_text, goes_on, grows, plan
from adapters.slack_app.places import signed
from adapters.slack_app.session import CLOSE_PATIENCE
from adapters.slack_app.surface import STOP_STREAM as STOP
from adapters.slack_app.surface import UPDATE, ThreadSurface
from adapters.slack_app.thread import metadata_of, parts_of
from bot.errors import PlatformError, PlatformGone, PlatformRefused, PlatformUnsure
from bot.messages import Page, Post, Turn
from bot.pacing import Priority
from bot.ports import Call, Lane, Limits, Surface

log = structlog.get_logger(__name__)

START: Final = "chat.startStream"
APPEND: Final = "chat.appendStream"
# In bytes: a streamed message holds about 10,600 (measured, openclaw#143882, which keeps to 9,000).
STREAM_PAGE: Final = 9_000
# An answer does not wait longer than this for the right to be streamed, or to be shown whole.
PATIENCE: Final = 0.3
# After these a stream is none any more, or never was.
_ENDED: Final = failures.UNAVAILABLE | {failures.NOT_STREAMING, failures.STOPPED_BY_USER}
# Seconds after which the core may try again what only has to be done in another way.
_AT_ONCE: Final = 0.01
_METHODS: Final = {
    Move.KEEP: APPEND,
    Move.APPEND: APPEND,
    Move.APPEND_AND_STOP: APPEND,
    Move.STOP: STOP,
    Move.REPLACE: STOP,
    Move.RESUME: UPDATE,
    Move.UPDATE: UPDATE,
}


class StreamSurface(ThreadSurface):
    """Answers in a thread by native streams. The place is "stream/channel/ts".

    A page that is whole when it is first shown is posted. A stream whose text cannot simply go on, that is old, or that
    Slack or the user has ended becomes a message that is edited. So does the whole answer when Slack starts no stream.
    """

    mode = "stream"

    def __init__(self, api: Api, workspace: Workspace, turn: Turn, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(api, workspace, turn, clock=clock)
        self._streams: dict[str, Stream] = {}
        self._messages: set[str] = set()  # those that certainly are no streams
        self._by_edits = False
        self._finds_room: bool | None = None  # asked once a stream: our own call takes room, too

    @property
    def limits(self) -> Limits:
        """What fits into a streamed message: Chinese takes three bytes a character."""
        return Limits(page=STREAM_PAGE, size=octets, status=True)

    def lane(self, call: Call, ref: str = "", page: Page | None = None) -> Lane:
        """The lane of the method that the call will begin with."""
        if call is Call.POST and page is not None and self._starts(page):
            return self._lane(START)
        if call is Call.EDIT and ref and page is not None:
            return self._lane(_METHODS[self._plan(ref, page)[0]])
        if call is Call.EDIT and not self._by_edits:
            return self._lane(APPEND)
        return super().lane(call, ref, page)

    # The first text ------------------------------------------------------------------------------------------------

    def _starts(self, page: Page) -> bool:
        if self._by_edits or not page.body or not grows(page):
            return False
        if self._finds_room is None:
            self._finds_room = not self._api.governor.taken(self._lane(START).name)
        return self._finds_room and may_stream(self._api, self._workspace)

    async def _send(self, page: Page, intent: Post) -> str:
        if not self._starts(page):
            self._by_edits = self._by_edits or (grows(page) and bool(page.body))
            return self._posted(await super()._send(page, intent))
        try:
            return await self._start(page, intent)
        except PlatformGone:
            raise
        except PlatformUnsure:
            # It may be there, and a second one could not be told from it.
            self._by_edits = True
            self._session.streams(processing=True)
            raise
        except PlatformError as error:
            self._by_edits = True
            code = failures.code_of(error)
            log.info("slack.not_streamed", turn=self._turn.id, reason=str(error))
            if code in failures.UNAVAILABLE:
                self._api.latch(self._workspace.id, START)
        async with self._api.governor.permit(super().lane(Call.POST).name, Priority.FIRST):
            return self._posted(await super()._send(page, intent))

    async def _start(self, page: Page, intent: Post) -> str:
        text = first_text(page)
        origin = self._turn.ask.origin
        answer = await self._api.call(
            self._workspace.id,
            START,
            channel=self._thread.channel,
            thread_ts=self._thread.ts,
            recipient_user_id=origin.get("user") or self._turn.ask.author.id.rpartition(".")[2],
            recipient_team_id=origin.get("team") or self._workspace.team,
            markdown_text=text,
        )
        self._session.streams(processing=True)
        self._session.spoke()
        ref = self._noted(str(answer["ts"]), intent)
        now = self._clock()
        self._streams[ref] = Stream(text, now, now)
        self._finds_room = None
        return ref

    def _posted(self, ref: str) -> str:
        self._messages.add(ref)
        return ref

    # More text -----------------------------------------------------------------------------------------------------

    def _plan(self, ref: str, page: Page) -> tuple[Move, str]:
        stream = self._streams.get(ref)
        if stream is None:
            return (Move.UPDATE if ref in self._messages else Move.RESUME), ""
        crowded = self._api.governor.closed_for(self._lane(STOP).name) > PATIENCE
        return plan(stream, page, now=self._clock(), crowded=crowded)

    async def edit(self, ref: str, page: Page) -> str:
        """Show a page by what it takes: more of the stream, its end, an edit, or where nothing is edited a post."""
        move, rest = self._plan(ref, page)
        if move is Move.UPDATE:
            await super().edit(ref, page)
        elif move is Move.RESUME:
            await self._resume(ref, page)
        elif move is Move.REPLACE:
            await self._replace(ref, page)
        elif move is not Move.KEEP:
            await self._continue(ref, page, move, rest)
        if ref in self._moved:
            return self._posted(self._moved[ref])
        return ref

    async def _continue(self, ref: str, page: Page, move: Move, rest: str) -> None:
        try:
            if move is not Move.STOP:
                await self._append(ref, rest)
            if move is Move.APPEND_AND_STOP:
                async with self._api.governor.permit(self._lane(STOP).name, Priority.FINAL):
                    await self._stop(ref, page, "")
            elif move is Move.STOP:
                await self._stop(ref, page, rest)
        except PlatformError as error:
            await self._recover(ref, page, error)
            return
        if page.file is not None:
            await self._file.share(page.file)

    async def _append(self, ref: str, text: str) -> None:
        channel, ts = parts_of(ref)
        await self._api.call(self._workspace.id, APPEND, channel=channel, ts=ts, markdown_text=text)
        self._streams[ref].grow(text, self._clock())

    async def _stop(self, ref: str, page: Page, rest: str) -> None:
        """End a stream; `rest` is appended, and the blocks of the page's tail and buttons come below."""
        below = signed(trailer(page, self._locale), self._workspace)
        await self._end(ref, working=goes_on(page), markdown_text=rest or None, blocks=below or None)

    async def _end(self, ref: str, *, working: bool, **shown: Any) -> None:
        channel, ts = parts_of(ref)
        intent = self._intents.get(ref)
        await self._api.call(
            self._workspace.id,
            STOP,
            channel=channel,
            ts=ts,
            metadata=metadata_of(intent) if intent else None,
            session_status=("processing" if working else "active") if self._workspace.agent else None,
            **shown,
        )
        self._session.streams(processing=working)
        self._ended(ref)

    def _ended(self, ref: str) -> None:
        self._streams.pop(ref, None)
        self._messages.add(ref)

    # When it does not simply go on ---------------------------------------------------------------------------------

    async def _recover(self, ref: str, page: Page, error: PlatformError) -> None:
        code = failures.code_of(error)
        if code == failures.NOT_STREAMING:
            log.info("slack.stream_closed", turn=self._turn.id)
            self._ended(ref)
            await self._go_on_by_edits(ref, page)
            return
        if isinstance(error, PlatformUnsure):
            del self._streams[ref]
        if isinstance(error, PlatformRefused):
            self._streams[ref].broken = True
        if code == failures.STOPPED_BY_USER and grows(page):
            log.info("slack.stream_stopped", turn=self._turn.id)  # the event that says so ends the turn
            return
        if isinstance(error, PlatformRefused):
            raise PlatformError(str(error), retry_after=_AT_ONCE) from error
        raise error

    async def _replace(self, ref: str, page: Page) -> None:
        try:
            await self._end_if_streaming(ref, page)
        except PlatformUnsure:
            del self._streams[ref]
            raise
        await self._go_on_by_edits(ref, page)

    async def _resume(self, ref: str, page: Page) -> None:
        try:
            ours = await self._thread.ours(float(parts_of(ref)[1]))
            settled = any(found.ref == ref and not found.may_be_streaming for found in ours)
        except PlatformRefused:
            settled = False  # we may not look: ending what is no stream does no harm
        if not settled:
            async with self._api.governor.permit(self._lane(STOP).name, Priority.FINAL):
                await self._end_if_streaming(ref, page)
        self._ended(ref)
        await super().edit(ref, page)

    async def _end_if_streaming(self, ref: str, page: Page) -> None:
        try:
            await self._end(ref, working=goes_on(page))
        except PlatformError as error:
            if failures.code_of(error) not in _ENDED:
                raise
            self._ended(ref)

    async def _go_on_by_edits(self, ref: str, page: Page) -> None:
        priority = Priority.ROLL_OVER if grows(page) else Priority.FINAL
        async with self._api.governor.permit(self._lane(UPDATE).name, priority):
            await super().edit(ref, page)

    async def delete(self, ref: str) -> None:
        """Remove a message; one that is already gone is fine."""
        await super().delete(ref)
        self._streams.pop(ref, None)

    async def close(self) -> None:
        """Leave no stream open, and show nothing of the kind any more."""
        with suppress(TimeoutError):  # whoever takes the turn up again stops it
            async with asyncio.timeout(CLOSE_PATIENCE):
                for ref in list(self._streams):
                    await self._abandon(ref)
        await super().close()

    async def _abandon(self, ref: str) -> None:
        with suppress(PlatformError):  # it is closed by Slack some minutes later
            async with self._api.governor.permit(self._lane(STOP).name, Priority.BACKGROUND):
                await self._end(ref, working=False)


def may_stream(api: Api, workspace: Workspace) -> bool:
    """Whether a stream could be started now in this workspace."""
    crowded = api.governor.closed_for(lane_of(START, workspace.id)) > PATIENCE
    return not crowded and not api.latched(workspace.id, START)


def surface_for(api: Api, workspace: Workspace, turn: Turn, mode: str) -> Surface:
    """The place of a turn: the one that it has, else by `mode`.

    "native" streams wherever Slack lets us, "edit" never, and "auto" where nobody else is watching: in the direct
    messages of an agent.
    """
    if turn.place:
        native = turn.place.startswith(f"{StreamSurface.mode}/")
    else:
        editable = not api.latched(workspace.id, UPDATE)
        wanted = {"native": True, "edit": not editable}.get(
            mode, not editable or (turn.ask.address.direct and workspace.agent)
        )
        native = wanted and may_stream(api, workspace)
    return (StreamSurface if native else ThreadSurface)(api, workspace, turn)
