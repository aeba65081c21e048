from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot import documents
from bot.decoding import decoded
from bot.documents import PAGES, TEXT, Document, extracted, is_document, read
from tests.fixtures.pdf import locked, pdf

pytestmark = pytest.mark.usefixtures("silence")

FOREVER = 60.0


# From the file to its text -------------------------------------------------------------------------------------------


async def test_every_page_has_its_number() -> None:
    assert await read(pdf("The first page", "", "The third")) == Document(
        b"[page 1]\nThe first page\n\n[page 3]\nThe third"
    )


async def test_a_file_that_is_only_protected_against_changes_is_read() -> None:
    assert (await read(locked(pdf("words"), ""))).text == b"[page 1]\nwords"


UNREADABLE = [
    (locked(pdf("words"), "secret"), "file_locked"),
    (pdf("", ""), "file_scanned"),
    (pdf(), "file_scanned"),
    (b"%PDF-1.7\n and then nothing of the kind", "file_damaged"),
    (b"%PDF-", "file_damaged"),
    (pdf("words")[:100], "file_damaged"),
]


@pytest.mark.parametrize(("data", "trouble"), UNREADABLE)
async def test_what_cannot_be_read_has_its_sentence(data: bytes, trouble: str) -> None:
    assert await read(data) == Document(trouble=trouble)


@pytest.mark.parametrize("before", [b"", b"\n", b"\xef\xbb\xbf", b"\0\0 \r\n"])
async def test_what_cannot_be_seen_may_stand_before_it(before: bytes) -> None:
    data = before + pdf("words")
    assert is_document(data)
    assert (await read(data)).text == b"[page 1]\nwords"


@pytest.mark.parametrize("data", [b"", b"words", b"About %PDF-1.7", b"%PD", b" " * 2_000 + b"%PDF-1.7"])
def test_what_is_no_document_is_not_taken_for_one(data: bytes) -> None:
    assert not is_document(data)


# The process of its own ----------------------------------------------------------------------------------------------


@dataclass
class Watch:
    """What was started."""

    started: asyncio.Event = field(default_factory=asyncio.Event)
    processes: list[asyncio.subprocess.Process] = field(default_factory=list[asyncio.subprocess.Process])
    options: dict[str, Any] = field(default_factory=dict[str, Any])


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    seen, start = Watch(), asyncio.create_subprocess_exec

    async def watched(*command: str, **options: Any) -> asyncio.subprocess.Process:
        process = await start(*command, **options)
        seen.processes.append(process)
        seen.options = options
        seen.started.set()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)
    return seen


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch, watch: Watch) -> Watch:
    """The process is one that never ends."""
    monkeypatch.setattr(documents, "_COMMAND", (sys.executable, "-c", "import time; time.sleep(3600)"))
    return watch


async def test_it_knows_nothing_of_our_secrets(watch: Watch) -> None:
    await read(pdf("words"))
    assert watch.options["env"] == {}


async def test_one_that_takes_too_long_is_killed(stuck: Watch) -> None:
    assert await read(pdf("words"), 0.01) == Document(trouble="file_damaged")
    [process] = stuck.processes
    assert process.returncode == -signal.SIGKILL


async def test_it_is_killed_when_nobody_wants_the_text_any_more(stuck: Watch) -> None:
    reading = asyncio.create_task(read(pdf("words"), FOREVER))
    await stuck.started.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    [process] = stuck.processes
    assert process.returncode == -signal.SIGKILL


GREEDY = [
    ("bytearray(documents.MEMORY)", "MemoryError"),
    ("open(sys.argv[1], 'wb').write(bytes(documents._OUTPUT + 100_000))", "File too large"),
]


@pytest.mark.parametrize(("deed", "error"), GREEDY)
async def test_it_can_take_only_so_much(deed: str, error: str, tmp_path: Any) -> None:
    code = f"import sys; from bot import documents; documents._confine(); {deed}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(tmp_path / "file"), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert error in said.decode()


# From pages to text --------------------------------------------------------------------------------------------------


@dataclass
class Sheet:
    """A page as the library gives it."""

    text: str = ""
    error: Exception | None = None

    def extract_text(self) -> str:
        if self.error is not None:
            raise self.error
        return self.text


@dataclass
class Book:
    """A document as the library gives it."""

    pages: list[Sheet]


def text_of(*pages: Sheet, seconds: float = FOREVER) -> str:
    book: Any = Book(list(pages))
    return extracted(book, seconds)


def test_a_page_that_cannot_be_read_costs_only_itself() -> None:
    assert text_of(Sheet("a"), Sheet(error=RecursionError()), Sheet("c")) == "[page 1]\na\n\n[page 3]\nc"


def test_of_many_pages_the_first_are_read_and_the_rest_is_told() -> None:
    text = text_of(*[Sheet("words")] * (PAGES + 5))
    assert f"[page {PAGES}]\nwords" in text
    assert f"[page {PAGES + 1}]" not in text
    assert text.endswith(f"\n\n[cut here: after page {PAGES} of {PAGES + 5}]")


def test_exactly_as_many_pages_as_are_read_are_a_whole() -> None:
    assert text_of(*[Sheet("words")] * PAGES).endswith(f"[page {PAGES}]\nwords")


def test_a_page_with_too_much_on_it_is_cut() -> None:
    text = text_of(Sheet("a" * (TEXT - 1)), Sheet("bcd"), Sheet("e"))
    assert text.endswith("a\n\n[page 2]\nb\n\n[cut here: on page 2 of 3]")


def test_when_the_time_is_over_no_further_page_is_begun() -> None:
    assert text_of(Sheet("a"), Sheet("b"), seconds=0.0) == "[page 1]\na\n\n[cut here: after page 1 of 2]"


@pytest.mark.parametrize("mark", ["\0", "\x01", "\r", "\x7f", "\x9f", "\ud83d", "\uffff"])
def test_the_text_is_one_that_is_taken_for_a_text_later(mark: str) -> None:
    text = text_of(Sheet(f"a{mark}b\tc\n春"))
    assert decoded(text.encode()) == "[page 1]\nab\tc\n春"


def test_pages_without_words_are_no_text() -> None:
    assert text_of(Sheet(" \n"), Sheet("\x01"), Sheet(error=ValueError())) == ""
