from __future__ import annotations

import pytest

from adapters.slack_app.commands import read_command, read_words, rule_words, scope_at
from bot.messages import Address, Author, ControlKind
from bot.vocabulary import HELP, Order

MODEL, THINKING, JOBS = ControlKind.MODEL, ControlKind.THINKING, ControlKind.JOBS
PLACE = Address("slack", "T1", "T1.C1")
THREAD = Address("slack", "T1", "T1.C1", "1.0")
ALONE = Address("slack", "T1", "T1.D1", "1.0", direct=True)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("ask what is it?", Order(None, "what is it?")),
        ("Ask\nwhat\nis it?", Order(None, "what\nis it?")),
        ("ask", HELP),
        ("stop", Order(ControlKind.STOP)),
        ("  RESET ", Order(ControlKind.RESET)),
        ("help", HELP),
        ("", HELP),
        ("what is it?", HELP),
        ("background Why?", Order(None, "Why?", deferred=True)),
        ("thinking high for workspace", Order(THINKING, "high", "server")),
        ("usage", Order(ControlKind.USAGE)),
        ("jobs cancel 12", Order(JOBS, "12")),
        ("model", Order(MODEL)),
        ("model GLM-4.6", Order(MODEL, "glm-4.6")),
        ("model glm-4.6 for me", Order(MODEL, "glm-4.6", "me")),
        ("model glm-4.6 for here", Order(MODEL, "glm-4.6", "channel")),
        ("model default workspace", Order(MODEL, "default", "server")),
        ("model for workspace", Order(MODEL, "", "server")),
        ("model glm-4.6 for everybody", HELP),
        ("model glm 4.6", HELP),
    ],
)
def test_what_follows_the_slash_command(text: str, order: Order) -> None:
    assert read_command(text) == order


@pytest.mark.parametrize(
    ("text", "mentioned", "order"),
    [
        ("!stop", False, Order(ControlKind.STOP)),
        ("!stop now", False, Order(ControlKind.STOP)),
        ("!model glm-4.6", False, Order(MODEL, "glm-4.6")),
        ("!ask why?", False, Order(None, "why?")),
        ("!background why?", False, Order(None, "why?", deferred=True)),
        ("!thinking high", False, Order(THINKING, "high")),
        ("!jobs cancel 12", False, Order(JOBS, "12")),
        ("!usage", False, Order(ControlKind.USAGE)),
        ("!important: read this", False, None),
        ("! stop", False, Order(ControlKind.STOP)),
        ("stop", False, None),
        ("stop", True, Order(ControlKind.STOP)),
        ("Stop!", True, Order(ControlKind.STOP)),
        ("stop using tabs", True, None),
        ("reset my password", True, None),
        ("help", True, HELP),
        ("help me", True, None),
        ("model", True, Order(MODEL)),
        ("model glm-4.6", True, Order(MODEL, "glm-4.6")),
        ("model glm-4.6 for me", True, Order(MODEL, "glm-4.6", "me")),
        ("model default", True, Order(MODEL, "default")),
        ("model trains", True, None),
        ("model 3 trains for me", True, None),
        ("ask why?", True, None),
        ("background why?", True, None),
        ("thinking high", True, Order(THINKING, "high")),
        ("thinking aloud", True, None),
        ("jobs", True, Order(JOBS)),
        ("jobs in Berlin", True, None),
        ("", True, None),
    ],
)
def test_what_is_a_command_among_messages(text: str, mentioned: bool, order: Order | None) -> None:
    assert read_words(text, mentioned=mentioned) == order


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("deny user:U1", "deny user:T1.U1"),
        ("deny user:T2.U1", "deny user:T2.U1"),
        ("deny user:<@U1|ann>", "deny user:T1.U1"),
        ("allow <#C1|general> tool:weather", "allow channel:T1.C1 tool:weather"),
        ("allow channel:here", "allow channel:here"),
        ("quota user 5 requests", "quota user 5 requests"),
        ("quota user:U1 5 requests", "quota user:T1.U1 5 requests"),
        ("", ""),
    ],
)
def test_a_rule_names_people_and_channels_of_this_workspace(written: str, read: str) -> None:
    giver = Author("T1.UBOSS", "Boss")
    assert rule_words(Order(ControlKind.ACCESS, written), PLACE, giver) == read
    assert rule_words(Order(MODEL, written), PLACE, giver) == written


def test_a_rule_of_a_workspace_names_the_people_of_its_organisation() -> None:
    order = Order(ControlKind.ACCESS, "deny <@U1> channel:C1")
    assert rule_words(order, PLACE, Author("E1.UBOSS", "Boss")) == "deny user:E1.U1 channel:T1.C1"


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
