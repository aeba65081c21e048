"""The forecast of Open-Meteo: its documented parameters, and weather that is always the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from playground.services.parameters import Query, choice, number, only, text, variables
from playground.services.places import PLACES
from playground.services.refusals import Refusal

_KNOWN: Final = (
    *("latitude", "longitude", "elevation", "hourly", "daily", "current", "temperature_unit", "wind_speed_unit"),
    *("precipitation_unit", "timeformat", "timezone", "past_days", "forecast_days", "models", "cell_selection"),
)
_SPEEDS: Final[Mapping[str, float]] = {"kmh": 1.0, "mph": 0.621371, "ms": 1 / 3.6, "kn": 0.539957}
# What the weather is, in metric units; that of the days follows from their number.
_CURRENT: Final[Mapping[str, tuple[str, float]]] = {
    "temperature_2m": ("degrees", 21.4),
    "apparent_temperature": ("degrees", 19.6),
    "relative_humidity_2m": ("%", 40),
    "precipitation": ("depth", 0.0),
    "is_day": ("", 1),
    "weather_code": ("wmo code", 2),
    "cloud_cover": ("%", 45),
    "wind_speed_10m": ("speed", 12.0),
    "wind_direction_10m": ("°", 350),
    "wind_gusts_10m": ("speed", 30.0),
}
_DAILY: Final[Mapping[str, tuple[str, Callable[[int], float]]]] = {
    "weather_code": ("wmo code", lambda day: (3, 61, 95, 0, 71, 45, 80)[day % 7]),
    "temperature_2m_max": ("degrees", lambda day: 22.0 - day),
    "temperature_2m_min": ("degrees", lambda day: 12.0 - day),
    "precipitation_sum": ("depth", lambda day: 2.5 * (day % 3)),
    "precipitation_probability_max": ("%", lambda day: 20.0 * (day % 3)),
    "wind_speed_10m_max": ("speed", lambda day: 15.0 + day),
}


def forecast(query: Query, now: float) -> dict[str, Any]:
    """The answer to a request at a time in Unix seconds; raises Refusal."""
    only(query, _KNOWN)
    latitude, longitude = _where(query)
    convert = _conversions(query)
    days = int(number(query, "forecast_days", 0, 16, 7))
    current, daily = variables(query, "current", _CURRENT), variables(query, "daily", _DAILY)
    if daily and "timezone" not in query:
        raise Refusal("Timezone is required")
    local = datetime.fromtimestamp(now, UTC).astimezone(_zone(query.get("timezone", "GMT"), latitude, longitude))
    answer: dict[str, Any] = {
        "latitude": latitude,
        "longitude": longitude,
        "generationtime_ms": 0.1,
        "utc_offset_seconds": int((local.utcoffset() or timedelta()).total_seconds()),
        "timezone": str(local.tzinfo),
    }
    if current:
        told = {name: convert[_CURRENT[name][0]](_CURRENT[name][1]) for name in current}
        answer["current"] = {"time": f"{local:%Y-%m-%dT%H:%M}", "interval": 900, **told}
    if daily:
        dates = [f"{local + timedelta(days=day):%Y-%m-%d}" for day in range(days)]
        columns = {name: [convert[_DAILY[name][0]](_DAILY[name][1](day)) for day in range(days)] for name in daily}
        answer["daily"] = {"time": dates, **columns}
    return answer


def _where(query: Query) -> tuple[float, float]:
    text(query, "latitude")
    text(query, "longitude")
    return number(query, "latitude", -90, 90), number(query, "longitude", -180, 180)


def _conversions(query: Query) -> Mapping[str, Callable[[float], float]]:
    """How a value of each kind is told in the units that were asked for."""
    fahrenheit = choice(query, "temperature_unit", ("celsius", "fahrenheit"), "celsius") == "fahrenheit"
    speed = _SPEEDS[choice(query, "wind_speed_unit", _SPEEDS, "kmh")]
    inches = choice(query, "precipitation_unit", ("mm", "inch"), "mm") == "inch"
    return {
        "degrees": lambda value: round(value * 1.8 + 32 if fahrenheit else value, 1),
        "speed": lambda value: round(value * speed, 1),
        "depth": lambda value: round(value / 25.4 if inches else value, 3),
        **dict.fromkeys(("%", "°", "", "wmo code"), int),
    }


def _zone(name: str, latitude: float, longitude: float) -> ZoneInfo:
    if name == "auto":
        nearest = min(PLACES, key=lambda place: abs(place.latitude - latitude) + abs(place.longitude - longitude))
        name = nearest.zone or "GMT"
    if name not in available_timezones():
        raise Refusal("Invalid timezone")
    return ZoneInfo(name)
