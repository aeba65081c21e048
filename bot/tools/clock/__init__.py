"""The time in a place or a zone, and how far two of them are apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from bot.tools.clock.zones import Zone, zone_of
from bot.tools.registry import Context, tool
from bot.tools.wording import Sentence, say

# Seconds for two places, each of which is looked for in two languages within `services.SECONDS`.
_SECONDS: Final = 17.0

_TIME: Final = ("{place}: {weekday}, {time} (UTC{offset})", "{place}:{weekday},{time}(UTC{offset})")
_WEEKDAYS: Final = (
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "星期一 星期二 星期三 星期四 星期五 星期六 星期日",
)
_AHEAD: Final = ("{one} is {hours} ahead of {other}.", "{one}比{other}早 {hours}。")
_BEHIND: Final = ("{one} is {hours} behind {other}.", "{one}比{other}晚 {hours}。")
_SAME: Final = ("{one} and {other} have the same time.", "{one}和{other}的时间相同。")
_HOURS: Final = ("{hours} h", "{hours} 小时")
_MINUTES: Final = (" {minutes} min", " {minutes} 分钟")

_EXAMPLES: Final = ["America/New_York", "Asia/Shanghai", "Asia/Tokyo", "Europe/London", "Beijing", "UTC+8"]


@tool(command=True, name="time", seconds=_SECONDS, foreign=False)
async def clock(
    context: Context,
    place: Annotated[
        str,
        Field(
            description='A town ("Paris, Texas"), a zone ("Asia/Tokyo") or "UTC+8"', max_length=100, examples=_EXAMPLES
        ),
    ],
    compare_with: Annotated[
        str, Field(description="Another of these, to say how far they are apart", max_length=100, examples=_EXAMPLES)
    ] = "",
) -> str:
    """The date and time now in a place or time zone, and how far it is ahead of or behind another one.

    Raises UserError for an unknown place, ServiceError when places cannot be looked up.
    """
    one = await zone_of(place, context)
    now = datetime.fromtimestamp(context.now, UTC)
    if not compare_with.strip():
        return _line(one, now, context.locale)
    other = await zone_of(compare_with, context)
    lines = [_line(zone, now, context.locale) for zone in (one, other)]
    return "\n".join([*lines, _compared(one, other, now, context.locale)])


def _line(place: Zone, now: datetime, locale: str) -> str:
    local = now.astimezone(place.zone)
    weekday = say(_WEEKDAYS, locale).split()[local.weekday()]
    offset = f"{local:%z}"
    return say(
        _TIME,
        locale,
        place=place.label,
        weekday=weekday,
        time=f"{local:%Y-%m-%d %H:%M}",
        offset=f"{offset[:3]}:{offset[3:5]}",
    )


def _compared(one: Zone, other: Zone, now: datetime, locale: str) -> str:
    apart = _ahead(one, now) - _ahead(other, now)
    sentence: Sentence = _SAME if not apart else _AHEAD if apart > timedelta() else _BEHIND
    minutes = round(abs(apart).total_seconds() / 60)
    hours = say(_HOURS, locale, hours=minutes // 60)
    if minutes % 60:
        hours += say(_MINUTES, locale, minutes=minutes % 60)
    return say(sentence, locale, one=one.label, other=other.label, hours=hours)


def _ahead(place: Zone, now: datetime) -> timedelta:
    return now.astimezone(place.zone).utcoffset() or timedelta()
