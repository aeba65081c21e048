from __future__ import annotations

import pytest

from adapters.slack_app.commands import Command, read_command, read_words, scope_at
from bot.messages import Address, ControlKind

MODEL, HELP = ControlKind.MODEL, Command(ControlKind.HELP)
PLACE = Address("slack", "T1", "T1.C1")
THREAD = Address("slack", "T1", "T1.C1", "1.0")
ALONE = Address("slack", "T1", "T1.D1", "1.0", direct=True)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ask what is it?", Command(None, "what is it?")),
        ("Ask\nwhat\nis it?", Command(None, "what\nis it?")),
        ("ask", HELP),
        ("stop", Command(ControlKind.STOP)),
        ("  RESET ", Command(ControlKind.RESET)),
        ("help", HELP),
        ("", HELP),
        ("what is it?", HELP),
        ("model", Command(MODEL)),
        ("model GLM-4.6", Command(MODEL, "glm-4.6")),
        ("model glm-4.6 for me", Command(MODEL, "glm-4.6", "me")),
        ("model glm-4.6 for here", Command(MODEL, "glm-4.6", "channel")),
        ("model default workspace", Command(MODEL, "default", "server")),
        ("model for workspace", Command(MODEL, "", "server")),
        ("model glm-4.6 for everybody", HELP),
        ("model glm 4.6", HELP),
    ],
)
def test_what_follows_the_slash_command(text: str, command: Command) -> None:
    assert read_command(text) == command


@pytest.mark.parametrize(
    ("text", "mentioned", "command"),
    [
        ("!stop", False, Command(ControlKind.STOP)),
        ("!stop now", False, Command(ControlKind.STOP)),
        ("!model glm-4.6", False, Command(MODEL, "glm-4.6")),
        ("!ask why?", False, Command(None, "why?")),
        ("!important: read this", False, None),
        ("! stop", False, Command(ControlKind.STOP)),
        ("stop", False, None),
        ("stop", True, Command(ControlKind.STOP)),
        ("Stop!", True, Command(ControlKind.STOP)),
        ("stop using tabs", True, None),
        ("reset my password", True, None),
        ("help", True, HELP),
        ("help me", True, None),
        ("model", True, Command(MODEL)),
        ("model glm-4.6", True, Command(MODEL, "glm-4.6")),
        ("model glm-4.6 for me", True, Command(MODEL, "glm-4.6", "me")),
        ("model default", True, Command(MODEL, "default")),
        ("model trains", True, None),
        ("model 3 trains for me", True, None),
        ("ask why?", True, None),
        ("", True, None),
    ],
)
def test_what_is_a_command_among_messages(text: str, mentioned: bool, command: Command | None) -> None:
    assert read_words(text, mentioned=mentioned) == command


@pytest.mark.parametrize(
    ("scope", "address", "meant"),
    [
        ("", PLACE, "me"),
        ("", THREAD, "conversation"),
        ("", ALONE, "me"),
        ("channel", PLACE, "channel"),
        ("channel", ALONE, "me"),
        ("server", ALONE, "server"),
        ("me", THREAD, "me"),
    ],
)
def test_what_a_scope_means_where_it_is_said(scope: str, address: Address, meant: str) -> None:
    assert scope_at(scope, address) == meant
