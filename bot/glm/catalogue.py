"""What is known of models and providers, read from catalogue.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from bot.completion import Media, MediaKind, ModelInfo, Thinking

# Chinese yuan for a US dollar, about: models are compared by it, nothing is billed by it.
_YUAN: Final = 7.1
# Pictures and videos of one request: a guess, a dozen of the largest pictures. All of them are in memory at once, and
# once more as base64.
MOST_BYTES: Final = 64 * 1024 * 1024


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

    `variable` is the prefix of its environment variables, `dialect` says whose error codes it uses. `markup` is what it
    takes for a model in relation to the vendor's price, None where that is not known. A `padded` one counts a prompt of
    its own together with ours, one with `background` answers requests that are collected later, and one that `recalls`
    takes the reasoning back with the tool calls that it led to. `search` is how it is asked to search the web, empty
    where it does not.
    """

    base_url: str
    variable: str
    dialect: Literal["zhipu", "aimlapi", "acedata"]
    fields: frozenset[str]
    temperature: tuple[float, float]
    top_p: tuple[float, float]
    headers: dict[str, str] = {}
    markup: PositiveFloat | None = None
    padded: bool = False
    background: bool = False
    recalls: bool = False
    search: dict[str, Any] = {}


class Price(_Row):
    """What a million tokens cost; `cached` is the input that the provider had seen before."""

    input: NonNegativeFloat
    output: NonNegativeFloat
    cached: NonNegativeFloat | None = None
    currency: Literal["USD", "CNY"] = "USD"

    def of(self, prompt: int, cached: int, completion: int) -> float:
        """What so many tokens cost in `currency`; the cached ones are part of the prompt."""
        cached = min(cached, prompt)
        seen = self.input if self.cached is None else self.cached
        return ((prompt - cached) * self.input + cached * seen + completion * self.output) / 1_000_000

    @property
    def dollars(self) -> float:
        """About what a million tokens in and a million out cost together, in US dollars."""
        return (self.input + self.output) / (_YUAN if self.currency == "CNY" else 1.0)


class Model(_Row):
    """A model: sizes in tokens, `concurrency` the known number of requests at a time, `ids` its name by provider.

    `levels` is what a request says for each amount of thinking that the model can be told, least first. It takes at
    most so many `images` or `videos` in a request, videos of the media types in `films`, and as `least` no smaller
    `max_tokens`. Without `system` it takes no system message; with `boxes` it marks answers with box tokens; with
    `tool_stream` it can send the arguments of a tool call in pieces.
    """

    context: PositiveInt
    output: PositiveInt
    input: frozenset[Literal["text", "image", "video", "file"]] = frozenset({"text"})
    thinking: ThinkingStyle
    levels: dict[Thinking, dict[str, Any]] = {}
    images: PositiveInt | None = None
    videos: PositiveInt | None = None
    films: tuple[str, ...] = ("video/mp4",)
    least: PositiveInt = 1
    tools: bool = True
    tool_stream: bool = False
    system: bool = True
    boxes: bool = False
    price: Price | None = None
    temperature: float | None = None
    top_p: float | None = None
    concurrency: PositiveInt | None = None
    ids: dict[str, str]

    @property
    def searches(self) -> bool:
        """Whether a provider may search the web for it: models that see take functions as their only tools.

        (docs.bigmodel.cn, chat completion: the schemas of text and of vision requests)
        """
        return self.tools and not any(map(self.sees, MediaKind))

    def sees(self, kind: MediaKind) -> bool:
        """Whether it takes images, or videos."""
        return kind.value in self.input

    def takes(self, media: Media) -> bool:
        """Whether it takes this picture or video; of a video whose media type nobody knows it is hoped."""
        return self.sees(media.kind) and (media.kind is not MediaKind.VIDEO or media.media_type in ("", *self.films))

    def level(self, wanted: Thinking | None) -> Thinking | None:
        """The level that serves: the nearest that is not above the wanted one, else the least; None without any."""
        order = list(Thinking)
        known = sorted(self.levels, key=order.index)
        below = [level for level in known if wanted is not None and order.index(level) <= order.index(wanted)]
        return below[-1] if below else next(iter(known), None)


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

    @property
    def search(self) -> dict[str, Any]:
        """How it is asked to search the web, empty where it does not."""
        return self.terms.search if self.model.searches else {}


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
        return [
            self._info(name, row, offering)
            for name, row in self.models.items()
            if (offering := tuple(provider for provider in providers if provider in row.ids))
        ]

    def _info(self, name: str, row: Model, offering: tuple[str, ...]) -> ModelInfo:
        told = [self.providers[provider].fields for provider in offering]
        return ModelInfo(
            name,
            row.context,
            row.output,
            row.sees(MediaKind.IMAGE),
            offering,
            videos=row.sees(MediaKind.VIDEO),
            video_types=row.films,
            most_images=row.images,
            most_videos=row.videos,
            most_bytes=MOST_BYTES,
            tools=row.tools,
            thinking=tuple(
                level
                for level in Thinking
                if level in row.levels and any(row.levels[level].keys() <= fields for fields in told)
            ),
            price=None if row.price is None else row.price.dollars,
            searches=row.searches and any(self.providers[provider].search for provider in offering),
        )

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
