"""The conversation core: everything between the adapters, the store and the model, wired together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.alarms import Alarms
from bot.attachments import Attachments
from bot.choices import Choices
from bot.commands import Commands
from bot.completion import ModelRequest
from bot.dialogue import Means
from bot.dispatch import Dispatcher, Policy
from bot.jobs import Jobs
from bot.messages import Turn
from bot.pacing import Governor
from bot.ports import Adapter, Model, Store
from bot.questions import Questions, Terms
from bot.summaries import Summaries

Adapters = Mapping[str, tuple[Adapter, Governor]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the core works with; its adapters are by platform."""

    store: Store
    model: Model
    adapters: Adapters
    attachments: Attachments


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the operator decides about it; without a `summary_model` the cheapest one sums up."""

    policy: Policy
    terms: Terms
    default_model: str
    summary_model: str = ""


@dataclass(frozen=True, slots=True)
class Core:
    """What is to be run: the dispatcher, and beside it the jobs."""

    dispatcher: Dispatcher
    jobs: Jobs
    summaries: Summaries

    async def close(self) -> None:
        """End what goes on beside the turns; it is taken up again after the restart."""
        await self.jobs.close()
        await self.summaries.close()


def assemble(parts: Parts, decisions: Decisions) -> Core:
    """The core of these parts; nothing runs yet."""
    store, model, adapters = parts.store, parts.model, parts.adapters
    dispatcher = Dispatcher(store, decisions.policy, adapters)
    choices = Choices(store, model, default_model=decisions.default_model)
    questions = Questions(store, model, choices, parts.attachments, decisions.terms)
    alarms = Alarms([adapter for adapter, _ in adapters.values()])

    async def rebuild(turn: Turn) -> tuple[ModelRequest, str]:
        adapter, _ = adapters[turn.ask.address.platform]
        question = await questions.remake(turn, adapter)
        return question.request, question.text

    jobs = Jobs(store, model, dispatcher.ask, rebuild, alarms)
    summaries = Summaries(store, model, budget=decisions.terms.budget, model_name=decisions.summary_model)
    means = Means(store, model, questions, alarms, parts.attachments, summaries, jobs.wake)
    dispatcher.equip(means, Commands(store, dispatcher, jobs, choices))
    return Core(dispatcher, jobs, summaries)
