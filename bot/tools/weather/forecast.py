"""Asks Open-Meteo for a forecast (open-meteo.com/en/docs), in the units of the place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from bot.tools.places import Place
from bot.tools.registry import Context
from bot.tools.services import Service, fetch

SERVICE: Final = Service(
    "forecast", "https://api.open-meteo.com", ("The weather service (Open-Meteo)", "天气服务(Open-Meteo)")
)

# Where temperatures are in Fahrenheit: the United States with their territories and freely associated states, and
# those that the unit preferences of Unicode CLDR add, and Liberia.
_FAHRENHEIT: Final = frozenset({"US", "AS", "GU", "MP", "PR", "VI", "UM", "FM", "MH", "PW", "BS", "BZ", "KY", "LR"})


@dataclass(frozen=True, slots=True)
class Units:
    """What numbers are in: the words for people, and the parameters that ask the service for it."""

    temperature: str
    speed: str
    depth: str
    parameters: Mapping[str, str]


_METRIC: Final = Units("°C", "km/h", "mm", {})
_AMERICAN: Final = Units(
    "°F", "mph", "in", {"temperature_unit": "fahrenheit", "wind_speed_unit": "mph", "precipitation_unit": "inch"}
)


def units_of(place: Place) -> Units:
    """The units in which people speak of the weather there."""
    return _AMERICAN if place.country_code.upper() in _FAHRENHEIT else _METRIC


class _Shape(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)


class Current(_Shape):
    """The weather now; `time` is local, None is what the service does not know."""

    time: datetime
    temperature_2m: float | None = None
    apparent_temperature: float | None = None
    relative_humidity_2m: float | None = None
    weather_code: int | None = None
    wind_speed_10m: float | None = None
    wind_direction_10m: float | None = None
    wind_gusts_10m: float | None = None


Numbers = list[float | None]


class Daily(_Shape):
    """The days to come, each column with a value for each of them."""

    time: list[date]
    weather_code: list[int | None] = Field(default_factory=list[int | None])
    temperature_2m_max: Numbers = Field(default_factory=Numbers)
    temperature_2m_min: Numbers = Field(default_factory=Numbers)
    precipitation_sum: Numbers = Field(default_factory=Numbers)
    precipitation_probability_max: Numbers = Field(default_factory=Numbers)
    wind_speed_10m_max: Numbers = Field(default_factory=Numbers)


class Forecast(_Shape):
    """What the service knows of a place."""

    current: Current
    daily: Daily


def _columns(shape: type[BaseModel]) -> str:
    return ",".join(name for name in shape.model_fields if name != "time")


async def fetch_forecast(place: Place, days: int, context: Context) -> Forecast:
    """The weather at a place now and on so many days from today, in its units; raises ServiceError."""
    parameters: dict[str, str | int | float] = {
        "latitude": place.latitude,
        "longitude": place.longitude,
        "current": _columns(Current),
        "daily": _columns(Daily),
        "timezone": "auto",
        "forecast_days": days,
        **units_of(place).parameters,
    }
    return await fetch(context, SERVICE, "/v1/forecast", parameters, Forecast)


def at(values: Sequence[float | None], index: int) -> float | None:
    """A column's value for a day, None when it has none."""
    return values[index] if index < len(values) else None
