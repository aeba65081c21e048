"""The part of the demo that is played on Discord."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from playground.chronicle import Chronicle
from playground.demo import Act, NotAsScripted, counted
from playground.discord.interactions import Interaction
from playground.discord.model import Channel, Message, Upload
from playground.discord.server import DiscordStandIn
from playground.discord_view import DiscordView, button_labels, is_growing
from playground.postcard import MEDIA_TYPE, NAME, postcard, seen_in

T = TypeVar("T")
_ENOUGH: Final = 200  # characters that are visible before the stop

_LONG: Final = "Please write me a long essay about lighthouses: several sections with headings, and a list."
_FOLLOW_UP: Final = "And which of these points matters most?"
_DIRECT: Final = "Hello! What can you do?"
_PICTURE: Final = "What is in this picture?"
_AFTER_SWITCH: Final = "Which model are you now?"
_TO_STOP: Final = "Another long essay, please, this time about bridges."
_PREFERRED: Final = "glm-4.6"


@dataclass(eq=False)
class DiscordStage:
    """What scenes work with; `patience` is in seconds."""

    discord: DiscordStandIn
    view: DiscordView
    chronicle: Chronicle
    patience: float

    def __post_init__(self) -> None:
        self.alice = self.discord.person("alice")
        self.thread: Channel = self.discord.channel("general")
        self.direct = self.alice.dm_channel

    async def wait(self, predicate: Callable[[], T]) -> T:
        """Wait for a state of the stand-in; raises TimeoutError."""
        return await self.discord.wait_for(predicate, self.patience)

    async def answer_to(self, question: Message) -> list[Message]:
        """Wait until a question is answered to the end, and return the messages of the answer."""
        return await self.wait(lambda: self._finished(question))

    def answers(self, question: Message) -> list[Message]:
        """The bot's messages since a question, in its thread if it has one."""
        place = self.discord.thread(question) or question.channel_id
        return [m for m in self.discord.answers(place) if int(m.id) > int(question.id)]

    def act(self, channel: Channel, text: str) -> None:
        """Write what Alice does that is no message."""
        self.chronicle.act(self.view.platform, self.alice.name, self.view.where(channel), text)

    async def command(self, command: str, options: dict[str, str], channel: Channel) -> str:
        """Run a slash command and return what it was answered with."""
        self.act(channel, " ".join([f"/{command}", *(f"{name}:{value}" for name, value in options.items())]))
        made = await self.alice.slash(command, dict(options), channel=channel)
        return await self.reply_to(made)

    async def reply_to(self, made: Interaction) -> str:
        """Wait for what an interaction is answered with."""
        if made.failed:
            raise NotAsScripted("the bot did not respond to an interaction")
        return await self.wait(lambda: next((r.content for r in made.responses if r.content), ""))

    def _finished(self, question: Message) -> list[Message]:
        found = self.answers(question)
        return found if found and "Regenerate" in button_labels(found[-1].components) else []


async def _mention(stage: DiscordStage) -> str:
    question = await stage.alice.mention(stage.discord.channel("general"), _LONG)
    messages = await stage.answer_to(question)
    stage.thread = stage.discord.thread(question) or stage.thread
    return _sum(messages)


async def _follow_up(stage: DiscordStage) -> str:
    return _sum(await stage.answer_to(await stage.alice.say(stage.thread, _FOLLOW_UP)))


async def _direct(stage: DiscordStage) -> str:
    return _sum(await stage.answer_to(await stage.alice.dm(_DIRECT)))


async def _picture(stage: DiscordStage) -> str:
    upload = Upload(NAME, postcard(), MEDIA_TYPE)
    messages = await stage.answer_to(await stage.alice.dm(_PICTURE, attachments=[upload]))
    return f"{seen_in([message.content for message in messages])}; {_sum(messages)}"


async def _model(stage: DiscordStage) -> str:
    stage.act(stage.direct, "/model name: (looks at the choices)")
    choices = await stage.alice.autocomplete("model", {"name": ""}, channel=stage.direct)
    names = [str(choice["value"]) for choice in choices if choice["value"] != "default"]
    if not names:
        raise NotAsScripted("/model offers nothing to choose from")
    chosen = _PREFERRED if _PREFERRED in names else names[-1]
    confirmed = await stage.command("model", {"name": chosen}, stage.direct)
    if chosen not in confirmed:
        raise NotAsScripted(f"/model did not confirm {chosen}")
    messages = await stage.answer_to(await stage.alice.dm(_AFTER_SWITCH))
    return f"{len(names)} models to choose from, {chosen} taken; {_sum(messages)}"


async def _stop(stage: DiscordStage) -> str:
    question = await stage.alice.mention(stage.discord.channel("general"), _TO_STOP)

    def under_way() -> list[Message]:
        return [m for m in stage.answers(question) if len(m.content) > _ENOUGH and is_growing(m)]

    growing = (await stage.wait(under_way))[-1]
    stage.act(stage.discord.world.channels[growing.channel_id], "presses [Stop]")
    await stage.reply_to(await stage.alice.click(growing, "Stop"))
    messages = await stage.answer_to(question)
    if "stopped" not in messages[-1].content:
        raise NotAsScripted("the answer does not say that it was stopped")
    return _sum(messages)


SCENES: Final[Sequence[tuple[str, Callable[[DiscordStage], Awaitable[str]]]]] = (
    ("Discord: a mention, with a long streamed answer", _mention),
    ("Discord: a follow-up in the thread", _follow_up),
    ("Discord: a direct message", _direct),
    ("Discord: a picture", _picture),
    ("Discord: /model", _model),
    ("Discord: a stop", _stop),
)


def discord_scenes(stage: DiscordStage) -> Sequence[tuple[str, Act]]:
    """The scenes, ready to be played on this stage."""
    return [(title, partial(act, stage)) for title, act in SCENES]


def _sum(messages: Sequence[Message]) -> str:
    return counted([len(message.content) for message in messages])
