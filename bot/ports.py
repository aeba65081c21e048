"""The seams of the house: what the core needs from a model, a platform, a place to answer in, and a store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.completion import Delta, ModelInfo, ModelRequest
from bot.messages import Address, Ask, Attachment, Author, Control, Page, Post, Quote, Reply, Turn
from bot.store import Claim, Memory, Reception, Store, Summary

__all__ = [
    "Adapter",
    "Call",
    "Claim",
    "Inbox",
    "Lane",
    "Limits",
    "Memory",
    "Model",
    "Reception",
    "Store",
    "Summary",
    "Surface",
]


class Model(Protocol):
    """Answers prompts; a plug, like the database."""

    def models(self) -> Sequence[ModelInfo]:
        """All models that can be asked, best first."""
        ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        """Ask and yield the answer as it comes; the last delta has `finish`.

        Closing the iterator ends the request. Raises ModelError; an answer that breaks off raises it with `resumable`.
        """
        ...

    async def submit(self, request: ModelRequest) -> str:
        """Have it answered in the background; a handle for `collect`, "" where no provider can. Raises ModelError."""
        ...

    async def collect(self, handle: str) -> Delta | None:
        """The whole answer as one delta, None while it is not ready. Raises ModelError."""
        ...


class Call(StrEnum):
    """The calls of a Surface that the Governor paces."""

    POST = "post"
    EDIT = "edit"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Lane:
    """A rate limit's own queue, named "kind:id"; an exempt one does not count against the platform's overall limit."""

    name: str
    exempt: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What fits into one message of a platform; `size` measures a text in the unit of `page`.

    With `status` the place shows by itself what is being done while there is no text.
    """

    page: int
    size: Callable[[str], int] = len
    pages: int = 8
    file_from: int = 4
    tables: bool = True  # whether tables must be drawn as aligned blocks
    status: bool = False


class Surface(Protocol):
    """The place in which one turn is answered. Raises PlatformError and its kin."""

    @property
    def limits(self) -> Limits:
        """What fits into a message here."""
        ...

    def lane(self, call: Call, ref: str = "", page: Page | None = None) -> Lane:
        """The Governor's lane that a call takes for this message and page; known once the surface is open.

        Without them it is the lane in which a growing answer makes most of its calls.
        """
        ...

    async def open(self) -> str:
        """Make the place ready (a thread, for instance) and say which it is; done once for a turn without a place."""
        ...

    async def post(self, page: Page, intent: Post) -> str:
        """Post a page and return its ref; the same intent never makes a second message."""
        ...

    async def find(self, intent: Post) -> Sequence[str]:
        """Messages of ours in this place that are newer than the intent, oldest first: one may be what it became."""
        ...

    async def edit(self, ref: str, page: Page) -> str:
        """Replace what a message shows, and return the ref of the message that shows the page now.

        It is another one where a message could not be edited: the old one is still there, for the caller to delete.
        """
        ...

    async def delete(self, ref: str) -> None:
        """Remove a message; one that is already gone is fine."""
        ...

    async def typing(self, line: str = "") -> None:
        """Show that an answer is coming, and where `Limits.status` says so what is being done; best effort."""
        ...

    async def close(self) -> None:
        """The turn is over, however it ended: show nothing of the kind any more; best effort."""
        ...


class Inbox(Protocol):
    """What an adapter hands its events to; returning means stored."""

    async def ask(self, ask: Ask) -> Reception:
        """Store an ask and wake who answers it."""
        ...

    async def control(self, control: Control) -> Reply:
        """Store a control, act on it, and return what is for its actor.

        Of one that takes long (`vocabulary.SLOW`) that is nothing yet: it is acted on after this, and its actor has the
        adapter's `reply`.
        """
        ...

    async def barred(self, address: Address, author: Author, tool: str = "") -> str:
        """Why somebody may not ask there now, or not call this tool, as a sentence for them, "" when they may.

        For what a platform shows to others before it can be stored; `ask` looks at it again.
        """
        ...

    async def chosen_models(self, address: Address, author: str) -> Mapping[str, str]:
        """The models that are chosen for somebody in a place, by scope."""
        ...

    async def tool_names(self, address: Address, author: Author) -> Sequence[str]:
        """The tools that somebody may switch on and off in a place."""
        ...


class Adapter(Protocol):
    """A platform: it translates and decides nothing."""

    @property
    def name(self) -> str:
        """The platform's name in addresses and keys."""
        ...

    async def run(self, inbox: Inbox) -> None:
        """Take events until closed; raises OperatorError for a token or a right that only the operator can mend."""
        ...

    async def close(self) -> None:
        """Take no more events, and end `run`."""
        ...

    @property
    def ready(self) -> bool:
        """Whether events arrive."""
        ...

    def surface(self, turn: Turn) -> Surface:
        """The place in which this turn is answered."""
        ...

    async def background(self, ask: Ask) -> Sequence[Quote]:
        """What was said before this ask where it was said, oldest first."""
        ...

    async def asker(self, ask: Ask) -> Author:
        """Who asked, with a name that was not known when the ask was taken in; takes at most a second."""
        ...

    async def download(self, ask: Ask, attachment: Attachment, limit: int) -> bytes:
        """The whole of a file that came with this ask, at most so many bytes; takes at most a minute.

        Raises PlatformGone, PlatformRefused whose text names a sentence about files ("file_…"), else PlatformError.
        """
        ...

    async def show_waiting(self, ask: Ask) -> None:
        """Show the asker that the message was taken and waits; best effort."""
        ...

    async def show_taken(self, ask: Ask) -> None:
        """Show the asker that a message waits no longer: it is answered together with an earlier one; best effort."""
        ...

    async def tell(self, ask: Ask, text: str) -> None:
        """Say a sentence to the asker outside of any turn; best effort."""
        ...

    async def reply(self, control: Control, reply: Reply) -> None:
        """Say to the actor of a control what became of it, after it was acknowledged or a restart; best effort."""
        ...

    async def tell_operator(self, text: str) -> bool:
        """Say a sentence to whoever runs the bot; whether that was possible."""
        ...
