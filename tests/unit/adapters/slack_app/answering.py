"""A question in the stand-in, and the processes that work on its answer one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from adapters.slack_app.client import GUESSES, Api, Workspace
from adapters.slack_app.stream import surface_for
from bot.messages import ControlKind, Outcome, OutcomeKind
from bot.pacing import Budget, Governor
from bot.ports import Claim, Surface
from bot.reply import Reply
from playground.slack.model import Channel, Message
from playground.slack.server import SlackStandIn
from storage.memory import MemoryStore

DONE = (ControlKind.REGENERATE, ControlKind.UPVOTE, ControlKind.DOWNVOTE)
PATIENCE = 20.0
MARK = "\u2060"


@dataclass
class Desk:
    """One process at work on the turn."""

    house: House
    api: Api
    surface: Surface
    claim: Claim
    reply: Reply
    painter: asyncio.Task[None]

    async def writes(self, text: str) -> None:
        """Say more, and wait until it can be seen."""
        self.reply.write(text)
        await self.house.place.wait_for(lambda: text.strip() in self.house.text, PATIENCE)

    async def ends(self, note: str = "") -> None:
        outcome = Outcome(OutcomeKind.ANSWERED, "q", self.reply.text, note, DONE)
        await self.house.store.finish(self.claim, outcome)
        self.reply.finish(outcome)
        await asyncio.wait_for(self.painter, PATIENCE)
        await self.house.store.delivered(self.claim)
        await self.surface.close()

    async def dies(self) -> None:
        self.painter.cancel()
        with suppress(asyncio.CancelledError):
            await self.painter
        await self.api.close()


def a_governor(guesses: Mapping[str, Budget]) -> Governor:
    return Governor(overall=None, headers=False, sharing=(), guesses=guesses)


def in_a_hurry(place: SlackStandIn) -> Governor:
    """For answers of many messages: neither Slack nor we count calls."""
    place.tiers.lift()
    return a_governor(dict.fromkeys(GUESSES, Budget(1_000, 1.0)))


@dataclass
class House:
    """A question in the stand-in, and the store in which its turn is kept."""

    place: SlackStandIn
    channel: Channel
    root: str
    mode: str
    store: MemoryStore
    desks: list[Desk] = field(default_factory=list[Desk])

    async def desk(self, governor: Governor | None = None) -> Desk:
        """The next process: it knows only what the store does."""
        team = self.place.team
        claim = await self.store.claim(f"owner{len(self.desks)}", 0.0)
        assert claim is not None
        api = Api(governor or a_governor(GUESSES), url=self.place.url)
        workspace = Workspace(team.id, team.id, team.name, team.bot_token, team.bot_user_id, team.bot_id, agent=True)
        api.add(workspace)
        surface = surface_for(api, workspace, claim.turn, self.mode)
        reply = Reply(surface, api.governor, self.store, claim, on_lost=lambda: None)
        desk = Desk(self, api, surface, claim, reply, asyncio.create_task(reply.paint()))
        self.desks.append(desk)
        return desk

    @property
    def answers(self) -> list[Message]:
        return [message for message in self.place.answers(self.channel, self.root) if message.ts != self.root]

    @property
    def text(self) -> str:
        return "\n".join(message.visible for message in self.answers).replace(MARK, "")

    @property
    def methods(self) -> list[str]:
        return [call.method.removeprefix("chat.") for call in self.place.calls if call.method.startswith("chat.")]

    def sound(self) -> None:
        """What must hold at the end of everything."""
        assert self.place.violations == []
        assert self.place.pings == []
        assert self.place.open_streams() == []
        assert {session.status for session in self.place.sessions().values()} <= {"active", ""}
        assert not self.place.status_line(self.channel, self.root)
