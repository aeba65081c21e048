"""The scripted conversation: every visible change as a line with its time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from playground import view
from playground.discord.interactions import Interaction
from playground.discord.journal import Change
from playground.discord.model import Channel, Message
from playground.discord.refusals import Impossible, Refusal
from playground.discord.server import DiscordStandIn
from playground.glm import Answer, Exchange, persona

T = TypeVar("T")
# Tokens a second of the model's stand-in: quick enough for a short demo, slow enough to see a message grow.
RATE: Final = 200.0
# Seconds that a scene may take; a real model thinks, and writes some 50 tokens a second.
PATIENCE: Final = 30.0
PATIENCE_REAL: Final = 240.0
_DAY: Final = 86_400.0
_TAIL: Final = 48  # characters
_ENOUGH: Final = 200  # characters that are visible before the stop

_LONG: Final = "Please write me a long essay about lighthouses: several sections with headings, and a list."
_FOLLOW_UP: Final = "And which of these points matters most?"
_DIRECT: Final = "Hello! What can you do?"
_AFTER_SWITCH: Final = "Which model are you now?"
_TO_STOP: Final = "Another long essay, please, this time about bridges."
_PREFERRED: Final = "glm-4.6"


class NotAsScripted(Exception):
    """A scene took another course; the message says which."""


def respond(exchange: Exchange) -> Answer:
    """The prepared answers, at the demo's pace."""
    return replace(persona.respond(exchange), rate=RATE)


class Chronicle:
    """Writes each change of the stand-in as a line; times are in seconds since it was made."""

    def __init__(self, discord: DiscordStandIn, say: Callable[[str], None]) -> None:
        self._discord = discord
        self._say = say
        self._began = time.monotonic()
        self._written = 0
        self.kinds: Counter[str] = Counter()

    @property
    def elapsed(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._began

    async def follow(self) -> None:
        """Write for ever."""
        while True:
            await self._discord.wait_for(lambda: len(self._discord.journal) > self._written, _DAY)
            self.catch_up()

    def catch_up(self) -> None:
        """Write what has happened."""
        new = self._discord.journal[self._written :]
        self._written += len(new)
        for change in new:
            self._write(change)

    def act(self, actor: str, channel: Channel, text: str) -> None:
        """Write what a person does that is no message."""
        self.catch_up()
        self._line(self.elapsed, actor, view.where(channel, self._discord.world), "interaction", text)

    def note(self, text: str) -> None:
        """Write a line about the script itself."""
        self.catch_up()
        self._say(f"{self.elapsed:8.3f} s  {text}")

    def _write(self, change: Change) -> None:
        world = self._discord.world
        user, channel = world.users.get(change.actor), world.channels.get(change.channel_id)
        if channel is None:
            return
        place = view.where(world.parent(channel) if change.kind == "thread" else channel, world)
        self.kinds[change.kind] += change.actor == self._discord.bot_user.id
        self._line(change.at - self._began, user.name if user else "?", place, change.kind, self._detail(change))

    def _detail(self, change: Change) -> str:
        text = " ".join(view.plain(change.content, self._discord.world).split())
        if change.kind not in ("post", "edit", "response"):
            return text[:_TAIL]
        shown = text if len(text) <= _TAIL else f"… {text[-_TAIL:]}"
        extras = [f"[{label}]" for label in view.button_labels(change.components)]
        extras += [f"(file {view.plain(name, self._discord.world)})" for name in change.attachments]
        return " ".join([f"{len(change.content):5,} characters  {shown}", *extras])

    def _line(self, at: float, actor: str, place: str, kind: str, detail: str) -> None:
        self._say(f"{at:8.3f} s  {actor:<8} {place:<40} {kind:<11} {detail}".rstrip())


@dataclass(eq=False)
class Stage:
    """What scenes work with; `patience` is in seconds."""

    discord: DiscordStandIn
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

    async def command(self, command: str, options: dict[str, str], channel: Channel) -> str:
        """Run a slash command and return what it was answered with."""
        shown = " ".join([f"/{command}", *(f"{name}:{value}" for name, value in options.items())])
        self.chronicle.act(self.alice.name, channel, shown)
        made = await self.alice.slash(command, dict(options), channel=channel)
        return await self.reply_to(made)

    async def reply_to(self, made: Interaction) -> str:
        """Wait for what an interaction is answered with."""
        if made.failed:
            raise NotAsScripted("the bot did not respond to an interaction")
        return await self.wait(lambda: next((r.content for r in made.responses if r.content), ""))

    def _finished(self, question: Message) -> list[Message]:
        found = self.answers(question)
        return found if found and "Regenerate" in view.button_labels(found[-1].components) else []


async def _mention(stage: Stage) -> str:
    question = await stage.alice.mention(stage.discord.channel("general"), _LONG)
    messages = await stage.answer_to(question)
    stage.thread = stage.discord.thread(question) or stage.thread
    return _sum(messages)


async def _follow_up(stage: Stage) -> str:
    return _sum(await stage.answer_to(await stage.alice.say(stage.thread, _FOLLOW_UP)))


async def _direct(stage: Stage) -> str:
    return _sum(await stage.answer_to(await stage.alice.dm(_DIRECT)))


async def _model(stage: Stage) -> str:
    stage.chronicle.act(stage.alice.name, stage.direct, "/model name: (looks at the choices)")
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


async def _stop(stage: Stage) -> str:
    question = await stage.alice.mention(stage.discord.channel("general"), _TO_STOP)

    def under_way() -> list[Message]:
        return [m for m in stage.answers(question) if len(m.content) > _ENOUGH and view.is_growing(m)]

    growing = (await stage.wait(under_way))[-1]
    stage.chronicle.act(stage.alice.name, stage.discord.world.channels[growing.channel_id], "presses [Stop]")
    await stage.reply_to(await stage.alice.click(growing, "Stop"))
    messages = await stage.answer_to(question)
    if "stopped" not in messages[-1].content:
        raise NotAsScripted("the answer does not say that it was stopped")
    return _sum(messages)


Act = Callable[[Stage], Awaitable[str]]
SCENES: Final[Sequence[tuple[str, Act]]] = (
    ("a mention, with a long streamed answer", _mention),
    ("a follow-up in the thread", _follow_up),
    ("a direct message", _direct),
    ("/model", _model),
    ("a stop", _stop),
)


async def demo(stage: Stage, say: Callable[[str], None], scenes: Sequence[tuple[str, Act]] = SCENES) -> int:
    """Play the scenes; returns the exit status, 1 when one of them did not come to its end."""
    chronicle = stage.chronicle
    following = asyncio.create_task(chronicle.follow())
    try:
        for number, (title, act) in enumerate(scenes, 1):
            say(f"\nScene {number}: {title}")
            try:
                async with asyncio.timeout(stage.patience):
                    result = await act(stage)
            except TimeoutError:
                chronicle.note(f"FAILED  scene {number}, {title}: no end within {stage.patience:.0f} seconds")
                return 1
            except (NotAsScripted, Impossible, Refusal) as problem:
                chronicle.note(f"FAILED  scene {number}, {title}: {problem}")
                return 1
            chronicle.note(f"done  scene {number}, {title}: {result}")
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    say(f"\n{_summary(stage, len(scenes))}")
    return 0


def _sum(messages: Sequence[Message]) -> str:
    count = f"{len(messages)} messages" if len(messages) > 1 else "1 message"
    return f"{count}, {sum(len(m.content) for m in messages):,} characters"


def _summary(stage: Stage, scenes: int) -> str:
    kinds = stage.chronicle.kinds
    late = sum(1 for refused in stage.discord.refusals if refused.status == 429)
    return (
        f"All {scenes} scenes came to their end in {stage.chronicle.elapsed:.1f} s. The bot posted {kinds['post']} "
        f"times, edited {kinds['edit']} times, opened {kinds['thread']} threads, and met {late} rate limits (429)."
    )
