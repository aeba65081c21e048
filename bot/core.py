"""The conversation core: everything between the adapters, the store and the model, wired together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.alarms import Alarms
from bot.approvals import Approvals
from bot.attachments import Attachments
from bot.choices import Choices
from bot.commands import Commands, help_with, in_words
from bot.completion import Tool
from bot.dispatch import Dispatcher, Policy
from bot.gate import Gate
from bot.house_rules import HouseRules
from bot.jobs import Jobs
from bot.means import Means
from bot.messages import ControlKind, Turn
from bot.pacing import Governor
from bot.personal import PersonalData
from bot.ports import Adapter, Model, Store
from bot.questions import Question, Questions, Terms
from bot.rulebooks import Operator, Rulebooks
from bot.summaries import Summaries
from bot.tool_choices import WEB_SEARCH, ToolChoices
from bot.tools.box import Toolbox
from bot.tools.commands import as_commands

Adapters = Mapping[str, tuple[Adapter, Governor]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the core works with; its adapters are by platform."""

    store: Store
    model: Model
    adapters: Adapters
    attachments: Attachments
    toolbox: Toolbox


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the operator decides about it; without a `summary_model` the cheapest one sums up.

    With `web_search` providers search the web also where nobody has switched that on. Answers may link to `link_hosts`
    whatever strangers wrote.
    """

    policy: Policy
    terms: Terms
    default_model: str
    summary_model: str = ""
    web_search: bool = False
    operator: Operator = field(default_factory=Operator)
    link_hosts: frozenset[str] = frozenset()


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
    books = Rulebooks(store, decisions.operator)
    gate = Gate(store, books)
    dispatcher = Dispatcher(store, decisions.policy, gate, adapters)
    choices = Choices(store, model, default_model=decisions.default_model)
    toolbox = parts.toolbox

    def offered() -> Sequence[Tool]:
        searched = any(info.searches for info in model.models()) and not toolbox.find(WEB_SEARCH.name)
        return (*toolbox.specs, WEB_SEARCH) if searched else toolbox.specs

    opt_in = () if decisions.web_search else (WEB_SEARCH.name,)
    tool_choices = ToolChoices(store, choices, books, offered, opt_in)
    questions = Questions(store, model, choices, parts.attachments, decisions.terms, tool_choices.usable)
    alarms = Alarms([adapter for adapter, _ in adapters.values()])

    async def rebuild(turn: Turn) -> Question:
        adapter, _ = adapters[turn.ask.address.platform]
        question = await questions.remake(turn, adapter)
        return replace(question, request=replace(question.request, tools=()))

    hosts = decisions.link_hosts
    jobs = Jobs(store, model, dispatcher.ask, rebuild, alarms, link_hosts=hosts)
    summaries = Summaries(store, model, budget=decisions.terms.budget, model_name=decisions.summary_model)
    means = Means(store, model, questions, alarms, parts.attachments, toolbox, summaries, jobs.wake, hosts)
    personal = PersonalData(store, dispatcher, jobs, parts.attachments.discard)
    approvals = Approvals(store, dispatcher.wake)
    others = {
        ControlKind.ACCESS: in_words(HouseRules(store, books).act),
        ControlKind.HELP: in_words(help_with(as_commands(toolbox.commands))),
        ControlKind.TOOLS: in_words(tool_choices.act),
        ControlKind.EXPORT: personal.export,
        ControlKind.FORGET: personal.forget,
        ControlKind.ALLOW: in_words(approvals.act),
        ControlKind.DENY: in_words(approvals.act),
    }
    dispatcher.equip(
        means, Commands(store, dispatcher, jobs, choices, gate, others, lambda: toolbox.lasting), tool_choices.names
    )
    return Core(dispatcher, jobs, summaries)
