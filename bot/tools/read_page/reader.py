"""Makes text of what was downloaded, by its media type."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot import documents
from bot.decoding import decoded
from bot.errors import UserError
from bot.tools.read_page.download import SIZE, Download
from bot.tools.wording import Sentence, say

# Seconds that the text of a page may take.
SECONDS: Final = 8.0
_COMMAND: Final = (sys.executable, "-I", str(Path(__file__).with_name("extract.py")))

# The encodings of the web (WHATWG Encoding Standard), and none of Python's others, some of which take long to decode.
_CHARSET: Final = re.compile(
    r"(utf-?8|utf-?16(le|be)?|us-ascii|ascii|latin-?1|iso-?8859-\d{1,2}|windows-\d{3,4}|cp12\d\d|gbk|gb2312|gb18030|"
    r"big5|big5-hkscs|shift[_-]jis|sjis|euc-(jp|kr)|iso-2022-jp|koi8-[ru]|macintosh)",
    re.IGNORECASE,
)
# HTML Standard: what a page says of its encoding is in its first 1,024 bytes.
_META: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,20})", re.IGNORECASE)
_META_WITHIN: Final = 1_024

_KIND: Final = (
    "{address} is of the type {kind}; I read web pages, plain text, JSON and PDF.",
    "{address} 的类型是 {kind};我只能读取网页、纯文本、JSON 和 PDF。",
)
_LARGE: Final = (
    "{address} is larger than the {size} MB that I read.",
    "{address} 超过了我能读取的 {size} MB。",
)
_DAMAGED: Final = ("I could not make sense of {address}.", "我无法解析 {address} 的内容。")
_TROUBLES: Final[Mapping[str, Sentence]] = {
    "file_scanned": ("{address} has no text in it; are its pages scanned?", "{address} 中没有文字;是扫描件吗?"),
    "file_locked": ("{address} is locked with a password.", "{address} 已加密。"),
}


@dataclass(frozen=True, slots=True)
class Text:
    """What a page says; `title` is "" where it has none."""

    title: str
    body: str


async def read(page: Download, locale: str) -> Text:
    """The text of a page; raises UserError for what has none."""
    reader = _READERS.get(page.kind)
    if reader is None:
        raise UserError(say(_KIND, locale, address=page.address, kind=page.kind))
    return await reader(page, locale)


async def _html(page: Download, locale: str) -> Text:
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(SECONDS):
            written, _ = await process.communicate(_decoded(page).encode(errors="replace"))
    except TimeoutError:
        written = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise UserError(say(_DAMAGED, locale, address=page.address))
    title, _, body = written.decode().partition("\n")
    return Text(title, body)


async def _plain(page: Download, locale: str) -> Text:
    text = _decoded(page)
    if "\0" in text:
        raise UserError(say(_DAMAGED, locale, address=page.address))
    return Text("", text.strip())


async def _pdf(page: Download, locale: str) -> Text:
    if page.cut:
        raise UserError(say(_LARGE, locale, address=page.address, size=SIZE // 1_000_000))
    document = await documents.read(page.data, SECONDS)
    if document.trouble:
        raise UserError(say(_TROUBLES.get(document.trouble, _DAMAGED), locale, address=page.address))
    return Text("", document.text.decode())


def _decoded(page: Download) -> str:
    meta = _META.search(page.data[:_META_WITHIN])
    charset = page.charset or (meta[1].decode() if meta else "")
    if _CHARSET.fullmatch(charset):
        return page.data.decode(charset, errors="replace").removeprefix("\ufeff")
    text = decoded(page.data)
    return page.data.decode(errors="replace") if text is None else text


_READERS: Final[Mapping[str, Callable[[Download, str], Awaitable[Text]]]] = {
    "text/html": _html,
    "application/xhtml+xml": _html,
    "text/plain": _plain,
    "text/markdown": _plain,
    "application/json": _plain,
    "application/pdf": _pdf,
}
