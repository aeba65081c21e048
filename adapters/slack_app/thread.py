"""A thread as its messages are read back: which of them are ours, and what each was posted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from adapters.slack_app.client import Api, Workspace
from bot.messages import Post
from bot.pacing import Priority

# Our clock and Slack's may differ by so many seconds.
CLOCK_SKEW: Final = 5.0
# Slack docs, conversations.replies allows 1,000; no turn leaves more of ours than this in a thread.
_MOST: Final = 200
POST_EVENT: Final = "glimmer_post"


def ref_of(channel: str, ts: str) -> str:
    """The name that a message of ours has in the store."""
    return f"{channel}:{ts}"


def parts_of(ref: str) -> tuple[str, str]:
    """The channel and the ts of a message of ours."""
    channel, _, ts = ref.partition(":")
    return channel, ts


def metadata_of(intent: Post) -> Mapping[str, Any]:
    """What a message carries so that its post is known again."""
    payload = {"turn": intent.turn, "number": intent.number, "at": repr(intent.at)}
    return {"event_type": POST_EVENT, "event_payload": payload}


@dataclass(frozen=True, slots=True)
class Ours:
    """A message of ours; `files` are names, `metadata` is empty for what is streamed until we end the stream.

    `streaming_state` is "in_progress" or "completed", "" where Slack says nothing of it.
    """

    ref: str
    files: frozenset[str]
    metadata: Mapping[str, Any]
    streaming_state: str

    @property
    def at(self) -> float:
        """When Slack took it, in Unix seconds."""
        return float(parts_of(self.ref)[1])

    @property
    def may_be_a_page(self) -> bool:
        """Whether it was made by a post of a turn: what else we say carries metadata of another kind."""
        return not self.files and self.metadata.get("event_type", POST_EVENT) == POST_EVENT

    @property
    def may_be_streaming(self) -> bool:
        """Whether it may be a stream that nobody has ended."""
        return self.streaming_state == "in_progress" if self.streaming_state else not self.metadata

    def is_of(self, intent: Post) -> bool:
        """Whether it was made by just this post."""
        return self.metadata.get("event_payload") == metadata_of(intent)["event_payload"]


class Thread:
    """A thread by its channel and the ts of its first message."""

    def __init__(self, api: Api, workspace: Workspace, channel: str, ts: str) -> None:
        self._api = api
        self._workspace = workspace
        self.channel = channel
        self.ts = ts

    async def ours(self, since: float) -> Sequence[Ours]:
        """Our messages since then, oldest first; raises PlatformError and its kin.

        `since` is in Unix seconds by our clock, so messages of a few seconds before may be among them.
        """
        oldest = since - CLOCK_SKEW
        answer = await self._api.paced(
            self._workspace.id,
            "conversations.replies",
            Priority.FIRST,
            channel=self.channel,
            ts=self.ts,
            oldest=f"{oldest:.6f}",
            include_all_metadata=True,
            limit=_MOST,
        )
        messages = cast("list[Mapping[str, Any]]", answer.get("messages") or [])
        found = [message for message in messages if self._is_ours(message) and float(message["ts"]) >= oldest]
        return [self._read(message) for message in sorted(found, key=lambda message: float(message["ts"]))]

    def _is_ours(self, message: Mapping[str, Any]) -> bool:
        if message.get("ts") in (None, self.ts):
            return False
        # A turn that was left unfinished is taken up before the login says who we are.
        us = self._api.workspace(self._workspace.id) or self._workspace
        return message.get("user") == us.bot_user or message.get("bot_id") == us.bot_id

    def _read(self, message: Mapping[str, Any]) -> Ours:
        files = cast("list[Mapping[str, Any]]", message.get("files") or [])
        names = frozenset(str(file.get("name", "")) for file in files)
        state = str(message.get("streaming_state") or "")
        return Ours(ref_of(self.channel, str(message["ts"])), names, message.get("metadata") or {}, state)
