from __future__ import annotations

import io

import pytest

from adapters.console.surface import Screen
from bot import texts
from bot.alarms import INCIDENT, Alarms
from tests.fixtures.stage import Witness

pytestmark = pytest.mark.usefixtures("silence")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def witness(*, reachable: bool = True) -> Witness:
    made = Witness(Screen(io.StringIO()))
    made.operator_reachable = reachable
    return made


async def test_the_operator_is_told_once_per_incident() -> None:
    adapter, clock = witness(), Clock()
    alarms = Alarms([adapter], clock=clock)
    assert [await alarms.tell("no key") for _ in range(3)] == [True, True, True]
    assert adapter.operator_told == [texts.say("operator", problem="no key")]
    clock.now = INCIDENT - 1
    await alarms.tell("no key")
    assert len(adapter.operator_told) == 1
    clock.now = INCIDENT
    await alarms.tell("no key")
    assert len(adapter.operator_told) == 2


async def test_each_problem_is_told() -> None:
    adapter = witness()
    alarms = Alarms([adapter], clock=Clock())
    await alarms.tell("no key")
    await alarms.tell("no money")
    assert len(adapter.operator_told) == 2


async def test_nothing_is_claimed_when_nobody_was_reached() -> None:
    adapter = witness(reachable=False)
    alarms = Alarms([adapter], clock=Clock())
    assert not await alarms.tell("no key")
    assert not await alarms.tell("no key")
    assert len(adapter.operator_told) == 1, "an owner without direct messages is not tried at every turn"


async def test_the_next_adapter_is_tried() -> None:
    closed, reachable, unused = witness(reachable=False), witness(), witness()
    assert await Alarms([closed, reachable, unused], clock=Clock()).tell("no key")
    assert [len(adapter.operator_told) for adapter in (closed, reachable, unused)] == [1, 1, 0]


async def test_without_adapters_nobody_is_told() -> None:
    assert not await Alarms([], clock=Clock()).tell("no key")
