"""From a turn to the request that a model is sent: which model, what history, what it is shown."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot import prompt, remarks, sight
from bot.attachments import Attachments, Enclosure
from bot.choices import Choices
from bot.completion import Delta, Message, ModelInfo, ModelRequest, Role, Tool
from bot.messages import Address, Author, History, Turn
from bot.ports import Adapter, Model, Store
from bot.tokens import Estimator

# How many rounds of history are looked at; the budget of tokens ends it earlier.
HISTORY_ROUNDS: Final = 40
# How many pictures of its history a model that sees is shown.
_PICTURES: Final = 10
# Tokens of a model's context that are left to its answer.
_ANSWER_ROOM: Final = 16_384


# The tools that somebody may use in a conversation, at an address.
Usable = Callable[[str, Address, Author], Awaitable[tuple[Tool, ...]]]


@dataclass(frozen=True, slots=True)
class Question:
    """A request with what it was made of: `text` is what was asked, as the history will show it.

    `notes` are to be said below the answer. `tokens` is about what the prompt takes, uncorrected. `unseen` says
    why nobody looks at what came to be seen, "" where somebody does. `provider` is who is asked first.
    """

    request: ModelRequest
    text: str
    history: History
    tokens: int
    notes: tuple[str, ...] = ()
    unseen: str = ""
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
    """Makes requests of turns; `tools` are those that a model is offered for somebody's question."""

    def __init__(
        self,
        store: Store,
        model: Model,
        choices: Choices,
        attachments: Attachments,
        terms: Terms,
        tools: Usable,
    ) -> None:
        self.estimator = Estimator()
        self._store = store
        self._model = model
        self._choices = choices
        self._attachments = attachments
        self._terms = terms
        self._tools = tools

    async def make(self, turn: Turn, adapter: Adapter, files: Sequence[Enclosure]) -> Question:
        """The request for a turn whose files are these."""
        who = (turn.conversation, turn.ask.address, turn.ask.author.id)
        (history, asker), (name, persona, thinking, shows, tools) = await asyncio.gather(
            asyncio.gather(self._store.history(turn, rounds=HISTORY_ROUNDS), adapter.asker(turn.ask)),
            asyncio.gather(
                self._choices.chosen_model(*who),
                self._choices.chosen_persona(*who),
                self._choices.chosen_thinking(*who),
                self._choices.shows_reasoning(*who),
                self._tools(turn.conversation, turn.ask.address, turn.ask.author),
            ),
        )
        turn = _asked_by(turn, asker)
        background = await adapter.background(turn.asks[0]) if turn.first or turn.asks[0].reads_place else ()
        chosen = self._info(name)
        exhibits = sight.exhibits(turn, files)
        # A model that cannot see looks back only where there is something to be seen.
        looks = chosen.images or exhibits or any(item.files for item in history.rounds[-1:])
        illustrated = await self._illustrated(history) if looks else history
        view = sight.view(exhibits, illustrated, self._candidates(chosen))
        answering = view.seer or chosen
        budget = self._budget(answering)
        asked = prompt.question(turn, background, files, budget=budget)
        last = Message(Role.USER, asked.text, media=view.shown)
        terms = self._terms
        shown = illustrated if answering.images else history
        messages = prompt.build(
            turn, last, shown, instructions=terms.instructions, budget=budget, now=time.time(), persona=persona
        )
        request = ModelRequest(
            answering.name,
            messages,
            self._user(turn),
            turn.conversation,
            thinking,
            tools if answering.tools else (),
        )
        return Question(
            request,
            asked.text,
            history,
            prompt.cost(*messages) + prompt.cost_of_tools(request.tools),
            self._notes(turn, files, asked, remarks.looked(view, chosen, turn.ask.address.locale)),
            remarks.unseen(view, turn.ask.address.locale),
            shows_reasoning=shows,
            provider=answering.providers[0],
        )

    async def remake(self, turn: Turn, adapter: Adapter) -> Question:
        """The request for a turn that was asked before."""
        return await self.make(turn, adapter, await self._attachments.gather(adapter, turn.asks))

    def learn(self, question: Question, finish: Delta) -> None:
        """Take in what a provider has counted for this prompt, and for no other besides."""
        usage = finish.usage
        if usage is not None and not usage.padded and not question.sees:
            self.estimator.learn(finish.model, question.tokens, usage.prompt)

    def _info(self, name: str) -> ModelInfo:
        return next(info for info in self._model.models() if info.name == name)

    def _candidates(self, chosen: ModelInfo) -> Sequence[ModelInfo]:
        """The models that may look at something, in the order in which they are preferred."""
        models = self._model.models()
        return [chosen, *(info for info in models if info.name == self._terms.vision_model), *models]

    def _notes(
        self, turn: Turn, files: Sequence[Enclosure], asked: prompt.Wording, looked: Sequence[str]
    ) -> tuple[str, ...]:
        """What is to be said about what came with this turn, the most important first."""
        locale = turn.ask.address.locale
        notes = (
            remarks.missing(files, locale, self._attachments.megabytes),
            "" if asked.whole else remarks.cut(locale),
            remarks.unread(files, locale),
            *looked,
            remarks.other_pictures(locale) if sight.has_other_pictures(turn) else "",
        )
        return tuple(filter(None, notes))

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
