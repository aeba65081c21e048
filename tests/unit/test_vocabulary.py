from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import texts, vocabulary
from bot.choices import scope_keys
from bot.completion import Thinking
from bot.messages import ControlKind
from bot.vocabulary import COMMANDS, HELP, SCOPES, Command, Order, Takes, read, read_whole
from tests.fixtures.stage import HERE

# Discord docs, interactions/application-commands.
MAX_DESCRIPTION, MAX_CHOICES, NAME = 100, 25, re.compile(r"[a-z]{1,32}")
MODEL, THINKING, JOBS, ACCESS = ControlKind.MODEL, ControlKind.THINKING, ControlKind.JOBS, ControlKind.ACCESS
PERSONA, EXPORT, FORGET = ControlKind.PERSONA, ControlKind.EXPORT, ControlKind.FORGET
TOOLS = ControlKind.TOOLS

# The definitions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_keeps_within_discords_limits(command: Command) -> None:
    named = [command.name, *(option.name for option in command.options)]
    described = [texts.say(command.text), *(option.description for option in command.options)]
    assert all(NAME.fullmatch(name) for name in named)
    assert all(1 <= len(text) <= MAX_DESCRIPTION for text in described)
    assert all(len(option.choices) <= MAX_CHOICES for option in command.options)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_is_a_control_or_asks_a_question(command: Command) -> None:
    takes = [option.takes for option in command.options]
    assert (command.kind is None) == (takes == [Takes.QUESTION])
    assert takes[1:] in ([], [Takes.SCOPE], [Takes.WORDS], [Takes.CONFIRM], [Takes.TOOL, Takes.SCOPE])
    assert command.kind is None or not command.deferred


def test_names_are_used_once_and_every_kind_that_is_said_has_one() -> None:
    kinds = [command.kind for command in COMMANDS if command.kind]
    assert len(set(vocabulary.NAMES)) == len(COMMANDS)
    assert len(set(kinds)) == len(kinds)
    said = {MODEL, THINKING, JOBS, ACCESS, ControlKind.USAGE, ControlKind.STOP, ControlKind.RESET, HELP.kind}
    assert said | {PERSONA, EXPORT, FORGET, TOOLS, ControlKind.RETRY} == set(kinds)


def test_scopes_are_those_of_the_settings() -> None:
    assert SCOPES.keys() == scope_keys("talk", HERE, "ann").keys()
    words = [word for scope in SCOPES.values() for word in scope.words]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_the_list_has_every_command_with_what_it_does(locale: str) -> None:
    lines = vocabulary.listed(locale).splitlines()
    assert lines == [f"**/{command.name}** {texts.say(command.text, locale)}" for command in COMMANDS]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("ask", "ask <question>"),
        ("model", "model [name] [for me|here|workspace]"),
        ("jobs", "jobs [cancel <number>]"),
        ("export", "export [md|json]"),
        ("forget", "forget [here|everything] [yes]"),
        ("access", "access [show|allow|deny|clear|default|quota|log] [rule]"),
        ("stop", "stop"),
    ],
)
def test_how_a_command_is_written(name: str, written: str) -> None:
    [command] = [command for command in COMMANDS if command.name == name]
    assert vocabulary.syntax(command) == written


# In words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("ask what is it?", Order(None, "what is it?")),
        ("Background\nWhat\nis it?", Order(None, "What\nis it?", deferred=True)),
        ("ask", HELP),
        ("background  ", HELP),
        ("stop", Order(ControlKind.STOP)),
        ("stop now", Order(ControlKind.STOP)),
        ("usage", Order(ControlKind.USAGE)),
        ("what is it?", None),
        ("", None),
        ("model GLM-4.6 for me", Order(MODEL, "glm-4.6", "me")),
        ("model for workspace", Order(MODEL, "", "server")),
        ("model glm-4.6 for everybody", HELP),
        ("thinking", Order(THINKING)),
        ("thinking High", Order(THINKING, "high")),
        ("thinking frantic", Order(THINKING, "frantic")),
        ("thinking off for here", Order(THINKING, "off", "channel")),
        ("thinking show me", Order(THINKING, "show", "me")),
        ("thinking very much", HELP),
        ("jobs", Order(JOBS)),
        ("jobs cancel 12", Order(JOBS, "12")),
        ("jobs cancel", HELP),
        ("jobs 12", HELP),
        ("jobs for me", HELP),
        ("jobs cancel 12 for me", HELP),
        ("persona Tutor for here", Order(PERSONA, "tutor", "channel")),
        ("persona", Order(PERSONA)),
        ("persona nobody", Order(PERSONA, "nobody")),
        ("export JSON", Order(EXPORT, "json")),
        ("export json for me", HELP),
        ("forget", Order(FORGET)),
        ("forget here", Order(FORGET, "here")),
        ("Forget Everything YES", Order(FORGET, "everything yes")),
        ("forget here yes please", HELP),
        ("tools", Order(TOOLS)),
        ("Tools OFF read_Page for here", Order(TOOLS, "off read_Page", "channel")),
        ("tools off", Order(TOOLS, "off")),
        ("tools off weather and time", HELP),
        ("access", Order(ACCESS)),
        ("Access deny  user:T1.U1 tool:weather", Order(ACCESS, "deny  user:T1.U1 tool:weather")),
        ("access nonsense", Order(ACCESS, "nonsense")),
    ],
)
def test_what_a_text_begins_with(text: str, order: Order | None) -> None:
    assert read(text) == order


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Stop!", Order(ControlKind.STOP)),
        ("usage", Order(ControlKind.USAGE)),
        ("usage of the word like", None),
        ("thinking on", Order(THINKING, "on")),
        ("thinking max for me", Order(THINKING, "max", "me")),
        ("thinking about you", None),
        ("retry.", Order(ControlKind.RETRY)),
        ("tools off weather for me", Order(TOOLS, "off weather", "me")),
        ("tools are useful", None),
        ("forget here yes", Order(FORGET, "here yes")),
        ("forget it", None),
        ("persona tutor for me", Order(PERSONA, "tutor", "me")),
        ("persona non grata", None),
        ("export md", Order(EXPORT, "md")),
        ("export business", None),
        ("jobs", Order(JOBS)),
        ("jobs cancel 12.", Order(JOBS, "12")),
        ("jobs for me", None),
        ("background why?", None),
        ("ask why?", None),
        ("model", Order(MODEL)),
        ("model glm-4.6.", Order(MODEL, "glm-4.6")),
        ("model trains", None),
        ("access", Order(ACCESS)),
        ("access log.", Order(ACCESS, "log")),
        ("access allow here", None),
        ("access denied", None),
        ("", None),
    ],
)
def test_what_a_text_is_and_nothing_else(text: str, order: Order | None) -> None:
    assert read_whole(text) == order


@pytest.mark.parametrize("level", [*Thinking, "on", "default", "show", "hide"])
def test_every_choice_of_thinking_is_a_whole_command(level: str) -> None:
    assert read_whole(f"thinking {level}") == Order(THINKING, level)


@given(st.lists(st.sampled_from([*vocabulary.NAMES, "for", "me", "cancel", "12", "!", "/", "\n", "ß"]), max_size=6))
def test_whatever_is_said_means_something_and_the_whole_is_no_less_strict(words: list[str]) -> None:
    text = " ".join(words)
    order, whole = read(text), read_whole(text)
    assert whole is None or whole == read(text.rstrip(".!"))
    assert (order is None) == (not text.split() or text.split()[0] not in vocabulary.NAMES)
