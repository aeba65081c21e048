"""What is known of models and providers, read from catalogue.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveInt, model_validator

from bot.messages import ModelInfo


class ThinkingStyle(StrEnum):
    """Where a model puts its reasoning."""

    REASONING = "reasoning"  # a field of its own beside the content
    INLINE = "inline"  # <think>…</think> at the start of the content
    HEADERS = "headers"  # ###Thinking … ###Response in the content
    NONE = "none"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Provider(_Row):
    """A provider: `fields` are the optional request fields that it documents, ranges are inclusive.

    `variable` is the prefix of its environment variables, `dialect` says whose error codes it uses.
    """

    base_url: str
    variable: str
    dialect: Literal["zhipu", "aimlapi", "acedata"]
    fields: frozenset[str]
    temperature: tuple[float, float]
    top_p: tuple[float, float]
    headers: dict[str, str] = {}


class Price(_Row):
    """What a million tokens cost; `cached` is the input that the provider had seen before."""

    input: NonNegativeFloat
    output: NonNegativeFloat
    cached: NonNegativeFloat | None = None
    currency: Literal["USD", "CNY"] = "USD"


class Model(_Row):
    """A model: sizes in tokens, `concurrency` the known number of requests at a time, `ids` its name by provider.

    `quiet` is what a request says to turn thinking off or down. Without `system` it takes no system message; with
    `boxes` it marks answers with box tokens.
    """

    context: PositiveInt
    output: PositiveInt
    input: frozenset[Literal["text", "image", "video", "file"]] = frozenset({"text"})
    thinking: ThinkingStyle
    quiet: dict[str, Any] = {}
    tools: bool = True
    system: bool = True
    boxes: bool = False
    price: Price | None = None
    temperature: float | None = None
    top_p: float | None = None
    concurrency: PositiveInt | None = None
    ids: dict[str, str]


@dataclass(frozen=True, slots=True)
class Offer:
    """A model at one provider, both by name and with their rows."""

    name: str
    model: Model
    provider: str
    terms: Provider

    @property
    def id(self) -> str:
        """The model's name in requests to this provider."""
        return self.model.ids[self.provider]


class Catalogue(_Row):
    """All rows; models are in order of preference."""

    providers: Mapping[str, Provider]
    models: Mapping[str, Model]

    @model_validator(mode="after")
    def _ids_name_known_providers(self) -> Catalogue:
        unknown = {name for model in self.models.values() for name in model.ids} - self.providers.keys()
        if unknown:
            raise ValueError(f"ids for unknown providers: {', '.join(sorted(unknown))}")
        return self

    def infos(self, providers: Sequence[str]) -> list[ModelInfo]:
        """The models that some of these providers offer, best first, each with its providers in the order given."""
        infos: list[ModelInfo] = []
        for name, row in self.models.items():
            offering = tuple(provider for provider in providers if provider in row.ids)
            if offering:
                infos.append(ModelInfo(name, row.context, row.output, "image" in row.input, offering))
        return infos

    def offer(self, model: str, provider: str) -> Offer | None:
        """A model at a provider, None when it has no id there."""
        row = self.models.get(model)
        if row is None or provider not in row.ids:
            return None
        return Offer(model, row, provider, self.providers[provider])


@cache
def catalogue() -> Catalogue:
    """The catalogue that comes with the program."""
    text = files("bot.glm").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return Catalogue.model_validate(tomllib.loads(text))
