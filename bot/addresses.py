"""Addresses of the web in texts: where one ends, whether it could carry something away, and how it is made harmless."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

# Platforms make a link of what begins so; Discord also in the middle of a word.
SCHEME: Final = r"(?:https?://|ftp://|www\.)"
# A longer address is cut here; servers take some 8,000 characters, people write no more than this.
LONGEST: Final = 2_000
# An address that nobody wrote may not be longer than this in its parts. Names in paths are words, keys and hashes are
# not: a hash has 40 characters in SHA-1.
_SEGMENT: Final = 40
_LABEL: Final = 40
_FRAGMENT: Final = 32
_WHOLE: Final = 200

_RUN: Final = re.compile(rf"(?:[a-z0-9+.-]{{1,30}}://|www\.)[^\s<]{{1,{LONGEST}}}", re.IGNORECASE)
# Chinese text has no spaces: an address ends where it begins.
_WIDE: Final = re.compile("[“”‘’…—\u2e80-\u303f\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_TRAILING: Final = ".,;:!?'\"*_~|`>\\"
_DELIMITERS: Final = re.compile("[>\"'()\\[\\]{}|\\\\,;*`“”‘’…\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]")
_PARTS: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:)?(?://)?(?P<host>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.IGNORECASE | re.DOTALL,
)
# RFC 1123, section 2.1: names of hosts. What ends in digits is a number to a browser, however it is written.
_NAME: Final = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE
)
# Kept for private networks (RFC 6761, 6762, 8375; ICANN on "internal"), and what such networks are often called.
_PRIVATE: Final = ("localhost", "local", "internal", "home.arpa", "test", "invalid", "onion", "lan", "intranet", "corp")
_UNUSUAL: Final = frozenset('"`|{}[]<>^\\')
_JOINER: Final = "\u200b"


def written_in(text: str) -> frozenset[str]:
    """The addresses that stand in a text, however they are set off from what is around them."""
    return frozenset(address.rstrip("/") for run in _RUN.findall(text) for address in readings(run))


def readings(run: str) -> Iterator[str]:
    """The addresses that a text without white space may be meant to begin with."""
    yield run
    yield run[: end(run)]
    yield from (run[: mark.start()] for mark in _DELIMITERS.finditer(run))


def host_of(address: str) -> str:
    """The host of an address, in lower case, with all that stands beside it."""
    parts = _PARTS.fullmatch(address)
    return parts["host"].lower() if parts else ""


def is_public_host(host: str) -> bool:
    """Whether a host, as it stands in an address without its port, may be one of the internet, by its name alone."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_global
    except ValueError:
        name = host.lower().removesuffix(".")
        return _NAME.fullmatch(name) is not None and not any(f".{name}".endswith(f".{kept}") for kept in _PRIVATE)


def end(run: str) -> int:
    """Where the address ends that begins a text without white space."""
    wide = _WIDE.search(run)
    text = run[: wide.start()] if wide else run
    while text and (text[-1] in _TRAILING or (text[-1] in ")]" and _unbalanced(text))):
        text = text[:-1]
    return len(text)


def _unbalanced(text: str) -> bool:
    opening = "(" if text[-1] == ")" else "["
    return text.count(text[-1]) > text.count(opening)


def carries_data(address: str) -> bool:
    """Whether an address has room for what somebody said: a query, a user, long parts, or what belongs in none."""
    parts = _PARTS.fullmatch(address)
    if parts is None or len(address) > _WHOLE or parts["query"] or len(parts["fragment"] or "") > _FRAGMENT:
        return True
    if "@" in parts["host"] or any(len(label) > _LABEL for label in parts["host"].split(".")):
        return True
    if any(len(segment) > _SEGMENT for segment in parts["path"].split("/")):
        return True
    return any(letter in _UNUSUAL or unicodedata.category(letter)[0] == "C" for letter in address)


def harmless(text: str) -> str:
    """A short text without addresses that could carry data, as they look the same and are none any more."""
    return _RUN.sub(lambda run: broken(run[0]) if carries_data(run[0]) else run[0], text)


def broken(address: str) -> str:
    """An address that looks the same and is none any more, wherever it stands."""
    return address.replace("//", f"{_JOINER}//").replace(".", f".{_JOINER}")
