from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest

from adapters.discord_app.commands import register
from adapters.discord_app.desk import Desk
from adapters.discord_app.tool_commands import define
from bot import texts, vocabulary
from bot.messages import Address, Ask, Author, Control, ControlKind, Reply
from bot.ports import Reception
from bot.tool_commands import NO_TOOLS, Tools
from playground.discord.people import Person
from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.bot import Bot, running

NAMES = [f"glm-{number}" for number in range(40)]
SENTENCE = "a sentence for the actor"


class Inbox:
    """Keeps what it is handed."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.controls: list[Control] = []
        self.reception = Reception.TAKEN
        self.tools = [f"tool_{number}" for number in range(30)]

    async def ask(self, ask: Ask) -> Reception:
        self.asks.append(ask)
        return self.reception

    async def control(self, control: Control) -> Reply:
        self.controls.append(control)
        return Reply(SENTENCE)

    async def barred(self, address: Address, author: Author, tool: str = "") -> str:
        raise NotImplementedError

    async def tool_names(self, address: Address, author: Author) -> Sequence[str]:
        return [*self.tools, f"for_{author.name}_in_{address.channel}"]

    async def chosen_models(self, address: Address, author: str) -> Mapping[str, str]:
        raise NotImplementedError


class Adapter:
    """What the desk needs of an adapter."""

    def __init__(self, bot: Bot, inbox: Inbox) -> None:
        self._bot = bot
        self.inbox = inbox

    @property
    def me(self) -> discord.ClientUser:
        assert self._bot.user is not None
        return self._bot.user


class Front:
    """The commands at a stand-in, given by somebody in #general, and what they become."""

    def __init__(self, place: DiscordStandIn, desk: Desk, inbox: Inbox) -> None:
        self.place = place
        self.desk = desk
        self.inbox = inbox
        self.alice: Person = place.person("alice")
        self.general = place.channel("general")

    async def give(self, name: str, options: dict[str, Any] | None = None, **where: Any) -> str:
        """Give a command and wait for the first answer; what of it only its giver sees."""
        done = await self.alice.slash(name, options or {}, **{"channel": self.general} | where)
        return "".join(response.content for response in done.responses if response.ephemeral)

    @property
    def control(self) -> tuple[ControlKind, str, str]:
        [control] = self.inbox.controls
        return control.kind, control.value, control.scope


@asynccontextmanager
async def opened(tools: Tools = NO_TOOLS) -> AsyncGenerator[Front]:
    async with DiscordStandIn() as place:
        place.limits.lift()
        async with running(place) as bot:
            inbox = Inbox()
            desk = Desk(Adapter(bot, inbox), NAMES)
            register(bot.tree, desk, define(tools, desk))
            await bot.tree.sync()
            yield Front(place, desk, inbox)


@pytest.fixture
async def front() -> AsyncGenerator[Front]:
    async with opened() as front:
        yield front


async def test_discord_takes_every_command(front: Front) -> None:
    listed = {definition["name"] for definition in front.place.commands.listed("") if definition["type"] == 1}
    assert listed == set(vocabulary.NAMES)


@pytest.mark.parametrize(
    ("name", "options", "control"),
    [
        ("stop", {}, (ControlKind.STOP, "", "me")),
        ("usage", {}, (ControlKind.USAGE, "", "me")),
        ("help", {}, (ControlKind.HELP, "", "me")),
        ("model", {}, (ControlKind.MODEL, "", "me")),
        ("model", {"name": " GLM-1 ", "scope": "channel"}, (ControlKind.MODEL, "glm-1", "channel")),
        ("thinking", {"scope": "server"}, (ControlKind.THINKING, "", "server")),
        ("thinking", {"level": "high"}, (ControlKind.THINKING, "high", "me")),
        ("jobs", {}, (ControlKind.JOBS, "", "me")),
        ("jobs", {"cancel": 12}, (ControlKind.JOBS, "12", "me")),
        ("access", {}, (ControlKind.ACCESS, "", "me")),
        ("access", {"action": "log"}, (ControlKind.ACCESS, "log", "me")),
        (
            "access",
            {"action": "quota", "rule": " user 5 requests"},
            (ControlKind.ACCESS, "quota user 5 requests", "me"),
        ),
    ],
)
async def test_a_command_is_a_control_whose_sentence_only_its_giver_sees(
    front: Front, name: str, options: dict[str, Any], control: tuple[ControlKind, str, str]
) -> None:
    assert await front.give(name, options) == SENTENCE
    assert front.control == control
    assert front.inbox.controls[0].conversation == ""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<@12>", "user:12"),
        ("user:<@!12>", "user:12"),
        ("role:<@&34> tool:weather", "role:34 tool:weather"),
        ("channel:<#56>", "channel:56"),
        ("channel:here", "channel:here"),
        ("category:78", "category:78"),
        ("Category:<#78>", "category:78"),
    ],
)
async def test_a_rule_may_name_somebody_by_a_mention(front: Front, written: str, read: str) -> None:
    await front.give("access", {"action": "deny", "rule": written})
    assert front.control[:2] == (ControlKind.ACCESS, f"deny {read}")


async def test_a_command_that_is_refused_is_acknowledged_to_its_giver_only(front: Front) -> None:
    front.inbox.reception = Reception.REFUSED
    done = await front.alice.slash("ask", {"question": "why?"}, channel=front.general)
    assert [response.ephemeral for response in done.responses] == [True]
    [ask] = front.inbox.asks
    assert await asyncio.wait_for(front.desk.acknowledged(ask.origin["interaction"]), 5) != ""


async def test_in_a_direct_message_a_setting_is_for_the_conversation(front: Front) -> None:
    await front.give("thinking", {"level": "low"}, channel=front.alice.dm_channel)
    assert front.control == (ControlKind.THINKING, "low", "conversation")
    assert front.inbox.controls[0].conversation == f"discord/@me/{front.alice.dm_channel.id}"


@pytest.mark.parametrize(("name", "deferred"), [("ask", False), ("background", True)])
async def test_a_question_keeps_its_letters_and_when_it_is_to_be_answered(
    front: Front, name: str, deferred: bool
) -> None:
    await front.give(name, {"question": "What is GLM?"})
    [ask] = front.inbox.asks
    assert (ask.text, ask.alone, ask.deferred) == ("What is GLM?", True, deferred)
    assert await asyncio.wait_for(front.desk.acknowledged(ask.origin["interaction"]), 5) != ""


async def test_the_background_is_only_for_places_that_have_the_bot(front: Front) -> None:
    elsewhere = front.place.add_guild("elsewhere", with_bot=False)
    front.place.join(elsewhere, front.alice)
    there = front.place.add_channel("there", guild=elsewhere)
    assert await front.give("background", {"question": "why?"}, channel=there) == texts.say("only_member")
    assert front.inbox.asks == []
    await front.give("ask", {"question": "why?"}, channel=there)
    assert len(front.inbox.asks) == 1


@pytest.mark.parametrize(("typed", "offered"), [("", [*NAMES[:25]]), ("-39", ["glm-39", "default"])])
async def test_models_are_offered_as_one_types(front: Front, typed: str, offered: list[str]) -> None:
    found = await front.alice.autocomplete("model", {"name": typed}, channel=front.general)
    assert [choice["value"] for choice in found] == offered


async def test_tools_are_offered_as_one_types_those_that_one_may_use_there(front: Front) -> None:
    async def offered(typed: str) -> list[str]:
        options = {"switch": "off", "name": typed}
        found = await front.alice.autocomplete("tools", options, channel=front.general)
        return [choice["value"] for choice in found]

    assert await offered("") == front.inbox.tools[:25]
    assert await offered(" TOOL_2") == ["tool_2", *(f"tool_{number}" for number in range(20, 30))]
    assert await offered("for") == [f"for_Alice_in_{front.general.id}"]
    assert await offered("none") == []
