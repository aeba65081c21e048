"""The weather at a place, from Open-Meteo."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from bot.tools.places import find
from bot.tools.registry import Context, tool
from bot.tools.weather.forecast import fetch_forecast
from bot.tools.weather.report import as_text

# Seconds for three answers, each of which has `services.SECONDS`.
_SECONDS: Final = 13.0


@tool(command=True, seconds=_SECONDS, foreign=False)
async def weather(
    context: Context,
    place: Annotated[
        str,
        Field(
            description='A town or region; its country or state after a comma: "Paris, Texas"',
            max_length=100,
            examples=["Beijing", "London", "New York", "Paris, Texas", "Shanghai", "Sydney", "Tokyo"],
        ),
    ],
    days: Annotated[int, Field(description="For how many days, from today", ge=1, le=7)] = 3,
) -> str:
    """The weather at a place now, and the forecast for up to seven days.

    Temperatures are in the units of the place. Raises UserError for an unknown place, ServiceError for a service that
    does not answer.
    """
    found = await find(place, context)
    return as_text(found, await fetch_forecast(found.place, days, context), context.locale)
