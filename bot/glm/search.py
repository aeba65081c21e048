"""What a provider has found on the web for an answer."""

from __future__ import annotations

import re
from typing import Any, Final

from bot.completion import Source
from bot.glm.fields import as_list, as_object, as_text, mend_surrogates

# docs.bigmodel.cn, chat completion: a search gives at most so many pages.
_MOST: Final = 50
# Characters: a title is cut, an address that is longer would lead nowhere.
_TITLE: Final = 300
_ADDRESS: Final = 2_000
# "ref_1" (docs.bigmodel.cn, web search); bare numbers were seen as well.
_REFERENCE: Final = re.compile(r"\D{0,20}(\d{1,4})\D{0,20}")


def read_sources(value: object) -> list[Source]:
    """The pages of a list `web_search` in the order in which the answer refers to them, without what is none.

    Reported: a page may come without an address.
    """
    entries = [as_object(entry) for entry in as_list(value)[:_MOST]]
    places = [_place(entry, place) for place, entry in enumerate(entries, 1)]
    order = sorted(range(len(entries)), key=places.__getitem__)
    sources = [_source(entries[index]) for index in order]
    return [source for source in sources if source.title or source.url]


def _place(entry: dict[str, Any], place: int) -> int:
    """The number by which the answer refers to an entry, else its place in the list."""
    found = _REFERENCE.fullmatch(str(entry.get("refer", "")))
    return int(found[1]) if found else place


def _source(entry: dict[str, Any]) -> Source:
    title = as_text(entry.get("title")).strip() or as_text(entry.get("media")).strip()
    address = as_text(entry.get("link")).strip()
    title, address = (mend_surrogates(text)[0] for text in (title[:_TITLE], address))
    return Source(title, address if len(address) <= _ADDRESS else "")
