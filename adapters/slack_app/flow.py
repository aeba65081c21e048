"""How a streamed message comes to show a page: a decision about texts and times, without any call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from adapters.slack_app.blocks import defused, steady
from bot.messages import ControlKind, Page

# In seconds. Slack closes a stream after about 5 minutes (reported, slackapi/python-slack-sdk#1859).
STREAM_AGE: Final = 240.0
# Text that may yet change is kept back for so many seconds, then the message goes on by edits.
STALL: Final = 8.0


class Move(Enum):
    """What is done to a message."""

    KEEP = auto()  # nothing: it shows the page as far as that is settled
    APPEND = auto()
    STOP = auto()  # with the last of the text
    APPEND_AND_STOP = auto()
    REPLACE = auto()  # what it shows is not what the page goes on from: stop it, then edit it
    RESUME = auto()  # nothing is known of it: look, stop it if it is streamed, then edit it
    UPDATE = auto()  # it is no stream any more


@dataclass(slots=True)
class Stream:
    """A message that is being streamed and shows `sent`; once it is `broken` it takes no more.

    Times are in seconds: when it was started, and when it last grew.
    """

    sent: str
    started_at: float
    grown_at: float
    broken: bool = False

    def grow(self, text: str, now: float) -> None:
        """More text was appended."""
        self.sent += text
        self.grown_at = now


def grows(page: Page) -> bool:
    """Whether the page is not in its final form yet."""
    return ControlKind.STOP in page.controls


def goes_on(page: Page) -> bool:
    """Whether more of the answer follows, in this message or in the next one."""
    return grows(page) or not (page.controls or page.tail)


def first_text(page: Page) -> str:
    """What a stream begins with: as much as is settled, but something."""
    return defused(steady(page.body) or page.body)


def plan(stream: Stream, page: Page, *, now: float, crowded: bool) -> tuple[Move, str]:
    """How the message comes to show the page, and the text that is new in it.

    `crowded` says that a stop would have to wait: then the text goes first.
    """
    whole = defused(page.body)
    if stream.broken or not whole.startswith(stream.sent):
        return Move.REPLACE, ""
    if grows(page):
        return _growth(stream, whole, defused(steady(page.body))[len(stream.sent) :], now)
    rest = whole[len(stream.sent) :]
    return (Move.APPEND_AND_STOP if rest and crowded else Move.STOP), rest


def _growth(stream: Stream, whole: str, rest: str, now: float) -> tuple[Move, str]:
    if not rest:
        stalled = whole != stream.sent and now - stream.grown_at >= STALL
        return (Move.REPLACE if stalled else Move.KEEP), ""
    return (Move.STOP if now - stream.started_at >= STREAM_AGE else Move.APPEND), rest
