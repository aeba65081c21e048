"""What the ways in need from the rest of the adapter."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol

from adapters.slack_app.client import Workspace
from bot.messages import Address, Reply, Right
from bot.ports import Inbox
from bot.tool_commands import Tools


class People(Protocol):
    """What is known of people, by workspace and user id."""

    def name(self, workspace: str, user: str) -> str:
        """Their name, "" when it is not known (yet); never waits."""
        ...

    def locale(self, workspace: str, user: str) -> str:
        """Their locale ("en-US"), "" when it is not known (yet); never waits."""
        ...

    async def rights(self, workspace: str, user: str) -> frozenset[Right]:
        """What they may do; takes at most a second, and gives none when Slack does not say in time."""
        ...


class Home(Protocol):
    """The app's home tab."""

    async def publish(self, workspace: str, user: str) -> None:
        """Show somebody their home as it is now; best effort."""
        ...


class Connection(Protocol):
    """What events, commands and clicks need from the adapter. Users and channels are Slack's own ids here."""

    @property
    def inbox(self) -> Inbox:
        """Where asks and controls go."""
        ...

    @property
    def people(self) -> People:
        """Names, locales and rights."""
        ...

    @property
    def home(self) -> Home:
        """The app's home tab."""
        ...

    @property
    def tools(self) -> Tools:
        """The tools that people may call themselves."""
        ...

    @property
    def answers_strangers(self) -> bool:
        """Whether people of other organisations are answered in shared channels."""
        ...

    def installation(self, organisation: str, team: str) -> Workspace | None:
        """Who has installed the app in a workspace: itself or its organisation, None when it is a stranger's."""
        ...

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a task that the adapter owns; what it raises is logged."""
        ...

    async def whisper(self, address: Address, user: str, thread: str, text: str, response_url: str = "") -> None:
        """Say one of our own sentences (Markdown) to one person: unseen by others in a channel, as a message in a DM.

        `thread` is the ts of its root, "" outside of one. Best effort.
        """
        ...

    async def hand_over(self, address: Address, user: str, thread: str, reply: Reply, response_url: str = "") -> None:
        """Say a reply to one person like `whisper`, where it has words; its file goes to them directly. Best effort."""
        ...

    async def post_question(self, address: Address, user: str, question: str) -> str:
        """Post what somebody asked by a command, and return the ts of that message.

        Raises PlatformError and its kin, PlatformRefused or PlatformGone where the app is no member.
        """
        ...

    async def suggest_prompts(self, workspace: str, channel: str, user: str) -> None:
        """Offer questions to somebody who opened their direct messages with the app; best effort."""
        ...

    async def forget_workspace(self, workspace: str) -> None:
        """The app was removed from a workspace, or its token revoked: use it no more."""
        ...
