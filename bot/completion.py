"""The values that travel to a model and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """Who speaks in a prompt."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class MediaKind(StrEnum):
    """What can be seen."""

    IMAGE = "image"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Media:
    """An image or a video beside the words of a message: `data` of a media type, or a public address in `url`."""

    kind: MediaKind
    media_type: str = ""
    data: bytes = field(default=b"", repr=False)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model wants made; `arguments` is JSON as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt; `reasoning` goes back to the model with the tool calls that it led to, and only then."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    media: tuple[Media, ...] = ()
    reasoning: str = field(default="", repr=False)


class Thinking(StrEnum):
    """How much a model is asked to think, least first."""

    OFF = "off"
    LOW = "low"
    HIGH = "high"
    MAX = "max"


class FinishReason(StrEnum):
    """Why the model ended."""

    STOP = "stop"
    LENGTH = "length"
    CONTEXT = "context"
    TOOLS = "tools"
    FILTERED = "filtered"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a provider counted, and what they cost in a `currency`; `cost` is None where no price is known.

    A `padded` prompt was counted together with one that the provider adds.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0
    cost: float | None = None
    currency: str = ""
    padded: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A page of the web that an answer was made from, or only its title: strangers wrote both."""

    title: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the model's answer; only the last one has `finish`, who answered, what it cost and its `sources`.

    `stage` says for FILTERED what was refused: "user", "assistant" or "history". A `position` is the request's place
    among those that wait for the model, 1 for the next; it comes alone, 0 when the waiting is over. Of a `damaged`
    answer a piece may be missing.
    """

    text: str = ""
    reasoning: str = field(default="", repr=False)
    tool_calls: tuple[ToolCall, ...] = ()
    finish: FinishReason | None = None
    stage: str = ""
    usage: Usage | None = None
    model: str = ""
    provider: str = ""
    position: int | None = None
    sources: tuple[Source, ...] = ()
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A prompt for one model by its canonical name; `user` is a key that names nobody.

    Requests that wait for the same model are served in turn by `conversation`. Without `thinking` the model thinks as
    little as it can; of the levels that it does not know the nearest is taken. With `search` a provider that can may
    tell the model what it finds on the web, which strangers wrote and we never see; another leaves it at that. A
    `foreign` one holds what others than the asker wrote, also where its messages do not show that.
    """

    model: str
    messages: tuple[Message, ...]
    user: str
    conversation: str = ""
    thinking: Thinking | None = None
    tools: tuple[Tool, ...] = ()
    search: bool = False
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that some configured provider offers; sizes are in tokens.

    `price` is what a million tokens in and a million out cost together, in US dollars, None when it is not known.
    `thinking` are the levels that it can be told, none where it cannot be told any. Of `images`, and of `videos` of
    these media types, it takes at most so many in a request, and of their data together `most_bytes`. For one that
    `searches` some provider searches the web.
    """

    name: str
    context: int
    output: int
    images: bool
    providers: tuple[str, ...]
    videos: bool = False
    video_types: tuple[str, ...] = ("video/mp4",)
    most_images: int | None = None
    most_videos: int | None = None
    most_bytes: int | None = None
    tools: bool = False
    thinking: tuple[Thinking, ...] = ()
    price: float | None = None
    searches: bool = False
