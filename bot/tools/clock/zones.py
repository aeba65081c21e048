"""Which time zone is meant by a text: a zone's name, a distance from UTC, or a place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.errors import ServiceError, UserError
from bot.tools.places import find
from bot.tools.registry import Context
from bot.tools.wording import say

# "UTC+8", "GMT-03:30", "+0530"; nowhere is it more than 14 hours from UTC.
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?\s*([+\-\u2212])\s*(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE)
_FARTHEST: Final = timedelta(hours=14)
_FAR: Final = ("No zone is that far from UTC: {text}", "没有与 UTC 相差这么多的时区:{text}")
_ZONELESS: Final = ("I do not know the time zone of {place}.", "我不知道{place}的时区。")
_NO_ZONES: Final = ("This machine knows no time zones.", "这台机器上没有时区数据。")


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone with what people call it."""

    label: str
    zone: tzinfo


@cache
def _names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


async def zone_of(text: str, context: Context) -> Zone:
    """The zone of a text like "Asia/Tokyo", "UTC+8" or "Tokyo".

    Raises UserError for one that is unknown, ServiceError when it is a place and the service does not answer.
    """
    wanted = text.strip()
    if wanted.upper() in ("UTC", "GMT", "Z"):
        return Zone("UTC", UTC)
    if matched := _OFFSET.fullmatch(wanted):
        return _fixed(wanted, matched, context.locale)
    if known := _names().get(wanted.casefold().replace(" ", "_")):
        return Zone(known, ZoneInfo(known))
    # Models make up zones by the pattern, as Asia/Beijing: their last part is a place.
    place = (await find(wanted.rsplit("/", 1)[-1].replace("_", " "), context)).place
    if not place.timezone:
        raise UserError(say(_ZONELESS, context.locale, place=place.label))
    try:
        return Zone(place.label, ZoneInfo(place.timezone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        missing = _ZONELESS if _names() else _NO_ZONES
        raise ServiceError(say(missing, context.locale, place=place.label)) from error


def _fixed(text: str, matched: re.Match[str], locale: str) -> Zone:
    sign, hours, minutes = matched.groups()
    distance = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if distance > _FARTHEST:
        raise UserError(say(_FAR, locale, text=text))
    zone = timezone(distance if sign == "+" else -distance)
    return Zone(str(zone), zone)
