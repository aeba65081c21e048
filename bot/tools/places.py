"""Finds the place that is meant by a name, with the geocoding of Open-Meteo (open-meteo.com/en/docs/geocoding-api)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.errors import UserError
from bot.tools.regions import COUNTRIES, STATES
from bot.tools.registry import Context
from bot.tools.services import Service, fetch
from bot.tools.wording import is_chinese, say

SERVICE: Final = Service(
    "geocoding",
    "https://geocoding-api.open-meteo.com",
    ("The directory of places (Open-Meteo)", "地名服务(Open-Meteo)"),
)
# Open-Meteo docs: up to 100; enough to have the towns behind the namesakes that nobody means.
_COUNT: Final = 50
_OTHERS: Final = 3
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
_UNKNOWN: Final = (
    "I know no place called “{name}”. Is it spelt differently?",
    "我找不到名为“{name}”的地方。写法是否正确?",
)
_ELSEWHERE: Final = ("I know no {name} in {region}. There is {known}.", "我在{region}找不到{name}。已知的有:{known}。")


class Place(BaseModel):
    """A place as the service tells it; `admin1` is its state or province, `timezone` an IANA name."""

    model_config = ConfigDict(allow_inf_nan=False, frozen=True)

    id: int
    name: str
    latitude: float
    longitude: float
    feature_code: str = ""
    country_code: str = ""
    country: str = ""
    admin1: str = ""
    admin1_id: int | None = None
    admin2: str = ""
    timezone: str = ""
    population: int = 0

    @model_validator(mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        """What is null is not known."""
        if not isinstance(value, dict):
            return value
        return {key: item for key, item in cast("dict[str, object]", value).items() if item is not None}

    @property
    def label(self) -> str:
        """Its name with what tells it from its namesakes."""
        return ", ".join(dict.fromkeys(part for part in (self.name, self.admin1, self.country) if part))


class _Answer(BaseModel):
    # The docs: the list is left out where nothing was found.
    results: list[Place] = Field(default_factory=list[Place])


@dataclass(frozen=True, slots=True)
class Found:
    """The place that a name most likely means, and what `others` of that name are called."""

    place: Place
    others: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A place in the asker's language, and in the other one that people and models mix with it."""

    place: Place
    other: Place

    @property
    def names(self) -> frozenset[str]:
        return frozenset(_plain(version.name) for version in (self.place, self.other))

    def is_in(self, region: str) -> bool:
        """Whether it lies in a country, state or district by this name, its beginning, or its abbreviation."""
        wanted = _plain(region)
        code = self.place.country_code.casefold()
        if code in (wanted, COUNTRIES.get(wanted)):
            return True
        areas = [_plain(area) for one in (self.place, self.other) for area in (one.country, one.admin1, one.admin2)]
        return any(area.startswith(STATES.get(wanted, wanted)) for area in areas)


async def find(text: str, context: Context) -> Found:
    """The most populous place that fits a name like "Paris" or "Paris, Texas".

    Raises UserError for an unknown place, ServiceError when the service does not answer.
    """
    for name, regions in _readings(text):
        candidates = await _search(name, text, context)
        inside = [known for known in candidates if all(known.is_in(region) for region in regions)]
        if inside:
            return _choose(name, inside)
        if candidates and "," in _western(text):
            known = "; ".join(_labels(candidates)[: _OTHERS + 1])
            raise UserError(say(_ELSEWHERE, context.locale, name=name, region=", ".join(regions), known=known))
    raise UserError(say(_UNKNOWN, context.locale, name=text.strip()))


def _readings(text: str) -> Sequence[tuple[str, Sequence[str]]]:
    """What a text may mean as a name and the regions around it, most likely first."""
    name, *regions = [part.strip() for part in _western(text).split(",") if part.strip()] or [text.strip()]
    readings: list[tuple[str, Sequence[str]]] = [(name, regions)]
    if not regions and " " in name:
        town, region = name.rsplit(maxsplit=1)
        readings.append((town, [region]))
    if len(name) > 2 and name[-1] in "市县":
        readings.append((name[:-1], regions))
    return readings


def _western(text: str) -> str:
    return text.replace("\uff0c", ",").replace("\u3001", ",")


async def _search(name: str, text: str, context: Context) -> Sequence[_Candidate]:
    language = context.locale[:2].lower() or "en"
    places = await _ask(name, language, context)
    mixed = "zh" if _CHINESE.search(text) and not is_chinese(language) else "en"
    others: Mapping[int, Place] = {}
    if places and mixed != language:
        others = {place.id: place for place in await _ask(name, mixed, context)}
    return [_Candidate(place, others.get(place.id, place)) for place in places]


async def _ask(name: str, language: str, context: Context) -> Sequence[Place]:
    parameters = {"name": name, "count": _COUNT, "language": language, "format": "json"}
    return (await fetch(context, SERVICE, "/v1/search", parameters, _Answer)).results


def _choose(name: str, candidates: Sequence[_Candidate]) -> Found:
    # The search is fuzzy: whoever asks for Nara does not mean the larger Narayanganj.
    exact = [known for known in candidates if _plain(name) in known.names] or candidates
    best = max((known.place for known in exact), key=_size)
    # A state and its town share names, and the state has more people: New York.
    towns = [known.place for known in exact if known.place.admin1_id == best.id != known.place.id]
    best = max(towns, key=_size, default=best)
    others = [label for label in _labels(exact) if label != best.label]
    return Found(best, others[:_OTHERS])


def _labels(candidates: Sequence[_Candidate]) -> Sequence[str]:
    places = sorted((known.place for known in candidates), key=_size, reverse=True)
    return list(dict.fromkeys(place.label for place in places))


def _size(place: Place) -> int:
    return place.population


def _plain(text: str) -> str:
    """A name as it is compared: without case and accents."""
    parts = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))
