"""What Slack says no with, and what a person cannot do."""

from __future__ import annotations

from collections.abc import Sequence

from playground.slack.model import Json


class Refusal(Exception):
    """An answer with `ok: false`; `broken` is the documented limit or rule that the call broke, "" for none."""

    def __init__(
        self,
        error: str,
        *,
        messages: Sequence[str] = (),
        broken: str = "",
        extra: Json | None = None,
        status: int = 200,
    ) -> None:
        self.error = error
        self.status = status
        self.broken = broken
        self.body: Json = {"ok": False, "error": error, **(extra or {})}
        if messages:
            self.body["response_metadata"] = {"messages": [f"[ERROR] {m}" for m in messages]}
            self.body["errors"] = list(messages)
        super().__init__(f"{error}: {'; '.join(messages)}" if messages else error)


class Impossible(Exception):
    """What a person tried cannot be done in Slack's client: no such button, option or right."""
