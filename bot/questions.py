"""From a turn to the request that a model is sent: which model, what history, what it is shown."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot import prompt, remarks, sight, sources
from bot.attachments import Attachments, Enclosure
from bot.choices import Choices
from bot.completion import Delta, FinishReason, Message, ModelInfo, ModelRequest, Role, Thinking, Tool
from bot.marking import is_label
from bot.messages import Address, Author, History, Turn
from bot.personas import Persona
from bot.ports import Adapter, Model, Store
from bot.tokens import Estimator
from bot.tool_choices import WEB_SEARCH

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


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What is chosen for the asker of a turn."""

    model: str
    persona: Persona | None
    thinking: Thinking | None
    shows_reasoning: bool
    tools: Sequence[Tool]


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
        history, asker, wishes = await asyncio.gather(
            self._store.history(turn, rounds=HISTORY_ROUNDS), adapter.asker(turn.ask), self._wishes(turn)
        )
        turn, locale = _asked_by(turn, asker), turn.ask.address.locale
        background = await adapter.background(turn.asks[0]) if turn.first or turn.asks[0].reads_place else ()
        chosen = self._info(wishes.model)
        view, illustrated = await self._view(turn, files, chosen, history)
        answering = view.seer or chosen
        budget = self._budget(answering)
        asked = prompt.question(turn, background, files, budget=budget)
        messages = prompt.build(
            turn,
            Message(Role.USER, asked.text, media=view.shown),
            illustrated if answering.images else history,
            instructions=self._terms.instructions,
            budget=budget,
            now=time.time(),
            persona=wishes.persona,
        )
        foreign = _is_foreign(turn, history) or sources.were_listed(messages)
        request = self._request(turn, answering, messages, wishes, foreign=foreign)
        return Question(
            request,
            asked.text,
            history,
            prompt.cost(*messages) + prompt.cost_of_tools(request.tools),
            self._notes(turn, files, asked, remarks.looked(view, chosen, locale)),
            remarks.unseen(view, locale),
            shows_reasoning=wishes.shows_reasoning,
            provider=answering.providers[0],
        )

    async def _wishes(self, turn: Turn) -> _Wishes:
        ask = turn.ask
        who = (turn.conversation, ask.address, ask.author.id)
        return _Wishes(
            *await asyncio.gather(
                self._choices.chosen_model(*who),
                self._choices.chosen_persona(*who),
                self._choices.chosen_thinking(*who),
                self._choices.shows_reasoning(*who),
                self._tools(turn.conversation, ask.address, ask.author),
            )
        )

    async def _view(
        self, turn: Turn, files: Sequence[Enclosure], chosen: ModelInfo, history: History
    ) -> tuple[sight.View, History]:
        """What is to be seen and who looks at it, and the history with its pictures where they are needed for that."""
        exhibits = sight.exhibits(turn, files)
        # A model that cannot see looks back only where there is something to be seen.
        looks = chosen.images or exhibits or any(item.files for item in history.rounds[-1:])
        illustrated = await self._illustrated(history) if looks else history
        return sight.view(exhibits, illustrated, self._candidates(chosen)), illustrated

    def _request(
        self, turn: Turn, model: ModelInfo, messages: tuple[Message, ...], wishes: _Wishes, *, foreign: bool
    ) -> ModelRequest:
        return ModelRequest(
            model.name,
            messages,
            self._user(turn),
            turn.conversation,
            wishes.thinking,
            tuple(tool for tool in wishes.tools if tool != WEB_SEARCH) if model.tools else (),
            search=model.searches and WEB_SEARCH in wishes.tools,
            foreign=foreign,
        )

    async def remake(self, turn: Turn, adapter: Adapter) -> Question:
        """The request for a turn that was asked before."""
        return await self.make(turn, adapter, await self._attachments.gather(adapter, turn.asks))

    def learn(self, question: Question, finish: Delta) -> None:
        """Take in what was counted for this prompt, and nothing else besides, and whether it was too long."""
        usage = finish.usage
        alone = not (question.sees or question.request.search)
        if usage is not None and not usage.padded and alone:
            self.estimator.learn(finish.model, question.tokens, usage.prompt)
        if finish.finish is FinishReason.CONTEXT:
            self.estimator.overflowed(finish.model)

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


def _is_foreign(turn: Turn, history: History) -> bool:
    """Whether others than the asker have a say in a prompt: by what they asked, or by names that are no mere names."""
    ask = turn.ask
    others = any(item.asker not in ("", ask.author.id) for item in history.rounds)
    return others or not (is_label(ask.author.name) and is_label(ask.address.title))


def _asked_by(turn: Turn, asker: Author) -> Turn:
    return replace(turn, asks=(*turn.asks[:-1], replace(turn.ask, author=asker)))
