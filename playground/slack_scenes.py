"""The part of the demo that is played on Slack."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from playground.chronicle import Chronicle
from playground.demo import Act, NotAsScripted, counted
from playground.postcard import MEDIA_TYPE, NAME, postcard, seen_in
from playground.slack.model import Channel, Message
from playground.slack.server import SlackStandIn
from playground.slack_view import SlackView

T = TypeVar("T")
_ENOUGH: Final = 200  # characters that are visible before the stop

_STORY: Final = "Please tell us a story about a lighthouse."
_FOLLOW_UP: Final = "And what became of the keeper?"
_DIRECT: Final = "Hello! Please show me a piece of code."
_PICTURE: Final = "What is in this picture?"
_AFTER_SWITCH: Final = "Which model are you now?"
_TO_STOP: Final = "A long essay, please, about bridges."
_PREFERRED: Final = "glm-4.6"
# The names of models in what the bot says about them.
_NAMES: Final = re.compile(r"`([^`]+)`")
_SHOWN: Final = 60  # characters of a command's answer


@dataclass(eq=False)
class SlackStage:
    """What scenes work with; `patience` is in seconds, `thread` is the ts of the root that Bob goes on from."""

    slack: SlackStandIn
    view: SlackView
    chronicle: Chronicle
    patience: float
    thread: str = ""

    def __post_init__(self) -> None:
        self.bob = self.slack.person("bob")
        self.general = self.slack.channel("general")

    async def wait(self, predicate: Callable[[], T]) -> T:
        """Wait for a state of the stand-in; raises TimeoutError."""
        return await self.slack.wait_for(predicate, self.patience)

    async def answer_to(self, question: Message) -> list[Message]:
        """Wait until a question is answered to the end, and return the messages of the answer."""
        return await self.wait(lambda: self._finished(question))

    def answers(self, question: Message) -> list[Message]:
        """The bot's messages since a question, in its thread."""
        found = self.slack.answers(self.channel_of(question), question.thread or question.ts)
        return [m for m in found if m.ts > question.ts]

    def channel_of(self, message: Message) -> Channel:
        """Where a message stands."""
        return self.slack.world.channels[message.channel]

    def act(self, channel: Channel, thread: str, text: str) -> None:
        """Write what Bob does that is no message."""
        self.chronicle.act(self.view.platform, self.bob.name, self.view.where(channel, thread), text)

    async def command(self, text: str, channel: Channel) -> str:
        """Run `/glm` and return what only Bob is shown for it."""
        self.act(channel, "", f"/glm {text}")
        reply = await self.bob.slash("/glm", text, channel)
        if not reply.acked:
            raise NotAsScripted("the bot did not respond to a command")
        shown = self.view.plain(str((reply.response or {}).get("text", "")))
        self.act(channel, "", f"is shown: {shown[:_SHOWN]}{'…' * (len(shown) > _SHOWN)}")
        return shown

    def _finished(self, question: Message) -> list[Message]:
        found = self.answers(question)
        session = self.slack.sessions().get((question.channel, question.thread or question.ts))
        at_work = session is not None and session.status == "processing"
        growing = at_work or any(self.view.is_growing(message) for message in found)
        return found if found and not growing and "Regenerate" in self.view.labels(found[-1]) else []


async def _mention(stage: SlackStage) -> str:
    question = await stage.bob.mention(stage.general, _STORY)
    stage.thread = question.ts
    return _sum(await stage.answer_to(question))


async def _follow_up(stage: SlackStage) -> str:
    return _sum(await stage.answer_to(await stage.bob.say(stage.general, _FOLLOW_UP, thread=stage.thread)))


async def _direct(stage: SlackStage) -> str:
    messages = await stage.answer_to(await stage.bob.dm_bot(_DIRECT))
    if not all(message.stream for message in messages):
        raise NotAsScripted("the answer was not streamed natively")
    return _sum(messages)


async def _picture(stage: SlackStage) -> str:
    file = await stage.bob.upload(NAME, MEDIA_TYPE, postcard())
    messages = await stage.answer_to(await stage.bob.mention(stage.general, _PICTURE, files=[file]))
    return f"{seen_in([message.visible for message in messages])}; {_sum(messages)}"


async def _model(stage: SlackStage) -> str:
    _now, *names = _NAMES.findall(await stage.command("model", stage.bob.dm)) or [""]
    if not names:
        raise NotAsScripted("/glm model offers nothing to choose from")
    chosen = _PREFERRED if _PREFERRED in names else names[-1]
    if chosen not in await stage.command(f"model {chosen}", stage.bob.dm):
        raise NotAsScripted(f"/glm model did not confirm {chosen}")
    messages = await stage.answer_to(await stage.bob.dm_bot(_AFTER_SWITCH))
    return f"{len(names)} models to choose from, {chosen} taken; {_sum(messages)}"


async def _stop(stage: SlackStage) -> str:
    question = await stage.bob.dm_bot(_TO_STOP)

    def under_way() -> list[Message]:
        return [m for m in stage.answers(question) if len(m.visible) > _ENOUGH and stage.view.is_growing(m)]

    await stage.wait(under_way)
    stage.act(stage.bob.dm, question.ts, "presses Slack's own Stop")
    await stage.bob.press_stop(stage.bob.dm, question.ts)
    messages = await stage.answer_to(question)
    if "stopped" not in messages[-1].visible:
        raise NotAsScripted("the answer does not say that it was stopped")
    return _sum(messages)


SCENES: Final[Sequence[tuple[str, Callable[[SlackStage], Awaitable[str]]]]] = (
    ("Slack: a mention, with an answer that grows by edits in its thread", _mention),
    ("Slack: a follow-up without a mention", _follow_up),
    ("Slack: a direct message, with a native stream", _direct),
    ("Slack: a picture", _picture),
    ("Slack: /glm model", _model),
    ("Slack: Slack's own Stop", _stop),
)


def slack_scenes(stage: SlackStage) -> Sequence[tuple[str, Act]]:
    """The scenes, ready to be played on this stage."""
    return [(title, partial(act, stage)) for title, act in SCENES]


def _sum(messages: Sequence[Message]) -> str:
    return counted([len(message.visible) for message in messages])
