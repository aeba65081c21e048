"""What became of each answer, read from the journals of the stand-ins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.answers import asked_in, name_in
from playground.discord.journal import Change
from playground.glm import Exchange


@dataclass(slots=True)
class Seen:
    """One answer as somebody in the channel sees it; times are seconds of the loop's clock, None until it came to that.

    `whole_at` is the last time at which the text became whole, None while it is not.
    """

    name: str
    text: str
    asked_at: float
    channel: str
    pages: dict[str, str] = field(default_factory=dict[str, str])
    first_at: float | None = None
    whole_at: float | None = None
    request: Exchange | None = None

    @property
    def request_after(self) -> float | None:
        """Seconds from the question to the request to the model."""
        return None if self.request is None else self.request.arrived_at - self.asked_at

    @property
    def first_after(self) -> float | None:
        """Seconds from the model's first token to the first visible text."""
        began = self.request.first_token_at if self.request else None
        return None if began is None or self.first_at is None else self.first_at - began

    @property
    def ended_at(self) -> float | None:
        """When the model wrote the last token, None while it writes."""
        exchange = self.request
        return exchange.last_token_at if exchange is not None and exchange.ended_at is not None else None

    @property
    def end_after(self) -> float | None:
        """Seconds from the model's last token to the whole text."""
        ended = self.ended_at
        return None if ended is None or self.whole_at is None else self.whole_at - ended

    def show(self, change: Change) -> None:
        """Take in a visible change."""
        self.pages[change.message_id] = "" if change.kind == "delete" else change.content
        if self.first_at is None and name_in(change.content):
            self.first_at = change.at
        if self._is_whole():
            self.whole_at = change.at if self.whole_at is None else self.whole_at
        else:
            self.whole_at = None

    def _is_whole(self) -> bool:
        shown = "\n".join(self.pages[page] for page in sorted(self.pages, key=int))
        lines = [line for line in shown.split("\n") if not line.startswith("-# ")]
        return "".join("".join(lines).split()) == "".join(self.text.split())


class Watcher:
    """Follows the journal of visible changes and the model's requests for all answers of a run."""

    def __init__(self) -> None:
        self.answers: dict[str, Seen] = {}
        self._owners: dict[str, Seen] = {}
        self._changes = 0
        self._requests = 0

    def look(self, changes: Sequence[Change], requests: Sequence[Exchange]) -> None:
        """Take in what is new."""
        for exchange in requests[self._requests :]:
            if not exchange.body and exchange.ended_at is None:
                # Its body is still on the way: this one and those after it are looked at again.
                break
            self._requests += 1
            seen = self.answers.get(asked_in(exchange))
            if seen is not None and not exchange.refused:
                seen.request = exchange
        for change in changes[self._changes :]:
            self._show(change)
        self._changes = len(changes)

    def _show(self, change: Change) -> None:
        if change.kind not in ("post", "edit", "delete"):
            return
        seen = self._owners.get(change.message_id) or self.answers.get(name_in(change.content))
        # The question itself has the name, too.
        if seen is not None and "Question" not in change.content:
            self._owners[change.message_id] = seen
            seen.show(change)

    @property
    def unfinished(self) -> int:
        """How many answers are not whole."""
        return sum(1 for seen in self.answers.values() if seen.whole_at is None)
