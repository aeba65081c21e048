"""Lists the pages of the web that an answer was made from; strangers wrote their titles and addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote, urlsplit

from bot import texts
from bot.addresses import is_public_host
from bot.completion import Message, Role, Source

# How many are listed, and characters of a title and of an address.
MOST: Final = 5
_TITLE: Final = 80
_ADDRESS: Final = 500

# What could be Markdown within the text of a link, and what a mention or an address of its own.
_MARKS: Final = re.compile(r"[\\`*_~|#<>\[\]]+")
_JOINED: Final = re.compile(r"@|:(?=//)|(?<=\w)\.(?=[^\W\d_])")
_JOINER: Final = "\u200b"
# RFC 3986: these stay in an address as they are; others, brackets among them, are written as their numbers.
_KEPT: Final = "/?#%&=:;,+@!$~-._"
_PORT: Final = re.compile(r":\d{1,5}")
_HEADS: Final = tuple(f"\n\n{texts.say('sources', locale)}\n1. " for locale in ("en", "zh"))


def listing(sources: Sequence[Source], locale: str) -> str:
    """The list in Markdown, "" for none: at most so many, each address once; one that nobody should follow is left out.

    Its title stays, so that the numbers are those by which the answer refers to the pages.
    """
    lines = list(_lines(sources))[:MOST]
    numbered = [f"{number}. {line}" for number, line in enumerate(lines, 1)]
    return "\n".join([texts.say("sources", locale), *numbered]) if lines else ""


def were_listed(messages: Sequence[Message]) -> bool:
    """Whether an answer among these messages lists its sources: then it says what strangers wrote."""
    answers = (message.content for message in messages if message.role is Role.ASSISTANT)
    return any(head in answer for answer in answers for head in _HEADS)


def _lines(sources: Sequence[Source]) -> Iterator[str]:
    known: set[str] = set()
    for source in sources:
        address, host = _followable(source.url)
        title = _harmless(source.title) or _harmless(host)
        if title and (not address or address not in known):
            yield f"[{title}]({address})" if address else title
        known.add(address)


def _harmless(title: str) -> str:
    """A title as one line of plain text: what cannot be seen could turn it round."""
    seen = "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in title)
    plain = " ".join(_MARKS.sub(" ", seen).split())
    return _JOINED.sub(lambda found: f"{found[0]}{_JOINER}", plain[:_TITLE].strip())


def _followable(address: str) -> tuple[str, str]:
    """An address as it may stand in a link, with its host; both "" where nobody should follow it."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        name = host if host.isascii() else host.encode("idna").decode()
    except ValueError:
        return "", ""
    # Whatever else stands there is a user, a password, or meant to be read in two ways.
    rest = parts.netloc.lower().removeprefix(f"[{host}]").removeprefix(host)
    if parts.scheme not in ("http", "https") or (rest and not _PORT.fullmatch(rest)) or not is_public_host(name):
        return "", ""
    shown = f"[{name}]" if ":" in name else name
    written = f"{parts.scheme}://{shown}{rest}{quote(address.partition(parts.netloc)[2], safe=_KEPT, errors='replace')}"
    return (written, name) if len(written) <= _ADDRESS else ("", "")
