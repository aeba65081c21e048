"""Addresses of the web in texts: where one ends, whether it could carry something away, and how it is made harmless."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from itertools import islice
from typing import Final
from urllib.parse import unquote

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
# People's addresses hold a few of them; a row of thousands would be read in as many ways.
_READINGS: Final = 100
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

# Where the host stands, as browsers read it: they care little which slashes come before it, and how many. A name with a
# port looks like a scheme.
_LED: Final = re.compile(
    r"(?P<scheme>[a-z0-9+.-]*:(?=//)"
    r"|(?!www\.|(?!https?:|ftp:)[a-z0-9.-]+:\d{1,5}(?:[/?#]|\Z))[a-z0-9+.-]+:)?"
    r"(?P<slashes>[/\\]*)(?P<host>[^/\\?#]*)",
    re.IGNORECASE,
)
_PORT: Final = re.compile(r":\d*\Z")
_LABELS: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_LONGEST_NAME: Final = 253  # RFC 1035, section 2.3.4
# Python's codec knows IDNA of 2003; by that of 2008, which browsers follow, these make another name.
_DEVIANT: Final = frozenset("ßẞς\u200c\u200d")
# What stands before a name in a text, and before one that would else be a word like any other.
_NAMED: Final = re.compile(r"(?<![a-z0-9])(?<![a-z0-9][.-])\Z")
_WORDED: Final = re.compile(r"[:/@]\Z")
# What is left out of names: RFC 3454, table B.1.
_LEFT_OUT: Final = re.compile("[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]")


def written_in(text: str) -> frozenset[str]:
    """The addresses that stand in a text, however they are set off from what is around them."""
    return frozenset(address.rstrip("/") for run in _RUN.findall(text) for address in readings(run))


def readings(run: str) -> Iterator[str]:
    """The addresses that a text without white space may be meant to begin with."""
    yield run
    yield run[: end(run)]
    yield from (run[: mark.start()] for mark in islice(_DELIMITERS.finditer(run), _READINGS))


def host_of(address: str) -> str:
    """The host of an address, in lower case, with all that stands beside it."""
    parts = _PARTS.fullmatch(address)
    return parts["host"].lower() if parts else ""


def name_of(address: str) -> str | None:
    """The name of the host to which an address leads, in one spelling; "" where it has none, None for what is no name.

    Without scheme, a single word is a path.
    """
    led = _LED.match(address)
    assert led is not None
    relative = not led["scheme"] and len(led["slashes"]) == 1
    host = _PORT.sub("", led["host"].rpartition("@")[2])
    if not host or relative:
        return None if led["scheme"] and address[led.end() :] else ""
    if len(host) > _LONGEST_NAME or _DEVIANT & set(host):
        return None
    try:
        name = host.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError:
        return None
    if not _LABELS.fullmatch(name):
        return None
    return name if led["scheme"] or led["slashes"] or "." in name else ""


def read_host(text: str) -> str:
    """The name of a host as an operator writes it; raises ValueError for what is more or less than that."""
    name = name_of(f"//{text}")
    if not name or "." not in name or not set(text).isdisjoint("/\\?#@:"):
        raise ValueError(f"{text!r} is no host; write one such as wiki.example, without scheme, port and path")
    return name


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
    """A short text that a model may have written, without addresses: they look the same and are none any more."""
    return _RUN.sub(lambda run: broken(run[0]), text)


def broken(address: str) -> str:
    """An address that looks the same and is none any more, wherever it stands."""
    return address.replace("//", f"{_JOINER}//").replace(".", f".{_JOINER}")


class Trust:
    """Which addresses may be followed, by who wrote them; `hosts`, with what is below them, the operator has chosen.

    Those that people wrote may be. So may what cannot carry data, unless a stranger wrote its host, or one above it. At
    the operator's hosts and at those of people's addresses it may be even then, as may what stands there itself.
    """

    def __init__(self, hosts: frozenset[str] = frozenset()) -> None:
        self._chosen = hosts
        self._known: set[str] = set()
        self._known_names: set[str] = set()
        self._found: set[str] = set()
        self._strange: set[str] = set()

    def learn(self, text: str, *, echoed: str = "") -> None:
        """Take in what people wrote, or a tool of ours; of addresses whose host was `echoed` nobody knows by whom."""
        written = _unechoed(text, echoed)
        self._known |= written
        self._known_names |= {name for address in written if (name := name_of(address))}

    def suspect(self, text: str, *, echoed: str = "") -> None:
        """Take in what strangers wrote."""
        self._found |= _unechoed(text, echoed)
        self._strange |= {_folded(text), _folded(html.unescape(unquote(text)))}

    def allows(self, address: str) -> bool:
        """Whether an address may be followed."""
        written = address.rstrip("/")
        if written in self._known:
            return True
        name = name_of(address)
        if name and self._is_trusted(name):
            return written in self._found or not carries_data(address)
        return name is not None and not carries_data(address) and not (name and self._is_strange(name))

    def _is_trusted(self, name: str) -> bool:
        return name in self._known_names or any(above in self._chosen for above in _upwards(name))

    def _is_strange(self, name: str) -> bool:
        above = [above for above in _upwards(name) if "." in above]
        return any(_stands(found, text) for text in self._strange for found in {name, f"www.{name}", *above})


def _unechoed(text: str, echoed: str) -> frozenset[str]:
    echoed = echoed.lower()
    return frozenset(found for found in written_in(text) if not echoed or host_of(found) not in echoed)


def _upwards(name: str) -> Iterator[str]:
    """A name and those that it is below."""
    labels = name.split(".")
    return (".".join(labels[start:]) for start in range(len(labels)))


def _folded(text: str) -> str:
    """A text in which names are found however they are written."""
    return _LEFT_OUT.sub("", unicodedata.normalize("NFKC", text).casefold())


def _stands(name: str, folded: str) -> bool:
    """Whether the name of a host stands in a text, also with more labels behind it: a sentence may have ended there."""
    spelled = r"[.\u3002]".join(map(_spelled, name.split(".")))
    apart = _NAMED if "." in name else _WORDED
    found = re.finditer(rf"{spelled}(?!-*[a-z0-9])", folded)
    return any(apart.search(folded[max(0, match.start() - 2) : match.start()]) for match in found)


def _spelled(label: str) -> str:
    """A pattern of what part of a name is written as: other letters than those of ASCII have two ways."""
    with suppress(UnicodeError):  # it is what it looks like
        written = _folded(label.encode().decode("idna"))
        return re.escape(label) if written == label else f"(?:{re.escape(label)}|{re.escape(written)})"
    return re.escape(label)
