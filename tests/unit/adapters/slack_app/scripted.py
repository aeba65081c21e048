"""A Slack of a few lines that fails where it is told to, for tests of single decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from slack_sdk.errors import SlackApiError

from adapters.slack_app.client import GUESSES, Api, Workspace
from adapters.slack_app.failures import of_answer
from bot.errors import PlatformError, PlatformUnsure
from bot.messages import Address, Ask, Author, ControlKind, Page, Post, Turn
from bot.pacing import Governor

TEAM = Workspace("T1", "T1", "acme", "xoxb-1", "UBOT", "B1", agent=True)
PLAIN_TEAM = Workspace("T1", "T1", "acme", "xoxb-1", "UBOT", "B1", agent=False)
ASK = Ask(
    "slack/T1:D1:170.1",
    "slack/T1/D1/170.1",
    Address("slack", "T1", "T1.D1", direct=True),
    Author("T1.U7", "Ann"),
    "hello",
    1_000.0,
    "170.1",
    origin={"team": "T9", "user": "U7"},
)
TURN = Turn(3, ASK.conversation, (ASK,), 1_000.0)
STOP = (ControlKind.STOP,)
DONE = (ControlKind.REGENERATE, ControlKind.UPVOTE, ControlKind.DOWNVOTE)


def intent(number: int = 1, at: float = 2_000.0) -> Post:
    return Post(3, number, number - 1, at)


def growing(body: str, tail: str = "") -> Page:
    return Page(body, tail, STOP, 3)


def whole(body: str, tail: str = "") -> Page:
    return Page(body, tail, DONE, 3)


def answered(code: str, status: int = 200, retry_after: str = "") -> PlatformError:
    """An error as the client raises it."""
    data = {"ok": False, "error": code}
    headers = {"Retry-After": retry_after} if retry_after else {}
    cause = SlackApiError("no", SimpleNamespace(status_code=status, data=data, headers=headers))
    error = of_answer(cause)
    error.__cause__ = cause
    return error


@dataclass
class Clock:
    """A clock that is set by hand, in seconds."""

    now: float = 1_500.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Said:
    """A call as it left."""

    method: str
    arguments: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.arguments.get(name)


@dataclass
class Fault:
    """The next call of a method fails, before or after it was carried out."""

    error: PlatformError
    applied: bool = False


@dataclass
class Shown:
    """A message of the bot's."""

    ts: str
    text: str
    streaming: bool = False
    blocks: list[Any] = field(default_factory=list[Any])
    metadata: Mapping[str, Any] | None = None
    files: list[str] = field(default_factory=list[str])


class Scripted(Api):
    """Keeps what is called and what would be seen of it."""

    def __init__(self) -> None:
        super().__init__(Governor(overall=None, headers=False, sharing=(), guesses=GUESSES))
        self.said: list[Said] = []
        self.thread: dict[str, Shown] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.uploads: list[tuple[str, bytes]] = []
        self.tells_state = True
        self._count = 0

    def fail(self, method: str, *errors: PlatformError, applied: bool = False) -> None:
        self.faults.setdefault(method, []).extend(Fault(error, applied) for error in errors)

    def lose(self, method: str, *, applied: bool = True) -> None:
        self.fail(method, PlatformUnsure("no answer"), applied=applied)

    @property
    def methods(self) -> list[str]:
        return [said.method.removeprefix("chat.") for said in self.said]

    def shown(self) -> list[str]:
        return [message.text for message in self.thread.values()]

    async def call(
        self, workspace: str, method: str, *, channel: str = "", within: float = 10.0, **arguments: Any
    ) -> Mapping[str, Any]:
        assert workspace == "T1"
        said = Said(method, {"channel": channel, **{k: v for k, v in arguments.items() if v is not None}})
        self.said.append(said)
        faults = self.faults.get(method, [])
        fault = faults.pop(0) if faults else None
        if fault is not None and not fault.applied:
            raise fault.error
        answer = self._carry_out(said)
        if fault is not None:
            raise fault.error
        return answer

    async def upload(self, url: str, content: bytes) -> None:
        self.uploads.append((url, content))

    def _carry_out(self, said: Said) -> Mapping[str, Any]:
        match said.method:
            case "chat.postMessage" | "chat.startStream":
                return self._new(said)
            case "chat.appendStream" | "chat.stopStream" | "chat.update":
                self._change(said)
            case "chat.delete":
                if self.thread.pop(said.ts, None) is None:
                    raise answered("message_not_found")
            case "conversations.replies":
                return {"messages": [{"ts": "170.1", "user": "U7"}, *map(self._read_back, self.thread.values())]}
            case "files.getUploadURLExternal":
                return {"upload_url": "https://files.example/1", "file_id": "F1"}
            case "files.completeUploadExternal":
                self._new(said)
            case _:
                pass
        return {"ok": True}

    def _new(self, said: Said) -> Mapping[str, Any]:
        self._count += 1
        ts = f"{2_000 + self._count}.000001"
        given: list[dict[str, str]] = said.files or []
        files = [file["title"] for file in given]
        self.thread[ts] = Shown(
            ts, _text(said), said.method == "chat.startStream", said.blocks or [], said.metadata, files
        )
        return {"ts": ts}

    def _change(self, said: Said) -> None:
        message = self.thread.get(said.ts)
        if message is None:
            raise answered("message_not_found")
        if said.method == "chat.update":
            if message.streaming:
                raise answered("streaming_state_conflict")
            message.text, message.blocks = _text(said), said.blocks
        else:
            if not message.streaming:
                raise answered("message_not_in_streaming_state")
            message.text += said.markdown_text or ""
            message.blocks = said.blocks or []
        message.streaming = message.streaming and said.method != "chat.stopStream"
        message.metadata = said.metadata or message.metadata

    def _read_back(self, message: Shown) -> Mapping[str, Any]:
        found: dict[str, Any] = {"ts": message.ts, "user": "UBOT", "bot_id": "B1", "text": message.text}
        if message.metadata:
            found["metadata"] = message.metadata
        if message.files:
            found["files"] = [{"name": name} for name in message.files]
        if self.tells_state:
            found["streaming_state"] = "in_progress" if message.streaming else "completed"
        return found


def _text(said: Said) -> str:
    blocks: list[Any] = said.blocks or []
    return said.markdown_text or "".join(block["text"] for block in blocks if block["type"] == "markdown")
