"""The text of PDF files, read in a process of its own: whatever is in a file, it can block and break nothing here.

`python -m bot.documents` is that process: a file on its standard input, its text on the standard output.
"""

from __future__ import annotations

import asyncio
import io
import re
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, Final

import structlog

if TYPE_CHECKING:
    from pypdf import PdfReader

log = structlog.get_logger(__name__)

# What a file is read of at most, in pages and characters, and the memory that may take, in bytes.
PAGES: Final = 200
TEXT: Final = 1_000_000
MEMORY: Final = 512 * 1024 * 1024
# Bytes: room for any TEXT in UTF-8.
_OUTPUT: Final = 5 * TEXT
# Seconds after which the process gives what it has, so that a turn which waits ten has it, and is killed.
ENOUGH: Final = 6.0
TIME: Final = 15.0

_MARK: Final = b"%PDF-"
# Readers forgive what stands before the mark (ISO 32000-1, annex H.3.4.1); here only what cannot be seen.
_BLANK: Final = b"\xef\xbb\xbf\0\t\r\n "
_BEFORE: Final = 1_024
# What no text has (`bot.decoding`), and halves of letters.
_NO_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LOCKED: Final = 3
_SCANNED: Final = 4
_TROUBLES: Final = {_LOCKED: "file_locked", _SCANNED: "file_scanned"}
_COMMAND: Final = (sys.executable, "-m", "bot.documents")
_FOLDER: Final = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, each page after a mark like "[page 3]", in UTF-8; else the sentence that says what is wrong."""

    text: bytes = b""
    trouble: str = ""


def is_document(data: bytes) -> bool:
    """Whether a file is a PDF, by its content."""
    return data[:_BEFORE].lstrip(_BLANK).startswith(_MARK)


async def read(data: bytes, seconds: float = TIME) -> Document:
    """The text of a PDF: of PAGES pages and TEXT characters at most, with a note at the end of what was left out."""
    with TemporaryFile() as source, TemporaryFile() as sink:
        await asyncio.to_thread(_fill, source, data)
        status = await _run(source, sink, seconds)
        if status:
            log.info("document.unreadable", status=status, size=len(data))
            return Document(trouble=_TROUBLES.get(status, "file_damaged"))
        sink.seek(0)
        return Document(sink.read(_OUTPUT))


def _fill(source: BinaryIO, data: bytes) -> None:
    source.write(data)
    source.seek(0)


async def _run(source: BinaryIO, sink: BinaryIO, seconds: float) -> int:
    """How the process ended; without an environment it knows no secret."""
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, stdin=source, stdout=sink, stderr=quiet, cwd=_FOLDER, env={}
    )
    try:
        async with asyncio.timeout(seconds):
            return await process.wait()
    except TimeoutError:
        return -1
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


# In the process of its own -------------------------------------------------------------------------------------------


def main() -> int:
    """Read a PDF from the standard input; the status says what is wrong with it."""
    _confine()
    # The library is loaded here only: in the process of the bot nobody needs it.
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    try:
        reader = PdfReader(io.BytesIO(sys.stdin.buffer.read()))
        if reader.is_encrypted and not reader.decrypt(""):
            return _LOCKED
        text = extracted(reader, ENOUGH)
    except (DependencyError, FileNotDecryptedError):
        return _LOCKED
    sys.stdout.buffer.write(text.encode())
    return 0 if text else _SCANNED


def _confine() -> None:
    limits = (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, int(TIME)),
        (resource.RLIMIT_FSIZE, _OUTPUT),
        (resource.RLIMIT_CORE, 0),
    )
    for limit, most in limits:
        with suppress(ValueError, OSError):  # not every system knows all of them, and time is bounded from outside
            resource.setrlimit(limit, (most, most))


def extracted(reader: PdfReader, seconds: float) -> str:
    """The text of a document, "" when no page has any; begins no further page after so many seconds."""
    end = time.monotonic() + seconds
    shown: list[str] = []
    number, left, count = 0, TEXT, len(reader.pages)
    for number in range(1, min(count, PAGES) + 1):
        if text := _page(reader, number):
            shown.append(f"[page {number}]\n{text[:left]}")
            left -= len(text)
        if left <= 0 or time.monotonic() >= end:
            break
    return "\n\n".join([*shown, *_missing(number, count, left)]) if shown else ""


def _missing(number: int, count: int, left: int) -> Sequence[str]:
    if left < 0:
        return (f"[cut here: on page {number} of {count}]",)
    return (f"[cut here: after page {number} of {count}]",) if number < count else ()


def _page(reader: PdfReader, number: int) -> str:
    try:
        text = reader.pages[number - 1].extract_text()
    except Exception:  # noqa: BLE001  # a page of which the library makes nothing; what it raises then is anything
        return ""
    return _NO_TEXT.sub("", text).strip()


if __name__ == "__main__":
    sys.exit(main())
