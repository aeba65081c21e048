"""The files beside the questions: fetched right after their message was taken in, once, and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from bot import documents, metrics, pictures
from bot.completion import Media, MediaKind
from bot.decoding import decoded
from bot.errors import OperatorError, PlatformError, PlatformGone, PlatformRefused
from bot.messages import Ask, Attachment
from bot.ports import Adapter, Store
from bot.tasks import Tasks

log = structlog.get_logger(__name__)

# Seconds that a turn waits for all its files.
PATIENCE: Final = 10.0
# Files that are fetched at once; each may take FILE_MEGABYTES of memory.
AT_ONCE: Final = 8
# Seconds before each further attempt after a failure that may pass.
PAUSES: Final = (0.5, 2.0)
# Bytes of a file that are looked at for its text; a prompt has room for far less.
HEAD: Final = 256 * 1024
SWEEP_EVERY: Final = 86_400.0
# Pictures and documents that are worked on at once; each may take some hundred megabytes of memory.
WORKED_ON: Final = 2
# What can neither be read nor seen is not fetched at all; of videos only these kinds are (GLM docs, vision models).
_OTHER_KINDS: Final = ("audio/", "font/", "video/", "application/zip", "application/vnd.")
_VIDEOS: Final = ("video/mp4", "video/quicktime", "video/x-matroska", "video/matroska")


class Blobs(Protocol):
    """Keeps files by the SHA-256 of their content. Raises OperatorError for what only the operator can mend."""

    async def put(self, data: bytes) -> str:
        """Keep a file, durably, and return its digest."""
        ...

    async def head(self, digest: str, size: int) -> bytes | None:
        """At most so many bytes of the beginning of a file; None when it is not there."""
        ...

    async def remove(self, digest: str) -> None:
        """Remove a file; one that is not there is fine."""
        ...

    async def shelves(self) -> Sequence[str]:
        """The parts in which the files are kept."""
        ...

    async def tidy(self, shelf: str) -> Sequence[str]:
        """The digests of the files in one part, from which what an interrupted `put` left behind is removed."""
        ...


@dataclass(frozen=True, slots=True)
class Enclosure:
    """What is known of an attachment: its `text` or its `media`, and in `trouble` the sentence that says what is wrong.

    `whole` says that the text is all of the file's. One that was `pasted` belongs to the words of the asker.
    """

    name: str
    text: str | None = None
    whole: bool = True
    trouble: str = ""
    media: Media | None = None
    pasted: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a file: a picture that models take, a document's text, else the file; or its `trouble`."""

    data: bytes = b""
    trouble: str = ""


class Workshop:
    """Makes of a file what is kept of it, beside the loop."""

    def __init__(self) -> None:
        self._pictures = asyncio.Semaphore(WORKED_ON)
        self._documents = asyncio.Semaphore(WORKED_ON)

    async def make(self, data: bytes) -> Kept:
        """What is kept of a file, by its content."""
        if pictures.is_picture(data):
            async with self._pictures:
                picture = await asyncio.to_thread(pictures.prepared, data)
            return Kept(trouble="file_picture") if picture is None else Kept(picture)
        if documents.is_document(data):
            async with self._documents:
                document = await documents.read(data)
            return Kept(document.text, document.trouble)
        return Kept(data)


class Attachments:
    """Fetches the files of asks; `limit` is the most bytes of one, `age` the seconds for which they are kept.

    `make` says what is kept of a file.
    """

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        *,
        limit: int,
        age: float,
        make: Callable[[bytes], Awaitable[Kept]] | None = None,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._limit = limit
        self._age = age
        self._make = make or Workshop().make
        self._fetching: dict[tuple[str, int], asyncio.Task[Enclosure]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        # Between a file's arrival and the note that it is wanted nothing may be swept.
        self._shelving = asyncio.Lock()
        self._tasks = Tasks()

    @property
    def megabytes(self) -> int:
        """The size of the largest file that is read, in millions of bytes."""
        return self._limit // 1_000_000

    def begin(self, adapter: Adapter, ask: Ask) -> None:
        """Fetch what came with an ask, meanwhile."""
        for number, attachment in enumerate(ask.attachments):
            if _may_be_of_use(attachment):
                self._fetch(adapter, ask, number)

    async def gather(self, adapter: Adapter, asks: Sequence[Ask]) -> Sequence[Enclosure]:
        """What is known of all that came with these asks; waits for at most PATIENCE seconds."""
        listed = [(ask, number, item) for ask in asks for number, item in enumerate(ask.attachments)]
        tasks = {
            (ask.key, number): self._fetch(adapter, ask, number) for ask, number, item in listed if _may_be_of_use(item)
        }
        if tasks:
            await asyncio.wait(tasks.values(), timeout=PATIENCE)
        return [_outcome(item, tasks.get((ask.key, number))) for ask, number, item in listed]

    async def pictures(self, digests: Sequence[str], limit: int) -> Sequence[Media]:
        """The pictures among kept files, at most so many of the last ones; the last is the newest."""
        found: list[Media] = []
        for digest in reversed(digests):
            if len(found) >= limit:
                break
            try:
                media = await self._picture(digest)
            except OperatorError as error:
                log.warning("picture.not_loaded", reason=str(error))
                continue
            if media is not None:
                found.append(media)
        return found[::-1]

    def forget(self, ask: str) -> None:
        """The question was deleted: its files go too."""
        for (key, _), task in self._fetching.items():
            if key == ask:
                task.cancel()
        self._tasks.start(self._forget(ask))

    async def discard(self, digests: Collection[str]) -> None:
        """Remove those of these files that belong to no ask."""
        async with self._shelving:
            await self._discard(digests)

    async def run(self) -> None:
        """Sweep at once, and then daily."""
        while True:
            try:
                await self._sweep()
            except OperatorError as error:
                log.error("files.not_swept", reason=str(error))  # noqa: TRY400  # the message says it all
            await asyncio.sleep(SWEEP_EVERY)

    async def close(self) -> None:
        """End what is being fetched; it is fetched again when its turn begins."""
        fetching = list(self._fetching.values())
        for task in fetching:
            task.cancel()
        await asyncio.gather(*fetching, return_exceptions=True)
        await self._tasks.cancel()

    # Fetching ------------------------------------------------------------------------------------------------------

    def _fetch(self, adapter: Adapter, ask: Ask, number: int) -> asyncio.Task[Enclosure]:
        key = (ask.key, number)
        if key not in self._fetching:
            task = self._fetching[key] = asyncio.create_task(self._enclosure(adapter, ask, number))
            task.add_done_callback(lambda _: self._fetching.pop(key, None))
        return self._fetching[key]

    async def _enclosure(self, adapter: Adapter, ask: Ask, number: int) -> Enclosure:
        attachment = ask.attachments[number]
        try:
            kept = await self._kept(adapter, ask, number)
        except PlatformGone as error:
            trouble, reason = "file_gone", error
        except PlatformRefused as error:
            trouble, reason = error.text, error
        except (PlatformError, OperatorError) as error:
            trouble, reason = "file_failed", error
        except Exception as error:  # whatever it was, the question can be answered without the file
            log.exception("file.crashed", ask=ask.key)
            trouble, reason = "file_failed", error
        else:
            return _enclosed(attachment, kept)
        metrics.files.labels(trouble).inc()
        log.warning("file.not_fetched", ask=ask.key, number=number, trouble=trouble, reason=str(reason))
        return Enclosure(attachment.name, trouble=trouble)

    async def _kept(self, adapter: Adapter, ask: Ask, number: int) -> Kept:
        """What is kept of a file: of a text at least its beginning."""
        digest = (await self._store.files(ask.key)).get(number)
        data = await self._contents(digest) if digest else None
        if data is not None:
            return Kept(data)
        async with self._slots:
            kept = await self._make(await self._download(adapter, ask, ask.attachments[number]))
            metrics.files.labels(kept.trouble or "fetched").inc()
            if not kept.trouble:
                await self._shelve(ask, number, kept.data)
        return kept

    async def _shelve(self, ask: Ask, number: int, data: bytes) -> None:
        async with self._shelving:
            digest = await self._blobs.put(data)
            if not await self._store.keep_file(ask.key, number, digest):
                await self._discard([digest])

    async def _contents(self, digest: str) -> bytes | None:
        """All of what can be seen, the beginning of anything else."""
        head = await self._blobs.head(digest, HEAD)
        if head is None or len(head) < HEAD or not pictures.media_type(head):
            return head
        return await self._blobs.head(digest, max(self._limit, pictures.BYTES))

    async def _picture(self, digest: str) -> Media | None:
        head = await self._blobs.head(digest, pictures.MAGIC)
        if head is None or not pictures.media_type(head).startswith(MediaKind.IMAGE):
            return None
        data = await self._blobs.head(digest, pictures.BYTES)
        return _seen(data) if data and len(data) < pictures.BYTES else None

    async def _download(self, adapter: Adapter, ask: Ask, attachment: Attachment) -> bytes:
        if attachment.size > self._limit:
            raise PlatformRefused(f"{attachment.size} bytes", text="file_too_big")
        for pause in PAUSES:
            try:
                return await adapter.download(ask, attachment, self._limit)
            except (PlatformGone, PlatformRefused):
                raise
            except PlatformError as error:
                log.info("file.fetched_again", ask=ask.key, reason=str(error), pause=pause)
                await asyncio.sleep(pause if error.retry_after is None else min(error.retry_after, PATIENCE))
        return await adapter.download(ask, attachment, self._limit)

    # Forgetting ----------------------------------------------------------------------------------------------------

    async def _forget(self, ask: str) -> None:
        if not await self._store.files(ask):
            return  # of all messages that are deleted few were questions with files
        async with self._shelving:
            digests = await self._store.forget_files(ask)
            for digest in digests:
                await self._blobs.remove(digest)
        log.info("files.forgotten", ask=ask, files=len(digests))

    async def _sweep(self) -> None:
        await self._store.forget_old_files(self._age)
        for shelf in await self._blobs.shelves():
            async with self._shelving:
                await self._discard(await self._blobs.tidy(shelf))

    async def _discard(self, digests: Collection[str]) -> None:
        wanted = await self._store.wanted_files(list(digests))
        for digest in set(digests) - set(wanted):
            await self._blobs.remove(digest)


def _may_be_of_use(attachment: Attachment) -> bool:
    kind = attachment.media_type.lower()
    return kind.startswith(_VIDEOS) or not kind.startswith(_OTHER_KINDS)


def _enclosed(attachment: Attachment, kept: Kept) -> Enclosure:
    media = _seen(kept.data)
    if kept.trouble or media is not None:
        return Enclosure(attachment.name, trouble=kept.trouble, media=media)
    text = decoded(kept.data[:HEAD])
    if text is None and attachment.media_type.lower().startswith("image/"):
        return Enclosure(attachment.name, trouble="file_picture")
    return Enclosure(attachment.name, text, whole=len(kept.data) < HEAD, pasted=attachment.pasted)


def _seen(data: bytes) -> Media | None:
    kind = pictures.media_type(data)
    return Media(MediaKind(kind.partition("/")[0]), kind, data) if kind else None


def _outcome(attachment: Attachment, task: asyncio.Task[Enclosure] | None) -> Enclosure:
    if task is None:
        return Enclosure(attachment.name)
    if task.done() and task.cancelled():
        return Enclosure(attachment.name, trouble="file_gone")
    return task.result() if task.done() else Enclosure(attachment.name, trouble="file_failed")
