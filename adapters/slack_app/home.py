"""App Home: the bot's own page for each person, with the choice of the model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import structlog

from adapters.slack_app.client import Api
from adapters.slack_app.markup import Json
from adapters.slack_app.people import People
from bot import texts
from bot.errors import PlatformError
from bot.messages import Right
from bot.pacing import Priority

log = structlog.get_logger(__name__)

# Action id of a choice -> the scope that it is for.
SCOPES: Final[Mapping[str, str]] = {"glm:home:me": "me", "glm:home:workspace": "server"}
DEFAULT: Final = "default"
# Slack docs, reference/block-kit/block-elements/select-menu-element and composition-objects/option-object.
MAX_OPTIONS: Final = 100
MAX_OPTION: Final = 75
_PATIENCE: Final = 10.0
# What the sections below the choices say: title and text.
_SECTIONS: Final = (("home_stored_title", "home_stored"), ("home_privacy_title", "home_privacy"))


class Choices(Protocol):
    """What can be chosen, and what was."""

    def names(self) -> Sequence[str]:
        """The models to choose from, best first."""
        ...

    async def chosen(self, workspace: str, author: str) -> Mapping[str, str]:
        """The models that were chosen for "me" and "server"; a scope without a choice is left out."""
        ...


class Home:
    """Shows people their page; a failure is logged and changes nothing else."""

    def __init__(self, api: Api, people: People, choices: Choices) -> None:
        self._api = api
        self._people = people
        self._choices = choices

    async def publish(self, workspace: str, user: str) -> None:
        """Show somebody their page as it is now; the workspace's model is there for those who may choose it.

        In an organisation they have one page, which is about the workspace in which they opened it last.
        """
        rights = await self._people.rights(workspace, user)
        here = self._api.workspace(workspace)
        chosen = await self._choices.chosen(workspace, f"{here.owner if here else workspace}.{user}")
        shown = [action for action, scope in SCOPES.items() if scope == "me" or Right.MANAGE_SERVER in rights]
        locale = self._people.locale(workspace, user)
        choices = {action: chosen.get(SCOPES[action], DEFAULT) for action in shown}
        # A click in an organisation's app does not tell its workspace (as recorded: `team` is null).
        page = {**view(self._choices.names(), choices, locale), "private_metadata": workspace}
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._api.paced(workspace, "views.publish", Priority.ROLL_OVER, user_id=user, view=page)
        except (PlatformError, TimeoutError) as error:
            log.info("slack.home_unpublished", workspace=workspace, reason=str(error) or type(error).__name__)


def view(names: Sequence[str], choices: Mapping[str, str], locale: str = "") -> Json:
    """The page; `choices` is what is chosen now by the action ids of the choices that are shown."""
    options = [_option(texts.say("home_default", locale), DEFAULT)]
    options += [_option(name, name) for name in names if len(name) <= MAX_OPTION][: MAX_OPTIONS - 1]
    blocks = [_header("home_title", locale), _section("home_welcome", locale), _header("home_model", locale)]
    blocks += [_choice(action, options, value, locale) for action, value in choices.items()]
    for title, text in _SECTIONS:
        blocks += [{"type": "divider"}, _header(title, locale), _section(text, locale)]
    return {"type": "home", "blocks": blocks}


def _choice(action: str, options: Sequence[Json], value: str, locale: str) -> Json:
    label = texts.say("home_me" if SCOPES[action] == "me" else "home_server", locale)
    # Slack refuses a page whose first choice is not among the options, such as a model that is offered no more.
    initial = next((option for option in options if option["value"] == value), options[0])
    menu = {"type": "static_select", "action_id": action, "options": options, "initial_option": initial}
    return {"type": "section", "block_id": action, "text": _plain(label), "accessory": menu}


def _option(text: str, value: str) -> Json:
    return {"text": _plain(text), "value": value}


def _header(text: str, locale: str) -> Json:
    return {"type": "header", "text": _plain(texts.say(text, locale))}


def _section(text: str, locale: str) -> Json:
    return {"type": "section", "text": _plain(texts.say(text, locale))}


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": False}
