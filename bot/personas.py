"""Who the bot can be: instructions that people choose by name, read from personas.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

DEFAULT_PERSONA: Final = "plain"


class Persona(BaseModel):
    """One of them: a line for people, in English and in Chinese, and what the model is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    chinese: str
    instructions: str

    def described(self, locale: str) -> str:
        """The line for people in their language."""
        return self.chinese if locale.lower().startswith("zh") else self.description


_PERSONAS: Final = TypeAdapter(dict[str, Persona])


@cache
def personas() -> Mapping[str, Persona]:
    """All that come with the program, by name."""
    text = files("bot").joinpath("personas.toml").read_text(encoding="utf-8")
    return _PERSONAS.validate_python(tomllib.loads(text))
