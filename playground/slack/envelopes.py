"""What is sent to the app and what came back: one entry for each attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from playground.slack.model import Json

Kind = Literal["events_api", "slash_commands", "interactive"]
_OUTER = {"event_callback", "url_verification", "app_rate_limited"}  # Slack docs, apis/events-api


@dataclass(eq=False)
class Delivered:
    """One attempt; `at` and `acked_at` are the loop's time in seconds, `acked_at` None without an answer in time.

    `status` is the HTTP status, 0 over Socket Mode; `response` what the acknowledgement carried; `reason` why the
    attempt before this one failed; `failure` why this one did, "" while it is open or when it succeeded.
    """

    at: float
    kind: Kind
    body: Json
    attempt: int = 0
    reason: str = ""
    acked_at: float | None = None
    response: Json | None = None
    status: int = 0
    failure: str = ""
    retry: bool = True

    @property
    def settled(self) -> bool:
        """Whether it was acknowledged, or will not be any more."""
        return self.acked_at is not None or bool(self.failure)

    @property
    def event(self) -> Json:
        """The inner event, empty for commands and actions."""
        return self.body.get("event", {})


def envelope(delivered: Delivered) -> Json:
    """The attempt as Socket Mode carries it; Slack docs, apis/events-api/using-socket-mode."""
    made: Json = {
        "envelope_id": str(uuid4()),
        "payload": delivered.body,
        "type": delivered.kind,
        "accepts_response_payload": delivered.kind == "slash_commands",
    }
    if delivered.kind == "events_api":
        made |= {"retry_attempt": delivered.attempt, "retry_reason": delivered.reason}
    return made


def kind_of(body: Json) -> Kind:
    """As what a payload is sent."""
    if body.get("type") in _OUTER:
        return "events_api"
    return "slash_commands" if "command" in body else "interactive"
