"""The ways in of the Slack adapter at a real store, what is heard through them, and payloads as Slack sends them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.slack_app.client import Workspace
from adapters.slack_app.desk import Answer
from adapters.slack_app.events import Events
from adapters.slack_app.inbound import Reader
from adapters.slack_app.twins import Twins
from bot.errors import GlimmerError
from bot.messages import Address, Ask, Author, Control, ControlKind, Reply, Right
from bot.ports import Reception
from bot.tasks import Tasks
from bot.tool_commands import NO_TOOLS, Tools
from bot.vocabulary import SLOW
from storage.memory import MemoryStore

Payload = dict[str, Any]

TEAM, BOT, APP, ANN, BEN = "T1", "UBOT", "BBOT", "UANN", "UBEN"
CHANNEL, DM, GROUP = "C1", "D1", "G1"
TS, ROOT = "1700000100.000100", "1700000000.000100"
NOW = 1700000101.0
US = Workspace(id=TEAM, team=TEAM, name="Acme", bot_token="xoxb", bot_user=BOT, bot_id=APP, agent=True)


@dataclass
class KnownPeople:
    """People of whom everything is known."""

    names: dict[str, str] = field(default_factory=lambda: {ANN: "Ann", BEN: "Ben"})
    locales: dict[str, str] = field(default_factory=dict[str, str])
    granted: frozenset[Right] = frozenset()
    asked: list[str] = field(default_factory=list[str])

    def name(self, workspace: str, user: str) -> str:
        return self.names.get(user, "")

    def locale(self, workspace: str, user: str) -> str:
        return self.locales.get(user, "")

    async def rights(self, workspace: str, user: str) -> frozenset[Right]:
        self.asked.append(user)
        return self.granted


@dataclass
class Homes:
    """Notes whose home was published."""

    published: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def publish(self, workspace: str, user: str) -> None:
        self.published.append((workspace, user))


@dataclass
class StoredInbox:
    """A real store: what it was given, and what is to be answered. `failing` is raised, `held` waited for first."""

    store: MemoryStore = field(default_factory=MemoryStore)
    asks: list[Ask] = field(default_factory=list[Ask])
    taken: list[Ask] = field(default_factory=list[Ask])
    controls: list[Control] = field(default_factory=list[Control])
    sentence: str = ""
    barring: str = ""
    barred_tools: dict[str, str] = field(default_factory=dict[str, str])
    failing: Exception | None = None
    held: asyncio.Event | None = None

    async def ask(self, ask: Ask) -> Reception:
        self.asks.append(ask)
        await self._trouble()
        reception = await self.store.accept(ask, wakes=ask.addressed, limit=50)
        if reception in {Reception.TAKEN, Reception.WAITING}:
            self.taken.append(ask)
        return reception

    async def control(self, control: Control) -> Reply:
        await self._trouble()
        if not await self.store.accept_control(control):
            return Reply()
        self.controls.append(control)
        if control.kind in SLOW:
            return Reply()
        await self.store.settle(control.key)
        return Reply(self.sentence)

    async def barred(self, address: Address, author: Author, tool: str = "") -> str:
        return self.barring or self.barred_tools.get(tool, "")

    async def tool_names(self, address: Address, author: Author) -> Sequence[str]:
        raise NotImplementedError

    async def chosen_models(self, address: Address, author: str) -> Mapping[str, str]:
        raise NotImplementedError

    async def _trouble(self) -> None:
        if self.held is not None:
            await self.held.wait()
        if self.failing is not None:
            raise self.failing


@dataclass(frozen=True)
class Whisper:
    """A sentence to one person."""

    address: Address
    user: str
    thread: str
    text: str
    response_url: str


class Ear:
    """The rest of an adapter, as far as events need it; `strangers` are answered or not."""

    def __init__(self, workspace: Workspace | None = US, *, strangers: bool = False) -> None:
        self.inbox = StoredInbox()
        self.people = KnownPeople()
        self.home = Homes()
        self.tools: Tools = NO_TOOLS
        self.answers_strangers = strangers
        self.us = workspace
        self.installations: dict[str, Workspace] | None = None  # those that are told apart, None for `workspace` alone
        self.whispers: list[Whisper] = []
        self.questions: list[tuple[str, str]] = []
        self.prompted: list[tuple[str, str, str]] = []
        self.forgotten: list[str] = []
        self.unpostable: GlimmerError | None = None
        self.tasks = Tasks()
        self.events = Events(self, twins=Twins(0.15), clock=lambda: NOW)

    @property
    def asked(self) -> Ask:
        """The only ask that was taken in."""
        [ask] = self.inbox.taken
        return ask

    @property
    def control(self) -> Control:
        """The only control that was acted on."""
        [control] = self.inbox.controls
        return control

    @property
    def kinds(self) -> list[tuple[ControlKind, str]]:
        """The kinds and targets of all controls."""
        return [(control.kind, control.target) for control in self.inbox.controls]

    def reader(self) -> Reader:
        assert self.us is not None
        return Reader(self.us, self.people)

    async def take(self, *bodies: Payload, retries: int = 0) -> Answer:
        """Take in payloads one after the other, and what follows from them; the last answer."""
        answer = Answer()
        for body in bodies:
            answer = await self.events.take(body, retries)
        await self.tasks.wait(60)
        return answer

    async def hear(self, text: str, **fields: Any) -> Ask:
        """Take in a message and return the ask that it became."""
        await self.take(said(text, **fields))
        return self.asked

    # What the adapter does for events --------------------------------------------------------------------------------

    def installation(self, organisation: str, team: str) -> Workspace | None:
        if self.installations is None:
            return self.us
        return self.installations.get(team) or self.installations.get(organisation)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.start(work)

    async def whisper(self, address: Address, user: str, thread: str, text: str, response_url: str = "") -> None:
        self.whispers.append(Whisper(address, user, thread, text, response_url))

    async def hand_over(self, address: Address, user: str, thread: str, reply: Reply, response_url: str = "") -> None:
        if reply.text:
            await self.whisper(address, user, thread, reply.text, response_url)

    async def post_question(self, address: Address, user: str, question: str) -> str:
        if self.unpostable is not None:
            raise self.unpostable
        self.questions.append((user, question))
        return TS

    async def suggest_prompts(self, workspace: str, channel: str, user: str) -> None:
        self.prompted.append((workspace, channel, user))

    async def forget_workspace(self, workspace: str) -> None:
        self.forgotten.append(workspace)


# Payloads ----------------------------------------------------------------------------------------------------------


def envelope(event: Mapping[str, Any], **fields: Any) -> Payload:
    """An event as the Events API sends it."""
    authorization = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT, "is_enterprise_install": False}
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "event": dict(event),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        **fields,
    }


def said(text: str, ts: str = TS, **fields: Any) -> Payload:
    """A message by Ann in a channel."""
    about = {"channel": CHANNEL, "channel_type": "channel", "user": ANN, "team": TEAM}
    return envelope({"type": "message", "ts": ts, "text": text, **about, **fields})


def mention(text: str, ts: str = TS, **fields: Any) -> Payload:
    """The other copy of a message that mentions the bot."""
    return envelope(
        {"type": "app_mention", "ts": ts, "text": text, "channel": CHANNEL, "user": ANN, "team": TEAM, **fields}
    )


def direct(text: str, ts: str = TS, **fields: Any) -> Payload:
    """A message by Ann to the bot alone."""
    return said(text, ts, channel=DM, channel_type="im", **fields)


def changed(now: Payload, before: Payload, channel: str = CHANNEL) -> Payload:
    """A message that looks different from before."""
    inner = {"message": now["event"], "previous_message": before["event"], "hidden": True}
    about = {"channel": channel, "ts": "1700000200.000000"}
    return envelope({"type": "message", "subtype": "message_changed", **about, **inner})


def deleted(ts: str, **previous: Any) -> Payload:
    """A message is no longer there."""
    inner = {"deleted_ts": ts, "previous_message": previous, "hidden": True}
    return envelope({"type": "message", "subtype": "message_deleted", "channel": CHANNEL, "ts": TS, **inner})


def command(text: str, **fields: Any) -> Payload:
    """`/glm` with words behind it."""
    who = {"user_id": ANN, "user_name": "ann", "channel_id": CHANNEL, "channel_name": "general", "team_id": TEAM}
    where = {"is_enterprise_install": "false", "trigger_id": "1.2.3", "response_url": "https://hooks.test/c"}
    return {"command": "/glm", "text": text, **who, **where, **fields}


def click(action_id: str, **fields: Any) -> Payload:
    """A click by Ann on something in a message of the bot's, in a thread."""
    action = {"type": "button", "action_id": action_id, "action_ts": "1700000300.000100", **fields}
    return {
        "type": "block_actions",
        "user": {"id": ANN, "name": "ann", "team_id": TEAM},
        "team": {"id": TEAM},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": CHANNEL, "name": "general"},
        "container": {"type": "message", "message_ts": TS, "channel_id": CHANNEL, "thread_ts": ROOT},
        "message": {"ts": TS, "thread_ts": ROOT, "bot_id": APP, "user": BOT},
        "response_url": "https://hooks.test/a",
        "actions": [action],
    }


def shortcut(callback_id: str, message: Mapping[str, Any]) -> Payload:
    """A choice of Ann's from the menu of a message."""
    return {
        "type": "message_action",
        "callback_id": callback_id,
        "action_ts": "1700000300.000100",
        "team": {"id": TEAM},
        "user": {"id": ANN, "name": "ann", "team_id": TEAM},
        "channel": {"id": CHANNEL, "name": "general"},
        "message": dict(message),
        "message_ts": message.get("ts", ""),
        "response_url": "https://hooks.test/s",
    }
