"""The record of one request and of what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast


@dataclass(slots=True)
class Exchange:
    """One request; times are seconds on the monotonic clock, None until it came to that.

    `refused` is the code with which the request was turned down by the stand-in's own checks, "" when it was not.
    `tokens` counts what was written; `client_gone` says that the client left before the answer had ended.
    """

    provider: str
    method: str
    path: str
    headers: Mapping[str, str]
    arrived_at: float
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    refused: str = ""
    tokens: int = 0
    first_token_at: float | None = None
    last_token_at: float | None = None
    ended_at: float | None = None
    client_gone: bool = False

    @property
    def model(self) -> str:
        """The model that was asked for, by the provider's id."""
        return str(self.body.get("model", ""))

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """The messages of the prompt."""
        return cast("Sequence[Mapping[str, Any]]", self.body.get("messages", []))

    @property
    def question(self) -> str:
        """The text of the last message from the user."""
        return next((text_of(m) for m in reversed(self.messages) if m.get("role") == "user"), "")

    @property
    def search(self) -> Mapping[str, Any]:
        """What the web is to be searched by, empty where it is not."""
        tools: Sequence[Mapping[str, Any]] = self.body.get("tools", ())
        wanted = (tool["web_search"] for tool in tools if tool.get("type") == "web_search")
        return next((search for search in wanted if search.get("enable")), dict[str, Any]())

    def shown(self, kind: str) -> Sequence[str]:
        """What the last message from the user shows of a kind, "image_url" or "video_url": addresses and base64."""
        last = [m for m in self.messages if m.get("role") == "user"][-1:]
        return [str(part[kind]["url"]) for m in last for part in parts_of(m) if part.get("type") == kind]


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message whose content is a string or a list of parts."""
    content: object = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in parts_of(message) if part.get("type") == "text")


def parts_of(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The parts of a message whose content is a list of them, none of another."""
    content: object = message.get("content")
    return cast("list[Mapping[str, Any]]", content) if isinstance(content, list) else []
