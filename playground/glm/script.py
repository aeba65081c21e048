"""What the stand-in answers, as data: answers, their endings, how they are written, raw responses, and their queue."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from playground.glm.exchange import Exchange

BEFORE_HEADERS = -1
HOLD_LIMIT = 30.0


class Thinking(StrEnum):
    """Where a model's reasoning goes."""

    FIELD = "reasoning_content"
    TAGS = "<think> inside the content, the tag split over chunks"
    HEADERS = "###Thinking and ###Response inside the content"
    NONE = "not sent"


class Calling(StrEnum):
    """How tool calls are written."""

    WHOLE = "each call in one delta"
    FRAGMENTS = "the arguments in pieces, and the pieces of all calls take turns"
    NO_INDEX = "in pieces, call after call, with no index"
    SAME_INDEX = "in pieces, call after call, all under index 0"
    OBJECTS = "each call in one delta, its arguments a JSON object"
    LEAKED = "as the model's own markup at the end of the content"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool; arguments that are a str or None go out as they stand. An `id` "" is made up, None left out."""

    name: str
    arguments: Mapping[str, Any] | str | None = field(default_factory=dict[str, Any])
    id: str | None = ""


@dataclass(frozen=True, slots=True)
class Finish:
    """The ordinary end; a reason "" is the one that fits. Usage None is counted, and {} sends none."""

    reason: str = ""
    usage: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Sensitive:
    """The safety review stops the answer; `role` is the stage (user, assistant, history), level 0 the most severe."""

    role: str = "assistant"
    level: int = 1


@dataclass(frozen=True, slots=True)
class Broken:
    """An error inside a 200 stream; `event` puts an `event:` line before it."""

    code: int | str = 1305
    message: str = "STAND-IN: the model is overloaded"
    event: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """The stream ends cleanly with neither a finish reason nor [DONE]."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is reset."""


Ending = Finish | Sensitive | Broken | Silence | Cut


@dataclass(frozen=True, slots=True)
class Wire:
    """How a stream is written down.

    `split` cuts it into HTTP chunks of so many bytes; the frame of token `glue_at` is torn and the next glued to it.
    """

    newline: str = "\n"
    prefix: str = "data: "
    bom: bool = False
    comments: bool = False
    done: bool = True
    blank_end: bool = True
    split: int = 0
    glue_at: int | None = None
    content_type: str = "text/event-stream;charset=UTF-8"


class Hold:
    """Stops an answer at a place until it is released: before the headers, or after that many tokens.

    An answer in the background is not ready before it is released, wherever the place is.
    """

    def __init__(self, after: int = 0) -> None:
        self.after = after
        self._arrived = asyncio.Event()
        self._released = asyncio.Event()

    async def arrived(self) -> None:
        """Wait until an answer stands at this place; raises TimeoutError after 30 seconds."""
        async with asyncio.timeout(HOLD_LIMIT):
            await self._arrived.wait()

    def release(self) -> None:
        """Let the answer go on; later answers do not stop here."""
        self._released.set()

    async def stand(self) -> None:
        """Stand here, as the answer."""
        self.passed()
        await self._released.wait()

    def passed(self) -> bool:
        """Come to this place, and say whether one may go on."""
        self._arrived.set()
        return self._released.is_set()


@dataclass(frozen=True, slots=True)
class Raw:
    """A response as it stands: a refusal, a proxy's page, garbage."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Later:
    """How an answer in the background comes.

    The first so many `polls` are told that it is not ready, before them come the `stumbles` one by one. `failed` is the
    status of an answer that ends in anything but a finish: the documents say FAIL, their own sample looks for FAILED.
    """

    polls: int = 0
    stumbles: tuple[Raw, ...] = ()
    failed: str = "FAIL"


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer.

    A tuple as `text` or `reasoning` is taken as the tokens, a str is cut into some. `rate` is in tokens a second, 0 as
    fast as possible; `delay` in seconds before the first token. `after` is how many tokens are written before the
    ending, None all; a delta with a part of a call counts as one. `noise` are events sent as they stand before the
    first token. `whole` answers with one JSON completion although a stream was asked for. `sources` is what a search of
    the web finds, where the request wants one and its results.
    """

    text: str | tuple[str, ...] = "STAND-IN: hello."
    reasoning: str | tuple[str, ...] = ""
    thinking: Thinking = Thinking.FIELD
    calls: tuple[Call, ...] = ()
    calling: Calling = Calling.WHOLE
    rate: float = 0.0
    delay: float = 0.0
    ending: Ending = Finish()
    after: int | None = None
    wire: Wire = Wire()
    noise: tuple[Mapping[str, Any], ...] = ()
    dialect: str | None = None
    hold: Hold | tuple[Hold, ...] | None = None
    whole: bool = False
    later: Later = Later()
    sources: tuple[Mapping[str, Any], ...] = ()

    @property
    def holds(self) -> tuple[Hold, ...]:
        """All places where it stops."""
        return (self.hold,) if isinstance(self.hold, Hold) else self.hold or ()


Response = Answer | Raw
Respond = Callable[[Exchange], Response]


def every(count: int) -> Callable[[Exchange], bool]:
    """Match each so-many-th of the requests that come to this rule."""
    numbers = itertools.count(1)
    return lambda _: next(numbers) % count == 0


@dataclass(slots=True)
class Rule:
    """One entry of a script; `left` is how often it still answers, None for ever."""

    answer: Response | Respond
    match: Callable[[Exchange], bool] | None
    left: int | None


class Script:
    """A queue of rules: the first that matches answers, and leaves the queue when it is used up."""

    def __init__(self, default: Respond) -> None:
        self._default = default
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        """Put a rule at the end of the queue."""
        self._rules.append(rule)

    def respond(self, exchange: Exchange) -> Response:
        """The response for a request: the first matching rule's, else the default's."""
        for rule in self._rules:
            if rule.match is None or rule.match(exchange):
                self._use(rule)
                return rule.answer(exchange) if callable(rule.answer) else rule.answer
        return self._default(exchange)

    def _use(self, rule: Rule) -> None:
        if rule.left is None:
            return
        rule.left -= 1
        if rule.left <= 0:
            self._rules.remove(rule)
