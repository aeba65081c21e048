"""Whether somebody wished for a page: a model that reads addresses of its own making can tell them what was said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from bot.addresses import readings, written_in

_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)
_HOST: Final = re.compile(r"[^/?]*")
# An address as people say it, without a scheme.
_BARE: Final = re.compile(
    r"(?<![\w.@/-])(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?::\d{1,5})?(?:[/?][^\s<>]*)?", re.IGNORECASE | re.ASCII
)


def is_written(address: str, words: str) -> bool:
    """Whether this very address stands in the words, by its host, path and query."""
    return _plain(address.strip().strip("<>")) in {_plain(found) for found in _found(words)}


def _found(words: str) -> Iterator[str]:
    yield from written_in(words)
    for bare in _BARE.findall(words):
        yield from readings(bare)


def _plain(address: str) -> str:
    """An address in a form in which the same ones are equal."""
    text = unquote(_SCHEME.sub("", address, count=1).partition("#")[0]).rstrip("/")
    return _HOST.sub(lambda host: host[0].lower(), text, count=1)
