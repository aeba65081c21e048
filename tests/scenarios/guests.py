"""Somebody who asks and gives commands in #general, and what they see of the bot, alike on both platforms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.vocabulary import COMMANDS, SCOPES, Takes
from playground.discord import people as discord_people
from playground.discord.model import Message as DiscordMessage
from playground.discord.permissions import Permission
from playground.glm import Exchange
from playground.slack import people as slack_people
from playground.slack.model import Message as SlackMessage
from tests.fixtures.packages import install
from tests.fixtures.workshop import Workshop
from tests.scenarios.house import House, labels, open_house
from tests.scenarios.process import AnyHouse, Bot
from tests.scenarios.slack_house import SlackHouse, actions, open_slack

PLATFORMS = ("discord", "slack")
# Tools that a package brings along.
PACKAGE = Path(__file__).parents[1] / "fixtures" / "odd_tools.py"


class Guest(ABC):
    """One person in a house; `prefix` is what is written before the names of commands there."""

    prefix: str

    @property
    @abstractmethod
    def house(self) -> AnyHouse:
        """The stand-ins, and the bot's process."""

    @abstractmethod
    async def start(self, **settings: str) -> Bot:
        """Start the bot's process."""

    @abstractmethod
    def manager(self) -> Guest:
        """Somebody else, who may manage the place."""

    @abstractmethod
    async def ask(self, text: str) -> None:
        """Mention the bot."""

    @abstractmethod
    async def follow_up(self, text: str) -> None:
        """Say more in the thread of what was asked last."""

    @abstractmethod
    async def order(self, name: str, /, **given: Any) -> Callable[[], str]:
        """Give a command; what this person alone is told of it, as far as it is there."""

    @abstractmethod
    def messages(self) -> Iterator[tuple[str, bool]]:
        """What the bot's messages show to all, each with whether it still grows."""

    @abstractmethod
    def files(self) -> list[str]:
        """What stands in the files that this person was given."""

    @abstractmethod
    def asks(self) -> bool:
        """Whether a message asks whether a call may be made."""

    @abstractmethod
    async def press(self, which: str) -> None:
        """Press this button below the message that asks whether a call may be made, once it is there."""

    async def told(self, words: str, name: str, /, **given: Any) -> str:
        """Give a command, and wait until this person alone is told these words."""
        heard = await self.order(name, **given)
        await self.house.until(lambda: words in heard())
        return heard()

    async def seen(self, words: str) -> None:
        """Wait until a message has these words, although it may still grow."""
        await self.house.until(lambda: any(words in text for text, _ in self.messages()))

    async def shown(self, words: str) -> str:
        """Wait until a message with these words has its final form."""
        return await self.house.until(
            lambda: next((text for text, grows in self.messages() if words in text and not grows), None)
        )

    def count(self, words: str) -> int:
        """How many messages have these words."""
        return sum(words in text for text, _ in self.messages())


class DiscordGuest(Guest):
    """Somebody on Discord."""

    prefix = "/"

    def __init__(self, house: House, person: discord_people.Person) -> None:
        self._house = house
        self.person = person
        self.question: DiscordMessage | None = None

    @property
    def house(self) -> House:
        return self._house

    async def start(self, **settings: str) -> Bot:
        return await self.house.start(**settings)

    def manager(self) -> DiscordGuest:
        return DiscordGuest(self.house, self.house.discord.person("mona", rights=Permission.MANAGE_GUILD))

    async def ask(self, text: str) -> None:
        self.question = await self.person.mention(self.house.general, text)

    async def follow_up(self, text: str) -> None:
        assert self.question is not None
        thread = self.house.discord.thread(self.question)
        assert thread is not None
        await self.person.say(thread, text)

    async def order(self, name: str, /, **given: Any) -> Callable[[], str]:
        made = await self.person.slash(name, given, channel=self.house.general)
        assert not made.failed
        return lambda: " ".join(response.content for response in made.responses if response.ephemeral)

    def messages(self) -> Iterator[tuple[str, bool]]:
        for channel in list(self.house.discord.world.channels):
            for message in self.house.discord.answers(channel):
                yield message.content, "Stop" in labels(message)

    def _asking(self) -> DiscordMessage | None:
        everywhere = list(self.house.discord.world.channels)
        answers = (message for channel in everywhere for message in self.house.discord.answers(channel))
        return next((message for message in answers if "Allow" in labels(message)), None)

    def asks(self) -> bool:
        return self._asking() is not None

    async def press(self, which: str) -> None:
        await self.person.click(await self.house.until(self._asking), which)

    def files(self) -> list[str]:
        given = [made.original for made in self.house.discord.interactions.by_id.values() if made.original]
        return [file.upload.data.decode() for message in given if message.ephemeral for file in message.attachments]


class SlackGuest(Guest):
    """Somebody on Slack."""

    prefix = "/glm "

    def __init__(self, house: SlackHouse, person: slack_people.Person) -> None:
        self._house = house
        self.person = person
        self.question: SlackMessage | None = None

    @property
    def house(self) -> SlackHouse:
        return self._house

    async def start(self, **settings: str) -> Bot:
        return await self.house.start(**settings)

    def manager(self) -> SlackGuest:
        return SlackGuest(self.house, self.house.slack.person("boss", admin=True))

    async def ask(self, text: str) -> None:
        self.question = await self.person.mention(self.house.general, text)

    async def follow_up(self, text: str) -> None:
        assert self.question is not None
        await self.person.say(self.house.general, text, thread=self.question.ts)

    async def order(self, name: str, /, **given: Any) -> Callable[[], str]:
        made = await self.person.slash("/glm", in_words(name, given), self.house.general)
        assert made.acked
        response = made.response or {}
        assert response.get("response_type", "ephemeral") == "ephemeral"
        at_once = str(response.get("text", ""))
        return lambda: " ".join([at_once, *(message.visible for message in made.later)])

    def _asking(self) -> SlackMessage | None:
        everywhere = list(self.house.slack.world.channels.values())
        messages = (message for channel in everywhere for message in channel.messages.values())
        return next((message for message in messages if "allow" in actions(message)), None)

    def asks(self) -> bool:
        return self._asking() is not None

    async def press(self, which: str) -> None:
        await self.person.click(await self.house.until(self._asking), which)

    def messages(self) -> Iterator[tuple[str, bool]]:
        slack, everything = self.house.slack, list(self.house.slack.world.channels.values())
        for message in [message for channel in everything for message in channel.messages.values()]:
            if message.user == slack.bot_user.id and not message.deleted and not message.ephemeral_to:
                yield message.visible, "stop" in actions(message) or slack.world.streaming(message) is not None

    def files(self) -> list[str]:
        return [file.data.decode() for message in self.person.dm.messages.values() for file in message.files]

    def excuse(self) -> None:
        """A command's question says whose it is and a late answer names its asker: nobody else may be named."""
        own = (f"<@{self.person.id}>", f"user:{self.person.id}")
        pings = self.house.slack.pings
        pings[:] = [ping for ping in pings if ping[1] not in own]


def in_words(name: str, given: dict[str, Any]) -> str:
    """A command as it is written behind /glm."""
    known = next((command for command in COMMANDS if command.name == name), None)
    if known is None:
        first, *others = given.items() or [("", "")]
        return " ".join([name, str(first[1]), *(f"{option}:{value}" for option, value in others)]).rstrip()
    words = [name]
    for option in known.options:
        value = given.get(option.name)
        if value is not None:
            word = SCOPES[value].words[0] if option.takes is Takes.SCOPE else str(value)
            before = {Takes.SCOPE: "for", Takes.NUMBER: option.name}.get(option.takes, "")
            words.append(f"{before} {word}".strip())
    return " ".join(words)


def results(exchange: Exchange) -> list[str]:
    """What the model was told that tools have given, in the order of its calls."""
    return [str(message["content"]) for message in exchange.messages if message["role"] == "tool"]


def offered(exchange: Exchange) -> set[str]:
    """The tools that the model was told of."""
    return {tool["function"]["name"] for tool in exchange.body.get("tools", ()) if tool["type"] == "function"}


async def start_with_tools(guest: Guest, workshop: Workshop | None = None, **settings: str) -> Bot:
    """Start the bot's process with the tools of the package installed, which may work at a workshop."""
    where = install(guest.house.folder, PACKAGE)
    return await guest.start(PYTHONPATH=where, WORKSHOP_URL=workshop.url if workshop else "", **settings)


@asynccontextmanager
async def open_guest(platform: str, folder: Path) -> AsyncGenerator[Guest]:
    """Somebody on a platform whose stand-in is started, and GLM's."""
    if platform == "discord":
        async with open_house(folder) as house:
            yield DiscordGuest(house, house.alice)
        return
    async with open_slack(folder) as house:
        guest = SlackGuest(house, house.ann)
        yield guest
        guest.excuse()
