"""Puts a forecast into words that read well for the model and for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from bot.tools.places import Found
from bot.tools.weather.codes import DIRECTIONS, WEATHER, WEEKDAYS
from bot.tools.weather.forecast import Current, Daily, Forecast, Units, at, units_of
from bot.tools.wording import Sentence, is_chinese, say

_HEAD: Final = ("{place}, {time} local time", "{place},当地时间 {time}")
_NOW: Final = ("Now: {facts}", "现在:{facts}")
_DAY: Final = ("{weekday} {day}: {facts}", "{weekday} {day}:{facts}")
_NOTHING: Final = ("no data", "没有数据")
_FEELS: Final = ("feels like {value:z.0f} {unit}", "体感 {value:z.0f} {unit}")
_RANGE: Final = ("{low:z.0f} to {high:z.0f} {unit}", "{low:z.0f} 至 {high:z.0f} {unit}")
_DEGREES: Final = ("{value:z.0f} {unit}", "{value:z.0f} {unit}")
_HUMIDITY: Final = ("humidity {value:z.0f} %", "湿度 {value:z.0f} %")
_WIND: Final = ("wind {value:z.0f} {unit}", "风速 {value:z.0f} {unit}")
_WIND_FROM: Final = ("wind {value:z.0f} {unit} from the {direction}", "{direction}风 {value:z.0f} {unit}")
_GUSTS: Final = ("gusts {value:z.0f} {unit}", "阵风 {value:z.0f} {unit}")
_WIND_UP_TO: Final = ("wind up to {value:z.0f} {unit}", "最大风速 {value:z.0f} {unit}")
_WET: Final = ("precipitation {value:.{digits}f} {unit}", "降水 {value:.{digits}f} {unit}")
_CHANCE: Final = ("chance of precipitation {value:z.0f} %", "降水概率 {value:z.0f} %")
_OTHERS: Final = ("Other places of that name: {others}", "其他同名地点:{others}")
# The data are under CC BY 4.0, which wants the source named (open-meteo.com/en/license).
_SOURCE: Final = ("Source: Open-Meteo.com", "来源:Open-Meteo.com")


def as_text(found: Found, forecast: Forecast, locale: str) -> str:
    """The weather now in one line and each day in another, with the namesakes of the place and the source."""
    units, daily = units_of(found.place), forecast.daily
    lines = [say(_HEAD, locale, place=found.place.label, time=f"{forecast.current.time:%H:%M}")]
    lines.append(say(_NOW, locale, facts=_joined(_now(forecast.current, units, locale), locale)))
    for index, day in enumerate(daily.time):
        facts = _joined(_day(daily, index, units, locale), locale)
        lines.append(say(_DAY, locale, weekday=_weekday(day, locale), day=f"{day:%m-%d}", facts=facts))
    if found.others:
        lines.append(say(_OTHERS, locale, others="; ".join(found.others)))
    return "\n".join([*lines, say(_SOURCE, locale)])


def _now(current: Current, units: Units, locale: str) -> Sequence[str]:
    from_where = current.wind_direction_10m
    direction = "" if from_where is None else say(DIRECTIONS[round(from_where / 45) % 8], locale)
    return [
        _fact(_DEGREES, locale, current.temperature_2m, units.temperature),
        _fact(_FEELS, locale, current.apparent_temperature, units.temperature),
        _sky(current.weather_code, locale),
        _fact(_HUMIDITY, locale, current.relative_humidity_2m),
        _fact(_WIND_FROM if direction else _WIND, locale, current.wind_speed_10m, units.speed, direction=direction),
        _fact(_GUSTS, locale, current.wind_gusts_10m, units.speed),
    ]


def _day(daily: Daily, index: int, units: Units, locale: str) -> Sequence[str]:
    low, high = at(daily.temperature_2m_min, index), at(daily.temperature_2m_max, index)
    code = at(daily.weather_code, index)
    digits = 2 if units.depth == "in" else 1
    return [
        "" if low is None else _fact(_RANGE, locale, high, units.temperature, low=low, high=high),
        _sky(None if code is None else int(code), locale),
        _fact(_WET, locale, at(daily.precipitation_sum, index) or None, units.depth, digits=digits),
        _fact(_CHANCE, locale, at(daily.precipitation_probability_max, index)),
        _fact(_WIND_UP_TO, locale, at(daily.wind_speed_10m_max, index), units.speed),
    ]


def _fact(sentence: Sentence, locale: str, value: float | None, unit: str = "", **more: object) -> str:
    """A part of a line, "" where the value is not known."""
    return "" if value is None else say(sentence, locale, value=value, unit=unit, **more)


def _sky(code: int | None, locale: str) -> str:
    sky = None if code is None else WEATHER.get(code)
    return say(sky, locale) if sky else ""


def _joined(facts: Sequence[str], locale: str) -> str:
    known = [fact for fact in facts if fact]
    return ("、" if is_chinese(locale) else ", ").join(known) or say(_NOTHING, locale)


def _weekday(day: date, locale: str) -> str:
    return say(WEEKDAYS, locale).split()[day.weekday()]
