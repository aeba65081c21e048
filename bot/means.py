"""What every turn works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.alarms import Alarms
from bot.attachments import Attachments
from bot.ports import Model, Store
from bot.questions import Questions
from bot.summaries import Summaries
from bot.tools.box import Toolbox


@dataclass(frozen=True, slots=True)
class Means:
    """What every turn works with; `deferred` is called when one was put off into the background.

    `link_hosts` are those to which the operator lets answers link, whatever strangers wrote.
    """

    store: Store
    model: Model
    questions: Questions
    alarms: Alarms
    attachments: Attachments
    toolbox: Toolbox
    summaries: Summaries
    deferred: Callable[[], None]
    link_hosts: frozenset[str]
