"""What became of each answer, read from the journals of the stand-ins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.answers import asked_in, name_in
from playground.glm import Exchange


@dataclass(frozen=True, slots=True)
class Shown:
    """What a message shows from a time on, "" once it is deleted."""

    ref: str
    text: str
    at: float


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
    shown_at: list[float] = field(default_factory=list[float])

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

    @property
    def gap(self) -> float | None:
        """Seconds between two texts, on average, None when there was but one."""
        times = self.shown_at
        return (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else None

    def show(self, shown: Shown) -> None:
        """Take in a visible change."""
        if self.pages.get(shown.ref) != shown.text:
            self.shown_at.append(shown.at)
        self.pages[shown.ref] = shown.text
        if self.first_at is None and name_in(shown.text):
            self.first_at = shown.at
        if self._is_whole():
            self.whole_at = shown.at if self.whole_at is None else self.whole_at
        else:
            self.whole_at = None

    def _is_whole(self) -> bool:
        shown = "\n".join(self.pages[page] for page in sorted(self.pages, key=lambda ref: (len(ref), ref)))
        lines = [line for line in shown.split("\n") if not line.startswith("-# ")]
        return "".join("".join(lines).split()) == "".join(self.text.split())


class Watcher:
    """Follows the visible changes and the model's requests for all answers of a run."""

    def __init__(self) -> None:
        self.answers: dict[str, Seen] = {}
        self._owners: dict[str, Seen] = {}
        self._requests = 0

    def look(self, changes: Sequence[Shown], requests: Sequence[Exchange]) -> None:
        """Take in the changes, and what is new in the requests."""
        for exchange in requests[self._requests :]:
            if not exchange.body and exchange.ended_at is None:
                # Its body is still on the way: this one and those after it are looked at again.
                break
            self._requests += 1
            seen = self.answers.get(asked_in(exchange))
            if seen is not None and not exchange.refused:
                seen.request = exchange
        for shown in changes:
            self._show(shown)

    def _show(self, shown: Shown) -> None:
        seen = self._owners.get(shown.ref) or self.answers.get(name_in(shown.text))
        # The question itself has the name, too.
        if seen is not None and "Question" not in shown.text:
            self._owners[shown.ref] = seen
            seen.show(shown)

    @property
    def unfinished(self) -> int:
        """How many answers are not whole."""
        return sum(1 for seen in self.answers.values() if seen.whole_at is None)
