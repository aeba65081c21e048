"""The geocoding of Open-Meteo: its documented parameters, its fuzzy search, and its answers."""

from __future__ import annotations

import re
from typing import Any, Final

from playground.services.parameters import Query, choice, number, only, text
from playground.services.places import PLACES
from playground.services.refusals import Refusal

_KNOWN: Final = ("name", "count", "format", "language", "apikey", "countryCode")
_LANGUAGE: Final = re.compile("[a-z]{2}")
# The docs: one character finds nothing, two find exact names only, three and more find similar ones.
_EXACT: Final = 2


def search(query: Query) -> dict[str, Any]:
    """The answer to a search; raises Refusal."""
    only(query, _KNOWN)
    name = text(query, "name").strip().casefold()
    count = int(number(query, "count", 1, 100, 10))
    choice(query, "format", ("json",), "json")
    language = query.get("language", "en")
    if not _LANGUAGE.fullmatch(language):
        raise Refusal(f"Parameter 'language' must be two lower-case letters. Given: {language}.")
    found = [place.told(language) for place in PLACES if any(_fits(name, known.casefold()) for known in place.names)]
    return {**({"results": found[:count]} if found else {}), "generationtime_ms": 0.5}


def _fits(name: str, known: str) -> bool:
    if len(name) < _EXACT:
        return False
    return known == name if len(name) == _EXACT else known.startswith(name)
