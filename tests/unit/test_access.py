from __future__ import annotations

import pytest

from bot.access import may_set, may_steer
from bot.choices import scope_keys
from bot.messages import Author, ControlKind, Right
from tests.fixtures.stage import HERE

ANN, EVE = Author("ann", "Ann"), Author("eve", "Eve")
STEERING = [
    *(ControlKind.STOP, ControlKind.RESET, ControlKind.REGENERATE),
    *(ControlKind.RETRY, ControlKind.CONTINUE, ControlKind.JOBS),
    *(ControlKind.ALLOW, ControlKind.DENY),
]


def somebody(*rights: Right) -> Author:
    return Author("eve", "Eve", frozenset(rights))


@pytest.mark.parametrize("kind", STEERING)
def test_an_answer_obeys_its_asker_and_moderators(kind: ControlKind) -> None:
    assert may_steer(ANN, kind, "ann")
    assert not may_steer(EVE, kind, "ann")
    assert may_steer(somebody(Right.MODERATE), kind, "ann")


@pytest.mark.parametrize("kind", STEERING)
def test_managing_a_channel_or_a_server_is_not_moderating(kind: ControlKind) -> None:
    assert not may_steer(somebody(Right.MANAGE_CHANNEL, Right.MANAGE_SERVER), kind, "ann")


@pytest.mark.parametrize("kind", sorted(set(ControlKind) - set(STEERING)))
def test_everything_else_is_everybodys(kind: ControlKind) -> None:
    assert may_steer(EVE, kind, "ann")


GIVEN = {"conversation": None, "me": None, "channel": Right.MANAGE_CHANNEL, "server": Right.MANAGE_SERVER}


def test_every_scope_is_decided() -> None:
    assert set(GIVEN) == set(scope_keys("talk", HERE, "ann"))


@pytest.mark.parametrize(("scope", "needed"), GIVEN.items())
def test_a_scope_takes_its_own_right_and_no_other(scope: str, needed: Right | None) -> None:
    assert may_set(somebody(), scope) == (needed is None)
    for right in Right:
        assert may_set(somebody(right), scope) == (needed in (None, right))
