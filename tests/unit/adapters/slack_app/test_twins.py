from __future__ import annotations

import asyncio

import pytest

from adapters.slack_app.twins import WORDLESS_PATIENCE, Twins
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually


@virtually
async def test_the_wait_ends_when_the_other_copy_is_taken_in() -> None:
    twins = Twins(0.15)
    wait = asyncio.create_task(twins.wait("a", "C1"))
    await asyncio.sleep(0.1)
    assert not wait.done()
    twins.accepted("a", "C1")
    await wait
    assert now() < 0.11


@virtually
async def test_nothing_is_waited_for_after_the_other_copy() -> None:
    twins = Twins(0.15)
    twins.accepted("a", "C1")
    await twins.wait("a", "C1")
    assert now() == 0


@virtually
async def test_a_wait_in_vain_is_not_repeated_in_that_channel() -> None:
    twins = Twins(0.15)
    await twins.wait("a", "C1")
    assert 0.15 <= now() < 0.16
    await twins.wait("b", "C1")
    assert now() < 0.16
    await twins.wait("c", "C2")
    assert now() >= 0.3


@virtually
async def test_a_late_copy_makes_the_channel_worth_waiting_for_again() -> None:
    twins = Twins(0.15)
    await twins.wait("a", "C1")
    twins.accepted("a", "C1")
    await twins.wait("b", "C1")
    assert now() >= 0.3


@virtually
async def test_all_redeliveries_of_a_mention_are_let_go_together() -> None:
    twins = Twins(0.15)
    waits = [asyncio.create_task(twins.wait("a", "C1")) for _ in range(3)]
    await asyncio.sleep(0.01)
    twins.accepted("a", "C1")
    await asyncio.gather(*waits)
    assert now() < 0.02


@virtually
async def test_a_mention_without_words_waits_longer() -> None:
    await Twins().wait("k", "C1", words=False)
    assert now() == pytest.approx(WORDLESS_PATIENCE)
