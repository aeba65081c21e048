"""From a turn to the request that a model is sent: which model, what history, what it is shown."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot import prompt, texts
from bot.attachments import Attachments, Enclosure
from bot.choices import Choices
from bot.completion import Delta, Media, MediaKind, Message, ModelInfo, ModelRequest, Role
from bot.messages import Author, History, Turn
from bot.ports import Adapter, Model, Store
from bot.tokens import Estimator

# How many rounds of history are looked at; the budget of tokens ends it earlier.
HISTORY_ROUNDS: Final = 40
# Rounds for whose pictures a model that sees is asked also about what was said later, and how many a model is shown.
_SEEN_ROUNDS: Final = 3
_PICTURES: Final = 10
# Tokens of a model's context that are left to its answer.
_ANSWER_ROOM: Final = 16_384


@dataclass(frozen=True, slots=True)
class Question:
    """A request with what it was made of: `text` is what was asked, as the history will show it.

    `notes` are to be said below the answer. `tokens` is about what the prompt takes, uncorrected. What came to be seen
    is `unseen` when no model can. `provider` is who is asked first.
    """

    request: ModelRequest
    text: str
    history: History
    tokens: int
    notes: tuple[str, ...] = ()
    unseen: bool = False
    shows_reasoning: bool = False
    provider: str = ""

    @property
    def sees(self) -> bool:
        """Whether the model is shown pictures or videos."""
        return any(message.media for message in self.request.messages)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator decides about prompts; `instructions` and `vision_model` may be empty, `budget` is in tokens.

    `salt` keys the names under which providers know our users.
    """

    instructions: str
    budget: int
    salt: bytes
    vision_model: str = ""


class Questions:
    """Makes requests of turns."""

    def __init__(
        self,
        store: Store,
        model: Model,
        choices: Choices,
        attachments: Attachments,
        terms: Terms,
    ) -> None:
        self.estimator = Estimator()
        self._store = store
        self._model = model
        self._choices = choices
        self._attachments = attachments
        self._terms = terms

    async def make(self, turn: Turn, adapter: Adapter, files: Sequence[Enclosure]) -> Question:
        """The request for a turn whose files are these."""
        who = (turn.conversation, turn.ask.address, turn.ask.author.id)
        history, asker, name = await asyncio.gather(
            self._store.history(turn, rounds=HISTORY_ROUNDS),
            adapter.asker(turn.ask),
            self._choices.chosen_model(*who),
        )
        turn = _asked_by(turn, asker)
        background = await adapter.background(turn.asks[0]) if turn.first or turn.asks[0].reads_place else ()
        chosen = self._info(name)
        media = (*(file.media for file in files if file.media is not None), *prompt.seen_in_words(turn))
        illustrated = await self._illustrated(history)
        seer = self._seer(chosen, media, illustrated)
        budget = self._budget(seer or chosen)
        asked = prompt.question(turn, background, files, budget=budget)
        last = Message(Role.USER, asked, media=media if seer else ())
        terms = self._terms
        shown = illustrated if seer else history
        messages = prompt.build(turn, last, shown, instructions=terms.instructions, budget=budget, now=time.time())
        request = ModelRequest(
            (seer or chosen).name,
            messages,
            self._user(turn),
            turn.conversation,
            await self._choices.chosen_thinking(*who),
        )
        return Question(
            request,
            asked,
            history,
            prompt.cost(*messages),
            _remarks(turn, chosen, seer, media),
            unseen=bool(media) and seer is None,
            shows_reasoning=await self._choices.shows_reasoning(*who),
            provider=(seer or chosen).providers[0],
        )

    async def remake(self, turn: Turn, adapter: Adapter) -> Question:
        """The request for a turn that was asked before."""
        return await self.make(turn, adapter, await self._attachments.gather(adapter, turn.asks))

    def learn(self, question: Question, finish: Delta) -> None:
        """Take in what a provider has counted for a prompt."""
        usage = finish.usage
        if usage is not None and not usage.padded and not question.sees:
            self.estimator.learn(finish.model, question.tokens, usage.prompt)

    def _info(self, name: str) -> ModelInfo:
        return next(info for info in self._model.models() if info.name == name)

    def _seer(self, chosen: ModelInfo, media: Sequence[Media], history: History) -> ModelInfo | None:
        """The model that looks at what is to be seen: the chosen one if it can; None where there is nothing or no such.

        Without anything new to see, what was shown in the last rounds is still looked at.
        """
        recent = [message for item in history.rounds[-_SEEN_ROUNDS:] for message in item.messages]
        if not media and not any(message.media for message in recent):
            return None
        videos = any(item.kind is MediaKind.VIDEO for item in media)
        candidates = [chosen, *(info for info in self._model.models() if info.name == self._terms.vision_model)]
        candidates += self._model.models()
        return next((info for info in candidates if (info.videos if videos else info.images)), None)

    async def _illustrated(self, history: History) -> History:
        """The history with the newest pictures of its rounds."""
        left, rounds = _PICTURES, list(history.rounds)
        for index in range(len(rounds) - 1, -1, -1):
            item = rounds[index]
            if item.files and left > 0:
                shown = tuple(await self._attachments.pictures(item.files, left))
                left -= len(shown)
                question, *rest = item.messages
                rounds[index] = replace(item, messages=(replace(question, media=shown), *rest))
        return replace(history, rounds=tuple(rounds))

    def _budget(self, model: ModelInfo) -> int:
        room = model.context - min(model.output, _ANSWER_ROOM)
        return int(min(self._terms.budget, room) / self.estimator.factor(model.name))

    def _user(self, turn: Turn) -> str:
        who = f"{turn.ask.address.platform}/{turn.ask.author.id}".encode()
        return hmac.new(self._terms.salt, who, hashlib.sha256).hexdigest()[:32]


def _asked_by(turn: Turn, asker: Author) -> Turn:
    return replace(turn, asks=(*turn.asks[:-1], replace(turn.ask, author=asker)))


def _remarks(turn: Turn, chosen: ModelInfo, seer: ModelInfo | None, media: Sequence[Media]) -> tuple[str, ...]:
    """What is to be said about who looked at the pictures of this turn."""
    locale = turn.ask.address.locale
    if not media or seer is chosen:
        return ()
    if seer is None:
        return (texts.say("nobody_sees", locale),)
    return (texts.say("seen_by", locale, seer=seer.name, model=chosen.name),)
