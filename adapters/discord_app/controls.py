"""The buttons under an answer: they carry their turn, so that they outlive a restart."""

from __future__ import annotations

import re
from typing import Any, Final

import discord

from adapters.discord_app.inbound import PLATFORM, author_of, place_of
from bot import texts
from bot.messages import Control, ControlKind, Page

_PREFIX: Final = "glm"
_CUSTOM_ID: Final = re.compile(
    rf"{_PREFIX}:(?:(?P<kind>stop|regenerate|continue|upvote|downvote):(?P<turn>\d{{1,18}})"
    r"|(?P<answer>allow|deny):(?P<ballot>\d{1,18}\.\d{1,16}))"
)
# Discord docs, components/reference: action row, button, its styles "secondary", "success" and "danger".
_ROW: Final = 1
_BUTTON: Final = 2
_SECONDARY: Final = 2
_SUCCESS: Final = 3
_DANGER: Final = 4
_STYLES: Final = {ControlKind.STOP: _DANGER, ControlKind.ALLOW: _SUCCESS, ControlKind.DENY: _DANGER}


def components(page: Page, locale: str) -> list[dict[str, Any]]:
    """The buttons of a page as Discord wants them."""
    buttons = [
        {
            "type": _BUTTON,
            "style": _STYLES.get(kind, _SECONDARY),
            "label": texts.say(f"button_{kind}", locale),
            "custom_id": f"{_PREFIX}:{kind}:{page.target}",
        }
        for kind in page.controls
    ]
    return [{"type": _ROW, "components": buttons}] if buttons else []


def read_click(interaction: discord.Interaction) -> Control | None:
    """The control that a click on one of our buttons is; None for anything else."""
    data: Any = interaction.data or {}
    match = _CUSTOM_ID.fullmatch(str(data.get("custom_id", "")))
    if match is None:
        return None
    return Control(
        key=f"{PLATFORM}/interaction/{interaction.id}",
        kind=ControlKind(match["kind"] or match["answer"]),
        conversation="",
        address=place_of(interaction),
        actor=author_of(interaction.user, interaction.permissions),
        target=match["turn"] or match["ballot"],
    )
