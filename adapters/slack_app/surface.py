"""Where a turn is answered on Slack: the thread of its question, in messages that are edited as the text grows."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from adapters.slack_app import failures
from adapters.slack_app.blocks import MARKDOWN_SIZE, Json, characters, defused, message, naming
from adapters.slack_app.client import Api, Workspace, lane_of
from adapters.slack_app.places import signed
from adapters.slack_app.session import Session
from adapters.slack_app.thread import Ours, Thread, metadata_of, parts_of, ref_of
from adapters.slack_app.uploads import AnswerFile
from bot.errors import PlatformError, PlatformGone, PlatformRefused
from bot.messages import ControlKind, Page, Post, Turn
from bot.pacing import Priority
from bot.ports import Call, Lane, Limits

POST: Final = "chat.postMessage"
UPDATE: Final = "chat.update"
DELETE: Final = "chat.delete"
STOP_STREAM: Final = "chat.stopStream"
# In characters: one markdown block holds 12,000 (Slack docs), some are left for what the core puts below a page.
PAGE_SIZE: Final = 11_000
_QUIET: Final = {"unfurl_links": False, "unfurl_media": False}
_METHODS: Final = {Call.POST: POST, Call.EDIT: UPDATE, Call.DELETE: DELETE}


class ThreadSurface:
    """Answers in a thread by edits, which everybody there can watch. The place is "edit/channel/ts".

    `clock` is in Unix seconds.
    """

    mode = "edit"

    def __init__(self, api: Api, workspace: Workspace, turn: Turn, *, clock: Callable[[], float] = time.time) -> None:
        self._api = api
        self._workspace = workspace
        self._turn = turn
        self._clock = clock
        self._since = clock()
        self._locale = turn.ask.address.locale
        place = _thread_of(turn)
        self._thread = Thread(api, workspace, *place)
        self._session = Session(api, workspace, place, locale=self._locale, clock=clock, begun=bool(turn.place))
        self._file = AnswerFile(api, workspace, self._thread, turn)
        self._tried: set[Post] = set()
        self._intents = {post.ref: post for post in turn.posts if post.ref}
        self._shown: dict[str, Page] = {}
        self._moved: dict[str, str] = {}  # from messages that could not be edited to those that show their pages

    @property
    def limits(self) -> Limits:
        """What fits into a message of Slack."""
        return Limits(page=PAGE_SIZE, size=characters, status=True)

    def lane(self, call: Call, ref: str = "", page: Page | None = None) -> Lane:
        """Slack counts each method by itself."""
        return self._lane(_METHODS[call])

    def _lane(self, method: str) -> Lane:
        return Lane(lane_of(method, self._workspace.id, self._thread.channel))

    async def open(self) -> str:
        """Nothing has to be made ready: whatever is posted there makes the thread."""
        return f"{self.mode}/{self._thread.channel}/{self._thread.ts}"

    async def post(self, page: Page, intent: Post) -> str:
        """Post a page; what the same intent may have posted before is looked for first."""
        if intent.at < self._since or intent in self._tried:
            ref = await self._became(intent)
            if ref:
                self._intents[ref] = intent
                return ref
        self._tried.add(intent)
        return await self._send(page, intent)

    async def _send(self, page: Page, intent: Post) -> str:
        if page.file is not None:
            # Before the message: a post that raises must not have been made.
            await self._file.share(page.file)
        ref = self._noted(await self._post(page, intent), intent)
        self._shown[ref] = replace(page, notify=False)
        return ref

    async def _post(self, page: Page, intent: Post) -> str:
        place = {"thread_ts": self._thread.ts, "metadata": metadata_of(intent), **_QUIET}
        channel = self._thread.channel
        answer = await self._shown_by(
            page,
            lambda shown: self._api.call(
                self._workspace.id, POST, channel=channel, **place, **self._addressed(shown, page)
            ),
        )
        self._session.spoke()
        return str(answer["ts"])

    def _addressed(self, shown: Json, page: Page) -> Json:
        """What is shown, with the name of an asker who has long stopped waiting for it."""
        ask = self._turn.ask
        if not (page.notify and ask.job):
            return shown
        return naming(shown, ask.origin.get("user") or ask.author.id.rpartition(".")[2])

    def _noted(self, ts: str, intent: Post) -> str:
        ref = ref_of(self._thread.channel, ts)
        self._intents[ref] = intent
        return ref

    async def find(self, intent: Post) -> Sequence[str]:
        """The message that carries the intent, else all pages of ours in this thread since then."""
        try:
            pages = await self._pages(intent.at)
        except PlatformGone:
            return []
        exact = [page.ref for page in pages if page.is_of(intent)]
        return exact or [page.ref for page in pages]

    async def _became(self, intent: Post) -> str:
        """What a post became whose answer is not known; "" when it was not made, or nobody lets us look."""
        pages = await self._visible(intent.at)
        exact = [page.ref for page in pages if page.is_of(intent)]
        # What was streamed carries nothing until it is stopped.
        nameless = [page.ref for page in pages if not page.metadata and page.ref not in self._intents]
        return next(iter(exact or nameless), "")

    async def _visible(self, since: float) -> Sequence[Ours]:
        try:
            return await self._pages(since)
        except (PlatformGone, PlatformRefused):
            return []

    async def _pages(self, since: float) -> Sequence[Ours]:
        # An answer comes after its question, whatever the clocks say.
        asked_at = float(self._turn.ask.message or 0)
        ours = await self._thread.ours(since)
        return [page for page in ours if page.may_be_a_page and page.at > asked_at]

    async def edit(self, ref: str, page: Page) -> str:
        """Replace what a message shows, if it does not show just that; where nothing is edited another one shows it."""
        # A page that notifies looks like any other here: in a thread Slack tells the asker by itself.
        page = replace(page, notify=False)
        if self._shown.pop(ref, None) != page:
            await self._update(ref, page)
            if page.file is not None:
                await self._file.share(page.file)
        shown_by = self._moved.get(ref, ref)
        self._shown[shown_by] = page
        return shown_by

    async def _update(self, ref: str, page: Page) -> None:
        try:
            await self._edit(ref, page)
        except PlatformRefused as error:
            code = failures.code_of(error)
            if code in failures.NOT_EDITABLE:
                await self._post_instead(ref, page)
            elif code == failures.STILL_STREAMING:
                with suppress(PlatformError):  # the edit tells whether it was of use
                    await self._api.paced(self._workspace.id, STOP_STREAM, Priority.FINAL, **_arguments(ref))
                await self._edit(ref, page)
            else:
                raise

    async def _edit(self, ref: str, page: Page) -> None:
        intent = self._intents.get(ref)
        # Unlike a post an edit would be read as if somebody had typed it (Slack docs, chat.update: parse).
        given = {"metadata": metadata_of(intent) if intent else None, "parse": "none"}
        await self._shown_by(
            page, lambda shown: self._api.call(self._workspace.id, UPDATE, **_arguments(ref), **given, **shown)
        )

    async def _shown_by(self, page: Page, call: Callable[[Json], Awaitable[Mapping[str, Any]]]) -> Mapping[str, Any]:
        """Show a page in our blocks; where Slack will not have them there, at least its text is whole."""
        try:
            shown = message(page, self._locale)
            return await call({**shown, "blocks": signed(shown["blocks"], self._workspace)})
        except PlatformRefused as error:
            if failures.code_of(error) not in failures.OTHER_BLOCKS:
                raise
            return await call({"markdown_text": defused(page.text)[:MARKDOWN_SIZE]})

    async def _post_instead(self, ref: str, page: Page) -> None:
        """Where messages are not edited, a page is posted anew once it is whole; from now on answers are streamed."""
        self._api.latch(self._workspace.id, UPDATE)
        if ControlKind.STOP in page.controls:
            return
        if page.file is not None:
            # Before the message: an edit that raises must not have moved it.
            await self._file.share(page.file)
        posted_at = float(parts_of(ref)[1])
        # A message that the core has found may be of an intent that is not known here.
        intent = self._intents.get(ref) or Post(self._turn.id, 0, 0, posted_at)
        # One that is newer was made by a post whose answer was lost, or by the process before this one.
        newer = [found for found in await self._visible(posted_at) if found.is_of(intent) and found.at > posted_at]
        if newer:
            ts = parts_of(newer[-1].ref)[1]
        else:
            async with self._api.governor.permit(self._lane(POST).name, Priority.FINAL):
                ts = await self._post(page, intent)
        self._moved[ref] = self._noted(ts, intent)

    async def delete(self, ref: str) -> None:
        """Remove a message; one that is already gone is fine."""
        try:
            await self._api.call(self._workspace.id, DELETE, **_arguments(ref))
        except PlatformGone:
            return

    async def typing(self, line: str = "") -> None:
        """Show in the thread that an answer is coming."""
        await self._session.work(line)

    async def close(self) -> None:
        """Show nothing of the kind any more."""
        await self._session.close()


def _arguments(ref: str) -> Json:
    channel, ts = parts_of(ref)
    return {"channel": channel, "ts": ts}


def _thread_of(turn: Turn) -> tuple[str, str]:
    """The channel and the root of the thread: where the answer was put, else where the question is."""
    if turn.place:
        _, channel, ts = turn.place.split("/", 2)
        return channel, ts
    address = turn.ask.address
    return address.channel.rpartition(".")[2], address.thread or turn.ask.message
